"""The proof of an export: its graphs and its script, run on random examples, say what the network says."""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from grunlp.exporting.exporter import Exportable, Run, lengths_of
from grunlp.exporting.word_inputs import to_numpy
from grunlp.utils.errors import GrunlpError

ROWS, LENGTHS = (1, 2, 7), tuple(range(1, 81))  # batch sizes, and longest examples of a batch
TOLERANCE = 1e-4
_WAY = "Nothing was written. It is a fault of the export or of a library: please report it."


class Proof(NamedTuple):
    """What was compared. worst: of each graph the greatest difference; batches, answers: how many."""

    worst: dict[str, float]
    batches: int
    answers: int


def prove(exportable: Exportable, run: Run, script: Path, rows: Sequence[int], lengths: Sequence[int]) -> Proof:
    """Compare graphs and answers with those of the network.

    Args:
        exportable: the network.
        run: its graphs.
        script: that answers by them.
        rows, lengths: of the batches; each pair is tried.

    Raises:
        GrunlpError: an output differs by more than TOLERANCE, or an answer differs.
    """
    random = np.random.default_rng(0)
    worst = {graph.name: 0.0 for graph in exportable.graphs}
    examples, batches = [], 0
    for length in (length for length in lengths if length >= exportable.least):
        for count in rows:
            some = exportable.draw(lengths_of(count, length, exportable.least, random), random)
            for name, difference in _differences(exportable, run, some):
                if not difference <= TOLERANCE:
                    wrong = f"the graph {name} differs by {difference:.2g} from the network"
                    raise GrunlpError(wrong, f"in a batch of {count}, the longest of {length} steps", _WAY)
                worst[name] = max(worst[name], difference)
            examples += some
            batches += 1
    compare_answers(exportable, script, examples)
    return Proof(worst, batches, len(examples))


def _differences(exportable: Exportable, run: Run, examples: Sequence[Any]) -> Iterable[tuple[str, float]]:
    """The greatest difference in each graph's outputs for a batch."""
    for graph, inputs in zip(exportable.graphs, exportable.inputs(examples), strict=True):
        if inputs is not None:
            found, expected = run(graph.name, *to_numpy(inputs)), to_numpy(graph(*inputs))
            yield graph.name, max(_difference(*pair) for pair in zip(found, expected, strict=True))


def _difference(found: Any, expected: Any) -> float:
    """Infinite where shapes or infinities differ, or a number is none."""
    if found.shape != expected.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        apart = np.where(found == expected, 0.0, np.abs(np.subtract(found, expected, dtype=np.float64)))
    return float(np.nan_to_num(apart, nan=np.inf).max(initial=0.0))


def compare_answers(exportable: Exportable, script: Path, examples: Sequence[Any]) -> None:
    """Raise GrunlpError unless the script, started as a user would, answers as grunlp does."""
    lines = "".join(exportable.line(example) + "\n" for example in examples)
    command = [sys.executable, str(script), *(f"{name}={value}" for name, value in exportable.settings.items())]
    done = subprocess.run(command, input=lines.encode(), capture_output=True)
    if done.returncode:
        raise GrunlpError(f"{script.name} fails", done.stderr.decode(errors="replace").strip(), _WAY)
    found = [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]
    expected = exportable.answers(examples)
    if len(found) != len(expected):
        raise GrunlpError(f"{script.name} gives {len(found)} answers", f"{len(expected)} were expected", _WAY)
    for line, one, other in zip(lines.split("\n"), found, expected, strict=False):
        if (where := first_difference(one, json.loads(json.dumps(other)))) is not None:
            raise GrunlpError(f"{script.name} answers differently: {where}", f"to {line[:200]}", _WAY)


def first_difference(found: Any, expected: Any, place: str = "answer") -> str | None:
    """Where two answers differ; numbers may by twice the tolerance, since they are rounded."""
    if isinstance(expected, dict) and isinstance(found, dict) and found.keys() == expected.keys():
        parts = [(f"{place}.{key}", found[key], expected[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        parts = [(f"{place}[{i}]", *pair) for i, pair in enumerate(zip(found, expected, strict=True))]
    elif isinstance(expected, float) and isinstance(found, int | float):
        near = abs(found - expected) <= 2 * TOLERANCE * max(1.0, abs(expected))
        return None if near else f"{place} is {found}, expected {expected}"
    else:
        return None if found == expected else f"{place} is {str(found)[:100]}, expected {str(expected)[:100]}"
    return next(filter(None, (first_difference(one, other, name) for name, one, other in parts)), None)
