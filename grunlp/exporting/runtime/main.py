"""Command line of the exported script: it reads lines and prints JSON objects."""

import json
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

LINES_PER_BATCH = 16


class Session(Protocol):
    """A runner of the graphs in a folder.

    Called with a graph's name and numpy arrays, it returns the list of outputs.
    """

    def __init__(self, folder: Path) -> None: ...

    def __call__(self, graph: str, *inputs: Any) -> list[Any]:
        """Run one graph."""


class Runtime(Protocol):
    """A model that answers lines of input."""

    def __init__(self, model: dict[str, Any], session: Session) -> None: ...

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """Yield the records of a batch of lines; `first_line` is the number of the first line, from 1."""


def main(session_class: type[Session], runtime_class: type[Runtime]) -> None:
    """Answer standard input with the model in the folder of this script."""
    folder = Path(__file__).parent
    model: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    for argument in sys.argv[1:]:
        name, _, value = argument.partition("=")
        if name not in model["settings"]:
            sys.exit(f"unknown {argument}; options: {', '.join(model['settings']) or 'none'}")
        try:
            model["settings"][name] = type(model["settings"][name])(value)
        except ValueError:
            sys.exit(f"{argument}: expected a number, such as {name}={model['settings'][name]}")
    runtime, line_number = runtime_class(model, session_class(folder)), 1
    lines = (line.decode("utf-8", "replace").rstrip("\r\n") for line in sys.stdin.buffer)
    try:
        while batch := list(islice(lines, LINES_PER_BATCH)):
            for record in runtime(batch, line_number):
                sys.stdout.buffer.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
            line_number += len(batch)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output has closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
