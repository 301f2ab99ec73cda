"""Standard input as a file, and files that appear when they are whole."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


def keep_standard_input(folder: Path, what: str) -> Path:
    """Copy standard input into a folder, where it can be read more than once. what: is expected, said to a terminal."""
    if sys.stdin.isatty():
        print(f"reading standard input, {what}; end with Ctrl-D", file=sys.stderr)
    path = folder / "standard input"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A file under another name until it is whole: a fault leaves nothing, and the same command can be typed again."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        part = Path(folder) / path.name
        with part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(path)
