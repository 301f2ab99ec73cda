"""Tracing of graphs: dynamic sizes stay dynamic, and the exporters' messages are silenced."""

import logging
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from grunlp.exporting.trace import Graph, silence_exporter_logs, trace


class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([2.0, -1.0]))

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x * self.weight + y.mean(), x.sum(dim=1)


class Sum(nn.Module):
    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0] + inputs[1]


def no_layers(*arguments: Any) -> Any:
    raise AssertionError("there is no recurrent layer")


def test_a_program_computes_the_graph_for_other_sizes() -> None:
    graph = Graph("scale", Scale(), {"x": ("B", "T", 2), "y": ("T*3",)}, ("scaled", "sum"))
    program = trace(graph, (torch.ones(1, 1, 2), torch.ones(6)), no_layers).module()
    for rows, steps in ((1, 2), (5, 4)):
        inputs = (torch.randn(rows, steps, 2), torch.randn(3 * steps))
        for found, expected in zip(program(*inputs), graph(*inputs), strict=True):
            torch.testing.assert_close(found, expected)
    with pytest.raises(Exception, match=r"(?i)shape|guard|dim|size|==|constraint"):
        program(torch.randn(2, 2, 2), torch.randn(7))


def test_variadic_graphs_return_a_tuple() -> None:
    graph = Graph("sum", Sum(), {"a": ("B",), "b": ("B",)}, ("sum",))
    assert isinstance(graph(torch.ones(2), torch.ones(2)), tuple)
    with torch.inference_mode():
        inputs = (torch.ones(1), torch.ones(1))
    program = trace(graph, inputs, no_layers).module()
    torch.testing.assert_close(program(torch.arange(4.0), torch.ones(4)), torch.arange(4.0) + 1)


def test_messages_of_exporters_are_silenced_for_the_time() -> None:
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    with warnings.catch_warnings(record=True) as caught, silence_exporter_logs():
        warnings.warn("noise", stacklevel=1)
        assert logger.level == logging.ERROR
    assert logger.level == before and not caught
    with pytest.raises(ValueError), silence_exporter_logs():
        raise ValueError
    assert logger.level == before
