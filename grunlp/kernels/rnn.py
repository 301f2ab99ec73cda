"""One recurrent layer over sequences without padding: compiled on the CPU, by Torch (cuDNN on a GPU) elsewhere.

The input's share of all gates is one product before the recurrence, the gradient of the recurrent weights one product
after it (as Appleyard et al. 2016 do on GPUs). What depends on time, `recurrence.cpp` computes.
"""

from math import gcd

import torch
from torch import Tensor

from grunlp.kernels.custom_ops import forward, linear, pack_matrix, pack_weights
from grunlp.kernels.loader import is_enabled, log_once
from grunlp.kernels.packed_sequence import LayerWeights, PackedBatch
from grunlp.kernels.reference import unrolled_forward


class PackedWeightCache:
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

    def of(self, cell: str, weights: LayerWeights) -> tuple[Tensor, Tensor]:
        """w by `pack_matrix` and u by `pack`, of weights that learn nothing."""
        w, u = weights.weight_ih.detach(), weights.weight_hh.detach()
        if torch.is_grad_enabled() or torch.compiler.is_compiling() or w.is_inference() or u.is_inference():
            return pack_matrix(w.flatten(0, 1)), pack_weights(cell, u, False)
        state = [(part.data_ptr(), part._version, _sample_values(part)) for part in (w, u)]
        cached = self._cached  # read and written at once: other threads may do so too
        if cached is None or cached[0] != state:
            cached = self._cached = (state, (w, u), (pack_matrix(w.flatten(0, 1)), pack_weights(cell, u, False)))
        return cached[2]


def _sample_values(weights: Tensor) -> list[float]:
    """About 50 of them, from all columns."""
    step = max(1, weights.numel() // 50)
    while gcd(step, weights.shape[-1]) > 1:
        step += 1
    found: list[float] = weights.flatten()[::step].tolist()
    return found


def rnn_forward(
    cell: str, x: Tensor, sequences: PackedBatch, initial_state: Tensor, weights: LayerWeights, cache: PackedWeightCache
) -> tuple[Tensor, Tensor]:
    """All states of a layer in one direction or two, by Torch's equations.

    Args:
        cell: a name of `CELLS`; "gru-before" has the reset gate before the product, which Torch does not have.
        x: (N, I).
        sequences: which token belongs to which sequence.
        initial_state: (D, B, S·H), the states before the first step; an LSTM has S = 2, its memory after its state.
        weights: of the layer; those of input and state may be in bfloat16, and are read as such where nothing learns.
        cache: the layer's own.

    Returns:
        (N, D·H) the state after each token; in the second direction a sequence is read from its end. And (D, B, S·H),
        the states after the last step.
    """
    directions, _, hidden = weights.weight_hh.shape
    if sequences.is_empty:
        return x.new_zeros(0, directions * hidden), initial_state
    given = (x, initial_state, *weights)
    learns = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given)
    if not use_compiled(x):
        return _torch_fallback(cell, x, sequences, initial_state, weights.to_dtype(x.dtype))
    bias, c = weights.bias_ih + weights.bias_hh, None
    if cell == "gru":  # the candidate's own bias stays inside, behind the reset gate
        c = weights.bias_hh[:, 2 * hidden :]
        bias = torch.cat([bias[:, : 2 * hidden], weights.bias_ih[:, 2 * hidden :]], dim=1)
    if learns:
        weights = weights.to_dtype(torch.float32)
        u = pack_weights(cell, weights.weight_hh.detach(), False)
        shares = torch.addmm(bias.flatten(), x, weights.weight_ih.flatten(0, 1).T)  # (N, D·G·H)
    else:
        w, u = cache.of(cell, weights)
        shares = linear(x, w, bias.flatten())
    places = (sequences.offsets, sequences.sorted_indices)
    states, final, _ = forward(cell, shares, weights.weight_hh, u, c, initial_state, *places, learns)
    return states, final


def mingru_forward(input_projection: Tensor, sequences: PackedBatch, initial_state: Tensor) -> tuple[Tensor, Tensor]:
    """All states of a minimal GRU (`grunlp/modules/mingru.py`) where `compiled`.

    Args:
        input_projection: (N, D·2·H), gate and candidate before their functions.
        initial_state: (D, B, H).

    Returns:
        (N, D·H) and (D, B, H), as `rnn_forward`.
    """
    directions, _, hidden = initial_state.shape
    none = input_projection.new_empty(directions, 0, hidden)
    learns = torch.is_grad_enabled() and (input_projection.requires_grad or initial_state.requires_grad)
    given = (
        "mingru",
        input_projection,
        none,
        none,
        None,
        initial_state,
        sequences.offsets,
        sequences.sorted_indices,
        learns,
    )
    states, final, _ = forward(*given)
    return states, final


def use_compiled(x: Tensor) -> bool:
    """Whether the compiled recurrence reads x; when it would but for its type, the log says so."""
    if x.device.type != "cpu" or not is_enabled():
        return False
    autocast = torch.is_autocast_enabled("cpu")
    if autocast or x.dtype != torch.float32:
        log_once(f"Torch, for {'autocast' if autocast else str(x.dtype).removeprefix('torch.')}")
        return False
    return True


def _torch_fallback(
    cell: str, x: Tensor, sequences: PackedBatch, initial_state: Tensor, weights: LayerWeights
) -> tuple[Tensor, Tensor]:
    """The same by `torch.gru`, `torch.lstm` or `torch.rnn_tanh` on a packed sequence."""
    if cell == "gru-before":
        log_once("a step at a time, since Torch has no gru-before")
        return unrolled_forward(cell, x, sequences, initial_state, weights)
    directions, _, hidden = weights.weight_hh.shape
    # longest first, as Torch wants them
    rows = sequences.sorted_indices[sequences.lengths[sequences.sorted_indices] > 0]
    rank = torch.zeros_like(sequences.sorted_indices).index_copy(0, rows, torch.arange(len(rows), device=x.device))
    step = torch.arange(len(x), device=x.device) - sequences.offsets[sequences.rows]  # (N,) place in its sequence
    packing = torch.argsort(step * len(rank) + rank[sequences.rows])  # step by step, the longest sequence first
    sizes = torch.bincount(step).cpu()
    flat = [
        part
        for d in range(directions)
        for part in (weights.weight_ih[d], weights.weight_hh[d], weights.bias_ih[d], weights.bias_hh[d])
    ]
    start = initial_state[:, rows]
    # cuDNN wants each part contiguous
    both = tuple(part.contiguous() for part in start.split(hidden, dim=2)) if cell == "lstm" else start
    function = {"gru": torch.gru, "lstm": torch.lstm, "rnn": torch.rnn_tanh}[cell]
    options = (True, 1, 0.0, torch.is_grad_enabled(), directions == 2)
    packed, *finals = function(x[packing], sizes, both, flat, *options)  # type: ignore[operator]
    states = torch.empty_like(packed).index_copy(0, packing, packed)
    return states, initial_state.index_copy(1, rows, torch.cat(finals, dim=2).to(initial_state.dtype))
