"""Recurrent layers a step at a time, by Torch: for what nothing faster computes, and for tests to compare with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from grunlp.kernels.packed_sequence import Sequences, Weights


class Regularizers(NamedTuple):
    """What acts within a step, and hence is computed by `step_by_step` alone.

    recurrent: (D, B, H) factors of the state in its product, the same at all steps, or None.
    zoneout: probability of a unit to keep its state; where nothing is drawn, the expectation is taken.
    draw: whether to draw, in training.
    gains: (D, 2, G·H) of layer normalisation of the input's and of the state's products, or None for none.
    """

    recurrent: Tensor | None = None
    zoneout: float = 0.0
    draw: bool = False
    gains: Tensor | None = None


NONE = Regularizers()


def step_by_step(
    cell: str,
    x: Tensor,
    sequences: Sequences,
    initial: Tensor,
    weights: Weights,
    regularizers: Regularizers = NONE,
) -> tuple[Tensor, Tensor]:
    """The same a step at a time, for what nothing else computes. Arguments as for `recurrent_layer`."""
    outputs, finals = [], []
    counts = [int((sequences.lengths > t).sum()) for t in range(int(sequences.lengths.max()))]
    starts = sequences.offsets[sequences.order]
    for d in range(len(weights.u)):
        w, u, b, c = (part[d] for part in weights)
        hidden = u.shape[1]
        gain_x, gain_h = regularizers.gains[d] if regularizers.gains is not None else (None, None)
        factors = None if regularizers.recurrent is None else regularizers.recurrent[d, sequences.order]  # (B, H)
        shares = _normalized(x @ w.T, gain_x, hidden) + b  # (N, G·H)
        state = initial[d, sequences.order]  # (B, S·H)
        found, places = [], []
        for t in reversed(range(len(counts))) if d else range(len(counts)):
            active = counts[t]
            tokens = starts[:active] + t
            times = _Product(u, c, gain_h, None if factors is None else factors[:active])
            new = cell_step(cell, shares[tokens], state[:active], times)
            if regularizers.zoneout:
                new = _zone_out(state[:active], new, regularizers)
            state = torch.cat([new, state[active:]])
            found.append(new[:, :hidden])
            places.append(tokens)
        states = torch.cat(found)
        outputs.append(torch.empty_like(states).index_copy(0, torch.cat(places), states))
        finals.append(torch.empty_like(state).index_copy(0, sequences.order, state))
    return torch.cat(outputs, dim=1), torch.stack(finals)


@dataclass
class _Product:
    """The recurrent product of one direction with all that regularizes it."""

    u: Tensor
    c: Tensor
    gain: Tensor | None
    factors: Tensor | None

    def __call__(self, state: Tensor, first: int, count: int) -> Tensor:
        """(B, H) → (B, count·H), of `count` blocks of gates from `first` on."""
        hidden = state.shape[1]
        rows = slice(first * hidden, (first + count) * hidden)
        state = state if self.factors is None else state * self.factors
        gain = None if self.gain is None else self.gain[rows]
        return _normalized(state @ self.u[rows].T, gain, hidden) + self.c[rows]


def _normalized(x: Tensor, gain: Tensor | None, hidden: int) -> Tensor:
    """Layer normalisation of each block of `hidden` features of x (N, G·H) (Ba et al. 2016, eq. 3 and 4)."""
    if gain is None:
        return x
    return functional.layer_norm(x.unflatten(1, (-1, hidden)), (hidden,)).flatten(1) * gain


def _zone_out(old: Tensor, new: Tensor, regularizers: Regularizers) -> Tensor:
    """Units that keep their state (Krueger et al. 2017, eq. 4 and 5); in evaluation their expectation."""
    if not regularizers.draw:
        return torch.lerp(new, old, regularizers.zoneout)
    return torch.where(torch.rand_like(new) < regularizers.zoneout, old, new)


def cell_step(cell: str, share: Tensor, state: Tensor, times: Callable[[Tensor, int, int], Tensor]) -> Tensor:
    """One step of a cell.

    Args:
        share: (B, G·H), the input's product with its bias.
        state: (B, S·H).
        times: of a state (B, H), the first block and a number of blocks: the product of the state with the recurrent
            weights of these gates, with its bias, (B, number·H).

    Returns:
        the new state (B, S·H).
    """
    if cell == "lstm":
        h, memory = state.chunk(2, dim=1)
        i, f, g, o = (share + times(h, 0, 4)).chunk(4, dim=1)
        memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        return torch.cat([torch.sigmoid(o) * torch.tanh(memory), memory], dim=1)
    if cell == "rnn":
        return torch.tanh(share + times(state, 0, 1))
    x_r, x_z, x_n = share.chunk(3, dim=1)
    if cell == "gru":
        u_r, u_z, u_n = times(state, 0, 3).chunk(3, dim=1)
        n = torch.tanh(x_n + torch.sigmoid(x_r + u_r) * u_n)
    else:
        u_r, u_z = times(state, 0, 2).chunk(2, dim=1)
        n = torch.tanh(x_n + times(torch.sigmoid(x_r + u_r) * state, 2, 1))
    return n + torch.sigmoid(x_z + u_z) * (state - n)
