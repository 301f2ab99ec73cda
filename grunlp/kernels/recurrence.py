"""One recurrent layer over sequences without padding: compiled on the CPU, by Torch (cuDNN on a GPU) elsewhere.

The input's share of all gates is one product before the recurrence, the gradient of the recurrent weights one product
after it (as Appleyard et al. 2016 do on GPUs). What depends on time, `recurrence.cpp` computes.
"""

import torch
from torch import Tensor

from grunlp.kernels.library import library, say_once
from grunlp.kernels.operators import Packed, forward
from grunlp.kernels.sequences import Sequences, Weights
from grunlp.kernels.steps import step_by_step


def recurrent_layer(
    cell: str, x: Tensor, sequences: Sequences, initial: Tensor, weights: Weights, packed: Packed
) -> tuple[Tensor, Tensor]:
    """All states of a layer in one direction or two, by Torch's equations.

    Args:
        cell: a name of `CELLS`; "gru-before" has the reset gate before the product, which Torch does not have.
        x: (N, I).
        sequences: which token belongs to which sequence.
        initial: (D, B, S·H), the states before the first step; an LSTM has S = 2, its memory after its state.
        weights: of the layer; those of the state may be in bfloat16, and are read as such where nothing learns.
        packed: the layer's own.

    Returns:
        (N, D·H) the state after each token; in the second direction a sequence is read from its end. And (D, B, S·H),
        the states after the last step.
    """
    directions, _, hidden = weights.u.shape
    if not len(x):
        return x.new_zeros(0, directions * hidden), initial
    given = (x, initial, *weights)
    learns = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given)
    if not _compiled(x):
        return _by_torch(cell, x, sequences, initial, weights._replace(u=weights.u.to(x.dtype)))
    u = weights.u.float() if learns else weights.u
    bias = weights.b + weights.c
    c = None
    if cell == "gru":  # the candidate's own bias stays inside, behind the reset gate
        inside = torch.arange(3 * hidden) >= 2 * hidden
        bias, c = torch.where(inside, weights.b, bias), weights.c[:, 2 * hidden :]
    shares = torch.addmm(bias.flatten(), x, weights.w.flatten(0, 1).T)  # (N, D·G·H)
    places = (sequences.offsets, sequences.order)
    states, final, _ = forward(cell, shares, u, packed.of(cell, u), c, initial, *places, learns)
    return states, final


def _compiled(x: Tensor) -> bool:
    if x.device.type != "cpu" or not library():
        return False
    autocast = torch.is_autocast_enabled("cpu")
    if autocast or x.dtype != torch.float32:
        say_once(f"Torch, for {'autocast' if autocast else str(x.dtype).removeprefix('torch.')}")
        return False
    return True


def _by_torch(cell: str, x: Tensor, sequences: Sequences, initial: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    """The same by `torch.gru`, `torch.lstm` or `torch.rnn_tanh` on a packed sequence."""
    if cell == "gru-before":
        say_once("a step at a time, since Torch has no gru-before")
        return step_by_step(cell, x, sequences, initial, weights)
    directions, _, hidden = weights.u.shape
    rows = sequences.order[sequences.lengths[sequences.order] > 0]  # longest first, as Torch wants them
    rank = torch.zeros_like(sequences.order).index_copy(0, rows, torch.arange(len(rows), device=x.device))
    step = torch.arange(len(x), device=x.device) - sequences.offsets[sequences.rows]  # (N,) place in its sequence
    packing = torch.argsort(step * len(rank) + rank[sequences.rows])  # step by step, the longest sequence first
    sizes = torch.bincount(step).cpu()
    flat = [part for d in range(directions) for part in (weights.w[d], weights.u[d], weights.b[d], weights.c[d])]
    start = initial[:, rows]
    # cuDNN wants each part contiguous
    both = tuple(part.contiguous() for part in start.split(hidden, dim=2)) if cell == "lstm" else start
    function = {"gru": torch.gru, "lstm": torch.lstm, "rnn": torch.rnn_tanh}[cell]
    options = (True, 1, 0.0, torch.is_grad_enabled(), directions == 2)
    packed, *finals = function(x[packing], sizes, both, flat, *options)  # type: ignore[operator]
    states = torch.empty_like(packed).index_copy(0, packing, packed)
    return states, initial.index_copy(1, rows, torch.cat(finals, dim=2).to(initial.dtype))
