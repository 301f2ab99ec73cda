"""Exceptions of libraries become errors of the project."""

import pytest

from grunlp.utils.error_translation import wrap_library_errors
from grunlp.utils.errors import DataError, UserError


class PanicException(BaseException):
    """As extensions written in Rust raise it."""


@pytest.mark.parametrize(
    ("error", "details"),
    [
        (ValueError("bad header\nat byte 7"), "bad header"),
        (MemoryError(), "MemoryError"),
        (PanicException("index out of bounds"), "index out of bounds"),
        (ValueError("x" * 1000), "x" * 300),
    ],
)
def test_library_errors_name_the_file_and_the_first_line(error: BaseException, details: str) -> None:
    with pytest.raises(DataError) as caught, wrap_library_errors("w.bin", "cannot be read", "Train again."):
        raise error
    assert str(caught.value) == f"w.bin: cannot be read\n{details}\nTrain again."


@pytest.mark.parametrize("error", [UserError("known"), KeyboardInterrupt(), SystemExit(1)])
def test_other_errors_pass_unchanged(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, wrap_library_errors("w.bin", "cannot be read", ""):
        raise error
    assert caught.value is error
