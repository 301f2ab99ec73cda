"""The messages users meet.

Every error a user can cause is a `GrunlpError`; the commands print it without a traceback and leave with status 2.
A message has three parts: what is wrong, what there is, and what to type.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class GrunlpError(Exception):
    """Something the user can mend.

    Args:
        wrong: what is wrong, naming the thing ("unknown key model.hiden_size").
        there_is: what exists or was expected instead.
        to_type: what to type or do next.
    """

    def __init__(self, wrong: str, there_is: str = "", to_type: str = "") -> None:
        self.wrong, self.there_is, self.to_type = wrong, there_is, to_type
        super().__init__("\n".join(part for part in (wrong, there_is, to_type) if part))


class DataError(GrunlpError):
    """Bad input in a file: `PATH:LINE: what is wrong`, then what was expected, then what to do.

    Args:
        path: the file, or any name of the source ("standard input").
        line: one-based line number; None when the fault is the whole file's.
        wrong, there_is, to_type: as for `GrunlpError`.
    """

    def __init__(self, path: str | Path, line: int | None, wrong: str, there_is: str = "", to_type: str = "") -> None:
        self.path, self.line, self.problem = str(path), line, wrong
        place = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{place}: {wrong}", there_is, to_type)


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice most like `name`, or None when none is close."""
    found = get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return found[0] if found else None
