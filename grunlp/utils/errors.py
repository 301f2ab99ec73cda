"""The messages users meet.

Every error a user can cause is a `UserError`; the commands print it without a traceback and leave with status 2.
A message has three parts: what is wrong, what there is, and what to type.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class UserError(Exception):
    """Something the user can mend.

    Args:
        message: what is wrong, naming the thing ("unknown key model.hiden_size").
        details: what exists or was expected instead.
        hint: what to type or do next.
    """

    def __init__(self, message: str, details: str = "", hint: str = "") -> None:
        self.message, self.details, self.hint = message, details, hint
        super().__init__("\n".join(part for part in (message, details, hint) if part))


class DataError(UserError):
    """Bad input in a file: `PATH:LINE: what is wrong`, then what was expected, then what to do.

    Args:
        path: the file, or any name of the source ("standard input").
        line: one-based line number; None when the fault is the whole file's.
        wrong, there_is, to_type: as for `UserError`.
    """

    def __init__(self, path: str | Path, line: int | None, message: str, details: str = "", hint: str = "") -> None:
        self.path, self.line, self.reason = str(path), line, message
        place = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{place}: {message}", details, hint)


def closest_match(name: str, choices: Iterable[str]) -> str | None:
    """The choice most like `name`, or None when none is close."""
    found = get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return found[0] if found else None
