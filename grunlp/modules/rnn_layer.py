"""One recurrent layer: its weights, how they start, and what regularizes the recurrence itself."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.kernels.loader import log_once
from grunlp.kernels.packed_sequence import GATES_PER_CELL, STATES_PER_CELL, LayerWeights, PackedBatch
from grunlp.kernels.reference import RecurrentRegularization, unrolled_forward
from grunlp.kernels.rnn import PackedWeightCache, rnn_forward

RNNCellType = Literal["gru", "gru-before", "lstm", "rnn"]

# The block of the gate that decides how much of the old state stays: the update gate, an LSTM's forget gate.
_FORGET_GATE = {"gru": 1, "gru-before": 1, "lstm": 1}


def _orthogonal(weight: Tensor) -> Tensor:
    """Fill in place, on one thread: on several a QR decomposition is rounded in another way."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return nn.init.orthogonal_(weight)
    finally:
        torch.set_num_threads(threads)


class RNNLayer(nn.Module):
    """One layer in D directions. Blocks of gates stand one after another as in Torch.

    GRU: reset, update, candidate; LSTM: input, forget, candidate, output.

    Args:
        cell: which equations.
        input_size: I, features of the input.
        hidden_size: H, units a direction.
        directions: D, 1 or 2.
        recurrent_dropout: probability of a unit to be left out of the recurrent product, the same units at all steps of
            a sequence (Gal and Ghahramani 2016, §4.1).
        zoneout: probability of a unit to keep its state in a step (Krueger et al. 2017).
        weight_dropout: probability of a recurrent weight to be left out, the same weights for the whole batch (Merity
            et
            al. 2018, §2).
        layer_norm: normalise the input's and the state's products, each gate apart (Ba et al. 2016, §3.1).
        initial_state: the state before the first step when none is given: zero, or learned.
        init: of the recurrent weights, "orthogonal" or "glorot"; those of the input are Glorot-uniform.
        forget_bias: start of the bias of the gate that keeps the state. Above 0 the layer remembers longer at first.

    Raises:
        ValueError: an option outside its bounds, or one that the cell cannot have.
    """

    def __init__(
        self,
        cell: RNNCellType,
        input_size: int,
        hidden_size: int,
        directions: int,
        recurrent_dropout: float,
        zoneout: float,
        weight_dropout: float,
        layer_norm: bool,
        initial_state: Literal["zero", "learned"],
        init: Literal["orthogonal", "glorot"],
        forget_bias: float,
    ) -> None:
        super().__init__()
        shares = {"recurrent_dropout": recurrent_dropout, "zoneout": zoneout, "weight_drop": weight_dropout}
        for name, value in shares.items():
            if not 0 <= value < 1:
                raise ValueError(f"{name} is a probability in [0, 1), got {value}")
        for name, word, words in (
            ("initial", initial_state, ("zero", "learned")),
            ("init", init, ("orthogonal", "glorot")),
        ):
            if word not in words:
                raise ValueError(f"{name} is {' or '.join(words)}, got {word!r}")
        if forget_bias and cell not in _FORGET_GATE:
            raise ValueError(f"keep_bias has no effect on cell={cell}, which has no gate that keeps the state")
        self.cell, self.init, self.forget_bias = cell, init, forget_bias
        self.recurrent_dropout, self.zoneout, self.weight_dropout = recurrent_dropout, zoneout, weight_dropout
        rows = GATES_PER_CELL[cell] * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(directions, rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(directions, rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(directions, rows))
        self.bias_hh = nn.Parameter(torch.empty(directions, rows))
        self.gains = nn.Parameter(torch.empty(directions, 2, rows)) if layer_norm else None
        self.initial = (
            nn.Parameter(torch.empty(directions, STATES_PER_CELL[cell] * hidden_size))
            if initial_state == "learned"
            else None
        )
        self._cache = PackedWeightCache()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start anew: as `init` and `forget_bias` say, other biases and learned states 0, gains 1."""
        recurrent = _orthogonal if self.init == "orthogonal" else nn.init.xavier_uniform_
        for weights, fill in ((self.weight_ih, nn.init.xavier_uniform_), (self.weight_hh, recurrent)):
            for direction in weights.data:
                for block in direction.chunk(GATES_PER_CELL[self.cell]):
                    fill(block)
        nn.init.zeros_(self.bias_ih)
        nn.init.zeros_(self.bias_hh)
        if self.forget_bias:
            self.bias_ih.data.chunk(GATES_PER_CELL[self.cell], dim=1)[_FORGET_GATE[self.cell]].fill_(self.forget_bias)
        if self.gains is not None:
            nn.init.ones_(self.gains)
        if self.initial is not None:
            nn.init.zeros_(self.initial)

    def forward(self, x: Tensor, sequences: PackedBatch, initial_state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Run the layer.

        Args:
            x: (N, I).
            sequences: which token belongs to which sequence.
            initial_state: (D, B, S·H); None is zero, or what was learned.

        Returns:
            all states (N, D·H) and final states (D, B, S·H).
        """
        directions, _, hidden = self.weight_hh.shape
        batch = sequences.lengths.shape[0]
        if initial_state is None and self.initial is not None:
            initial_state = self.initial[:, None].expand(-1, batch, -1)
        elif initial_state is None:
            initial_state = x.new_zeros(directions, batch, STATES_PER_CELL[self.cell] * hidden)
        u: Tensor = self.weight_hh
        if self.weight_dropout and self.training:
            u = functional.dropout(u, self.weight_dropout)
        weights = LayerWeights(self.weight_ih, u, self.bias_ih, self.bias_hh)
        dropped = self.recurrent_dropout and self.training
        if not (dropped or self.zoneout or self.gains is not None) or sequences.is_empty:
            return rnn_forward(self.cell, x, sequences, initial_state, weights, self._cache)
        why = {"recurrent_dropout": dropped, "zoneout": self.zoneout, "layer_norm": self.gains is not None}
        log_once(f"a step at a time, since {', '.join(name for name, given in why.items() if given)}")
        factors = None
        if dropped:
            keep = 1 - self.recurrent_dropout
            factors = x.new_empty(directions, batch, hidden).bernoulli_(keep).div_(keep)
        regularizers = RecurrentRegularization(factors, self.zoneout, self.training, self.gains)
        return unrolled_forward(self.cell, x, sequences, initial_state, weights.to_dtype(x.dtype), regularizers)
