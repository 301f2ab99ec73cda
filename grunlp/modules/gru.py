"""The gated recurrent unit, stacked and in two directions.

A recurrent network reads a sequence step by step and carries a state, a vector of H numbers, from one step to the
next. A plain one computes h_t = tanh(W x_t + U h_{t-1} + b): every step overwrites the whole state, and what a
gradient is worth after many steps has been multiplied by U as often. A GRU puts two gates into that step, vectors of
numbers between 0 and 1 that are computed from the input x_t and the state h_{t-1} themselves (Cho et al. 2014, eq.
5-8; the form here is that of cuDNN and Torch). In the order they are computed:

    r_t = σ(W_r x_t + b_r + U_r h_{t-1} + c_r)              reset gate (also: recovery gate)
    z_t = σ(W_z x_t + b_z + U_z h_{t-1} + c_z)              update gate
    n_t = tanh(W_n x_t + b_n + r_t ⊙ (U_n h_{t-1} + c_n))   candidate state
    h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}                   new state

The reset gate says how much of the old state the candidate sees: at 0 a unit starts anew from the input alone. The
update gate says how much of the old state stays: at 1 a unit copies its state unchanged over any number of steps, and
gradients pass just as unchanged on their way back. Each unit has gates of its own, so some learn to remember for long
and some to look at the last few words. The first state h_0 is zero. A step in ten lines, for inputs (B, I) and states
(B, H):

    def gru_step(x, h, w, u, b, c):
        x_r, x_z, x_n = (x @ w.T + b).chunk(3, dim=1)
        h_r, h_z, h_n = (h @ u.T + c).chunk(3, dim=1)
        r = torch.sigmoid(x_r + h_r)
        z = torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * h_n)
        return (1 - z) * n + z * h

In the original paper the reset gate acts before the product, n_t = tanh(W_n x_t + U_n (r_t ⊙ h_{t-1})), here
`cell="gru-before"`. Acting after it lets one product serve all three blocks, and is what cuDNN, Torch and (by
default) Keras do. Weights trained in one form do not fit the other.

An LSTM has three gates and a second vector beside its state, the memory, which only ever has something multiplied and
added to it; an output gate decides how much of it shows as the state. It needs 4 blocks of weights where a GRU needs
3, hence a third more weights and work at the same H, and is as good or a little better in most tasks.

A direction of a layer has 3 (I H + H H + 2 H) weights, where I is the size of its input: that of the stack in the
first layer, the D H outputs of all directions in those above. So a stack of L layers has, in D directions, 3 D ((I +
(L - 1) D H) H + L (H H + 2 H)).
"""

from typing import Literal, Self, get_args

import torch
from torch import Tensor, nn

from grunlp.kernels.packed_sequence import STATES_PER_CELL, PackedBatch
from grunlp.modules.dropout import VariationalDropout
from grunlp.modules.mingru import MinGRULayer
from grunlp.modules.rnn_layer import RNNLayer

CellType = Literal["gru", "gru-before", "lstm", "rnn", "mingru"]
CELL_TYPES = get_args(CellType)


