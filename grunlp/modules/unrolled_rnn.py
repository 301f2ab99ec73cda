"""Recurrent layers computed step by step in PyTorch, for cells and regularization without a fused implementation.

Tests use it as the reference for the compiled kernels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from grunlp.kernels.packed_sequence import LayerWeights, PackedBatch

# project(h, first, count) = U h + c of `count` gates from the gate `first` on: (B, H) → (B, count·H).
RecurrentProjection = Callable[[Tensor, int, int], Tensor]
# One step of a cell: W x_t + b (B, G·H), state (B, S·H), recurrent projection → new state (B, S·H).
Step = Callable[[Tensor, Tensor, RecurrentProjection], Tensor]


def gru_reset_before_step(x: Tensor, h: Tensor, project: RecurrentProjection) -> Tensor:
    """Compute one step of a GRU whose reset gate acts before the product (Cho et al. 2014, eq. 5-8)."""
    x_r, x_z, x_n = x.chunk(3, dim=1)
    h_r, h_z = project(h, 0, 2).chunk(2, dim=1)
    n = torch.tanh(x_n + project(torch.sigmoid(x_r + h_r) * h, 2, 1))
    return n + torch.sigmoid(x_z + h_z) * (h - n)


def lstm_step(x: Tensor, state: Tensor, project: RecurrentProjection) -> Tensor:
    """Compute one step of an LSTM (Hochreiter and Schmidhuber 1997, with forget gates)."""
    h, memory = state.chunk(2, dim=1)
    i, f, g, o = (x + project(h, 0, 4)).chunk(4, dim=1)
    memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
    return torch.cat([torch.sigmoid(o) * torch.tanh(memory), memory], dim=1)


def elman_step(x: Tensor, h: Tensor, project: RecurrentProjection) -> Tensor:
    """Compute one step of a plain recurrent network (Elman 1990)."""
    return torch.tanh(x + project(h, 0, 1))


STEPS_OF_OTHER_CELLS: dict[str, Step] = {
    "gru-reset-before": gru_reset_before_step,
    "lstm": lstm_step,
    "rnn": elman_step,
}


class RecurrentRegularization(NamedTuple):
    """Regularization that acts within a step.

    Attributes:
        dropout_mask: (D, B, H) factors that multiply the state in the recurrent product, the same at all steps; None:
            no dropout.
        zoneout: probability that a unit keeps its state.
        training: whether zoneout draws units; otherwise the expectation is taken.
        layer_norm_gains: (D, 2, G·H) gains of the products with the input and with the state; None: no layer norm.
    """

    dropout_mask: Tensor | None = None
    zoneout: float = 0.0
    training: bool = False
    layer_norm_gains: Tensor | None = None

    @property
    def active(self) -> list[str]:
        """Names of the options that are active."""
        options = {
            "recurrent_dropout": self.dropout_mask is not None,
            "zoneout": self.zoneout > 0,
            "layer_norm": self.layer_norm_gains is not None,
        }
        return [name for name, is_active in options.items() if is_active]


NO_REGULARIZATION = RecurrentRegularization()


def unrolled_rnn(
    step: Step,
    x: Tensor,
    batch: PackedBatch,
    initial_state: Tensor,
    weights: LayerWeights,
    regularization: RecurrentRegularization = NO_REGULARIZATION,
) -> tuple[Tensor, Tensor]:
    """Run a layer step by step.

    Args:
        step: the function that computes one step of the cell.
        x: (N, I) the input of each token.
        batch: the sequence of each token.
        initial_state: (D, B, S·H) states before the first step.
        weights: the weights of the layer.
        regularization: the regularization of each step.

    Returns:
        the state after each token (N, D·H) and the final states (D, B, S·H).
    """
    outputs, final_states = [], []
    counts = [int((batch.lengths > t).sum()) for t in range(int(batch.lengths.max()))]
    starts = batch.offsets[batch.sorted_indices]
    for d in range(len(weights.weight_hh)):
        weight_ih, weight_hh, bias_ih, bias_hh = (weight[d] for weight in weights)
        hidden_size = weight_hh.shape[1]
        gains = regularization.layer_norm_gains
        gain_x, gain_h = gains[d] if gains is not None else (None, None)
        mask = regularization.dropout_mask
        mask = None if mask is None else mask[d, batch.sorted_indices]  # (B, H)
        projected = _layer_norm(x @ weight_ih.T, gain_x, hidden_size) + bias_ih  # (N, G·H)
        state = initial_state[d, batch.sorted_indices]  # (B, S·H)
        states, tokens = [], []
        for t in reversed(range(len(counts))) if d else range(len(counts)):
            active = counts[t]
            tokens.append(starts[:active] + t)
            project = _Projection(weight_hh, bias_hh, gain_h, None if mask is None else mask[:active])
            new = step(projected[tokens[-1]], state[:active], project)
            if regularization.zoneout:
                new = _zoneout(state[:active], new, regularization)
            state = torch.cat([new, state[active:]])
            states.append(new[:, :hidden_size])
        output = torch.cat(states)
        outputs.append(torch.empty_like(output).index_copy(0, torch.cat(tokens), output))
        final_states.append(torch.empty_like(state).index_copy(0, batch.sorted_indices, state))
    return torch.cat(outputs, dim=1), torch.stack(final_states)


@dataclass
class _Projection:
    """The recurrent projection in one direction, with dropout and layer normalization."""

    weight: Tensor
    bias: Tensor
    gain: Tensor | None
    dropout_mask: Tensor | None

    def __call__(self, h: Tensor, first: int, count: int) -> Tensor:
        """Project the state: (B, H) → (B, count·H), for `count` gates beginning with gate `first`."""
        hidden_size = h.shape[1]
        rows = slice(first * hidden_size, (first + count) * hidden_size)
        h = h if self.dropout_mask is None else h * self.dropout_mask
        gain = None if self.gain is None else self.gain[rows]
        return _layer_norm(h @ self.weight[rows].T, gain, hidden_size) + self.bias[rows]


def _layer_norm(x: Tensor, gain: Tensor | None, hidden_size: int) -> Tensor:
    """Normalize each block of `hidden_size` features of x (N, G·H) (Ba et al. 2016, eq. 3 and 4)."""
    if gain is None:
        return x
    return functional.layer_norm(x.unflatten(1, (-1, hidden_size)), (hidden_size,)).flatten(1) * gain


def _zoneout(old: Tensor, new: Tensor, regularization: RecurrentRegularization) -> Tensor:
    """Make some units keep their state (Krueger et al. 2017, eq. 4 and 5); in evaluation, return the expectation."""
    if not regularization.training:
        return torch.lerp(new, old, regularization.zoneout)
    return torch.where(torch.rand_like(new) < regularization.zoneout, old, new)
