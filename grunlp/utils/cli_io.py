"""What commands read and write: standard input as a file, bad lines, records, files that appear when they are whole."""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from grunlp.utils.atomic_io import atomic_path
from grunlp.utils.errors import DataError


def buffer_stdin(folder: Path, what: str) -> Path:
    """Copy standard input into a folder, where it can be read more than once. what: is expected, said to a terminal."""
    if sys.stdin.isatty():
        print(f"reading standard input, {what}; end with Ctrl-D", file=sys.stderr)
    path = folder / "standard input"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path


class SkippedLineReporter:
    """Called with a bad line of the input, it names it on standard error.

    Args:
        source: the file that is read; "-" is standard input.

    Attributes:
        count: how many there were.
    """

    def __init__(self, source: str) -> None:
        self.source = "standard input" if source == "-" else source
        self.count = 0

    def __call__(self, error: DataError) -> None:
        """Name one."""
        self.count += 1
        print(f"skipped {self.source}:{error.line}: {error.reason}; {error.details}", file=sys.stderr)


def use_json_output(style: str, output: str) -> bool:
    """Whether `style` asks for JSON lines: "auto" does, but where a person looks on."""
    return style == "json" or (style == "auto" and not (output == "-" and sys.stdout.isatty()))


def json_line(record: Mapping[str, Any]) -> str:
    """A record as a line of JSON."""
    return json.dumps(record, ensure_ascii=False) + "\n"


def write_output(output: str, chunks: Iterable[str]) -> None:
    """Write text as it comes: to standard output, seen at once, where `output` is "-"; else to a new file."""
    if output == "-":
        for part in chunks:
            sys.stdout.write(part)
            sys.stdout.flush()
        return
    with atomic_new_file(Path(output)) as file:
        file.writelines(chunks)


@contextmanager
def atomic_new_file(path: Path) -> Iterator[TextIO]:
    """A file under another name until it is whole: a fault leaves nothing, and the same command can be typed again."""
    with atomic_path(path) as part, part.open("w", encoding="utf-8") as file:
        yield file
