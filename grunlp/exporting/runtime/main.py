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
    try:
        answer_lines(folder, session_class, runtime_class)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BrokenPipeError:  # the reader of the output has gone away, as head does
        discard_output()
    except OSError as error:
        discard_output()
        fail(f"{error.filename or 'standard input or output'}: {error.strerror or error}")
    except BaseException as error:  # onnxruntime and tokenizers raise anything for a damaged file, panics too
        details = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        fail(f"{folder}: the files of this export are damaged or do not belong together\n{details}\nExport it again.")


def fail(message: str) -> None:
    """End with a message and status 2."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def discard_output() -> None:
    """Write nothing more to standard output: Python's last flush would fail again."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def answer_lines(folder: Path, session_class: type[Session], runtime_class: type[Runtime]) -> None:
    """Read the model, and write the records of the lines on standard input."""
    if sys.stdin is None or sys.stdout is None:
        fail("standard input or output is closed")
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
    while batch := list(islice(lines, LINES_PER_BATCH)):
        for record in runtime(batch, line_number):
            sys.stdout.buffer.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
        line_number += len(batch)
    sys.stdout.flush()
