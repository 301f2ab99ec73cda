"""Errors that users see.

Every error that a user can cause is a `UserError`; the commands print it without a traceback and exit with status 2. A
message has three parts: what is wrong, what exists or was expected, and what to type.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class UserError(Exception):
    """An error that the user can correct.

    Args:
        message: what is wrong, including names ("unknown key model.hiden_size").
        details: what exists or was expected instead.
        hint: what to type or do next.
    """

    def __init__(self, message: str, details: str = "", hint: str = "") -> None:
        self.message, self.details, self.hint = message, details, hint
        super().__init__("\n".join(part for part in (message, details, hint) if part))


class DataError(UserError):
    """An error for malformed input in a file: `PATH:LINE: what is wrong`, then what was expected, then what to do.

    Args:
        path: the file, or another name for the source ("standard input").
        line: line number from 1; None if the error concerns the whole file.
        message, details, hint: as for `UserError`.
    """

    def __init__(self, path: str | Path, line: int | None, message: str, details: str = "", hint: str = "") -> None:
        self.path, self.line, self.reason = str(path), line, message
        location = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{location}: {message}", details, hint)


class WriteError(UserError):
    """An error of the system when a file is written: a full disk, or a folder that may not be written to."""


def closest_match(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice most similar to `name`, or None if none is close."""
    matches = get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return matches[0] if matches else None
