"""Lines in, JSON objects out."""

import json
import os
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from grunlp.exporting.runtime.onnx_session import Graphs
from grunlp.tasks.srl.onnx_runtime import Answering

LINES_PER_BATCH = 16  # lines that are read together


def main() -> None:
    """Answer standard input."""
    folder = Path(__file__).parent
    model: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    for word in sys.argv[1:]:
        name, _, value = word.partition("=")
        if name not in model["settings"]:
            sys.exit(f"unknown {word}; there are: {', '.join(model['settings']) or 'none'}")
        try:
            model["settings"][name] = type(model["settings"][name])(value)
        except ValueError:
            sys.exit(f"{word}: a number is needed, such as {name}={model['settings'][name]}")
    answer, number = Answering(model, Graphs(folder)), 1
    lines = (line.decode("utf-8", "replace").rstrip("\r\n") for line in sys.stdin.buffer)
    while some := list(islice(lines, LINES_PER_BATCH)):
        for record in answer(some, number):
            sys.stdout.buffer.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
        number += len(some)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # a reader that goes away, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
