"""The compiled recurrence as operators that autograd, `torch.compile` and export know."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from grunlp.kernels.loader import KERNEL_CELLS, call_kernel, run
from grunlp.kernels.packed_sequence import GATES_PER_CELL

# Blocks of H numbers that the backward pass needs of a token.
_SAVED_BLOCKS = {"gru": 4, "gru-before": 3, "lstm": 5, "rnn": 0, "mingru": 2}


_OP_LIBRARY = torch.library.Library("grunlp", "FRAGMENT")


def _operator(name: str, fake: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Register a function as the operator `torch.ops.grunlp.<name>` on the CPU.

    Not by `torch.library.custom_op`, which imports Torch's compiler at the first call: two seconds and more.

    Args:
        name: of the operator.
        fake: of the same arguments, makes results of the same shapes that hold nothing.
    """

    def register(function: Callable[..., Any]) -> Any:
        _OP_LIBRARY.define(name + torch.library.infer_schema(function, mutates_args=()))
        _OP_LIBRARY.impl(name, function, "CPU")
        torch.library.register_fake(f"grunlp::{name}", fake, lib=_OP_LIBRARY)
        return getattr(torch.ops.grunlp, name)

    return register


@_operator("recurrence_pack", lambda cell, u, back: u.new_empty(_packed_size(cell, u, back)))
def pack_weights(cell: str, u: Tensor, for_backward: bool) -> Tensor:
    """Recurrent weights (D, G·H, H) as the kernel reads them, in the forward pass or in the backward pass.

    For the forward pass they may be in bfloat16, and stay so.
    """
    _validate(torch.float32, *(() if for_backward else (torch.bfloat16,)), u=u)
    packed = u.new_empty(_packed_size(cell, u, for_backward))
    sizes = (KERNEL_CELLS.index(cell), *u.shape[::2])
    if for_backward:
        call_kernel("grunlp_pack_backward", *sizes, u.contiguous(), packed)
    else:
        call_kernel("grunlp_pack", *sizes, _is_bf16(u), u.contiguous(), packed)
    return packed


def _validate(*dtypes: torch.dtype, **tensors: Tensor | None) -> None:
    """The kernel reads numbers as what it takes them for.

    Raises:
        TypeError: a tensor is of another type.
    """
    for name, tensor in tensors.items():
        if tensor is not None and tensor.dtype not in dtypes:
            raise TypeError(f"{name} is {tensor.dtype}, expected {' or '.join(map(str, dtypes))}")


def _is_bf16(weights: Tensor) -> int:
    return int(weights.dtype == torch.bfloat16)


def _packed_size(cell: str, u: Tensor, for_backward: bool) -> int:
    return call_kernel("grunlp_packed_size", KERNEL_CELLS.index(cell), *u.shape[::2], _is_bf16(u), int(for_backward))


@_operator("pack_matrix", lambda w: w.new_empty(_matrix_size(w)))
def pack_matrix(w: Tensor) -> Tensor:
    """A matrix (C, I) in float32 or bfloat16, as `affine` reads it."""
    _validate(torch.float32, torch.bfloat16, w=w)
    packed = w.new_empty(_matrix_size(w))
    call_kernel("grunlp_pack_matrix", *w.shape[::-1], _is_bf16(w), w.contiguous(), packed)
    return packed


def _matrix_size(w: Tensor) -> int:
    return call_kernel("grunlp_matrix_size", *w.shape[::-1], _is_bf16(w))


@_operator("affine", lambda x, packed, bias: x.new_empty(x.shape[0], len(bias)))
def linear(x: Tensor, packed: Tensor, bias: Tensor) -> Tensor:
    """x (N, I) times the transpose of what `pack_matrix` packed, with the bias (C,): (N, C). Without gradients."""
    _validate(torch.float32, x=x, bias=bias)
    out = x.new_empty(x.shape[0], len(bias))
    sizes = (torch.get_num_threads(), *x.shape, len(bias), _is_bf16(packed))
    run("grunlp_affine", *sizes, x.contiguous(), packed, bias.contiguous(), out)
    return out


