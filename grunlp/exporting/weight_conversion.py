"""Exact conversion of the weights of recurrent stacks from and to Torch, Keras and ONNX.

    stack = from_torch(nn.GRU(64, 128, num_layers=2, bidirectional=True))
    stack = from_keras([keras_layer, another_keras_layer])
    arrays = to_keras(stack)
    stack = from_onnx(onnx.load("gru.onnx"))
    onnx.save(to_onnx(stack), "gru.onnx")

Keras orders the gates as update, reset, candidate, and stores the transpose of every matrix. Its GRU with
`reset_after=True`, the default, has two rows of biases and is `cell="gru"` here; with `reset_after=False` it has one
and is `cell="gru-reset-before"`. A bidirectional layer gives the arrays of the forward layer, then of the backward
layer. ONNX orders the gates of a GRU as Keras does and those of an LSTM as input, output, forget, candidate; it
distinguishes the two GRUs by `linear_before_reset`.
"""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from grunlp.kernels.packed_sequence import GATES_PER_CELL
from grunlp.modules.gru import RNNLayer, StackedGRU
from grunlp.modules.options import Cell

if TYPE_CHECKING:
    from onnx import ModelProto

_TORCH_MODULES: dict[str, type[nn.GRU] | type[nn.LSTM] | type[nn.RNN]] = {
    "gru": nn.GRU,
    "lstm": nn.LSTM,
    "rnn": nn.RNN,
}
_PARAMETER_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def from_torch(module: nn.GRU | nn.LSTM | nn.RNN) -> StackedGRU:
    """Convert a Torch module to a stack.

    Raises:
        ValueError: the module has ReLU, projections or no biases, which a stack does not support.
    """
    cell: Cell = "gru" if isinstance(module, nn.GRU) else "lstm" if isinstance(module, nn.LSTM) else "rnn"
    if getattr(module, "nonlinearity", "tanh") != "tanh":
        raise ValueError(f"a recurrent layer here has tanh, this one has {module.nonlinearity}")
    if module.proj_size or not module.bias:
        raise ValueError("a recurrent layer here has biases and no projection")
    sizes = (module.input_size, module.hidden_size, module.num_layers, module.bidirectional)
    stack = StackedGRU(*sizes, module.dropout, "none", cell, variational_dropout=False).to(module.all_weights[0][0])
    with torch.no_grad():
        for depth, layer in enumerate(stack.layers):
            for name in _PARAMETER_NAMES:
                for d, suffix in enumerate(("", "_reverse")[: stack.directions]):
                    getattr(layer, name)[d] = getattr(module, f"{name}_l{depth}{suffix}")
    return stack.train(module.training)


def to_torch(stack: StackedGRU) -> nn.GRU | nn.LSTM | nn.RNN:
    """Convert a stack to a Torch module; of the regularization, only dropout between layers is kept.

    Raises:
        ValueError: Torch has no equivalent layer.
    """
    layers = _require_standard_layers(stack)
    if stack.cell not in _TORCH_MODULES:
        raise ValueError(f"Torch has no cell={stack.cell}; it has {', '.join(_TORCH_MODULES)}")
    module = _TORCH_MODULES[stack.cell](
        stack.input_size,
        stack.hidden_size,
        stack.num_layers,
        batch_first=True,
        bidirectional=stack.directions == 2,
        dropout=stack.dropout.p if stack.num_layers > 1 else 0.0,
    ).to(layers[0].bias_ih)  # weights may be bfloat16 with float32 biases, and nn.GRU has one dtype
    with torch.no_grad():
        for depth, layer in enumerate(layers):
            for name in _PARAMETER_NAMES:
                for direction, suffix in zip(getattr(layer, name), ("", "_reverse"), strict=False):
                    getattr(module, f"{name}_l{depth}{suffix}").copy_(direction)
    return module.train(stack.training)