class StackedGRU(nn.Module):
    """Layers of GRUs over padded sequences, in one direction or two.

    Padding is taken out before the first layer and put back after the last. Hence the backward direction starts at the
    last real step, final states are those of the last real step, and no output depends on what the padding holds or
    how much there is of it.

    Args:
        input_size: features of the input.
        hidden_size: H, units a direction.
        num_layers: layers, each reading the outputs of the one below.
        bidirectional: D = 2 directions, outputs concatenated; otherwise D = 1.
        dropout: between layers, none after the last.
        residual: "none"; "add" adds a layer's input to its output; "highway" mixes the two by a learned gate
            (Srivastava et al. 2015, eq. 3, the gate reading the layer's input and opening towards the output). From
            the second layer on, where sizes agree.
        cell: "gru"; "gru-before", whose reset gate acts before the product; "lstm" (Hochreiter and Schmidhuber 1997
            with forget gates); "rnn" (Elman 1990, tanh); "mingru", see `MinGRULayer`.
        variational_dropout: whether dropout leaves out the same features at all steps (Gal and Ghahramani 2016) or
            draws anew.
        recurrent_dropout, zoneout, weight_drop, layer_norm, initial, init, keep_bias: see `RNNLayer`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
        residual: Literal["none", "add", "highway"],
        cell: CellType = "gru",
        *,
        variational_dropout: bool = True,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        weight_dropout: float = 0.0,
        layer_norm: bool = False,
        initial_state: Literal["zero", "learned"] = "zero",
        init: Literal["orthogonal", "glorot"] = "orthogonal",
        forget_bias: float = 0.0,
    ) -> None:
        super().__init__()
        if min(input_size, hidden_size, num_layers) < 1:
            raise ValueError("input_size, hidden_size and num_layers are positive whole numbers")
        if residual not in ("none", "add", "highway"):
            raise ValueError(f"residual is none, add or highway, got {residual!r}")
        if cell not in CELL_TYPES:
            raise ValueError(f"cell is one of {', '.join(CELL_TYPES)}, got {cell!r}")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.directions = 2 if bidirectional else 1
        self.output_size = hidden_size * self.directions
        self.state_size = hidden_size * STATES_PER_CELL[cell]
        self.cell, self.residual = cell, residual
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is a probability in [0, 1), got {dropout}")
        self.dropout = VariationalDropout(dropout) if variational_dropout else nn.Dropout(dropout)
        sizes = [input_size] + [self.output_size] * (num_layers - 1)
        if cell == "mingru":
            without = {
                "recurrent_dropout": recurrent_dropout,
                "zoneout": zoneout,
                "weight_drop": weight_dropout,
                "layer_norm": layer_norm,
                "init": init != "orthogonal",
                "keep_bias": forget_bias,
            }
            given = ", ".join(name for name, value in without.items() if value)
            if given:
                raise ValueError(f"cell=mingru has no recurrent weights: no effect has {given}")
            self.layers = nn.ModuleList(
                MinGRULayer(size, hidden_size, self.directions, initial_state) for size in sizes
            )
        else:
            within = (recurrent_dropout, zoneout, weight_dropout, layer_norm, initial_state, init, forget_bias)
            self.layers = nn.ModuleList(RNNLayer(cell, size, hidden_size, self.directions, *within) for size in sizes)
        self.gates = nn.ModuleList(
            nn.Linear(self.output_size, self.output_size) for _ in sizes[1:] if residual == "highway"
        )
        for gate in self.gates:  # half open
            assert isinstance(gate, nn.Linear)
            nn.init.xavier_uniform_(gate.weight)
            nn.init.zeros_(gate.bias)

    def forward(self, x: Tensor, lengths: Tensor, initial_state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run the stack.

        Args:
            x: (B, T, input_size), padded at the end.
            lengths: (B,), real steps of each sequence, 0 ≤ length ≤ T.
            initial_state: (L·D, B, state_size), the states before the first step, such as the final ones of the call
                before;
                None is zero, or what was learned. Layer by layer, forward before backward, as in `nn.GRU`; of an LSTM
                the state and after it the memory.

        Raises:
            ValueError: `lengths` or `initial_state` do not fit x.

        Returns:
            outputs (B, T, D·H), zero at padded steps, and final states (L·D, B, state_size).
        """
        shape = (self.num_layers * self.directions, x.shape[0], self.state_size)
        if lengths.shape[0] != x.shape[0]:
            raise ValueError(f"{x.shape[0]} sequences, but {lengths.shape[0]} lengths")
        if initial_state is not None and initial_state.shape != shape:
            raise ValueError(f"initial states have the shape {shape} here, got {tuple(initial_state.shape)}")
        sequences = PackedBatch(lengths.to(x.device), x.shape[1])
        starts = [None] * self.num_layers if initial_state is None else initial_state.to(x).split(self.directions)
        finals = []
        x = sequences.unpad(x)  # (N, I): from here to the last layer there is no padding
        for depth, (layer, start) in enumerate(zip(self.layers, starts, strict=True)):
            below = self._drop(x, sequences) if depth else x
            above, final = layer(below, sequences, start)  # (N, D·H), (D, B, S·H)
            finals.append(final)
            if depth and self.residual == "add":
                above = above + x
            elif depth and self.residual == "highway":
                gate = torch.sigmoid(self.gates[depth - 1](below))
                above = x + gate * (above - x)
            x = above
        return sequences.pad(x), torch.cat(finals)

    def to_bfloat16_weights(self) -> Self:
        """Keep the weights of all layers, but for biases, in bfloat16 from now on: for prediction, in half the memory.

        States stay in float32. A weight moves by at most 1/256 of itself; outputs, which are between -1 and 1, by a few
        thousandths.

        Raises:
            ValueError: minimal GRUs are not made for it.
        """
        for layer in self.layers:
            if not isinstance(layer, RNNLayer):
                raise ValueError(f"cell={self.cell} has no recurrent weights that could be halved")
            for weights in (layer.weight_ih, layer.weight_hh):
                weights.data = weights.data.bfloat16()
        return self

    def _drop(self, x: Tensor, sequences: PackedBatch) -> Tensor:
        if not self.training:
            return x
        dropped: Tensor = (
            self.dropout(x, sequences.rows) if isinstance(self.dropout, VariationalDropout) else self.dropout(x)
        )
        return dropped

    def extra_repr(self) -> str:
        """Sizes, for `print(model)`."""
        weights = sum(p.numel() for p in self.parameters())
        return f"{self.input_size}, {self.hidden_size}, residual={self.residual}, weights={weights}"
