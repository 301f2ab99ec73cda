"""The gated recurrent unit (GRU): one step, one layer, and a stack of layers in one or two directions.

A recurrent network reads a sequence step by step and carries a state, a vector of H numbers, from one step to the next.
A simple recurrent network computes h_t = tanh(W x_t + U h_{t-1} + b): every step overwrites the whole state, and a
gradient is multiplied by U at every step on its way back. A GRU adds two gates, vectors of numbers between 0 and 1 that
are computed from the input x_t and the previous state h_{t-1} (Cho et al. 2014, eq. 5-8, in the form of cuDNN and
PyTorch):

    r_t = σ(W_r x_t + b_r + U_r h_{t-1} + c_r)              reset gate (also: recovery gate)
    z_t = σ(W_z x_t + b_z + U_z h_{t-1} + c_z)              update gate
    n_t = tanh(W_n x_t + b_n + r_t ⊙ (U_n h_{t-1} + c_n))   candidate state
    h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}                   new state

The reset gate controls how much of the previous state the candidate sees: at 0 a unit restarts from the input alone.
The update gate controls how much of the previous state is kept: at 1 a unit copies its state unchanged over any number
of steps, and gradients pass back unchanged too. Each unit has its own gates, so some units learn to remember for many
steps and others to use only the last few. The first state h_0 is zero.

In the original paper the reset gate acts before the product, n_t = tanh(W_n x_t + U_n (r_t ⊙ h_{t-1})); that is
`cell="gru-reset-before"`. Acting after it lets one product serve all three gates, and is what cuDNN, PyTorch and (by
default) Keras compute. Weights trained in one form do not fit the other.

An LSTM has three gates and a second state vector, the memory cell, which is only multiplied and added to;
its output gate controls how much of the memory shows in the state. It needs 4 blocks of weights where a GRU needs 3,
that is a third more weights and work for the same H, and is as good or a little better in most tasks.

One direction of a layer has 3 (I H + H H + 2 H) weights, where I is the size of its input: the input size of the stack
for the first layer, D H for the layers above. A stack of L layers in D directions therefore has
3 D ((I + (L - 1) D H) H + L (H H + 2 H)) weights.
"""

from typing import Self, get_args

import torch
from torch import Tensor, nn

from grunlp.kernels.loader import log_once
from grunlp.kernels.packed_sequence import STATES_PER_CELL, PackedBatch
from grunlp.kernels.rnn import TORCH_CELLS, compiled_rnn, torch_rnn, use_compiled
from grunlp.modules.dropout import VariationalDropout
from grunlp.modules.mingru import MinGRULayer
from grunlp.modules.options import Cell, Residual
from grunlp.modules.rnn_weights import DEFAULT_OPTIONS, RNNLayerOptions, RNNWeights
from grunlp.modules.unrolled_rnn import STEPS_OF_OTHER_CELLS, RecurrentProjection, Step, unrolled_rnn


def gru_step(x: Tensor, h: Tensor, project: RecurrentProjection) -> Tensor:
    """Compute one step of a GRU, h_t (B, H), from x = W x_t + b (B, 3·H), h = h_{t-1} and project(h, ...) = U h + c."""
    x_r, x_z, x_n = x.chunk(3, dim=1)
    h_r, h_z, h_n = project(h, 0, 3).chunk(3, dim=1)
    r = torch.sigmoid(x_r + h_r)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return n + z * (h - n)


STEPS: dict[str, Step] = {"gru": gru_step, **STEPS_OF_OTHER_CELLS}


