"""The gated recurrent unit, stacked and in two directions.

One step of a GRU (Cho et al. 2014, eq. 5-8; the form computed here is that of cuDNN and Torch) takes the input x_t
and the state h_{t-1} and computes, in this order,

    r_t = σ(W_r x_t + b_r + U_r h_{t-1} + c_r)              reset gate (also: recovery gate)
    z_t = σ(W_z x_t + b_z + U_z h_{t-1} + c_z)              update gate
    n_t = tanh(W_n x_t + b_n + r_t ⊙ (U_n h_{t-1} + c_n))   candidate state
    h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}                   new state

The reset gate says how much of the old state the candidate sees; the update gate how much of the old state is kept.
The first state h_0 is zero. In the original paper the reset gate acts before the product, U_n (r_t ⊙ h_{t-1}); acting
after it lets one product serve all three blocks. A layer has 3·(I·H + H·H + 2·H) weights a direction, where I is the
size of its input and H that of its state.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from grunlp.kernels.recurrence import GATES, STATES, Sequences, Weights, recurrent_layer
from grunlp.modules.dropout import VariationalDropout

Cell = Literal["gru", "gru-before", "lstm", "rnn"]


class RecurrentLayer(nn.Module):
    """The weights of one layer in D directions, blocks of gates one after another as in Torch.

    GRU: reset, update, candidate; LSTM: input, forget, candidate, output.

    Args:
        cell: which equations.
        input_size: I, features of the input.
        hidden_size: H, units a direction.
        directions: D, 1 or 2.
    """

    def __init__(self, cell: Cell, input_size: int, hidden_size: int, directions: int) -> None:
        super().__init__()
        self.cell = cell
        rows = GATES[cell] * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(directions, rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(directions, rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(directions, rows))
        self.bias_hh = nn.Parameter(torch.empty(directions, rows))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform input weights, orthogonal recurrent blocks, zero biases."""
        for weights, fill in ((self.weight_ih, nn.init.xavier_uniform_), (self.weight_hh, nn.init.orthogonal_)):
            for direction in weights.data:
                for block in direction.chunk(GATES[self.cell]):
                    fill(block)
        nn.init.zeros_(self.bias_ih)
        nn.init.zeros_(self.bias_hh)

    def forward(self, x: Tensor, sequences: Sequences, initial: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, I) and initial states (D, B, S·H) → all states (N, D·H) and final states (D, B, S·H)."""
        weights = Weights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return recurrent_layer(self.cell, x, sequences, initial, weights)


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
        dropout: variational dropout between layers (Gal and Ghahramani 2016), none after the last.
        residual: "none"; "add" adds a layer's input to its output; "highway" mixes the two by a learned gate
            (Srivastava et al. 2015, eq. 3, the gate reading the layer's input and opening towards the output). From
            the second layer on, where sizes agree.
        cell: "gru"; "gru-before", whose reset gate acts before the product; "lstm" (Hochreiter and Schmidhuber 1997
            with forget gates); "rnn" (Elman 1990, tanh).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
        residual: Literal["none", "add", "highway"],
        cell: Cell = "gru",
    ) -> None:
        super().__init__()
        if min(input_size, hidden_size, num_layers) < 1:
            raise ValueError("input_size, hidden_size and num_layers are positive whole numbers")
        if residual not in ("none", "add", "highway"):
            raise ValueError(f"residual is none, add or highway, got {residual!r}")
        if cell not in GATES:
            raise ValueError(f"cell is one of {', '.join(GATES)}, got {cell!r}")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.directions = 2 if bidirectional else 1
        self.output_size = hidden_size * self.directions
        self.state_size = hidden_size * STATES[cell]
        self.residual = residual
        self.dropout = VariationalDropout(dropout)
        sizes = [input_size] + [self.output_size] * (num_layers - 1)
        self.layers = nn.ModuleList(RecurrentLayer(cell, size, hidden_size, self.directions) for size in sizes)
        self.gates = nn.ModuleList(
            nn.Linear(self.output_size, self.output_size) for _ in sizes[1:] if residual == "highway"
        )
        for gate in self.gates:  # half open
            assert isinstance(gate, nn.Linear)
            nn.init.xavier_uniform_(gate.weight)
            nn.init.zeros_(gate.bias)

    def forward(self, x: Tensor, lengths: Tensor, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run the stack.

        Args:
            x: (B, T, input_size), padded at the end.
            lengths: (B,), real steps of each sequence, 0 ≤ length ≤ T.
            initial: (L·D, B, state_size), the states before the first step; zero when None. Layer by layer, forward
                before backward, as in `nn.GRU`; of an LSTM the state and after it the memory.

        Returns:
            outputs (B, T, D·H), zero at padded steps, and final states (L·D, B, state_size).
        """
        sequences = Sequences.of(lengths.to(x.device), x.shape[1])
        if initial is None:
            initial = x.new_zeros(self.num_layers * self.directions, x.shape[0], self.state_size)
        finals = []
        x = sequences.unpad(x)  # (N, I): from here to the last layer there is no padding
        for depth, (layer, start) in enumerate(zip(self.layers, initial.split(self.directions), strict=True)):
            below = self.dropout(x, sequences.rows) if depth else x
            above, final = layer(below, sequences, start)  # (N, D·H), (D, B, S·H)
            finals.append(final)
            if depth and self.residual == "add":
                above = above + x
            elif depth and self.residual == "highway":
                gate = torch.sigmoid(self.gates[depth - 1](below))
                above = x + gate * (above - x)
            x = above
        return sequences.pad(x), torch.cat(finals)

    def extra_repr(self) -> str:
        """Sizes, for `print(model)`."""
        weights = sum(p.numel() for p in self.parameters())
        return f"{self.input_size}, {self.hidden_size}, residual={self.residual}, weights={weights}"
