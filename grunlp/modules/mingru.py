"""The minimal GRU, whose gate and candidate do not depend on the state, so that all steps are computed in parallel.

Feng et al. 2024, "Were RNNs All We Needed?", §3.1:

    z_t = σ(W_z x_t + b_z)                      gate: how much of the candidate enters the state
    n_t = g(W_n x_t + b_n)                      candidate, g(x) = x + 1/2 for x ≥ 0, otherwise σ(x): always positive
    h_t = (1 - z_t) ⊙ h_{t-1} + z_t ⊙ n_t       new state

This is a linear recurrence, which a sum in log space solves for many steps in one operation (§B.2 and Heinsen 2023):

    A_t = Σ_{s ≤ t} log(1 - z_s),    log h_t = A_t + log Σ_{s ≤ t} exp(log z_s + log n_s - A_s)

A_t decreases with t, and adding small terms to a number of large magnitude loses precision. Hence the sums run over
chunks of 64 steps, and the state is carried from chunk to chunk. This suits GPUs, which need many steps at once; on a
CPU the compiled kernel computes one step after the other, which is less work. (Like those of all cells, it cannot be
differentiated twice.)
"""

from dataclasses import fields

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.kernels.packed_sequence import PackedBatch
from grunlp.kernels.rnn import compiled_mingru, use_compiled
from grunlp.modules.rnn_weights import DEFAULT_OPTIONS, RNNLayerOptions

_CHUNK_SIZE = 64


class MinGRULayer(nn.Module):
    """One layer of minimal GRUs in D directions; its weights have two blocks, gate and candidate.

    Args:
        input_size: I, features of the input.
        hidden_size: H, units in each direction.
        directions: D, 1 or 2.
        options: only `initial_state` is supported.

    Raises:
        ValueError: another option is set.
    """

    def __init__(self, input_size: int, hidden_size: int, directions: int, options: RNNLayerOptions) -> None:
        super().__init__()
        unsupported = [
            field.name
            for field in fields(options)
            if field.name != "initial_state" and getattr(options, field.name) != getattr(DEFAULT_OPTIONS, field.name)
        ]
        if unsupported:
            raise ValueError(f"cell=mingru has no recurrent weights and does not support {', '.join(unsupported)}")
        self.weight_ih = nn.Parameter(torch.empty(directions, 2 * hidden_size, input_size))
        self.bias_ih = nn.Parameter(torch.zeros(directions, 2 * hidden_size))
        learned = options.initial_state == "learned"
        self.initial = nn.Parameter(torch.zeros(directions, hidden_size)) if learned else None
        for direction in self.weight_ih.data:
            for block in direction.chunk(2):
                nn.init.xavier_uniform_(block)

    def forward(self, x: Tensor, batch: PackedBatch, initial_state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run the layer: inputs (N, I), initial states (D, B, H) → states (N, D·H) and final states (D, B, H)."""
        directions, rows, _ = self.weight_ih.shape
        if initial_state is None:
            start = x.new_zeros(directions, rows // 2) if self.initial is None else self.initial
            initial_state = start[:, None].expand(-1, batch.lengths.shape[0], -1)
        if batch.is_empty:
            return x.new_zeros(0, directions * rows // 2), initial_state
        projected = torch.addmm(self.bias_ih.flatten(), x, self.weight_ih.flatten(0, 1).T)  # (N, D·2H)
        if use_compiled(x):
            return compiled_mingru(projected, batch, initial_state)
        first, last = batch.offsets[batch.rows], batch.offsets[batch.rows + 1] - 1  # (N,)
        mirrored = first + last - torch.arange(len(x), device=x.device)  # each token's counterpart from the other end
        is_not_empty = (batch.lengths > 0)[:, None]  # (B, 1)
        ends = (batch.offsets[1:] - 1).clamp(min=0)
        outputs, final_states = [], []
        for d, direction in enumerate(projected.split(rows, dim=1)):
            padded = batch.pad(direction[mirrored] if d else direction)  # (B, T, 2H)
            gate, candidate = padded.chunk(2, dim=2)
            states = batch.unpad(parallel_scan(gate, candidate, initial_state[d]))  # (N, H) in the order of reading
            final_states.append(torch.where(is_not_empty, states[ends], initial_state[d]))
            outputs.append(states[mirrored] if d else states)
        return torch.cat(outputs, dim=1), torch.stack(final_states)


def parallel_scan(gate: Tensor, candidate: Tensor, initial_state: Tensor) -> Tensor:
    """Compute all states of a minimal GRU.

    Args:
        gate: (B, T, H), before σ.
        candidate: (B, T, H), before g.
        initial_state: (B, H).

    Returns:
        the states (B, T, H).
    """
    batch_size, steps, hidden_size = gate.shape
    chunk = min(_CHUNK_SIZE, steps)
    gate, candidate = (
        functional.pad(x, (0, 0, 0, -steps % chunk)).view(batch_size, -1, chunk, hidden_size) for x in (gate, candidate)
    )  # (B, chunks, up to 64, H)
    log_kept = -functional.softplus(gate).cumsum(2)  # A_t
    log_candidate = torch.where(
        candidate >= 0, torch.log(functional.relu(candidate) + 0.5), -functional.softplus(-candidate)
    )
    within = torch.exp(log_kept + torch.logcumsumexp(log_candidate - functional.softplus(-gate) - log_kept, dim=2))
    kept = torch.exp(log_kept)
    before = [initial_state]
    for end, share in zip(within[:, :-1, -1].unbind(1), kept[:, :-1, -1].unbind(1), strict=True):
        before.append(end + share * before[-1])
    states = within + kept * torch.stack(before, dim=1)[:, :, None]
    return states.flatten(1, 2)[:, :steps]
