"""Input and output of commands: standard input as a file, malformed lines, JSON records, atomic output files."""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from grunlp.utils.atomic_io import atomic_path
from grunlp.utils.errors import DataError


def buffer_stdin(folder: Path, description: str) -> Path:
    """Copy standard input to a file in `folder`, so that it can be read repeatedly.

    `description` describes the input for a user who has to type it in a terminal.
    """
    if sys.stdin.isatty():
        print(f"reading standard input, {description}; end with Ctrl-D", file=sys.stderr)
    path = folder / "standard input"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path


class SkippedLineReporter:
    """A callback that reports malformed lines of the input on standard error.

    Args:
        source: the file that is read; "-" is standard input.

    Attributes:
        count: number of malformed lines.
    """

    def __init__(self, source: str) -> None:
        self.source = "standard input" if source == "-" else source
        self.count = 0

    def __call__(self, error: DataError) -> None:
        """Report one malformed line."""
        self.count += 1
        parts = filter(None, (error.reason, error.details, error.hint))
        print(f"skipped {self.source}:{error.line}: {'; '.join(parts)}", file=sys.stderr)


def use_json_output(style: str, output: str) -> bool:
    """Return whether to write JSON lines: always with "json", and with "auto" unless the output is a terminal."""
    return style == "json" or (style == "auto" and not (output == "-" and sys.stdout.isatty()))


def json_line(record: Mapping[str, Any]) -> str:
    """Format a record as a line of JSON."""
    return json.dumps(record, ensure_ascii=False) + "\n"


def write_output(output: str, chunks: Iterable[str]) -> None:
    """Write text as it arrives: to standard output, flushed each time, if `output` is "-", otherwise to a new file."""
    if output == "-":
        for chunk in chunks:
            sys.stdout.write(chunk)
            sys.stdout.flush()
        return
    with atomic_new_file(Path(output)) as file:
        file.writelines(chunks)


@contextmanager
def atomic_new_file(path: Path) -> Iterator[TextIO]:
    """Open a text file that appears at `path` only on success, so that a failed command can be repeated."""
    with atomic_path(path, follow_symlinks=True) as temporary, temporary.open("w", encoding="utf-8") as file:
        yield file
