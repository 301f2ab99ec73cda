"""The compiled kernels as PyTorch operators that support autograd, `torch.compile` and export."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from grunlp.kernels.loader import KERNEL_CELLS, call_kernel, run
from grunlp.kernels.packed_sequence import GATES_PER_CELL

# Blocks of H numbers that are saved for the backward pass for each token.
_SAVED_BLOCKS = {"gru": 4, "gru-reset-before": 3, "lstm": 5, "rnn": 0, "mingru": 2}

_OP_LIBRARY = torch.library.Library("grunlp", "FRAGMENT")


def _operator(name: str, fake: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Register a function as the operator `torch.ops.grunlp.<name>` on the CPU.

    `torch.library.custom_op` would import PyTorch's compiler at the first call, which takes two seconds or more.

    Args:
        name: name of the operator.
        fake: the fake kernel: takes the same arguments, returns uninitialized results of the same shapes.
    """

    def register(function: Callable[..., Any]) -> Any:
        _OP_LIBRARY.define(name + torch.library.infer_schema(function, mutates_args=()))
        _OP_LIBRARY.impl(name, function, "CPU")
        torch.library.register_fake(f"grunlp::{name}", fake, lib=_OP_LIBRARY)
        return getattr(torch.ops.grunlp, name)

    return register


@_operator(
    "recurrence_pack",
    lambda cell, weight_hh, for_backward: weight_hh.new_empty(_packed_size(cell, weight_hh, for_backward)),
)
def pack_weights(cell: str, weight_hh: Tensor, for_backward: bool) -> Tensor:
    """Pack recurrent weights (D, G·H, H) into the layout of the kernel, for its forward or its backward pass.

    For the forward pass they may be in bfloat16; the packed weights keep that type.
    """
    _validate(torch.float32, *(() if for_backward else (torch.bfloat16,)), weight_hh=weight_hh)
    packed = weight_hh.new_empty(_packed_size(cell, weight_hh, for_backward))
    sizes = (KERNEL_CELLS.index(cell), *weight_hh.shape[::2])
    if for_backward:
        call_kernel("grunlp_pack_backward", *sizes, weight_hh.contiguous(), packed)
    else:
        call_kernel("grunlp_pack", *sizes, _is_bf16(weight_hh), weight_hh.contiguous(), packed)
    return packed


def _validate(*dtypes: torch.dtype, **tensors: Tensor | None) -> None:
    """Check the types of tensors, because the kernel receives raw pointers.

    Raises:
        TypeError: a tensor has another type.
    """
    for name, tensor in tensors.items():
        if tensor is not None and tensor.dtype not in dtypes:
            raise TypeError(f"{name} is {tensor.dtype}, expected {' or '.join(map(str, dtypes))}")


def _is_bf16(weights: Tensor) -> int:
    return int(weights.dtype == torch.bfloat16)


def _packed_size(cell: str, weight_hh: Tensor, for_backward: bool) -> int:
    sizes = (KERNEL_CELLS.index(cell), *weight_hh.shape[::2])
    return call_kernel("grunlp_packed_size", *sizes, _is_bf16(weight_hh), int(for_backward))


@_operator("pack_matrix", lambda weight: weight.new_empty(_matrix_size(weight)))
def pack_matrix(weight: Tensor) -> Tensor:
    """Pack a matrix (C, I) in float32 or bfloat16 into the layout of `linear`."""
    _validate(torch.float32, torch.bfloat16, weight=weight)
    packed = weight.new_empty(_matrix_size(weight))
    call_kernel("grunlp_pack_matrix", *weight.shape[::-1], _is_bf16(weight), weight.contiguous(), packed)
    return packed


def _matrix_size(weight: Tensor) -> int:
    return call_kernel("grunlp_matrix_size", *weight.shape[::-1], _is_bf16(weight))


