"""The minimal GRU, whose gate and candidate do not look at the state, so that all steps are computed at once.

Feng et al. 2024, "Were RNNs All We Needed?", §3.1:

    z_t = σ(W_z x_t + b_z)                      gate: how much of the candidate comes in
    n_t = g(W_n x_t + b_n)                      candidate, g(x) = x + 1/2 where x ≥ 0, else σ(x): always positive
    h_t = (1 - z_t) ⊙ h_{t-1} + z_t ⊙ n_t       new state

That is a linear recurrence, which a sum in log space solves for many steps in one operation (§B.2 and Heinsen 2023):

    A_t = Σ_{s ≤ t} log(1 - z_s),    log h_t = A_t + log Σ_{s ≤ t} exp(log z_s + log n_s - A_s)

A_t falls with t, and a float that holds large numbers has few digits left for small ones. So the sums run over chunks
of 64 steps, and the state is carried from chunk to chunk. That is for GPUs, whose many units want many steps at once;
on the CPU the compiled recurrence takes one step after the other, which is less work. (Like that of all cells, it
cannot be differentiated twice.)
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.kernels.packed_sequence import PackedBatch
from grunlp.kernels.rnn import mingru_forward, use_compiled

_CHUNK = 64


class MinGRULayer(nn.Module):
    """One layer in D directions; blocks of weights in the order gate, candidate.

    Args:
        input_size: I, features of the input.
        hidden_size: H, units a direction.
        directions: D, 1 or 2.
        initial_state: the state before the first step when none is given: zero, or learned.

    Raises:
        ValueError: another word for `initial_state`.
    """

    def __init__(
        self, input_size: int, hidden_size: int, directions: int, initial_state: Literal["zero", "learned"]
    ) -> None:
        super().__init__()
        if initial_state not in ("zero", "learned"):
            raise ValueError(f"initial is zero or learned, got {initial_state!r}")
        self.weight_ih = nn.Parameter(torch.empty(directions, 2 * hidden_size, input_size))
        self.bias_ih = nn.Parameter(torch.zeros(directions, 2 * hidden_size))
        self.initial = nn.Parameter(torch.zeros(directions, hidden_size)) if initial_state == "learned" else None
        for direction in self.weight_ih.data:
            for block in direction.chunk(2):
                nn.init.xavier_uniform_(block)

    def forward(self, x: Tensor, sequences: PackedBatch, initial_state: Tensor | None) -> tuple[Tensor, Tensor]:
        """x (N, I) and initial states (D, B, H) → all states (N, D·H) and final states (D, B, H)."""
        directions, rows, _ = self.weight_ih.shape
        if initial_state is None:
            start = x.new_zeros(directions, rows // 2) if self.initial is None else self.initial
            initial_state = start[:, None].expand(-1, sequences.lengths.shape[0], -1)
        if sequences.is_empty:
            return x.new_zeros(0, directions * rows // 2), initial_state
        shares = torch.addmm(self.bias_ih.flatten(), x, self.weight_ih.flatten(0, 1).T)  # (N, D·2H)
        if use_compiled(x):
            return mingru_forward(shares, sequences, initial_state)
        first, last = sequences.offsets[sequences.rows], sequences.offsets[sequences.rows + 1] - 1  # (N,)
        mirrored = first + last - torch.arange(len(x), device=x.device)  # each token's counterpart from the other end
        some = (sequences.lengths > 0)[:, None]  # (B, 1)
        ends = (sequences.offsets[1:] - 1).clamp(min=0)
        outputs, finals = [], []
        for d, share in enumerate(shares.split(rows, dim=1)):
            padded = sequences.pad(share[mirrored] if d else share)  # (B, T, 2H)
            gate, candidate = padded.chunk(2, dim=2)
            states = sequences.unpad(parallel_scan(gate, candidate, initial_state[d]))  # (N, H) in the order of reading
            finals.append(torch.where(some, states[ends], initial_state[d]))
            outputs.append(states[mirrored] if d else states)
        return torch.cat(outputs, dim=1), torch.stack(finals)


def parallel_scan(gate: Tensor, candidate: Tensor, initial_state: Tensor) -> Tensor:
    """All states of a minimal GRU.

    Args:
        gate, candidate: (B, T, H), before σ and g.
        initial_state: (B, H).

    Returns:
        (B, T, H).
    """
    batch, steps, hidden = gate.shape
    chunk = min(_CHUNK, steps)
    gate, candidate = (
        functional.pad(x, (0, 0, 0, -steps % chunk)).view(batch, -1, chunk, hidden) for x in (gate, candidate)
    )  # (B, chunks, up to 64, H)
    kept = -functional.softplus(gate).cumsum(2)  # A_t
    log_candidate = torch.where(
        candidate >= 0, torch.log(functional.relu(candidate) + 0.5), -functional.softplus(-candidate)
    )
    within = torch.exp(kept + torch.logcumsumexp(log_candidate - functional.softplus(-gate) - kept, dim=2))
    kept = torch.exp(kept)
    before = [initial_state]
    for end, share in zip(within[:, :-1, -1].unbind(1), kept[:, :-1, -1].unbind(1), strict=True):
        before.append(end + share * before[-1])
    states = within + kept * torch.stack(before, dim=1)[:, :, None]
    return states.flatten(1, 2)[:, :steps]
