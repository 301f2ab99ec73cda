"""Every cell, in both formats, with padding and a state to go on from, computes what the stack does."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from grunlp.exporting.export_folder import get_export_format
from grunlp.exporting.trace import Graph, trace
from grunlp.exporting.traceable_rnn import ScanLayer, TraceableStack
from grunlp.modules.gru import StackedGRU
from grunlp.modules.options import Cell
from grunlp.modules.rnn_weights import RNNLayerOptions
from grunlp.utils.errors import UserError


class Stack(nn.Module):
    def __init__(self, stack: StackedGRU) -> None:
        super().__init__()
        self.stack = stack

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.stack(*inputs)
        return found


def stack(cell: str, **options: Any) -> StackedGRU:
    torch.manual_seed(0)
    residual = options.pop("residual", "highway")
    made = StackedGRU(3, 4, 2, True, 0.1, residual, cell, options=RNNLayerOptions(**options)).eval()  # type: ignore[arg-type]
    for name, parameter in made.named_parameters():
        if "bias" in name or "initial" in name:
            nn.init.uniform_(parameter, -0.5, 0.5)
    return made


def check(graph: Graph, to: str, folder: Path) -> None:
    form = get_export_format(to)

    def drawn(lengths: list[int], steps: int) -> tuple[Tensor, ...]:
        states = (torch.rand(4, len(lengths), inner.state_size),) if "initial" in graph.inputs else ()
        return torch.randn(len(lengths), steps, 3), torch.tensor(lengths), *states

    inner: Any = graph.module.stack
    form.save(trace(graph, drawn([5, 2], 5), form.make_layer), folder / f"stack{form.suffix}", graph)
    run = form.session_class(folder)
    for lengths, steps in (([1], 1), ([7, 3, 1], 7), ([4], 6), ([80, 40], 80)):
        inputs = drawn(lengths, steps)
        for found, expected in zip(run("stack", *(one.numpy() for one in inputs)), graph(*inputs), strict=True):
            np.testing.assert_allclose(
                found, expected, rtol=0, atol=5e-5
            )  # minimal GRUs in log space, uncompiled, lose some


@pytest.mark.slow
@pytest.mark.parametrize("to", ["onnx", "pt2"])
@pytest.mark.parametrize("cell", get_args(Cell))
def test_cells(cell: str, to: str, tmp_path: Path) -> None:
    inner = stack(cell)
    inputs = {"x": ("B", "T", 3), "lengths": ("B",), "initial": (4, "B", inner.state_size)}
    check(Graph("stack", Stack(inner), inputs, ("states", "final")), to, tmp_path)


@pytest.mark.parametrize("to", ["onnx", pytest.param("pt2", marks=pytest.mark.slow)])
def test_learned_states(to: str, tmp_path: Path) -> None:
    inner = stack("gru", residual="add", initial_state="learned")
    check(Graph("stack", Stack(inner), {"x": ("B", "T", 3), "lengths": ("B",)}, ("states", "final")), to, tmp_path)


def test_what_acts_within_steps_is_refused() -> None:
    for options in ({"zoneout": 0.1}, {"layer_norm": True}):
        with pytest.raises(UserError, match="cannot be exported"):
            TraceableStack(stack("gru", **options), ScanLayer)