def from_keras(layers: Sequence[Any]) -> StackedGRU:
    """Convert consecutive Keras GRU layers to a stack.

    Args:
        layers: each a `GRU` or a `Bidirectional` of one, or its arrays: kernel (I, 3H), recurrent kernel (H, 3H) and
            bias, (2, 3H) or (3H,); for a bidirectional layer, followed by the arrays of the backward layer.

    Raises:
        ValueError: a layer has options that a stack does not support, or its shape does not fit.
    """
    layers = [_keras_arrays(layer) if hasattr(layer, "get_weights") else layer for layer in layers]
    shapes = [[array.shape for array in layer] for layer in layers]
    if not layers or {len(layer) for layer in layers} not in ({3}, {6}):
        raise ValueError(f"a Keras GRU layer has 3 arrays, or 6 in two directions; got {[len(s) for s in shapes]}")
    directions, hidden_size = len(layers[0]) // 3, layers[0][1].shape[0]
    reset_after = layers[0][2].ndim == 2
    bias = (2, 3 * hidden_size) if reset_after else (3 * hidden_size,)
    input_size = layers[0][0].shape[0]
    for depth, layer_shapes in enumerate(shapes):
        kernel_shape = (directions * hidden_size if depth else input_size, 3 * hidden_size)
        expected = [kernel_shape, (hidden_size, 3 * hidden_size), bias] * directions
        if layer_shapes != expected:
            raise ValueError(f"layer {depth} of a Keras GRU has shapes {layer_shapes}, expected {expected}")
    cell: Cell = "gru" if reset_after else "gru-reset-before"
    stack = StackedGRU(input_size, hidden_size, len(layers), directions == 2, 0.0, "none", cell)
    with torch.no_grad():
        for layer, arrays in zip(_require_standard_layers(stack), layers, strict=True):
            for d in range(directions):
                kernel, recurrent, biases = (
                    _swap_first_two_gates(torch.tensor(array)) for array in arrays[3 * d : 3 * d + 3]
                )
                layer.weight_ih[d], layer.weight_hh[d] = kernel.T, recurrent.T
                layer.bias_ih[d] = biases[0] if reset_after else biases
                layer.bias_hh[d] = biases[1] if reset_after else 0
    return stack


def _keras_arrays(layer: Any) -> list[NDArray[np.floating]]:
    """Read the arrays of a Keras layer after checking its options."""
    settings = layer.get_config()
    expected = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "go_backwards": False}
    directions = [settings]
    if "layer" in settings:  # Bidirectional
        if settings["merge_mode"] != "concat":
            raise ValueError(f"two directions are concatenated here, not merge_mode={settings['merge_mode']}")
        directions = [settings["layer"]["config"]]
        if settings.get("backward_layer"):
            directions.append({**settings["backward_layer"]["config"], "go_backwards": False})
    for direction, (name, value) in product(directions, expected.items()):
        if direction.get(name) != value:
            raise ValueError(f"{layer.name}: expected a Keras GRU with {name}={value}, got {direction.get(name)}")
    arrays: list[NDArray[np.floating]] = layer.get_weights()
    return arrays


def to_keras(stack: StackedGRU) -> list[list[NDArray[np.float32]]]:
    """Convert a stack to the arrays for `set_weights` of Keras GRU layers, in the form that `from_keras` reads.

    Raises:
        ValueError: Keras has no equivalent GRU.
    """
    layers = _require_standard_layers(stack)
    if stack.cell not in ("gru", "gru-reset-before"):
        raise ValueError(f"cell={stack.cell} is not a Keras GRU; gru and gru-reset-before are")
    converted = []
    for layer in layers:
        arrays = []
        for d in range(stack.directions):
            bias_ih, bias_hh = layer.bias_ih[d], layer.bias_hh[d]
            biases = torch.stack([bias_ih, bias_hh]) if stack.cell == "gru" else bias_ih + bias_hh
            arrays += [
                _swap_first_two_gates(array).detach().cpu().float().numpy()
                for array in (layer.weight_ih[d].T, layer.weight_hh[d].T, biases)
            ]
        converted.append(arrays)
    return converted


