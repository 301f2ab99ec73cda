"""Recurrent stacks in a form that can be traced with free batch size and length.

A `StackedGRU` takes padding out, by operators of its own whose sizes depend on what tensors hold. A `TraceableStack`
has
its weights, leaves padding in, and gives the same numbers; what a layer does over time is a function that the format of
the graph chooses.

Shapes: B batch, T steps, D directions, G gates, H units, S parts of a state, I features of an input.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch._higher_order_ops.scan import scan

from grunlp.kernels.packed_sequence import STATES_PER_CELL
from grunlp.modules.gru import STEPS, RNNLayer, StackedGRU
from grunlp.modules.mingru import MinGRULayer
from grunlp.utils.errors import UserError

# A module made of a layer: input (B, T, I), lengths (B,), first states (D, B, S·H) → (B, T, D·H), zero at padding, and
# the states after the last step (D, B, S·H).
LayerFactory = Callable[[RNNLayer | MinGRULayer, str], nn.Module]


class TraceableStack(nn.Module):
    """What a stack computes in prediction.

    Args:
        stack: with its weights.
        make_layer: of each layer what computes it.

    Raises:
        UserError: a layer regularizes its steps in a way that acts in prediction, too.
    """

    def __init__(self, stack: StackedGRU, make_layer: LayerFactory) -> None:
        super().__init__()
        self.residual, self.directions = stack.residual, stack.directions
        self.size, self.gates = STATES_PER_CELL[stack.cell] * stack.hidden_size, stack.gates
        layers: list[Any] = list(stack.layers)
        for layer in layers:
            if isinstance(layer, RNNLayer) and (layer.options.zoneout or layer.gains is not None):
                there = "no format has steps with zoneout or layer normalisation"
                raise UserError("this network cannot be exported", there, "Train one without them.")
        self.starts = [layer.initial for layer in layers]
        self.layers = nn.ModuleList(make_layer(layer, stack.cell) for layer in layers)

    def forward(self, x: Tensor, lengths: Tensor, initial_state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As `StackedGRU.forward`."""
        given = [None] * len(self.layers) if initial_state is None else initial_state.split(self.directions)
        finals = []
        for depth, (layer, learned) in enumerate(zip(self.layers, self.starts, strict=True)):
            start = given[depth]
            if start is None and learned is not None:
                start = learned[:, None].expand(-1, x.shape[0], -1)
            elif start is None:
                start = x.new_zeros(self.directions, x.shape[0], self.size)
            above, final = layer(x, lengths, start)
            finals.append(final)
            if depth and self.residual == "add":
                above = above + x
            elif depth and self.residual == "highway":
                gate = torch.sigmoid(self.gates[depth - 1](x))  # type: ignore[index, operator]
                above = x + gate * (above - x)
            x = above
        return x, torch.cat(finals)


def make_traceable(module: nn.Module, make_layer: LayerFactory) -> nn.Module:
    """A copy of a module whose stacks are `TraceableStack`s."""
    module = copy.deepcopy(module)
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, StackedGRU):
                setattr(parent, name, TraceableStack(child, make_layer))
    return module


class ScanLayer(nn.Module):
    """A layer of any cell in Torch's own operators, by its `scan`, which takes one step after the other.

    Args:
        layer: with its weights.
        cell: its equations.
    """

    def __init__(self, layer: RNNLayer | MinGRULayer, cell: str) -> None:
        super().__init__()
        self.layer, self.cell = layer, cell

    def forward(self, x: Tensor, lengths: Tensor, initial_state: Tensor) -> tuple[Tensor, Tensor]:
        """See `LayerFactory`."""
        steps = torch.arange(x.shape[1], device=x.device)
        real = (steps < lengths[:, None]).T[:, :, None].to(x.dtype)  # (T, B, 1)
        mirrored = (lengths[:, None] - 1 - steps).clamp(min=0)[:, :, None]  # (B, T, 1) each step's counterpart
        outputs, finals = [], []
        for d in range(len(self.layer.weight_ih)):
            shares = x @ self.layer.weight_ih[d].T + self.layer.bias_ih[d]  # (B, T, G·H)
            if d:
                shares = shares.gather(1, mirrored.expand(-1, -1, shares.shape[2]))
            # copies: of views `scan` would take the free sizes for fixed ones
            given = (shares.transpose(0, 1).clone(memory_format=torch.contiguous_format), real.clone())
            final, states = scan(self._step(d), initial_state[d].clone(), given)
            states = states.transpose(0, 1)  # (B, T, H)
            if d:
                states = states.gather(1, mirrored.expand(-1, -1, states.shape[2])) * real.transpose(0, 1)
            outputs.append(states)
            finals.append(final)
        return torch.cat(outputs, dim=2), torch.stack(finals)

    def _step(self, d: int) -> Callable[[Tensor, tuple[Tensor, Tensor]], tuple[Tensor, Tensor]]:
        """One step of direction d for `scan`: state (B, S·H), input → the next state, and what is shown of it."""
        layer, cell = self.layer, self.cell
        if isinstance(layer, MinGRULayer):

            def minimal(state: Tensor, given: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
                gate, candidate = given[0].chunk(2, dim=1)
                new = state + torch.sigmoid(gate) * (mingru_g(candidate) - state)
                return torch.where(given[1] > 0, new, state), new * given[1]

            return minimal
        cell_step = STEPS[cell]
        u, c = layer.weight_hh[d], layer.bias_hh[d]
        hidden = u.shape[1]

        def times(state: Tensor, first: int, count: int) -> Tensor:
            rows = slice(first * hidden, (first + count) * hidden)
            return state @ u[rows].T + c[rows]

        def step(state: Tensor, given: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            new = cell_step(given[0], state, times)
            return torch.where(given[1] > 0, new, state), new[:, :hidden] * given[1]

        return step


def mingru_g(candidate: Tensor) -> Tensor:
    """g of a minimal GRU (`grunlp/modules/mingru.py`): x + 1/2 where x is not negative, else σ(x)."""
    return torch.where(candidate >= 0, candidate + 0.5, torch.sigmoid(candidate))
