"""What libraries say of damaged files, as errors of the project."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grunlp.utils.errors import DataError, UserError


@contextmanager
def wrap_library_errors(path: str | Path, message: str, hint: str) -> Iterator[None]:
    """Whatever a library raises for a file that it cannot read leaves as DataError: its exceptions of any class, among
    them a MemoryError for sizes that a damaged head claims, and Rust's panics. wrong, advice: of that."""
    try:
        yield
    except UserError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        there = (str(error) or type(error).__name__).splitlines()[0][:300]
        raise DataError(path, None, message, there, hint) from None
