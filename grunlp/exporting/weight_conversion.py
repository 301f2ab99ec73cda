"""Weights of recurrent stacks to and from Torch, Keras and ONNX, exactly.

    stack = from_torch(nn.GRU(64, 128, num_layers=2, bidirectional=True))
    stack = from_keras([keras_layer, another_keras_layer])
    arrays = to_keras(stack)
    stack = from_onnx(onnx.load("gru.onnx"))
    onnx.save(to_onnx(stack), "gru.onnx")

Keras orders the gates update, reset, candidate, and stores the transpose of every matrix. Its GRU with
`reset_after=True`, the default, has two rows of biases and is `cell="gru"` here; with `reset_after=False` it has one
and is `cell="gru-reset-before"`. A layer of it in two directions gives the arrays of the forward one, then of the
backward one. ONNX orders the gates of a GRU as Keras does, those of an LSTM input, output, forget, candidate, and tells
the two GRUs apart by `linear_before_reset`.
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

    from grunlp.tasks.classification.model import Classifier

_TORCH_MODULES: dict[str, type[nn.GRU] | type[nn.LSTM] | type[nn.RNN]] = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}
_PARAMETER_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def from_torch(module: nn.GRU | nn.LSTM | nn.RNN) -> StackedGRU:
    """A stack that computes what the module does.

    Raises:
        ValueError: the module has what a stack has not: ReLU, projections, no biases.
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
    """A Torch module that computes what the stack does, but for what acts in training alone.

    Raises:
        ValueError: Torch has no such layer.
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
    ).to(layers[0].bias_ih)  # weights may be halved, and nn.GRU has one type for all
    with torch.no_grad():
        for depth, layer in enumerate(layers):
            for name in _PARAMETER_NAMES:
                for direction, suffix in zip(getattr(layer, name), ("", "_reverse"), strict=False):
                    getattr(module, f"{name}_l{depth}{suffix}").copy_(direction)
    return module.train(stack.training)


def from_keras(layers: Sequence[Any]) -> StackedGRU:
    """A stack that computes what Keras' GRU layers do, one after another.

    Args:
        layers: of each either the layer itself, a `GRU` or a `Bidirectional` of one, or its arrays: kernel (I, 3H),
            recurrent kernel (H, 3H) and bias, (2, 3H) or (3H,); in two directions the same three of the backward one
            after them.

    Raises:
        ValueError: the layers have what a stack has not, or the shapes fit no stack of equal layers.
    """
    layers = [_keras_arrays(layer) if hasattr(layer, "get_weights") else layer for layer in layers]
    shapes = [[array.shape for array in layer] for layer in layers]
    if not layers or {len(layer) for layer in layers} not in ({3}, {6}):
        raise ValueError(f"a Keras GRU layer has 3 arrays, or 6 in two directions; got {[len(s) for s in shapes]}")
    directions, hidden = len(layers[0]) // 3, layers[0][1].shape[0]
    after = layers[0][2].ndim == 2
    bias = (2, 3 * hidden) if after else (3 * hidden,)
    size = layers[0][0].shape[0]
    for depth, found in enumerate(shapes):
        expected = [(directions * hidden if depth else size, 3 * hidden), (hidden, 3 * hidden), bias] * directions
        if found != expected:
            raise ValueError(f"layer {depth} of a Keras GRU has shapes {found}, expected {expected}")
    cell: Cell = "gru" if after else "gru-reset-before"
    stack = StackedGRU(size, hidden, len(layers), directions == 2, 0.0, "none", cell)
    with torch.no_grad():
        for layer, arrays in zip(_require_standard_layers(stack), layers, strict=True):
            for d in range(directions):
                kernel, recurrent, biases = (
                    _swap_first_two_gates(torch.tensor(array)) for array in arrays[3 * d : 3 * d + 3]
                )
                layer.weight_ih[d], layer.weight_hh[d] = kernel.T, recurrent.T
                layer.bias_ih[d] = biases[0] if after else biases
                layer.bias_hh[d] = biases[1] if after else 0
    return stack


def load_keras_classifier(model: "Classifier", layers: Sequence[Any], dense: Sequence[NDArray[np.floating]]) -> None:
    """Give a classifier of measurements the weights of a Keras one: GRUs, one after another, then a dense layer.

    Args:
        model: of two classes for a dense layer of one unit and a sigmoid, which tells how likely the second is.
        layers: as for `from_keras`; here each may have a size of its own.
        dense: kernel (F, K) and bias (K,).

    Raises:
        ValueError: the shapes fit no such model.
    """
    stacks: Any = model.encoder.layers
    kernel, bias = (torch.tensor(np.asarray(array)) for array in dense)
    if len(layers) != len(stacks) or kernel.T.shape != model.scores.weight.shape:
        own = f"{len(stacks)} layers and scores {tuple(model.scores.weight.T.shape)}"
        raise ValueError(f"the Keras model has {len(layers)} layers and scores {tuple(kernel.shape)}, this {own}")
    for stack, layer in zip(stacks, layers, strict=True):
        stack.load_state_dict(from_keras([layer]).state_dict())
    with torch.no_grad():
        model.scores.weight.copy_(kernel.T)
        model.scores.bias.copy_(bias)


def _keras_arrays(layer: Any) -> list[NDArray[np.floating]]:
    """The arrays of a live layer, when its settings are those that the arrays stand for."""
    settings = layer.get_config()
    expected = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "go_backwards": False}
    parts = [settings]
    if "layer" in settings:  # Bidirectional
        if settings["merge_mode"] != "concat":
            raise ValueError(f"two directions are concatenated here, not merge_mode={settings['merge_mode']}")
        parts = [settings["layer"]["config"]]
        if settings.get("backward_layer"):
            parts.append({**settings["backward_layer"]["config"], "go_backwards": False})
    for part, (name, value) in product(parts, expected.items()):
        if part.get(name) != value:
            raise ValueError(f"{layer.name}: a Keras GRU with {name}={value} fits here, this has {part.get(name)}")
    arrays: list[NDArray[np.floating]] = layer.get_weights()
    return arrays


def to_keras(stack: StackedGRU) -> list[list[NDArray[np.float32]]]:
    """The arrays for `set_weights` of Keras' GRU layers; the form that `from_keras` reads.

    Raises:
        ValueError: Keras' GRU is no such layer.
    """
    layers = _require_standard_layers(stack)
    if stack.cell not in ("gru", "gru-reset-before"):
        raise ValueError(f"cell={stack.cell} is no GRU of Keras; gru and gru-reset-before are")
    found = []
    for layer in layers:
        arrays = []
        for d in range(stack.directions):
            b, c = layer.bias_ih[d], layer.bias_hh[d]
            biases = torch.stack([b, c]) if stack.cell == "gru" else b + c
            arrays += [
                _swap_first_two_gates(array).detach().cpu().float().numpy()
                for array in (layer.weight_ih[d].T, layer.weight_hh[d].T, biases)
            ]
        found.append(arrays)
    return found


ONNX_OPERATORS = {"gru": "GRU", "gru-reset-before": "GRU", "lstm": "LSTM", "rnn": "RNN"}
ONNX_GATE_ORDER = {"GRU": [1, 0, 2], "LSTM": [0, 3, 1, 2], "RNN": [0]}  # where ONNX' blocks stand here
_ONNX_ACTIVATIONS = {"GRU": [b"Sigmoid", b"Tanh"], "LSTM": [b"Sigmoid", b"Tanh", b"Tanh"], "RNN": [b"Tanh"]}
_ONNX_OPSET = 17


def to_onnx(stack: StackedGRU) -> "ModelProto":
    """An ONNX model that computes what the stack does in prediction, from zero states.

    Inputs `input` (B, T, I), padded at the end, and `lengths` (B,) of int32; outputs `output` (B, T, D·H) and `final`
    (L·D, B, S·H), as `StackedGRU.forward` gives them. B and T are free.

    Raises:
        ValueError: ONNX has no such layer.
    """
    from onnx import TensorProto, helper, numpy_helper

    kind, directions = ONNX_OPERATORS.get(stack.cell, ""), stack.directions
    nodes, weights, finals = [], [], []

    def constant(name: str, array: NDArray[Any]) -> str:
        weights.append(numpy_helper.from_array(array, name))
        return name

    def node(operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> str:
        nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs[0]

    settings = {"hidden_size": stack.hidden_size, "direction": "bidirectional" if directions == 2 else "forward"}
    if kind == "GRU":
        settings["linear_before_reset"] = int(stack.cell == "gru")
    x = node("Transpose", ["input"], ["steps"], perm=[1, 0, 2])  # (T, B, I)
    shape = constant("shape", np.array([0, 0, -1]))
    for depth, layer in enumerate(_require_standard_layers(stack)):
        w, u, b, c = (reorder_gate_blocks(getattr(layer, name), ONNX_GATE_ORDER[kind]) for name in _PARAMETER_NAMES)
        arrays = {"W": w, "R": u, "B": torch.cat([b, c], dim=1)}
        given = [constant(f"{name}{depth}", array.float().numpy()) for name, array in arrays.items()]
        found = [f"{name}{depth}" for name in (("Y", "h", "m") if kind == "LSTM" else ("Y", "h"))]
        node(kind, [x, *given, "lengths"], found, **settings)
        rows = node("Transpose", [found[0]], [f"rows{depth}"], perm=[0, 2, 1, 3])  # (T, B, D, H)
        x = node("Reshape", [rows, shape], [f"x{depth}"])
        finals.append(node("Concat", found[1:], [f"final{depth}"], axis=2) if kind == "LSTM" else found[1])
    node("Transpose", [x], ["output"], perm=[1, 0, 2])
    node("Concat", finals, ["final"], axis=0)
    sizes: list[tuple[str, list[str | int], int]] = [
        ("input", ["B", "T", stack.input_size], TensorProto.FLOAT),
        ("lengths", ["B"], TensorProto.INT32),
        ("output", ["B", "T", stack.output_size], TensorProto.FLOAT),
        ("final", [stack.num_layers * directions, "B", stack.state_size], TensorProto.FLOAT),
    ]
    values = [helper.make_tensor_value_info(name, number, size) for name, size, number in sizes]
    graph = helper.make_graph(nodes, "stack", values[:2], values[2:], weights)
    opset = helper.make_opsetid("", _ONNX_OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8)


def from_onnx(model: "ModelProto") -> StackedGRU:
    """A stack of the weights of all GRU, LSTM or RNN nodes of an ONNX model, which stand one upon another.

    Of the rest of the model nothing is read, nor are initial states.

    Raises:
        ValueError: there are none; their weights are computed; they have what a stack has not, or differ.
    """
    from onnx import helper, numpy_helper

    nodes = [node for node in model.graph.node if node.op_type in ONNX_OPERATORS.values()]
    known = {weights.name: numpy_helper.to_array(weights) for weights in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            known[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    if not nodes:
        raise ValueError(f"no GRU, LSTM or RNN among the {len(model.graph.node)} nodes of the model")
    layers, cells = [], set[Cell]()
    for node in nodes:
        settings = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        direction = settings.get("direction", b"forward").decode()
        gru: Cell = "gru" if settings.get("linear_before_reset", 0) else "gru-reset-before"
        cells.add(gru if node.op_type == "GRU" else "lstm" if node.op_type == "LSTM" else "rnn")
        usual = _ONNX_ACTIVATIONS[node.op_type] * (2 if direction == "bidirectional" else 1)
        beyond = {
            "activations": settings.get("activations", usual) != usual,
            "direction=reverse": direction == "reverse",
            "peepholes": len(node.input) > 7 and node.input[7],
            **{name: settings.get(name) for name in ("clip", "input_forget", "layout")},
        }
        if any(beyond.values()):
            raise ValueError(f"{node.name or node.op_type}: a stack has no {', '.join(n for n in beyond if beyond[n])}")
        missing = [
            name for name, given in zip("WRB", (*node.input, "", "", "")[1:4], strict=True) if given not in known
        ]
        if missing:
            raise ValueError(f"{node.name or node.op_type}: {', '.join(missing)} not stored in the model")
        layers.append([torch.tensor(known[name]) for name in node.input[1:4]])
    (directions, rows, size), hidden = layers[0][0].shape, layers[0][1].shape[2]
    for depth, arrays in enumerate(layers):
        found = [tuple(array.shape) for array in arrays]
        inputs = directions * hidden if depth else size
        expected = [(directions, rows, inputs), (directions, rows, hidden), (directions, 2 * rows)]
        if len(cells) > 1 or found != expected:
            have = f"the model {sorted(cells)}, number {depth} of shapes {found}; expected {expected}"
            raise ValueError(f"a stack has layers of one kind and size, {have}")
    (cell,) = cells
    stack = StackedGRU(size, hidden, len(layers), directions == 2, 0.0, "none", cell)
    back = torch.tensor(ONNX_GATE_ORDER[ONNX_OPERATORS[cell]]).argsort().tolist()
    with torch.no_grad():
        for layer, (w, u, biases) in zip(_require_standard_layers(stack), layers, strict=True):
            for name, array in zip(_PARAMETER_NAMES, (w, u, *biases.chunk(2, dim=1)), strict=True):
                getattr(layer, name).copy_(reorder_gate_blocks(array, back))
    return stack


def reorder_gate_blocks(array: Tensor, order: list[int]) -> Tensor:
    """(D, G·H, ...) with the blocks of H rows in another order."""
    blocks = array.detach().cpu().chunk(len(order), dim=1)
    return torch.cat([blocks[block] for block in order], dim=1)


def _require_standard_layers(stack: StackedGRU) -> list[RNNLayer]:
    """The layers of a stack that has nothing beyond what Torch, Keras and ONNX have."""
    layers = [layer for layer in stack.layers if isinstance(layer, RNNLayer)]
    beyond = {
        "cell=mingru": not layers,
        f"residual={stack.residual}": stack.residual != "none",
        "layer_norm": any(layer.gains is not None for layer in layers),
        "initial=learned": any(layer.initial is not None for layer in layers),
        "zoneout": any(layer.options.zoneout for layer in layers),
    }
    for name, given in beyond.items():
        if given:
            raise ValueError(f"neither Torch nor Keras nor ONNX has {name}")
    return layers


def _swap_first_two_gates(array: Tensor) -> Tensor:
    """Exchange the first two of the three blocks of the last axis."""
    first, second, third = array.chunk(GATES_PER_CELL["gru"], dim=-1)
    return torch.cat([second, first, third], dim=-1)
