"""Recurrent layers a step at a time, by Torch: for what nothing faster computes, and for tests to compare with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from grunlp.kernels.packed_sequence import LayerWeights, PackedBatch


class RecurrentRegularization(NamedTuple):
    """What acts within a step, and hence is computed by `unrolled_forward` alone.

    dropout_mask: (D, B, H) factors of the state in its product, the same at all steps, or None.
    zoneout: probability of a unit to keep its state; where nothing is drawn, the expectation is taken.
    training: whether to draw, in training.
    layer_norm_gains: (D, 2, G·H) of layer normalisation of the input's and of the state's products, or None for none.
    """

    dropout_mask: Tensor | None = None
    zoneout: float = 0.0
    training: bool = False
    layer_norm_gains: Tensor | None = None


NO_REGULARIZATION = RecurrentRegularization()


def unrolled_forward(
    cell: str,
    x: Tensor,
    sequences: PackedBatch,
    initial_state: Tensor,
    weights: LayerWeights,
    regularization: RecurrentRegularization = NO_REGULARIZATION,
) -> tuple[Tensor, Tensor]:
    """The same a step at a time, for what nothing else computes. Arguments as for `recurrent_layer`."""
    outputs, finals = [], []
    counts = [int((sequences.lengths > t).sum()) for t in range(int(sequences.lengths.max()))]
    starts = sequences.offsets[sequences.sorted_indices]
    for d in range(len(weights.weight_hh)):
        w, u, b, c = (part[d] for part in weights)
        hidden = u.shape[1]
        gain_x, gain_h = (
            regularization.layer_norm_gains[d] if regularization.layer_norm_gains is not None else (None, None)
        )
        # (B, H)
        factors = (
            None if regularization.dropout_mask is None else regularization.dropout_mask[d, sequences.sorted_indices]
        )
        shares = _layer_norm(x @ w.T, gain_x, hidden) + b  # (N, G·H)
        state = initial_state[d, sequences.sorted_indices]  # (B, S·H)
        found, places = [], []
        for t in reversed(range(len(counts))) if d else range(len(counts)):
            active = counts[t]
            tokens = starts[:active] + t
            times = _RecurrentProjection(u, c, gain_h, None if factors is None else factors[:active])
            new = cell_step(cell, shares[tokens], state[:active], times)
            if regularization.zoneout:
                new = _zoneout(state[:active], new, regularization)
            state = torch.cat([new, state[active:]])
            found.append(new[:, :hidden])
            places.append(tokens)
        states = torch.cat(found)
        outputs.append(torch.empty_like(states).index_copy(0, torch.cat(places), states))
        finals.append(torch.empty_like(state).index_copy(0, sequences.sorted_indices, state))
    return torch.cat(outputs, dim=1), torch.stack(finals)


@dataclass
class _RecurrentProjection:
    """The recurrent product of one direction with all that regularizes it."""

    u: Tensor
    c: Tensor
    gain: Tensor | None
    dropout_mask: Tensor | None

    def __call__(self, state: Tensor, first: int, count: int) -> Tensor:
        """(B, H) → (B, count·H), of `count` blocks of gates from `first` on."""
        hidden = state.shape[1]
        rows = slice(first * hidden, (first + count) * hidden)
        state = state if self.dropout_mask is None else state * self.dropout_mask
        gain = None if self.gain is None else self.gain[rows]
        return _layer_norm(state @ self.u[rows].T, gain, hidden) + self.c[rows]


def _layer_norm(x: Tensor, gain: Tensor | None, hidden: int) -> Tensor:
    """Layer normalisation of each block of `hidden` features of x (N, G·H) (Ba et al. 2016, eq. 3 and 4)."""
    if gain is None:
        return x
    return functional.layer_norm(x.unflatten(1, (-1, hidden)), (hidden,)).flatten(1) * gain


def _zoneout(old: Tensor, new: Tensor, regularization: RecurrentRegularization) -> Tensor:
    """Units that keep their state (Krueger et al. 2017, eq. 4 and 5); in evaluation their expectation."""
    if not regularization.training:
        return torch.lerp(new, old, regularization.zoneout)
    return torch.where(torch.rand_like(new) < regularization.zoneout, old, new)


def cell_step(
    cell: str, input_projection: Tensor, state: Tensor, recurrent_projection: Callable[[Tensor, int, int], Tensor]
) -> Tensor:
    """One step of a cell.

    Args:
        input_projection: (B, G·H), the input's product with its bias.
        state: (B, S·H).
        recurrent_projection: of a state (B, H), the first block and a number of blocks: the product of the state with
            the recurrent
            weights of these gates, with its bias, (B, number·H).

    Returns:
        the new state (B, S·H).
    """
    if cell == "lstm":
        h, memory = state.chunk(2, dim=1)
        i, f, g, o = (input_projection + recurrent_projection(h, 0, 4)).chunk(4, dim=1)
        memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        return torch.cat([torch.sigmoid(o) * torch.tanh(memory), memory], dim=1)
    if cell == "rnn":
        return torch.tanh(input_projection + recurrent_projection(state, 0, 1))
    x_r, x_z, x_n = input_projection.chunk(3, dim=1)
    if cell == "gru":
        u_r, u_z, u_n = recurrent_projection(state, 0, 3).chunk(3, dim=1)
        n = torch.tanh(x_n + torch.sigmoid(x_r + u_r) * u_n)
    else:
        u_r, u_z = recurrent_projection(state, 0, 2).chunk(2, dim=1)
        n = torch.tanh(x_n + recurrent_projection(torch.sigmoid(x_r + u_r) * state, 2, 1))
    return n + torch.sigmoid(x_z + u_z) * (state - n)