@_operator(
    "recurrence_forward",
    lambda cell, shares, u, packed, c, initial, offsets, order, keep: _allocate_outputs(cell, shares, u, initial, keep),
)
def forward(
    cell: str,
    input_projection: Tensor,
    u: Tensor,
    packed: Tensor,
    c: Tensor | None,
    initial_state: Tensor,
    offsets: Tensor,
    sorted_indices: Tensor,
    save_for_backward: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """The recurrence of one layer.

    Args:
        cell: a name of `KERNEL_CELLS`.
        input_projection: (N, D·G·H), the input's share of the gates with all biases but `c`.
        u: (D, G·H, H) recurrent weights; in float32 when `save_for_backward`, otherwise they may be in bfloat16. Of
            "mingru", which
            has none, (D, 0, H).
        packed: the same by `pack`; of "mingru" anything.
        c: (D, H) bias of the candidate's recurrent product, of "gru" alone.
        initial_state: (D, B, S·H).
        offsets, order: see `Sequences`.
        save_for_backward: whether there will be a backward pass.

    Returns:
        states (N, D·H), final states (D, B, S·H) and, when `save_for_backward`, what the backward pass needs, (N, D,
        K·H).
    """
    _validate(torch.float32, shares=input_projection, initial=initial_state, c=c)
    directions, batch, _ = initial_state.shape
    hidden = u.shape[2]
    states, final, kept = _allocate_outputs(cell, input_projection, u, initial_state, save_for_backward)
    run(
        "grunlp_forward",
        *(KERNEL_CELLS.index(cell), torch.get_num_threads(), batch, directions, hidden, _is_bf16(packed)),
        *(
            offsets,
            sorted_indices,
            initial_state.contiguous(),
            input_projection.contiguous(),
            packed,
            c if c is None else c.contiguous(),
        ),
        *(states, final, kept if save_for_backward else None),
    )
    return states, final, kept


def _allocate_outputs(
    cell: str, input_projection: Tensor, u: Tensor, initial_state: Tensor, save_for_backward: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Room for what `forward` returns."""
    directions, _, hidden = u.shape
    kept = input_projection.new_empty(
        input_projection.shape[0], directions, _SAVED_BLOCKS[cell] * hidden if save_for_backward else 0
    )
    return (
        input_projection.new_empty(input_projection.shape[0], directions * hidden),
        initial_state.new_empty(initial_state.shape),
        kept,
    )


@_operator(
    "recurrence_backward",
    lambda cell, grad, grad_final, states, kept, u, initial, offsets, order: _allocate_gradients(
        cell, grad, u, initial
    ),
)
def backward(
    cell: str,
    grad: Tensor,
    grad_final: Tensor,
    states: Tensor,
    saved: Tensor,
    u: Tensor,
    initial_state: Tensor,
    offsets: Tensor,
    sorted_indices: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of `forward`.

    Args:
        grad, grad_final: of the states and the final states; the others are arguments and results of `forward`.

    Returns:
        gradients of the input's shares (N, D·G·H), of `initial_state`, and of the state's shares (N, D·G·H) for "gru",
        where
        they differ from the input's; otherwise (0,).
    """
    directions, batch, _ = initial_state.shape
    hidden = u.shape[2]
    grad_x, grad_initial, grad_h = _allocate_gradients(cell, grad, u, initial_state)
    run(
        "grunlp_backward",
        *(KERNEL_CELLS.index(cell), torch.get_num_threads(), batch, directions, hidden),
        *(
            offsets,
            sorted_indices,
            initial_state.contiguous(),
            grad.contiguous(),
            grad_final.contiguous(),
            states,
            saved,
        ),
        *(
            None if cell == "mingru" else pack_weights(cell, u, True),
            grad_x,
            grad_h if cell == "gru" else None,
            grad_initial,
        ),
    )
    return grad_x, grad_initial, grad_h


def _allocate_gradients(cell: str, grad: Tensor, u: Tensor, initial_state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Room for what `backward` returns."""
    directions, _, hidden = u.shape
    grad_x = grad.new_empty(grad.shape[0], directions * GATES_PER_CELL[cell] * hidden)
    return (
        grad_x,
        initial_state.new_empty(initial_state.shape),
        torch.empty_like(grad_x) if cell == "gru" else grad.new_empty(0),
    )


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.cell, _, u, _, _, initial, offsets, order, _ = inputs
    states, _, kept = output
    ctx.save_for_backward(states, kept, u, initial, offsets, order)
    ctx.mark_non_differentiable(kept)
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, grad: Tensor | None, grad_final: Tensor | None, _: None) -> tuple[Tensor | None, ...]:
    states, kept, u, initial, offsets, order = ctx.saved_tensors
    grad = torch.zeros_like(states) if grad is None else grad
    grad_final = torch.zeros_like(initial) if grad_final is None else grad_final
    cell, (directions, rows, hidden) = ctx.cell, u.shape
    grad_x, grad_initial, grad_h = backward(cell, grad, grad_final, states, kept, u, initial, offsets, order)
    if cell == "mingru":
        return None, grad_x, None, None, None, grad_initial, None, None, None
    of_product = grad_h if cell == "gru" else grad_x
    grad_u = torch.empty_like(u)
    for d in range(directions):
        before = _previous_states(states[:, d * hidden : (d + 1) * hidden], initial[d, :, :hidden], offsets, d == 1)
        mine = of_product[:, d * rows : (d + 1) * rows]  # (N, G·H)
        if cell == "gru-before":
            torch.mm(mine[:, : 2 * hidden].T, before, out=grad_u[d, : 2 * hidden])
            before, mine = before * kept[:, d, :hidden], mine[:, 2 * hidden :]  # the reset gate acted on it
        torch.mm(mine.T, before, out=grad_u[d, -mine.shape[1] :])
    grad_c = grad_h.view(-1, directions, 3, hidden)[:, :, 2].sum(0) if cell == "gru" else None
    return None, grad_x, grad_u, None, grad_c, grad_initial, None, None, None


def _previous_states(states: Tensor, initial_state: Tensor, offsets: Tensor, reverse: bool) -> Tensor:
    """(N, H) the state that each token's step started from, in one direction."""
    before = torch.empty_like(states, memory_format=torch.contiguous_format)
    filled = offsets[1:] > offsets[:-1]
    if reverse:
        before[:-1] = states[1:]
        before[offsets[1:][filled] - 1] = initial_state[filled]
    else:
        before[1:] = states[:-1]
        before[offsets[:-1][filled]] = initial_state[filled]
    return before


torch.library.register_autograd("grunlp::recurrence_forward", _backward, setup_context=_setup_context, lib=_OP_LIBRARY)
