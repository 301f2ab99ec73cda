"""Recurrent layers as ONNX nodes: a minimal GRU as a GRU, and the shapes of a layer."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnxruntime import InferenceSession
from torch import Tensor, nn

from grunlp.exporting.onnx_backend import OPSET, OnnxRNNNode, _mingru_as_gru, save_onnx
from grunlp.exporting.trace import Graph, trace
from grunlp.modules.gru import StackedGRU


class Layers(nn.Module):
    def __init__(self, cell: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stack = StackedGRU(3, 4, 1, True, 0.0, "none", cell).eval()  # type: ignore[arg-type]
        for name, parameter in self.stack.named_parameters():
            if "bias" in name:
                nn.init.uniform_(parameter, -0.5, 0.5)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        outputs, finals = self.stack(x, lengths)
        return outputs, finals


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "node"), [("gru-reset-before", "GRU"), ("lstm", "LSTM"), ("mingru", "GRU")])
def test_a_layer_is_one_node_and_computes_the_same(cell: str, node: str, tmp_path: Path) -> None:
    graph = Graph("layers", Layers(cell), {"x": ("B", "T", 3), "lengths": ("B",)}, ("states", "final"))
    inputs = (torch.randn(2, 5, 3), torch.tensor([5, 2]))
    save_onnx(trace(graph, inputs, OnnxRNNNode), tmp_path / "layers.onnx", graph)
    model = onnx.load(tmp_path / "layers.onnx")
    assert model.opset_import[0].version == OPSET
    assert [one.op_type for one in model.graph.node if one.op_type in ("GRU", "LSTM", "RNN")] == [node]
    session = InferenceSession(tmp_path / "layers.onnx", providers=["CPUExecutionProvider"])
    for lengths, steps in (([1], 1), ([7, 3, 1], 7)):
        inputs = (torch.randn(len(lengths), steps, 3), torch.tensor(lengths))
        found = session.run(None, {"x": inputs[0].numpy(), "lengths": inputs[1].numpy()})
        for one, expected in zip(found, graph(*inputs), strict=True):
            np.testing.assert_allclose(one, expected, atol=5e-5)


def test_a_layer_can_be_traced_but_not_run() -> None:
    layer = OnnxRNNNode(Layers("gru").stack.layers[0], "gru")
    with pytest.raises(NotImplementedError):
        layer(torch.ones(1, 2, 3), torch.tensor([2]), torch.zeros(2, 1, 4))


@pytest.mark.parametrize("directions", [1, 2])
def test_a_minimal_gru_is_a_gru_of_its_gate_and_candidate(directions: int) -> None:
    """The gates of ONNX are update, reset and candidate; the update gate weighs the old state, so its sign changes."""
    gate, candidate = torch.randn(directions, 3), torch.randn(directions, 3)
    w, u, b = _mingru_as_gru(directions, 6)
    x = torch.cat([gate, candidate], dim=1).flatten()  # both of each direction
    for d in range(directions):
        update, reset, new = (w[d] @ x).chunk(3)
        assert torch.equal(update, -gate[d]) and torch.equal(new, candidate[d]) and not reset.any()
    assert u.shape == (directions, 9, 3) and b.shape == (directions, 18) and not u.any() and not b.any()