class RNNLayer(RNNWeights):
    """One recurrent layer in D directions over sequences without padding, with the weights of `RNNWeights`."""

    def forward(self, x: Tensor, batch: PackedBatch, initial_state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run the layer with the compiled CPU kernels, with PyTorch's fused layers (cuDNN on a GPU), or step by step.

        Args:
            x: (N, I) the input of each token.
            batch: the sequence of each token.
            initial_state: (D, B, S·H) states before the first step; None: zero, or learned.

        Returns:
            the state after each token (N, D·H), the second direction reading from the end of the sequence, and the
            final states (D, B, S·H).
        """
        batch_size = batch.lengths.shape[0]
        state = self.first_state(x, batch_size) if initial_state is None else initial_state
        weights = self.layer_weights()
        if batch.is_empty:
            return x.new_zeros(0, self.output_size), state
        regularization = self.step_regularization(x, batch_size)
        if not regularization.active and use_compiled(x):
            return compiled_rnn(self.cell, x, batch, state, weights, self._packed_weights)
        weights = weights.to_dtype(x.dtype)
        if not regularization.active and self.cell in TORCH_CELLS:
            return torch_rnn(self.cell, x, batch, state, weights)
        log_once(f"PyTorch step by step, because of {', '.join(regularization.active or [self.cell])}")
        return unrolled_rnn(STEPS[self.cell], x, batch, state, weights, regularization)


class StackedGRU(nn.Module):
    """A stack of GRU layers over padded sequences, in one direction or two.

    Padding is removed before the first layer and restored after the last. Hence the backward direction starts at the
    last real step, final states are those of the last real step, and no output depends on the content or the amount of
    padding.

    Args:
        input_size: features of the input.
        hidden_size: H, units in each direction.
        num_layers: L, number of layers; each reads the outputs of the one below.
        bidirectional: D = 2 directions whose outputs are concatenated; otherwise D = 1.
        dropout: probability of dropout between layers; there is none after the last.
        residual: "none"; "add" adds the input of a layer to its output; "highway" mixes the two with a learned gate
            (Srivastava et al. 2015, eq. 3; the gate reads the layer's input and opens towards the output). Applies from
            the second layer on, where sizes agree.
        cell: "gru"; "gru-reset-before" applies the reset gate before the product; "lstm" (Hochreiter and Schmidhuber
            1997, with forget gates); "rnn" (Elman 1990, tanh); "mingru", see `MinGRULayer`.
        variational_dropout: whether dropout drops the same features at all steps (Gal and Ghahramani 2016) or draws
            them for each step.
        options: regularization and initialization of each layer.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
        residual: Residual,
        cell: Cell = "gru",
        *,
        variational_dropout: bool = True,
        options: RNNLayerOptions = DEFAULT_OPTIONS,
    ) -> None:
        super().__init__()
        _check_arguments(input_size, hidden_size, num_layers, dropout, residual, cell)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.directions = 2 if bidirectional else 1
        self.output_size = hidden_size * self.directions
        self.state_size = hidden_size * STATES_PER_CELL[cell]
        self.cell, self.residual = cell, residual
        self.dropout = VariationalDropout(dropout) if variational_dropout else nn.Dropout(dropout)
        self.layers = nn.ModuleList()
        for size in [input_size] + [self.output_size] * (num_layers - 1):
            if cell == "mingru":
                self.layers.append(MinGRULayer(size, hidden_size, self.directions, options))
            else:
                self.layers.append(RNNLayer(cell, size, hidden_size, self.directions, options))
        self.gates = nn.ModuleList(_highway_gate(self.output_size) for _ in self.layers[1:] if residual == "highway")

    def forward(self, x: Tensor, lengths: Tensor, initial_state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run the stack.

        Args:
            x: (B, T, input_size), padded at the end.
            lengths: (B,) real steps of each sequence, 0 ≤ length ≤ T.
            initial_state: (L·D, B, state_size) states before the first step, for example the final states of the
                previous call; None: zero, or learned. Ordered layer by layer, forward before backward, as in `nn.GRU`;
                the state of an LSTM is followed by its memory cell.

        Returns:
            outputs (B, T, D·H), zero at padding, and final states (L·D, B, state_size).

        Raises:
            ValueError: `lengths` or `initial_state` do not match x.
        """
        shape = (self.num_layers * self.directions, x.shape[0], self.state_size)
        if lengths.shape[0] != x.shape[0]:
            raise ValueError(f"x has {x.shape[0]} sequences, but there are {lengths.shape[0]} lengths")
        if initial_state is not None and initial_state.shape != shape:
            raise ValueError(f"initial_state must have the shape {shape}, got {tuple(initial_state.shape)}")
        batch = PackedBatch(lengths.to(x.device), x.shape[1])
        states = [None] * self.num_layers if initial_state is None else initial_state.to(x).split(self.directions)
        final_states = []
        x = batch.unpad(x)  # (N, I), without padding until after the last layer
        for depth, (layer, state) in enumerate(zip(self.layers, states, strict=True)):
            inputs = self._drop(x, batch) if depth else x
            outputs, final_state = layer(inputs, batch, state)  # (N, D·H), (D, B, S·H)
            final_states.append(final_state)
            if depth and self.residual == "add":
                outputs = outputs + x
            elif depth and self.residual == "highway":
                gate = torch.sigmoid(self.gates[depth - 1](inputs))
                outputs = x + gate * (outputs - x)
            x = outputs
        return batch.pad(x), torch.cat(final_states)

    def to_bfloat16_weights(self) -> Self:
        """Convert all weights except biases to bfloat16, to halve the memory of a model for inference.

        States stay in float32. A weight changes by at most 1/256 of its value; outputs, which are between -1 and 1, by
        a few thousandths.

        Raises:
            ValueError: minimal GRUs do not support it.
        """
        for layer in self.layers:
            if not isinstance(layer, RNNLayer):
                raise ValueError(f"cell={self.cell} has no recurrent weights to convert to bfloat16")
            for weights in (layer.weight_ih, layer.weight_hh):
                weights.data = weights.data.bfloat16()
        return self

    def _drop(self, x: Tensor, batch: PackedBatch) -> Tensor:
        if not self.training:
            return x
        dropped: Tensor = (
            self.dropout(x, batch.rows) if isinstance(self.dropout, VariationalDropout) else self.dropout(x)
        )
        return dropped

    def extra_repr(self) -> str:
        """Return the sizes for `print(model)`."""
        weights = sum(p.numel() for p in self.parameters())
        return f"{self.input_size}, {self.hidden_size}, residual={self.residual}, weights={weights}"


def _check_arguments(
    input_size: int, hidden_size: int, num_layers: int, dropout: float, residual: str, cell: str
) -> None:
    if min(input_size, hidden_size, num_layers) < 1:
        raise ValueError("input_size, hidden_size and num_layers must be positive")
    if residual not in get_args(Residual):
        raise ValueError(f"residual must be one of {', '.join(get_args(Residual))}, got {residual!r}")
    if cell not in get_args(Cell):
        raise ValueError(f"cell must be one of {', '.join(get_args(Cell))}, got {cell!r}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be a probability in [0, 1), got {dropout}")


def _highway_gate(size: int) -> nn.Linear:
    """Make the gate of a highway connection, half open at first."""
    gate = nn.Linear(size, size)
    nn.init.xavier_uniform_(gate.weight)
    nn.init.zeros_(gate.bias)
    return gate
