"""Fused forward passes of a recurrent layer over sequences without padding, by compiled CPU kernels or PyTorch.

The products with all inputs are one matrix product before the recurrence, and the gradient of the recurrent weights is
one matrix product after it (as Appleyard et al. 2016 do on GPUs). `recurrence.cpp` computes the steps of the
recurrence.
"""

from math import gcd

import torch
from torch import Tensor

from grunlp.kernels.custom_ops import forward, linear, pack_matrix, pack_weights
from grunlp.kernels.loader import is_enabled, log_once
from grunlp.kernels.packed_sequence import LayerWeights, PackedBatch

TORCH_CELLS = ("gru", "lstm", "rnn")  # cells of `torch_rnn`


class PackedWeightCache:
    """Packed weights of a layer for inference, packed again only when the weights have changed.

    A change is detected by PyTorch's version counter, which does not see writes through `.data`. To detect those, about
    50 weights are compared: enough to notice an optimizer step or weight averaging, but not a change of a single
    weight.
    """

    def __init__(self) -> None:
        # State of the weights; the weights, so that no other tensor gets their addresses; packed input and recurrent
        # weights.
        self._cached: tuple[object, tuple[Tensor, ...], tuple[Tensor, Tensor]] | None = None

    def __getstate__(self) -> dict[str, None]:
        """Exclude the packed weights from copies, which may be used on a machine with another layout."""
        return {"_cached": None}

    def get(self, cell: str, weights: LayerWeights) -> tuple[Tensor, Tensor]:
        """Return the input weights and the recurrent weights, packed and detached."""
        weight_ih, weight_hh = weights.weight_ih.detach(), weights.weight_hh.detach()
        is_inference = weight_ih.is_inference() or weight_hh.is_inference()
        if torch.is_grad_enabled() or torch.compiler.is_compiling() or is_inference:
            return pack_matrix(weight_ih.flatten(0, 1)), pack_weights(cell, weight_hh, False)
        state = [(weight.data_ptr(), weight._version, _sample_values(weight)) for weight in (weight_ih, weight_hh)]
        cached = self._cached  # read and assigned atomically, because other threads may do the same
        if cached is None or cached[0] != state:
            packed = (pack_matrix(weight_ih.flatten(0, 1)), pack_weights(cell, weight_hh, False))
            cached = self._cached = (state, (weight_ih, weight_hh), packed)
        return cached[2]


