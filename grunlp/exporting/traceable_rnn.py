"""Recurrent stacks that torch.export can trace with dynamic batch size and length.

A `StackedGRU` removes padding with custom operators whose output sizes depend on the data. A `TraceableStack` has the
same weights and keeps the padding, with the same result; a layer factory decides how each layer loops over time.

Shapes: B batch, T steps, D directions, G gates, H units, S parts of a state, I input features.
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

# From a layer and its cell type to a module: input (B, T, I), lengths (B,) and initial state (D, B, S·H) → states
# (B, T, D·H), zero at padding, and final state (D, B, S·H).
LayerFactory = Callable[[RNNLayer | MinGRULayer, str], nn.Module]


class TraceableStack(nn.Module):
    """A recurrent stack for inference that keeps the padding.

    Args:
        stack: stack with its weights.
        make_layer: makes the traceable form of a layer.

    Raises:
        UserError: a layer has a regularization that also acts in inference.
    """

    def __init__(self, stack: StackedGRU, make_layer: LayerFactory) -> None:
        super().__init__()
        self.residual, self.directions = stack.residual, stack.directions
        self.size, self.gates = STATES_PER_CELL[stack.cell] * stack.hidden_size, stack.gates
        layers: list[Any] = list(stack.layers)
        for layer in layers:
            if isinstance(layer, RNNLayer) and (layer.options.zoneout or layer.gains is not None):
                details = "no export format supports zoneout or layer normalization in a cell"
                raise UserError("this model cannot be exported", details, "Train a model without these options.")
        self.learned_states = [layer.initial for layer in layers]
        self.layers = nn.ModuleList(make_layer(layer, stack.cell) for layer in layers)

    def forward(self, x: Tensor, lengths: Tensor, initial_state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Compute states and final states as `StackedGRU.forward` does."""
        initial_states = [None] * len(self.layers) if initial_state is None else initial_state.split(self.directions)
        final_states = []
        for depth, (layer, learned_state) in enumerate(zip(self.layers, self.learned_states, strict=True)):
            state = initial_states[depth]
            if state is None and learned_state is not None:
                state = learned_state[:, None].expand(-1, x.shape[0], -1)
            elif state is None:
                state = x.new_zeros(self.directions, x.shape[0], self.size)
            output, final_state = layer(x, lengths, state)
            final_states.append(final_state)
            if depth and self.residual == "add":
                output = output + x
            elif depth and self.residual == "highway":
                gate = torch.sigmoid(self.gates[depth - 1](x))  # type: ignore[index, operator]
                output = x + gate * (output - x)
            x = output
        return x, torch.cat(final_states)


def make_traceable(module: nn.Module, make_layer: LayerFactory) -> nn.Module:
    """Copy a module, replacing its recurrent stacks by traceable ones."""
    module = copy.deepcopy(module)
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, StackedGRU):
                setattr(parent, name, TraceableStack(child, make_layer))
    return module


class ScanLayer(nn.Module):
    """A layer of any cell in Torch operators, looped over time by `scan`.

    Args:
        layer: layer with its weights.
        cell: cell type.
    """

    def __init__(self, layer: RNNLayer | MinGRULayer, cell: str) -> None:
        super().__init__()
        self.layer, self.cell = layer, cell

    def forward(self, x: Tensor, lengths: Tensor, initial_state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute states and final states, see `LayerFactory`."""
        steps = torch.arange(x.shape[1], device=x.device)
        mask = (steps < lengths[:, None]).T[:, :, None].to(x.dtype)  # (T, B, 1)
        reversed_steps = (lengths[:, None] - 1 - steps).clamp(min=0)[:, :, None]  # (B, T, 1)
        outputs, final_states = [], []
        for d in range(len(self.layer.weight_ih)):
            projected = x @ self.layer.weight_ih[d].T + self.layer.bias_ih[d]  # (B, T, G·H)
            if d:
                projected = projected.gather(1, reversed_steps.expand(-1, -1, projected.shape[2]))
            # copies, because `scan` treats the dynamic sizes of views as constants
            inputs = (projected.transpose(0, 1).clone(memory_format=torch.contiguous_format), mask.clone())
            final_state, states = scan(self._step(d), initial_state[d].clone(), inputs)
            states = states.transpose(0, 1)  # (B, T, H)
            if d:
                states = states.gather(1, reversed_steps.expand(-1, -1, states.shape[2])) * mask.transpose(0, 1)
            outputs.append(states)
            final_states.append(final_state)
        return torch.cat(outputs, dim=2), torch.stack(final_states)

    def _step(self, d: int) -> Callable[[Tensor, tuple[Tensor, Tensor]], tuple[Tensor, Tensor]]:
        """Make the step function of direction d: state (B, S·H) and input → next state and output."""
        layer, cell = self.layer, self.cell
        if isinstance(layer, MinGRULayer):

            def mingru_step(state: Tensor, inputs: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
                projected, mask = inputs
                gate, candidate = projected.chunk(2, dim=1)
                new = state + torch.sigmoid(gate) * (mingru_g(candidate) - state)
                return torch.where(mask > 0, new, state), new * mask

            return mingru_step
        cell_step = STEPS[cell]
        weight_hh, bias_hh = layer.weight_hh[d], layer.bias_hh[d]
        hidden_size = weight_hh.shape[1]

        def recurrent_projection(state: Tensor, first: int, count: int) -> Tensor:
            rows = slice(first * hidden_size, (first + count) * hidden_size)
            return state @ weight_hh[rows].T + bias_hh[rows]

        def step(state: Tensor, inputs: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            projected, mask = inputs
            new = cell_step(projected, state, recurrent_projection)
            return torch.where(mask > 0, new, state), new[:, :hidden_size] * mask

        return step


def mingru_g(candidate: Tensor) -> Tensor:
    """Compute g of a minimal GRU (`grunlp/modules/mingru.py`): x + 1/2 for x >= 0, else sigmoid(x)."""
    return torch.where(candidate >= 0, candidate + 0.5, torch.sigmoid(candidate))