@_operator("affine", lambda x, packed, bias: x.new_empty(x.shape[0], len(bias)))
def linear(x: Tensor, packed: Tensor, bias: Tensor) -> Tensor:
    """Compute x Wᵀ + bias, (N, I) → (N, C), for a matrix W packed by `pack_matrix`, without gradients."""
    _validate(torch.float32, x=x, bias=bias)
    out = x.new_empty(x.shape[0], len(bias))
    sizes = (torch.get_num_threads(), *x.shape, len(bias), _is_bf16(packed))
    run("grunlp_affine", *sizes, x.contiguous(), packed, bias.contiguous(), out)
    return out


@_operator(
    "recurrence_forward",
    lambda cell, input_projection, weight_hh, packed, candidate_bias, initial_state, offsets, indices, save: (
        _allocate_outputs(cell, input_projection, weight_hh, initial_state, save)
    ),
)
def forward(
    cell: str,
    input_projection: Tensor,
    weight_hh: Tensor,
    packed: Tensor,
    candidate_bias: Tensor | None,
    initial_state: Tensor,
    offsets: Tensor,
    sorted_indices: Tensor,
    save_for_backward: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the recurrence of one layer.

    Args:
        cell: one of `KERNEL_CELLS`.
        input_projection: (N, D·G·H) products with the input, plus all biases but `candidate_bias`.
        weight_hh: (D, G·H, H) recurrent weights; in float32 if `save_for_backward`, otherwise float32 or bfloat16. (D,
            0, H) for "mingru", which has none.
        packed: `weight_hh` packed by `pack_weights`; unused for "mingru".
        candidate_bias: (D, H) bias of the candidate's recurrent product; for "gru" only.
        initial_state: (D, B, S·H).
        offsets: (B + 1,) see `PackedBatch`.
        sorted_indices: (B,) see `PackedBatch`.
        save_for_backward: whether to save what the backward pass needs.

    Returns:
        states (N, D·H), final states (D, B, S·H) and the saved values (N, D, K·H), K = 0 unless `save_for_backward`.
    """
    _validate(
        torch.float32,
        input_projection=input_projection,
        initial_state=initial_state,
        candidate_bias=candidate_bias,
    )
    directions, batch_size, _ = initial_state.shape
    hidden_size = weight_hh.shape[2]
    outputs = _allocate_outputs(cell, input_projection, weight_hh, initial_state, save_for_backward)
    states, final_state, saved = outputs
    bias = None if candidate_bias is None else candidate_bias.contiguous()
    sizes = (batch_size, directions, hidden_size, _is_bf16(packed))
    run(
        "grunlp_forward",
        *(KERNEL_CELLS.index(cell), torch.get_num_threads(), *sizes),
        *(offsets, sorted_indices, initial_state.contiguous(), input_projection.contiguous(), packed, bias),
        *(states, final_state, saved if save_for_backward else None),
    )
    return outputs


def _allocate_outputs(
    cell: str, input_projection: Tensor, weight_hh: Tensor, initial_state: Tensor, save_for_backward: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Allocate the results of `forward`."""
    directions, _, hidden_size = weight_hh.shape
    tokens, saved_size = input_projection.shape[0], _SAVED_BLOCKS[cell] * hidden_size if save_for_backward else 0
    states = input_projection.new_empty(tokens, directions * hidden_size)
    saved = input_projection.new_empty(tokens, directions, saved_size)
    return states, initial_state.new_empty(initial_state.shape), saved


@_operator(
    "recurrence_backward",
    lambda cell, grad, grad_final, states, saved, weight_hh, initial_state, offsets, sorted_indices: (
        _allocate_gradients(cell, grad, weight_hh, initial_state)
    ),
)
def backward(
    cell: str,
    grad: Tensor,
    grad_final: Tensor,
    states: Tensor,
    saved: Tensor,
    weight_hh: Tensor,
    initial_state: Tensor,
    offsets: Tensor,
    sorted_indices: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the gradients of `forward`.

    Args:
        cell: one of `KERNEL_CELLS`.
        grad: gradient of the states.
        grad_final: gradient of the final states.
        states: result of `forward`.
        saved: result of `forward`.
        weight_hh: argument of `forward`.
        initial_state: argument of `forward`.
        offsets: argument of `forward`.
        sorted_indices: argument of `forward`.

    Returns:
        gradients of the input projection (N, D·G·H), of `initial_state` and, for "gru", of the recurrent projection (N,
        D·G·H); for other cells the last is empty (0,), because it would equal the first.
    """
    directions, batch_size, _ = initial_state.shape
    hidden_size = weight_hh.shape[2]
    gradients = _allocate_gradients(cell, grad, weight_hh, initial_state)
    grad_x, grad_initial, grad_h = gradients
    packed = None if cell == "mingru" else pack_weights(cell, weight_hh, True)
    run(
        "grunlp_backward",
        *(KERNEL_CELLS.index(cell), torch.get_num_threads(), batch_size, directions, hidden_size),
        *(offsets, sorted_indices, initial_state.contiguous(), grad.contiguous(), grad_final.contiguous()),
        *(states, saved, packed, grad_x, grad_h if cell == "gru" else None, grad_initial),
    )
    return gradients


def _allocate_gradients(
    cell: str, grad: Tensor, weight_hh: Tensor, initial_state: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Allocate the results of `backward`."""
    directions, _, hidden_size = weight_hh.shape
    grad_x = grad.new_empty(grad.shape[0], directions * GATES_PER_CELL[cell] * hidden_size)
    grad_h = torch.empty_like(grad_x) if cell == "gru" else grad.new_empty(0)
    return grad_x, initial_state.new_empty(initial_state.shape), grad_h


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.cell, _, weight_hh, _, _, initial_state, offsets, sorted_indices, _ = inputs
    states, _, saved = output
    ctx.save_for_backward(states, saved, weight_hh, initial_state, offsets, sorted_indices)
    ctx.mark_non_differentiable(saved)
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, grad: Tensor | None, grad_final: Tensor | None, _: None) -> tuple[Tensor | None, ...]:
    states, saved, weight_hh, initial_state, offsets, sorted_indices = ctx.saved_tensors
    grad = torch.zeros_like(states) if grad is None else grad
    grad_final = torch.zeros_like(initial_state) if grad_final is None else grad_final
    cell, (directions, rows, hidden) = ctx.cell, weight_hh.shape
    indices = (offsets, sorted_indices)
    grad_x, grad_initial, grad_h = backward(cell, grad, grad_final, states, saved, weight_hh, initial_state, *indices)
    if cell == "mingru":
        return None, grad_x, None, None, None, grad_initial, None, None, None
    grad_projection = grad_h if cell == "gru" else grad_x
    grad_weight = torch.empty_like(weight_hh)
    for d in range(directions):
        direction = slice(d * hidden, (d + 1) * hidden)
        previous = _previous_states(states[:, direction], initial_state[d, :, :hidden], offsets, d == 1)
        grad_gates = grad_projection[:, d * rows : (d + 1) * rows]  # (N, G·H)
        if cell == "gru-reset-before":  # the product of the candidate is with the reset state
            torch.mm(grad_gates[:, : 2 * hidden].T, previous, out=grad_weight[d, : 2 * hidden])
            previous, grad_gates = previous * saved[:, d, :hidden], grad_gates[:, 2 * hidden :]
        torch.mm(grad_gates.T, previous, out=grad_weight[d, -grad_gates.shape[1] :])
    grad_bias = grad_h.view(-1, directions, 3, hidden)[:, :, 2].sum(0) if cell == "gru" else None
    return None, grad_x, grad_weight, None, grad_bias, grad_initial, None, None, None


def _previous_states(states: Tensor, initial_state: Tensor, offsets: Tensor, reverse: bool) -> Tensor:
    """Return the state (N, H) before the step of each token, in one direction."""
    previous = torch.empty_like(states, memory_format=torch.contiguous_format)
    is_not_empty = offsets[1:] > offsets[:-1]
    if reverse:
        previous[:-1] = states[1:]
        previous[offsets[1:][is_not_empty] - 1] = initial_state[is_not_empty]
    else:
        previous[1:] = states[:-1]
        previous[offsets[:-1][is_not_empty]] = initial_state[is_not_empty]
    return previous


torch.library.register_autograd("grunlp::recurrence_forward", _backward, setup_context=_setup_context, lib=_OP_LIBRARY)
