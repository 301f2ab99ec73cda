"""Errors of libraries that raise anything, as those of the project."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grunlp.errors import DataError, GrunlpError


@contextmanager
def library_errors(file: Path) -> Iterator[None]:
    """What a library finds wrong with a file of a run leaves as DataError: its bare exceptions, and Rust's panics."""
    try:
        yield
    except GrunlpError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        wrong = f"no tokenizer of grunlp: {(str(error) or type(error).__name__).splitlines()[0]:.200}"
        raise DataError(file, None, wrong, "", "Copy the whole folder again, or train anew.") from None
