"""One recurrent layer over sequences without padding: compiled on the CPU, by Torch (cuDNN on a GPU) elsewhere.

The input's share of all gates is one product before the recurrence, the gradient of the recurrent weights one product
after it (as Appleyard et al. 2016 do on GPUs). What depends on time, `recurrence.cpp` computes.
"""

from math import gcd

import torch
from torch import Tensor

from grunlp.kernels.custom_ops import affine, forward, pack, pack_matrix
from grunlp.kernels.loader import in_use, say_once
from grunlp.kernels.packed_sequence import Sequences, Weights
from grunlp.kernels.reference import step_by_step


class Cache:
    """The packed weights of a layer for prediction: made once for as long as these stay the same.

    A change is noticed by the version that Torch counts, which does not see what is written by way of `.data`. There,
    some 50 weights are looked at: enough for an optimizer or an average, not for a single weight.
    """

    def __init__(self) -> None:
        # state, the weights themselves, so that nothing else can come to lie at their addresses, and w and u packed
        self._cached: tuple[object, tuple[Tensor, ...], tuple[Tensor, Tensor]] | None = None

    def __getstate__(self) -> dict[str, None]:
        """A copy packs its own: it may come to a machine that packs in another way."""
        return {"_cached": None}

    def of(self, cell: str, weights: Weights) -> tuple[Tensor, Tensor]:
        """w by `pack_matrix` and u by `pack`, of weights that learn nothing."""
        w, u = weights.w.detach(), weights.u.detach()
        if torch.is_grad_enabled() or torch.compiler.is_compiling() or w.is_inference() or u.is_inference():
            return pack_matrix(w.flatten(0, 1)), pack(cell, u, False)
        state = [(part.data_ptr(), part._version, _some(part)) for part in (w, u)]
        cached = self._cached  # read and written at once: other threads may do so too
        if cached is None or cached[0] != state:
            cached = self._cached = (state, (w, u), (pack_matrix(w.flatten(0, 1)), pack(cell, u, False)))
        return cached[2]


def _some(weights: Tensor) -> list[float]:
    """About 50 of them, from all columns."""
    step = max(1, weights.numel() // 50)
    while gcd(step, weights.shape[-1]) > 1:
        step += 1
    found: list[float] = weights.flatten()[::step].tolist()
    return found


def recurrent_layer(
    cell: str, x: Tensor, sequences: Sequences, initial: Tensor, weights: Weights, cache: Cache
) -> tuple[Tensor, Tensor]:
    """All states of a layer in one direction or two, by Torch's equations.

    Args:
        cell: a name of `CELLS`; "gru-before" has the reset gate before the product, which Torch does not have.
        x: (N, I).
        sequences: which token belongs to which sequence.
        initial: (D, B, S·H), the states before the first step; an LSTM has S = 2, its memory after its state.
        weights: of the layer; those of input and state may be in bfloat16, and are read as such where nothing learns.
        cache: the layer's own.

    Returns:
        (N, D·H) the state after each token; in the second direction a sequence is read from its end. And (D, B, S·H),
        the states after the last step.
    """
    directions, _, hidden = weights.u.shape
    if sequences.empty:
        return x.new_zeros(0, directions * hidden), initial
    given = (x, initial, *weights)
    learns = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given)
    if not compiled(x):
        return _by_torch(cell, x, sequences, initial, weights.widened(x.dtype))
    bias, c = weights.b + weights.c, None
    if cell == "gru":  # the candidate's own bias stays inside, behind the reset gate
        c = weights.c[:, 2 * hidden :]
        bias = torch.cat([bias[:, : 2 * hidden], weights.b[:, 2 * hidden :]], dim=1)
    if learns:
        weights = weights.widened(torch.float32)
        u = pack(cell, weights.u.detach(), False)
        shares = torch.addmm(bias.flatten(), x, weights.w.flatten(0, 1).T)  # (N, D·G·H)
    else:
        w, u = cache.of(cell, weights)
        shares = affine(x, w, bias.flatten())
    places = (sequences.offsets, sequences.order)
    states, final, _ = forward(cell, shares, weights.u, u, c, initial, *places, learns)
    return states, final


def minimal_layer(shares: Tensor, sequences: Sequences, initial: Tensor) -> tuple[Tensor, Tensor]:
    """All states of a minimal GRU (`grunlp/modules/mingru.py`) where `compiled`.

    Args:
        shares: (N, D·2·H), gate and candidate before their functions.
        initial: (D, B, H).

    Returns:
        (N, D·H) and (D, B, H), as `recurrent_layer`.
    """
    directions, _, hidden = initial.shape
    none = shares.new_empty(directions, 0, hidden)
    learns = torch.is_grad_enabled() and (shares.requires_grad or initial.requires_grad)
    given = ("mingru", shares, none, none, None, initial, sequences.offsets, sequences.order, learns)
    states, final, _ = forward(*given)
    return states, final


def compiled(x: Tensor) -> bool:
    """Whether the compiled recurrence reads x; when it would but for its type, the log says so."""
    if x.device.type != "cpu" or not in_use():
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
