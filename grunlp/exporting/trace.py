"""Graphs, computations from tensors to tensors, and their tracing by torch.export."""

import inspect
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
    """A computation that is exported as one file.

    Attributes:
        name: file name without suffix.
        module: module in evaluation mode; its `forward` takes the inputs and returns the outputs in their order.
        inputs: names and axes of the inputs. A string is a dynamic size of at least 1, equal wherever it occurs; a
            multiple of a dynamic size, which is then at least 2, is written "T*12".
        outputs: names of the outputs.
    """

    name: str
    module: nn.Module
    inputs: Mapping[str, Sequence[str | int]]
    outputs: Sequence[str]

    @torch.inference_mode()
    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run the original module."""
        outputs = self.module(*inputs)
        return outputs if isinstance(outputs, tuple) else (outputs,)


def trace(graph: Graph, inputs: Sequence[Tensor], make_layer: LayerFactory) -> ExportedProgram:
    """Trace a graph to a program of Torch operators and the layers of `make_layer`.

    Args:
        graph: the graph to trace.
        inputs: any valid inputs.
        make_layer: makes the traceable form of each recurrent layer.
    """
    dynamic_axes = tuple(
        {i: _dynamic_size(axis) for i, axis in enumerate(axes) if isinstance(axis, str)}
        for axes in graph.inputs.values()
    )
    example_inputs = tuple(_expand_unit_axes(tensor, axes) for tensor, axes in zip(inputs, dynamic_axes, strict=True))
    parameters = inspect.signature(graph.module.forward).parameters.values()
    is_variadic = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
    dynamic_shapes = (dynamic_axes,) if is_variadic else dynamic_axes
    torch._dynamo.reset()  # `scan` compiles each of its steps, and by default gives up after eight
    with torch.no_grad(), silence_exporter_logs(), torch._dynamo.config.patch(recompile_limit=1000):
        module = make_traceable(graph.module, make_layer).eval()
        return torch.export.export(module, example_inputs, dynamic_shapes=dynamic_shapes, strict=False)


def _dynamic_size(axis: str) -> Any:
    name, _, factor = axis.partition("*")
    return int(factor) * Dim(name, min=2) if factor else Dim(name, min=1)


def _expand_unit_axes(tensor: Tensor, dynamic_axes: Mapping[int, Any]) -> Tensor:
    """Copy a tensor with at least 2 elements along its dynamic axes, because Torch treats a size of 1 as a constant."""
    for axis in dynamic_axes:
        if tensor.shape[axis] == 1:
            tensor = torch.cat([tensor, tensor], dim=axis)
    return tensor.clone()  # a tensor made in inference mode cannot be traced


@contextmanager
def silence_exporter_logs() -> Iterator[None]:
    """Silence warnings and logs of Torch's exporters."""
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
