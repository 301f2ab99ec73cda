"""Graphs in ONNX, with recurrent layers as GRU, LSTM and RNN nodes.

Torch's exporter unrolls recurrent layers to the length of the example. To avoid that, each layer is exported as a
custom operator. The exporter knows only the shapes of this operator; a translation table maps it to an ONNX node.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from grunlp.exporting.trace import Graph, silence_exporter_logs
from grunlp.exporting.traceable_rnn import mingru_g
from grunlp.exporting.weight_conversion import ONNX_GATE_ORDER, ONNX_OPERATORS, reorder_gate_blocks
from grunlp.modules.gru import RNNLayer
from grunlp.modules.mingru import MinGRULayer

OPSET = 18

TensorPair = tuple[Tensor, Tensor]

_LIBRARY = torch.library.Library("grunlp_onnx", "DEF")
_LIBRARY.define(
    "layer(Tensor x, Tensor lengths, Tensor initial_state, Tensor w, Tensor u, Tensor b, str cell) -> (Tensor, Tensor)"
)


def _output_shapes(
    x: Tensor, lengths: Tensor, initial_state: Tensor, w: Tensor, u: Tensor, b: Tensor, cell: str
) -> TensorPair:
    directions, _, hidden_size = u.shape
    states = x.new_empty(x.shape[0], x.shape[1], directions * hidden_size)
    return states, initial_state.new_empty(initial_state.shape)


torch.library.register_fake("grunlp_onnx::layer", _output_shapes, lib=_LIBRARY)


class OnnxRNNNode(nn.Module):
    """A recurrent layer that becomes an ONNX node; it can be traced but not run.

    Its weights are in the gate order of ONNX. A minimal GRU becomes a GRU without recurrent weights, whose gate and
    candidate are computed before it.

    Args:
        layer: layer with its weights.
        cell: cell type.
    """

    def __init__(self, layer: RNNLayer | MinGRULayer, cell: str) -> None:
        super().__init__()
        self.cell, self.mingru = cell, layer if isinstance(layer, MinGRULayer) else None
        if isinstance(layer, MinGRULayer):
            w, u, b = _mingru_as_gru(*layer.weight_ih.shape[:2])
        else:
            order = ONNX_GATE_ORDER[ONNX_OPERATORS[cell]]
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            w, u, *biases = (reorder_gate_blocks(getattr(layer, name), order).float() for name in names)
            b = torch.cat(biases, dim=1)
        for name, weights in (("w", w), ("u", u), ("b", b)):
            self.register_buffer(name, weights)

    def forward(self, x: Tensor, lengths: Tensor, initial_state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute states and final states, see `grunlp.exporting.traceable_rnn.LayerFactory`."""
        if self.mingru is not None:
            projected = torch.einsum("bti,dgi->btdg", x, self.mingru.weight_ih) + self.mingru.bias_ih
            gate, candidate = projected.chunk(2, dim=3)  # (B, T, D, H)
            x = torch.cat([gate, mingru_g(candidate)], dim=3).flatten(2)  # (B, T, D·2·H)
        states, final = torch.ops.grunlp_onnx.layer(x, lengths, initial_state, self.w, self.u, self.b, self.cell)
        return states, final


def _mingru_as_gru(directions: int, rows: int) -> tuple[Tensor, Tensor, Tensor]:
    """Make the weights of a GRU whose input is the gate and candidate of a minimal GRU (D·2·H features).

    The update gate of a GRU is the weight of the old state, so it is the sigmoid of minus the gate of the minimal GRU.

    Args:
        directions: D.
        rows: 2·H.
    """
    hidden_size = rows // 2
    w, identity = torch.zeros(directions, 3 * hidden_size, directions * rows), torch.eye(hidden_size)
    for d in range(directions):
        w[d, :hidden_size, d * rows : d * rows + hidden_size] = -identity
        w[d, 2 * hidden_size :, d * rows + hidden_size : (d + 1) * rows] = identity
    return w, torch.zeros(directions, 3 * hidden_size, hidden_size), torch.zeros(directions, 6 * hidden_size)


def _to_onnx_node(x: Any, lengths: Any, initial_state: Any, w: Any, u: Any, b: Any, cell: str) -> Any:
    """Translate a recurrent layer to an ONNX node; called by Torch's exporter."""
    from onnxscript import opset18 as op

    directions, hidden_size = int(u.shape[0]), int(u.shape[2])
    options: dict[str, Any] = {
        "hidden_size": hidden_size,
        "direction": "bidirectional" if directions == 2 else "forward",
    }
    steps, lengths = op.Transpose(x, perm=[1, 0, 2]), op.Cast(lengths, to=6)  # int32
    if cell == "lstm":
        h, c = op.Split(initial_state, axis=2, num_outputs=2)
        states, h, c = op.LSTM(steps, w, u, b, lengths, h, c, **options)
        final = op.Concat(h, c, axis=2)
    elif cell == "rnn":
        states, final = op.RNN(steps, w, u, b, lengths, initial_state, **options)
    else:
        options["linear_before_reset"] = int(cell != "gru-reset-before")
        if cell == "mingru":
            options |= {"activations": ["Sigmoid", "Affine"] * directions}
            options |= {"activation_alpha": [1.0] * directions, "activation_beta": [0.0] * directions}
        states, final = op.GRU(steps, w, u, b, lengths, initial_state, **options)
    rows = op.Transpose(states, perm=[2, 0, 1, 3])  # (T, D, B, H) → (B, T, D, H)
    shape: Any = op.Constant(value_ints=[0, 0, directions * hidden_size])
    return op.Reshape(rows, shape), final


def save_onnx(program: ExportedProgram, path: Path, graph: Graph) -> None:
    """Write a program of `OnnxRNNNode` layers as one file."""
    with silence_exporter_logs(), torch.no_grad():
        onnx_program = torch.onnx.export(
            program,
            custom_translation_table={torch.ops.grunlp_onnx.layer.default: _to_onnx_node},
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            opset_version=OPSET,
            verbose=False,
        )
        assert onnx_program is not None
        onnx_program.save(str(path), external_data=False)