def _sample_values(weight: Tensor) -> list[float]:
    """Return about 50 values of a weight, from all its columns."""
    step = max(1, weight.numel() // 50)
    while gcd(step, weight.shape[-1]) > 1:
        step += 1
    values: list[float] = weight.flatten()[::step].tolist()
    return values


def use_compiled(x: Tensor) -> bool:
    """Return whether the compiled kernels support x; log if only its type is unsupported."""
    if x.device.type != "cpu" or not is_enabled():
        return False
    is_autocast = torch.is_autocast_enabled("cpu")
    if is_autocast or x.dtype != torch.float32:
        log_once(f"PyTorch, because of {'autocast' if is_autocast else str(x.dtype).removeprefix('torch.')}")
        return False
    return True


def compiled_rnn(
    cell: str,
    x: Tensor,
    batch: PackedBatch,
    initial_state: Tensor,
    weights: LayerWeights,
    packed_weights: PackedWeightCache,
) -> tuple[Tensor, Tensor]:
    """Run a layer with the compiled kernels; requires `use_compiled(x)`.

    Args:
        cell: one of `KERNEL_CELLS`.
        x: (N, I) the input of each token, N ≥ 1.
        batch: the sequence of each token.
        initial_state: (D, B, S·H) states before the first step; an LSTM has S = 2, h followed by its memory cell.
        weights: the weights of the layer; for inference, input and recurrent weights may be in bfloat16.
        packed_weights: the cache of the layer.

    Returns:
        the state after each token (N, D·H), the second direction reading from the end of the sequence, and the states
        after the last step (D, B, S·H).
    """
    hidden_size = weights.weight_hh.shape[2]
    requires_grad = torch.is_grad_enabled() and any(t.requires_grad for t in (x, initial_state, *weights))
    bias, candidate_bias = weights.bias_ih + weights.bias_hh, None
    if cell == "gru":  # the candidate's recurrent bias is multiplied by the reset gate
        candidate_bias = weights.bias_hh[:, 2 * hidden_size :]
        bias = torch.cat([bias[:, : 2 * hidden_size], weights.bias_ih[:, 2 * hidden_size :]], dim=1)
    if requires_grad:
        weights = weights.to_dtype(torch.float32)
        packed = pack_weights(cell, weights.weight_hh.detach(), False)
        projected = torch.addmm(bias.flatten(), x, weights.weight_ih.flatten(0, 1).T)  # (N, D·G·H)
    else:
        packed_matrix, packed = packed_weights.get(cell, weights)
        projected = linear(x, packed_matrix, bias.flatten())
    states, final_state, _ = forward(
        cell,
        projected,
        weights.weight_hh,
        packed,
        candidate_bias,
        initial_state,
        batch.offsets,
        batch.sorted_indices,
        requires_grad,
    )
    return states, final_state


def compiled_mingru(projected: Tensor, batch: PackedBatch, initial_state: Tensor) -> tuple[Tensor, Tensor]:
    """Run a minimal GRU (`grunlp/modules/mingru.py`) with the compiled kernels; requires `use_compiled(projected)`.

    Args:
        projected: (N, D·2·H), gate and candidate before their activations.
        batch: the sequence of each token.
        initial_state: (D, B, H).

    Returns:
        states (N, D·H) and final states (D, B, H), as `compiled_rnn` does.
    """
    directions, _, hidden_size = initial_state.shape
    no_weights = projected.new_empty(directions, 0, hidden_size)
    requires_grad = torch.is_grad_enabled() and (projected.requires_grad or initial_state.requires_grad)
    indices = (batch.offsets, batch.sorted_indices)
    states, final_state, _ = forward(
        "mingru", projected, no_weights, no_weights, None, initial_state, *indices, requires_grad
    )
    return states, final_state


def torch_rnn(
    cell: str, x: Tensor, batch: PackedBatch, initial_state: Tensor, weights: LayerWeights
) -> tuple[Tensor, Tensor]:
    """Run a layer with `torch.gru`, `torch.lstm` or `torch.rnn_tanh` on a packed sequence; on a GPU they call cuDNN.

    Args:
        cell: one of `TORCH_CELLS`.
        x: (N, I) the input of each token.
        batch: the sequence of each token.
        initial_state: (D, B, S·H) states before the first step.
        weights: the weights of the layer, in the type of x.

    Returns:
        states and final states, as `compiled_rnn` does.
    """
    directions, _, hidden_size = weights.weight_hh.shape
    rows = batch.sorted_indices[batch.lengths[batch.sorted_indices] > 0]  # longest first, as PyTorch requires
    rank = torch.zeros_like(batch.sorted_indices).index_copy(0, rows, torch.arange(len(rows), device=x.device))
    step = torch.arange(len(x), device=x.device) - batch.offsets[batch.rows]  # (N,) position in the sequence
    packing = torch.argsort(step * len(rank) + rank[batch.rows])  # step by step, the longest sequence first
    batch_sizes = torch.bincount(step).cpu()
    flat_weights = [weight[d] for d in range(directions) for weight in weights]
    state = initial_state[:, rows]
    # cuDNN requires contiguous states
    states_in = tuple(part.contiguous() for part in state.split(hidden_size, dim=2)) if cell == "lstm" else state
    function = {"gru": torch.gru, "lstm": torch.lstm, "rnn": torch.rnn_tanh}[cell]
    options = (True, 1, 0.0, torch.is_grad_enabled(), directions == 2)
    packed, *final_states = function(x[packing], batch_sizes, states_in, flat_weights, *options)  # type: ignore[operator]
    states = torch.empty_like(packed).index_copy(0, packing, packed)
    final_state = torch.cat(final_states, dim=2).to(initial_state.dtype)
    return states, initial_state.index_copy(1, rows, final_state)
