"""Weights of a recurrent layer: allocation, initialization, and the options of a layer."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.kernels.packed_sequence import GATES_PER_CELL, STATES_PER_CELL, LayerWeights
from grunlp.kernels.rnn import PackedWeightCache
from grunlp.modules.unrolled_rnn import NO_REGULARIZATION, RecurrentRegularization

# Index of the gate that keeps the state: the update gate of a GRU, the forget gate of an LSTM.
_FORGET_GATE = {"gru": 1, "gru-reset-before": 1, "lstm": 1}


@dataclass(frozen=True)
class RNNLayerOptions:
    """Regularization and initialization of a recurrent layer.

    Args:
        recurrent_dropout: probability of dropping a unit from the recurrent product, the same units at all steps of a
            sequence (Gal and Ghahramani 2016, §4.1).
        zoneout: probability that a unit keeps its state in a step (Krueger et al. 2017).
        weight_dropout: probability of dropping a recurrent weight, the same weights for the whole batch (Merity et al.
            2018, §2).
        layer_norm: normalize the products with the input and with the state, separately for each gate (Ba et al. 2016,
            §3.1).
        initial_state: the state before the first step if none is passed: zero or learned.
        init: initialization of the recurrent weights, "orthogonal" or "glorot"; input weights are Glorot-uniform.
        forget_bias: initial bias of the gate that keeps the state. Above 0 the layer remembers longer at first.

    Raises:
        ValueError: an option is out of bounds.
    """

    recurrent_dropout: float = 0.0
    zoneout: float = 0.0
    weight_dropout: float = 0.0
    layer_norm: bool = False
    initial_state: Literal["zero", "learned"] = "zero"
    init: Literal["orthogonal", "glorot"] = "orthogonal"
    forget_bias: float = 0.0

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("recurrent_dropout", "zoneout", "weight_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be a probability in [0, 1), got {getattr(self, name)}")
        for name, choices in (("initial_state", ("zero", "learned")), ("init", ("orthogonal", "glorot"))):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be {' or '.join(choices)}, got {getattr(self, name)!r}")


DEFAULT_OPTIONS = RNNLayerOptions()


class RNNWeights(nn.Module):
    """Weights of one recurrent layer in D directions.

    The blocks of the gates are stacked as in PyTorch. GRU: reset, update, candidate; LSTM: input, forget, candidate,
    output.

    Args:
        cell: the recurrent cell.
        input_size: I, features of the input.
        hidden_size: H, units in each direction.
        directions: D, 1 or 2.
        options: regularization and initialization.

    Raises:
        ValueError: the cell does not support an option.
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int, directions: int, options: RNNLayerOptions) -> None:
        super().__init__()
        if options.forget_bias and cell not in _FORGET_GATE:
            raise ValueError(f"forget_bias has no effect on cell={cell}, which has no gate that keeps the state")
        self.cell, self.options = cell, options
        self.output_size, self.state_size = directions * hidden_size, STATES_PER_CELL[cell] * hidden_size
        rows = GATES_PER_CELL[cell] * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(directions, rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(directions, rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(directions, rows))
        self.bias_hh = nn.Parameter(torch.empty(directions, rows))
        self.gains = nn.Parameter(torch.empty(directions, 2, rows)) if options.layer_norm else None
        learned = options.initial_state == "learned"
        self.initial = nn.Parameter(torch.empty(directions, self.state_size)) if learned else None
        self._packed_weights = PackedWeightCache()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialize the weights as the options say; other biases and learned states are 0, gains are 1."""
        init_recurrent = _orthogonal_ if self.options.init == "orthogonal" else nn.init.xavier_uniform_
        for weights, init in ((self.weight_ih, nn.init.xavier_uniform_), (self.weight_hh, init_recurrent)):
            for direction in weights.data:
                for block in direction.chunk(GATES_PER_CELL[self.cell]):
                    init(block)
        nn.init.zeros_(self.bias_ih)
        nn.init.zeros_(self.bias_hh)
        if self.options.forget_bias:
            gates = self.bias_ih.data.chunk(GATES_PER_CELL[self.cell], dim=1)
            gates[_FORGET_GATE[self.cell]].fill_(self.options.forget_bias)
        if self.gains is not None:
            nn.init.ones_(self.gains)
        if self.initial is not None:
            nn.init.zeros_(self.initial)

    def first_state(self, x: Tensor, batch_size: int) -> Tensor:
        """Return the states (D, B, S·H) before the first step, zero or learned.

        The states have the type of the input `x`.
        """
        if self.initial is not None:
            return self.initial[:, None].expand(-1, batch_size, -1)
        return x.new_zeros(len(self.weight_hh), batch_size, self.state_size)

    def layer_weights(self) -> LayerWeights:
        """Return the weights; in training, with some recurrent weights dropped if `weight_dropout` is set."""
        weight_hh: Tensor = self.weight_hh
        if self.options.weight_dropout and self.training:
            weight_hh = functional.dropout(weight_hh, self.options.weight_dropout)
        return LayerWeights(self.weight_ih, weight_hh, self.bias_ih, self.bias_hh)

    def step_regularization(self, x: Tensor, batch_size: int) -> RecurrentRegularization:
        """Return the regularization that acts within a step; in training, draw the units that are dropped."""
        dropout = self.options.recurrent_dropout if self.training else 0.0
        if not (dropout or self.options.zoneout or self.gains is not None):
            return NO_REGULARIZATION
        mask = None
        if dropout:
            keep = 1 - dropout
            directions, _, hidden_size = self.weight_hh.shape
            mask = x.new_empty(directions, batch_size, hidden_size).bernoulli_(keep).div_(keep)
        return RecurrentRegularization(mask, self.options.zoneout, self.training, self.gains)


def _orthogonal_(weight: Tensor) -> Tensor:
    """Fill a tensor with an orthogonal matrix, on one thread because QR rounds differently on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return nn.init.orthogonal_(weight)
    finally:
        torch.set_num_threads(threads)
