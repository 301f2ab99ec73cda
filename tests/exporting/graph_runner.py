"""Graphs of an exporter run by PyTorch, so that scripts can be tested without an export."""

import json
from collections.abc import Sequence
from typing import Any

import torch

from grunlp.exporting.exporter import ModelExporter
from grunlp.exporting.verification import first_mismatch


class TorchGraphs:
    """A session whose graphs are the traced modules themselves."""

    def __init__(self, exporter: ModelExporter) -> None:
        self.graphs = {graph.name: graph for graph in exporter.graphs}

    def __call__(self, graph: str, *inputs: Any) -> list[Any]:
        return [output.numpy() for output in self.graphs[graph](*map(torch.from_numpy, inputs))]


def make_runtime(exporter: ModelExporter) -> Any:
    """Make the class that answers lines in the exported script, as the script does."""
    model = json.loads(json.dumps(exporter.model))
    model["settings"] |= exporter.settings
    runtime_class: Any = exporter.runtime_class
    return runtime_class(model, TorchGraphs(exporter))


def check_answers(exporter: ModelExporter, examples: Sequence[Any], batch_size: int = 3) -> list[dict[str, Any]]:
    """Check that the runtime answers examples, some lines at a time, as grunlp does; return its answers."""
    runtime, lines = make_runtime(exporter), [exporter.to_input_line(example) for example in examples]
    found = [record for i in range(0, len(lines), batch_size) for record in runtime(lines[i : i + batch_size], i + 1)]
    expected = exporter.reference_answers(examples)
    assert len(found) == len(expected)
    for record, reference in zip(json.loads(json.dumps(found)), json.loads(json.dumps(expected)), strict=True):
        mismatch = first_mismatch(record, reference)
        assert mismatch is None, mismatch
    return found
