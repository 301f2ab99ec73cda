"""Verification of an export: its graphs and its script must agree with the model on random examples."""

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

BATCH_SIZES, LENGTHS = (1, 2, 7), tuple(range(1, 81))  # sizes and maximum lengths of the batches that are compared
TOLERANCE = 1e-4
_HINT = "Nothing was written. This is a bug of the export or of a library: please report it."


class VerificationReport(NamedTuple):
    """Result of a verification.

    Attributes:
        max_abs_diff: the greatest difference by graph.
        num_batches: number of batches compared.
        num_answers: number of answers of the script compared.
    """

    max_abs_diff: dict[str, float]
    num_batches: int
    num_answers: int


def verify(
    exporter: ModelExporter, run: GraphRunner, script: Path, batch_sizes: Sequence[int], lengths: Sequence[int]
) -> VerificationReport:
    """Compare the outputs of the graphs and the answers of the script with those of the model.

    Args:
        exporter: the model.
        run: runs its graphs.
        script: script that answers with the graphs.
        batch_sizes: sizes of the batches; each is combined with each length.
        lengths: maximum lengths of the batches.

    Raises:
        UserError: an output differs by more than TOLERANCE, or an answer differs.
    """
    rng = np.random.default_rng(0)
    max_diffs = {graph.name: 0.0 for graph in exporter.graphs}
    examples, num_batches = [], 0
    for length in (length for length in lengths if length >= exporter.min_length):
        for batch_size in batch_sizes:
            batch = exporter.random_examples(batch_lengths(batch_size, length, exporter.min_length, rng), rng)
            for name, difference in _graph_diffs(exporter, run, batch):
                if not difference <= TOLERANCE:
                    message = f"the graph {name} differs by {difference:.2g} from the model"
                    raise UserError(message, f"in a batch of {batch_size} with up to {length} steps", _HINT)
                max_diffs[name] = max(max_diffs[name], difference)
            examples += batch
            num_batches += 1
    verify_answers(exporter, script, examples)
    return VerificationReport(max_diffs, num_batches, len(examples))


def _graph_diffs(exporter: ModelExporter, run: GraphRunner, examples: Sequence[Any]) -> Iterable[tuple[str, float]]:
    """Yield the greatest difference in the outputs of each graph for a batch."""
    for graph, inputs in zip(exporter.graphs, exporter.inputs(examples), strict=True):
        if inputs is not None:
            actual, expected = run(graph.name, *to_numpy(inputs)), to_numpy(graph(*inputs))
            yield graph.name, max(_max_abs_diff(*pair) for pair in zip(actual, expected, strict=True))


def _max_abs_diff(actual: Any, expected: Any) -> float:
    """Compute the greatest difference; infinite where shapes or infinities differ, or a value is NaN."""
    if actual.shape != expected.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        difference = np.abs(np.subtract(actual, expected, dtype=np.float64))
    difference = np.where(actual == expected, 0.0, difference)  # equal infinities
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0))


def verify_answers(exporter: ModelExporter, script: Path, examples: Sequence[Any]) -> None:
    """Run the script as a user would and compare its answers.

    Raises:
        UserError: the script fails, or an answer differs from the model's.
    """
    lines = "".join(exporter.to_input_line(example) + "\n" for example in examples)
    command = [sys.executable, str(script), *(f"{name}={value}" for name, value in exporter.settings.items())]
    process = subprocess.run(command, input=lines.encode(), capture_output=True)
    if process.returncode:
        raise UserError(f"{script.name} failed", process.stderr.decode(errors="replace").strip(), _HINT)
    actual = [json.loads(line) for line in process.stdout.decode().split("\n")[:-1]]
    expected = exporter.reference_answers(examples)
    if len(actual) != len(expected):
        raise UserError(f"{script.name} gives {len(actual)} answers", f"{len(expected)} were expected", _HINT)
    for line, answer, reference in zip(lines.split("\n"), actual, expected, strict=False):
        if (mismatch := first_mismatch(answer, json.loads(json.dumps(reference)))) is not None:
            raise UserError(f"{script.name} answers differently: {mismatch}", f"to {line[:200]}", _HINT)


def first_mismatch(actual: Any, expected: Any, path: str = "answer") -> str | None:
    """Describe the first difference between two answers.

    Numbers may differ by twice the tolerance, because they are rounded.
    """
    if isinstance(expected, dict) and isinstance(actual, dict) and actual.keys() == expected.keys():
        items = [(f"{path}.{key}", actual[key], expected[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(actual, list) and len(actual) == len(expected):
        items = [(f"{path}[{i}]", *pair) for i, pair in enumerate(zip(actual, expected, strict=True))]
    elif isinstance(expected, float) and isinstance(actual, int | float):
        close = abs(actual - expected) <= 2 * TOLERANCE * max(1.0, abs(expected))
        return None if close else f"{path} is {actual}, expected {expected}"
    else:
        return None if actual == expected else f"{path} is {str(actual)[:100]}, expected {str(expected)[:100]}"
    return next(filter(None, (first_mismatch(one, other, name) for name, one, other in items)), None)
