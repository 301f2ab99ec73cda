"""What libraries say of damaged binary files, as errors of the project."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grunlp.errors import DataError, GrunlpError

# pyarrow's errors are among these, by inheritance; a MemoryError comes of sizes that a damaged head claims
_RAISED = (
    *(ArithmeticError, AttributeError, AssertionError, EOFError, LookupError, MemoryError, OSError, RuntimeError),
    *(SyntaxError, TypeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error),
)


@contextmanager
def foreign(path: str | Path, wrong: str, advice: str) -> Iterator[None]:
    """What a library raises for a file that it cannot read leaves as DataError. wrong, advice: of that."""
    try:
        yield
    except GrunlpError:
        raise
    except _RAISED as error:
        there = (str(error) or type(error).__name__).splitlines()[0][:300]
        raise DataError(path, None, wrong, there, advice) from None
