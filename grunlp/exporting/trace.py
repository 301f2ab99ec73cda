"""A network's computation from tensors to tensors, and how Torch traces it."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
import torch._dynamo
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from grunlp.exporting.traceable_rnn import LayerFactory, make_traceable


class Graph(NamedTuple):
    """What is exported as one file.

    name: of the file, without its suffix.
    module: in evaluation mode, its `forward(*inputs)` takes the inputs in their order and gives the outputs in theirs.
    inputs: names, and of each its axes: a word is a free size, at least 1, the same wherever it stands; a multiple of
        one, which is then at least 2, is written "T*12".
    outputs: names.
    """

    name: str
    module: nn.Module
    inputs: Mapping[str, Sequence[str | int]]
    outputs: Sequence[str]

    @torch.inference_mode()
    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """What the network itself says."""
        found = self.module(*inputs)
        return found if isinstance(found, tuple) else (found,)


def trace(graph: Graph, inputs: Sequence[Tensor], make_layer: LayerFactory) -> ExportedProgram:
    """The graph as a program of Torch's own operators and those of `make_layer`. inputs: any that fit."""
    free = tuple(
        {place: _dynamic_size(axis) for place, axis in enumerate(axes) if isinstance(axis, str)}
        for axes in graph.inputs.values()
    )
    given = tuple(_expand_unit_axes(one, places) for one, places in zip(inputs, free, strict=True))
    torch._dynamo.reset()  # `scan` compiles each step it meets, and gives up after eight unless told otherwise
    with torch.no_grad(), silence_exporter_logs(), torch._dynamo.config.patch(recompile_limit=1000):
        module = make_traceable(graph.module, make_layer).eval()
        return torch.export.export(module, given, dynamic_shapes=(free,), strict=False)


def _dynamic_size(axis: str) -> Any:
    name, _, times = axis.partition("*")
    return int(times) * Dim(name, min=2) if times else Dim(name, min=1)


def _expand_unit_axes(tensor: Tensor, dynamic_axes: Mapping[int, Any]) -> Tensor:
    """A copy that is 2 at least along its free axes: Torch takes a size of 1 for one that is never another."""
    for place in dynamic_axes:
        if tensor.shape[place] == 1:
            tensor = torch.cat([tensor, tensor], dim=place)
    return tensor.clone()  # what was made in inference mode cannot be traced


@contextmanager
def silence_exporter_logs() -> Iterator[None]:
    """Without what Torch's exporters say of their own insides."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
