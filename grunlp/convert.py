"""Weights of recurrent stacks to and from Torch and Keras, exactly.

    stack = from_torch(nn.GRU(64, 128, num_layers=2, bidirectional=True))
    stack = from_keras([layer.get_weights() for layer in keras_layers])
    arrays = to_keras(stack)

Keras orders the gates update, reset, candidate, and stores the transpose of every matrix. Its GRU with
`reset_after=True`, the default, has two rows of biases and is `cell="gru"` here; with `reset_after=False` it has one
and is `cell="gru-before"`. A layer of it in two directions gives the arrays of the forward one, then of the backward
one.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from grunlp.kernels.sequences import GATES
from grunlp.modules.gru import Cell, StackedGRU
from grunlp.modules.recurrent import RecurrentLayer

_TORCH: dict[str, type[nn.GRU] | type[nn.LSTM] | type[nn.RNN]] = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}
_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


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
    stack = StackedGRU(*sizes, module.dropout, "none", cell, variational=False).to(module.all_weights[0][0])
    with torch.no_grad():
        for depth, layer in enumerate(stack.layers):
            for name in _NAMES:
                for d, suffix in enumerate(("", "_reverse")[: stack.directions]):
                    getattr(layer, name)[d] = getattr(module, f"{name}_l{depth}{suffix}")
    return stack.train(module.training)


def to_torch(stack: StackedGRU) -> nn.GRU | nn.LSTM | nn.RNN:
    """A Torch module that computes what the stack does, but for what acts in training alone.

    Raises:
        ValueError: Torch has no such layer.
    """
    layers = _plain_layers(stack)
    if stack.cell not in _TORCH:
        raise ValueError(f"Torch has no cell={stack.cell}; it has {', '.join(_TORCH)}")
    module = _TORCH[stack.cell](
        stack.input_size,
        stack.hidden_size,
        stack.num_layers,
        batch_first=True,
        bidirectional=stack.directions == 2,
        dropout=stack.dropout.p if stack.num_layers > 1 else 0.0,
    ).to(layers[0].weight_ih)
    with torch.no_grad():
        for depth, layer in enumerate(layers):
            for name in _NAMES:
                for direction, suffix in zip(getattr(layer, name), ("", "_reverse"), strict=False):
                    getattr(module, f"{name}_l{depth}{suffix}").copy_(direction)
    return module.train(stack.training)


def from_keras(layers: Sequence[Sequence[NDArray[np.floating]]]) -> StackedGRU:
    """A stack that computes what Keras' GRU layers do, one after another.

    Args:
        layers: of each layer kernel (I, 3H), recurrent kernel (H, 3H) and bias, (2, 3H) or (3H,); in two directions
            (`Bidirectional` with `merge_mode="concat"`) the same three of the backward one after them.

    Raises:
        ValueError: the shapes fit no stack of equal layers.
    """
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
    cell: Cell = "gru" if after else "gru-before"
    stack = StackedGRU(size, hidden, len(layers), directions == 2, 0.0, "none", cell)
    with torch.no_grad():
        for layer, arrays in zip(_plain_layers(stack), layers, strict=True):
            for d in range(directions):
                kernel, recurrent, biases = (_swap(torch.tensor(array)) for array in arrays[3 * d : 3 * d + 3])
                layer.weight_ih[d], layer.weight_hh[d] = kernel.T, recurrent.T
                layer.bias_ih[d] = biases[0] if after else biases
                layer.bias_hh[d] = biases[1] if after else 0
    return stack


def to_keras(stack: StackedGRU) -> list[list[NDArray[np.float32]]]:
    """The arrays for `set_weights` of Keras' GRU layers; the form that `from_keras` reads.

    Raises:
        ValueError: Keras' GRU is no such layer.
    """
    layers = _plain_layers(stack)
    if stack.cell not in ("gru", "gru-before"):
        raise ValueError(f"cell={stack.cell} is no GRU of Keras; gru and gru-before are")
    found = []
    for layer in layers:
        arrays = []
        for d in range(stack.directions):
            b, c = layer.bias_ih[d], layer.bias_hh[d]
            biases = torch.stack([b, c]) if stack.cell == "gru" else b + c
            arrays += [
                _swap(array).detach().cpu().float().numpy()
                for array in (layer.weight_ih[d].T, layer.weight_hh[d].T, biases)
            ]
        found.append(arrays)
    return found


def _plain_layers(stack: StackedGRU) -> list[RecurrentLayer]:
    """The layers of a stack that has nothing beyond what Torch and Keras have."""
    layers = [layer for layer in stack.layers if isinstance(layer, RecurrentLayer)]
    beyond = {
        "cell=mingru": not layers,
        f"residual={stack.residual}": stack.residual != "none",
        "layer_norm": any(layer.gains is not None for layer in layers),
        "initial=learned": any(layer.initial is not None for layer in layers),
        "zoneout": any(layer.zoneout for layer in layers),
    }
    for name, given in beyond.items():
        if given:
            raise ValueError(f"neither Torch nor Keras has {name}")
    return layers


def _swap(array: Tensor) -> Tensor:
    """Exchange the first two of the three blocks of the last axis."""
    first, second, third = array.chunk(GATES["gru"], dim=-1)
    return torch.cat([second, first, third], dim=-1)
