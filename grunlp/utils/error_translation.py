"""Conversion of library errors about damaged files to errors of grunlp."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grunlp.utils.errors import DataError, UserError


@contextmanager
def wrap_library_errors(path: str | Path, message: str, hint: str) -> Iterator[None]:
    """Convert any exception raised while a library reads a file to DataError.

    This includes a MemoryError caused by the sizes in a damaged header, and Rust panics.

    Args:
        path: the file.
        message: message of the error.
        hint: hint of the error.
    """
    try:
        yield
    except UserError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        details = (str(error) or type(error).__name__).splitlines()[0][:300]
        raise DataError(path, None, message, details, hint) from None