ONNX_OPERATORS = {"gru": "GRU", "gru-reset-before": "GRU", "lstm": "LSTM", "rnn": "RNN"}
ONNX_GATE_ORDER = {"GRU": [1, 0, 2], "LSTM": [0, 3, 1, 2], "RNN": [0]}  # index in our order of each gate of ONNX
_ONNX_ACTIVATIONS = {"GRU": [b"Sigmoid", b"Tanh"], "LSTM": [b"Sigmoid", b"Tanh", b"Tanh"], "RNN": [b"Tanh"]}
_ONNX_OPSET = 17


def to_onnx(stack: StackedGRU) -> "ModelProto":
    """Convert a stack to an ONNX model for inference from zero states.

    Its inputs are `input` (B, T, I), padded at the end, and `lengths` (B,) of int32; its outputs `output` (B, T, D·H)
    and `final` (L·D, B, S·H), like those of `StackedGRU.forward`. B and T are dynamic.

    Raises:
        ValueError: ONNX has no equivalent layer.
    """
    from onnx import TensorProto, helper, numpy_helper

    layers, directions = _require_standard_layers(stack), stack.directions
    operator = ONNX_OPERATORS[stack.cell]
    nodes, weights, final_states = [], [], []

    def constant(name: str, array: NDArray[Any]) -> str:
        weights.append(numpy_helper.from_array(array, name))
        return name

    def node(operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> str:
        nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs[0]

    settings = {"hidden_size": stack.hidden_size, "direction": "bidirectional" if directions == 2 else "forward"}
    if operator == "GRU":
        settings["linear_before_reset"] = int(stack.cell == "gru")
    x = node("Transpose", ["input"], ["steps"], perm=[1, 0, 2])  # (T, B, I)
    shape = constant("shape", np.array([0, 0, -1]))
    for depth, layer in enumerate(layers):
        w, r, *biases = (
            reorder_gate_blocks(getattr(layer, name), ONNX_GATE_ORDER[operator]) for name in _PARAMETER_NAMES
        )
        arrays = {"W": w, "R": r, "B": torch.cat(biases, dim=1)}
        inputs = [constant(f"{name}{depth}", array.float().numpy()) for name, array in arrays.items()]
        outputs = [f"{name}{depth}" for name in (("Y", "h", "c") if operator == "LSTM" else ("Y", "h"))]
        node(operator, [x, *inputs, "lengths"], outputs, **settings)
        rows = node("Transpose", [outputs[0]], [f"rows{depth}"], perm=[0, 2, 1, 3])  # (T, B, D, H)
        x = node("Reshape", [rows, shape], [f"x{depth}"])
        final_states.append(
            node("Concat", outputs[1:], [f"final{depth}"], axis=2) if operator == "LSTM" else outputs[1]
        )
    node("Transpose", [x], ["output"], perm=[1, 0, 2])
    node("Concat", final_states, ["final"], axis=0)
    sizes: list[tuple[str, list[str | int], int]] = [
        ("input", ["B", "T", stack.input_size], TensorProto.FLOAT),
        ("lengths", ["B"], TensorProto.INT32),
        ("output", ["B", "T", stack.output_size], TensorProto.FLOAT),
        ("final", [stack.num_layers * directions, "B", stack.state_size], TensorProto.FLOAT),
    ]
    values = [helper.make_tensor_value_info(name, dtype, size) for name, size, dtype in sizes]
    graph = helper.make_graph(nodes, "stack", values[:2], values[2:], weights)
    opset = helper.make_opsetid("", _ONNX_OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8)


def from_onnx(model: "ModelProto") -> StackedGRU:
    """Convert the consecutive GRU, LSTM or RNN nodes of an ONNX model to a stack.

    Other nodes and initial states are ignored.

    Raises:
        ValueError: the model has no such node, or a node has weights that are not stored, options that a stack does not
            support, or a type or size that differs from the first node's.
    """
    from onnx import helper, numpy_helper

    nodes = [node for node in model.graph.node if node.op_type in ONNX_OPERATORS.values()]
    constants = {weights.name: numpy_helper.to_array(weights) for weights in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    if not nodes:
        raise ValueError(f"no GRU, LSTM or RNN among the {len(model.graph.node)} nodes of the model")
    layers, cells = [], set[Cell]()
    for node in nodes:
        settings = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        direction = settings.get("direction", b"forward").decode()
        gru: Cell = "gru" if settings.get("linear_before_reset", 0) else "gru-reset-before"
        cells.add(gru if node.op_type == "GRU" else "lstm" if node.op_type == "LSTM" else "rnn")
        standard_activations = _ONNX_ACTIVATIONS[node.op_type] * (2 if direction == "bidirectional" else 1)
        unsupported = {
            "activations": settings.get("activations", standard_activations) != standard_activations,
            "direction=reverse": direction == "reverse",
            "peepholes": len(node.input) > 7 and node.input[7],
            **{name: settings.get(name) for name in ("clip", "input_forget", "layout")},
        }
        if any(unsupported.values()):
            names = ", ".join(name for name in unsupported if unsupported[name])
            raise ValueError(f"{node.name or node.op_type}: a stack has no {names}")
        inputs = (*node.input, "", "", "")[1:4]
        missing = [name for name, input_name in zip("WRB", inputs, strict=True) if input_name not in constants]
        if missing:
            raise ValueError(f"{node.name or node.op_type}: {', '.join(missing)} not stored in the model")
        layers.append([torch.tensor(constants[name]) for name in inputs])
    (directions, rows, input_size), hidden_size = layers[0][0].shape, layers[0][1].shape[2]
    for depth, arrays in enumerate(layers):
        shapes = [tuple(array.shape) for array in arrays]
        layer_input_size = directions * hidden_size if depth else input_size
        expected = [(directions, rows, layer_input_size), (directions, rows, hidden_size), (directions, 2 * rows)]
        if len(cells) > 1 or shapes != expected:
            details = f"the model {sorted(cells)}, layer {depth} of shapes {shapes}; expected {expected}"
            raise ValueError(f"a stack has layers of one type and size, {details}")
    (cell,) = cells
    stack = StackedGRU(input_size, hidden_size, len(layers), directions == 2, 0.0, "none", cell)
    order = torch.tensor(ONNX_GATE_ORDER[ONNX_OPERATORS[cell]]).argsort().tolist()
    with torch.no_grad():
        for layer, (w, r, biases) in zip(_require_standard_layers(stack), layers, strict=True):
            for name, array in zip(_PARAMETER_NAMES, (w, r, *biases.chunk(2, dim=1)), strict=True):
                getattr(layer, name).copy_(reorder_gate_blocks(array, order))
    return stack


def reorder_gate_blocks(array: Tensor, order: list[int]) -> Tensor:
    """Reorder the G blocks of H rows of an array (D, G·H, ...)."""
    blocks = array.detach().cpu().chunk(len(order), dim=1)
    return torch.cat([blocks[block] for block in order], dim=1)


def _require_standard_layers(stack: StackedGRU) -> list[RNNLayer]:
    """Return the layers of a stack that uses only features that Torch, Keras and ONNX have."""
    layers = [layer for layer in stack.layers if isinstance(layer, RNNLayer)]
    unsupported = {
        "cell=mingru": not layers,
        f"residual={stack.residual}": stack.residual != "none",
        "layer_norm": any(layer.gains is not None for layer in layers),
        "initial=learned": any(layer.initial is not None for layer in layers),
        "zoneout": any(layer.options.zoneout for layer in layers),
    }
    for name, used in unsupported.items():
        if used:
            raise ValueError(f"neither Torch nor Keras nor ONNX has {name}")
    return layers


def _swap_first_two_gates(array: Tensor) -> Tensor:
    """Swap the first two of the three gate blocks of the last axis."""
    first, second, third = array.chunk(GATES_PER_CELL["gru"], dim=-1)
    return torch.cat([second, first, third], dim=-1)
