"""The proof of an export: its graphs and its script, run on random examples, say what the network says."""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from grunlp.exporting.exporter import GraphRunner, ModelExporter, batch_lengths
from grunlp.exporting.word_inputs import to_numpy
from grunlp.utils.errors import UserError

BATCH_SIZES, LENGTHS = (1, 2, 7), tuple(range(1, 81))  # batch sizes, and longest examples of a batch
TOLERANCE = 1e-4
_HINT = "Nothing was written. It is a fault of the export or of a library: please report it."


class VerificationReport(NamedTuple):
    """What was compared. max_abs_diff: of each graph the greatest difference; batches, answers: how many."""

    max_abs_diff: dict[str, float]
    num_batches: int
    num_answers: int


def verify(
    exporter: ModelExporter, run: GraphRunner, script: Path, rows: Sequence[int], lengths: Sequence[int]
) -> VerificationReport:
    """Compare graphs and answers with those of the network.

    Args:
        exporter: the network.
        run: its graphs.
        script: that answers by them.
        rows, lengths: of the batches; each pair is tried.

    Raises:
        UserError: an output differs by more than TOLERANCE, or an answer differs.
    """
    random = np.random.default_rng(0)
    worst = {graph.name: 0.0 for graph in exporter.graphs}
    examples, batches = [], 0
    for length in (length for length in lengths if length >= exporter.min_length):
        for count in rows:
            some = exporter.random_examples(batch_lengths(count, length, exporter.min_length, random), random)
            for name, difference in _graph_diffs(exporter, run, some):
                if not difference <= TOLERANCE:
                    wrong = f"the graph {name} differs by {difference:.2g} from the network"
                    raise UserError(wrong, f"in a batch of {count}, the longest of {length} steps", _HINT)
                worst[name] = max(worst[name], difference)
            examples += some
            batches += 1
    verify_answers(exporter, script, examples)
    return VerificationReport(worst, batches, len(examples))


def _graph_diffs(exporter: ModelExporter, run: GraphRunner, examples: Sequence[Any]) -> Iterable[tuple[str, float]]:
    """The greatest difference in each graph's outputs for a batch."""
    for graph, inputs in zip(exporter.graphs, exporter.inputs(examples), strict=True):
        if inputs is not None:
            found, expected = run(graph.name, *to_numpy(inputs)), to_numpy(graph(*inputs))
            yield graph.name, max(_max_abs_diff(*pair) for pair in zip(found, expected, strict=True))


def _max_abs_diff(found: Any, expected: Any) -> float:
    """Infinite where shapes or infinities differ, or a number is none."""
    if found.shape != expected.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        apart = np.where(found == expected, 0.0, np.abs(np.subtract(found, expected, dtype=np.float64)))
    return float(np.nan_to_num(apart, nan=np.inf).max(initial=0.0))


def verify_answers(exporter: ModelExporter, script: Path, examples: Sequence[Any]) -> None:
    """Raise UserError unless the script, started as a user would, answers as grunlp does."""
    lines = "".join(exporter.to_input_line(example) + "\n" for example in examples)
    command = [sys.executable, str(script), *(f"{name}={value}" for name, value in exporter.settings.items())]
    done = subprocess.run(command, input=lines.encode(), capture_output=True)
    if done.returncode:
        raise UserError(f"{script.name} fails", done.stderr.decode(errors="replace").strip(), _HINT)
    found = [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]
    expected = exporter.reference_answers(examples)
    if len(found) != len(expected):
        raise UserError(f"{script.name} gives {len(found)} answers", f"{len(expected)} were expected", _HINT)
    for line, one, other in zip(lines.split("\n"), found, expected, strict=False):
        if (where := first_mismatch(one, json.loads(json.dumps(other)))) is not None:
            raise UserError(f"{script.name} answers differently: {where}", f"to {line[:200]}", _HINT)


def first_mismatch(found: Any, expected: Any, path: str = "answer") -> str | None:
    """Where two answers differ; numbers may by twice the tolerance, since they are rounded."""
    if isinstance(expected, dict) and isinstance(found, dict) and found.keys() == expected.keys():
        parts = [(f"{path}.{key}", found[key], expected[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        parts = [(f"{path}[{i}]", *pair) for i, pair in enumerate(zip(found, expected, strict=True))]
    elif isinstance(expected, float) and isinstance(found, int | float):
        near = abs(found - expected) <= 2 * TOLERANCE * max(1.0, abs(expected))
        return None if near else f"{path} is {found}, expected {expected}"
    else:
        return None if found == expected else f"{path} is {str(found)[:100]}, expected {str(expected)[:100]}"
    return next(filter(None, (first_mismatch(one, other, name) for name, one, other in parts)), None)
