"""The compiled recurrence as operators that autograd, `torch.compile` and export know."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from grunlp.kernels.loader import CELLS, call, run
from grunlp.kernels.packed_sequence import GATES

# Blocks of H numbers that the backward pass needs of a token.
_KEPT = {"gru": 4, "gru-before": 3, "lstm": 5, "rnn": 0, "mingru": 2}


_LIBRARY = torch.library.Library("grunlp", "FRAGMENT")


def _operator(name: str, fake: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Register a function as the operator `torch.ops.grunlp.<name>` on the CPU.

    Not by `torch.library.custom_op`, which imports Torch's compiler at the first call: two seconds and more.

    Args:
        name: of the operator.
        fake: of the same arguments, makes results of the same shapes that hold nothing.
    """

    def register(function: Callable[..., Any]) -> Any:
        _LIBRARY.define(name + torch.library.infer_schema(function, mutates_args=()))
        _LIBRARY.impl(name, function, "CPU")
        torch.library.register_fake(f"grunlp::{name}", fake, lib=_LIBRARY)
        return getattr(torch.ops.grunlp, name)

    return register


@_operator("recurrence_pack", lambda cell, u, back: u.new_empty(_packed_size(cell, u, back)))
def pack(cell: str, u: Tensor, back: bool) -> Tensor:
    """Recurrent weights (D, G·H, H) as the kernel reads them, in the forward pass or in the backward pass.

    For the forward pass they may be in bfloat16, and stay so.
    """
    _check(torch.float32, *(() if back else (torch.bfloat16,)), u=u)
    packed = u.new_empty(_packed_size(cell, u, back))
    sizes = (CELLS.index(cell), *u.shape[::2])
    if back:
        call("grunlp_pack_backward", *sizes, u.contiguous(), packed)
    else:
        call("grunlp_pack", *sizes, _half(u), u.contiguous(), packed)
    return packed


def _check(*dtypes: torch.dtype, **tensors: Tensor | None) -> None:
    """The kernel reads numbers as what it takes them for.

    Raises:
        TypeError: a tensor is of another type.
    """
    for name, tensor in tensors.items():
        if tensor is not None and tensor.dtype not in dtypes:
            raise TypeError(f"{name} is {tensor.dtype}, expected {' or '.join(map(str, dtypes))}")


def _half(weights: Tensor) -> int:
    return int(weights.dtype == torch.bfloat16)


def _packed_size(cell: str, u: Tensor, back: bool) -> int:
    return call("grunlp_packed_size", CELLS.index(cell), *u.shape[::2], _half(u), int(back))


@_operator("pack_matrix", lambda w: w.new_empty(_matrix_size(w)))
def pack_matrix(w: Tensor) -> Tensor:
    """A matrix (C, I) in float32 or bfloat16, as `affine` reads it."""
    _check(torch.float32, torch.bfloat16, w=w)
    packed = w.new_empty(_matrix_size(w))
    call("grunlp_pack_matrix", *w.shape[::-1], _half(w), w.contiguous(), packed)
    return packed


def _matrix_size(w: Tensor) -> int:
    return call("grunlp_matrix_size", *w.shape[::-1], _half(w))


@_operator("affine", lambda x, packed, bias: x.new_empty(x.shape[0], len(bias)))
def affine(x: Tensor, packed: Tensor, bias: Tensor) -> Tensor:
    """x (N, I) times the transpose of what `pack_matrix` packed, with the bias (C,): (N, C). Without gradients."""
    _check(torch.float32, x=x, bias=bias)
    out = x.new_empty(x.shape[0], len(bias))
    sizes = (torch.get_num_threads(), *x.shape, len(bias), _half(packed))
    run("grunlp_affine", *sizes, x.contiguous(), packed, bias.contiguous(), out)
    return out


@_operator(
    "recurrence_forward",
    lambda cell, shares, u, packed, c, initial, offsets, order, keep: _results(cell, shares, u, initial, keep),
)
def forward(
    cell: str,
    shares: Tensor,
    u: Tensor,
    packed: Tensor,
    c: Tensor | None,
    initial: Tensor,
    offsets: Tensor,
    order: Tensor,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """The recurrence of one layer.

    Args:
        cell: a name of `CELLS`.
        shares: (N, D·G·H), the input's share of the gates with all biases but `c`.
        u: (D, G·H, H) recurrent weights; in float32 when `keep`, otherwise they may be in bfloat16. Of "mingru", which
            has none, (D, 0, H).
        packed: the same by `pack`; of "mingru" anything.
        c: (D, H) bias of the candidate's recurrent product, of "gru" alone.
        initial: (D, B, S·H).
        offsets, order: see `Sequences`.
        keep: whether there will be a backward pass.

    Returns:
        states (N, D·H), final states (D, B, S·H) and, when `keep`, what the backward pass needs, (N, D, K·H).
    """
    _check(torch.float32, shares=shares, initial=initial, c=c)
    directions, batch, _ = initial.shape
    hidden = u.shape[2]
    states, final, kept = _results(cell, shares, u, initial, keep)
    run(
        "grunlp_forward",
        *(CELLS.index(cell), torch.get_num_threads(), batch, directions, hidden, _half(packed)),
        *(offsets, order, initial.contiguous(), shares.contiguous(), packed, c if c is None else c.contiguous()),
        *(states, final, kept if keep else None),
    )
    return states, final, kept


def _results(cell: str, shares: Tensor, u: Tensor, initial: Tensor, keep: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Room for what `forward` returns."""
    directions, _, hidden = u.shape
    kept = shares.new_empty(shares.shape[0], directions, _KEPT[cell] * hidden if keep else 0)
    return shares.new_empty(shares.shape[0], directions * hidden), initial.new_empty(initial.shape), kept


@_operator(
    "recurrence_backward",
    lambda cell, grad, grad_final, states, kept, u, initial, offsets, order: _gradients(cell, grad, u, initial),
)
def backward(
    cell: str,
    grad: Tensor,
    grad_final: Tensor,
    states: Tensor,
    kept: Tensor,
    u: Tensor,
    initial: Tensor,
    offsets: Tensor,
    order: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of `forward`.

    Args:
        grad, grad_final: of the states and the final states; the others are arguments and results of `forward`.

    Returns:
        gradients of the input's shares (N, D·G·H), of `initial`, and of the state's shares (N, D·G·H) for "gru", where
        they differ from the input's; otherwise (0,).
    """
    directions, batch, _ = initial.shape
    hidden = u.shape[2]
    grad_x, grad_initial, grad_h = _gradients(cell, grad, u, initial)
    run(
        "grunlp_backward",
        *(CELLS.index(cell), torch.get_num_threads(), batch, directions, hidden),
        *(offsets, order, initial.contiguous(), grad.contiguous(), grad_final.contiguous(), states, kept),
        *(None if cell == "mingru" else pack(cell, u, True), grad_x, grad_h if cell == "gru" else None, grad_initial),
    )
    return grad_x, grad_initial, grad_h


def _gradients(cell: str, grad: Tensor, u: Tensor, initial: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Room for what `backward` returns."""
    directions, _, hidden = u.shape
    grad_x = grad.new_empty(grad.shape[0], directions * GATES[cell] * hidden)
    return grad_x, initial.new_empty(initial.shape), torch.empty_like(grad_x) if cell == "gru" else grad.new_empty(0)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.cell, _, u, _, _, initial, offsets, order, _ = inputs
    states, _, kept = output
    ctx.save_for_backward(states, kept, u, initial, offsets, order)
    ctx.mark_non_differentiable(kept)
    ctx.set_materialize_grads(False)


def _differentiate(ctx: Any, grad: Tensor | None, grad_final: Tensor | None, _: None) -> tuple[Tensor | None, ...]:
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
        before = _before(states[:, d * hidden : (d + 1) * hidden], initial[d, :, :hidden], offsets, d == 1)
        mine = of_product[:, d * rows : (d + 1) * rows]  # (N, G·H)
        if cell == "gru-before":
            torch.mm(mine[:, : 2 * hidden].T, before, out=grad_u[d, : 2 * hidden])
            before, mine = before * kept[:, d, :hidden], mine[:, 2 * hidden :]  # the reset gate acted on it
        torch.mm(mine.T, before, out=grad_u[d, -mine.shape[1] :])
    grad_c = grad_h.view(-1, directions, 3, hidden)[:, :, 2].sum(0) if cell == "gru" else None
    return None, grad_x, grad_u, None, grad_c, grad_initial, None, None, None


def _before(states: Tensor, initial: Tensor, offsets: Tensor, reverse: bool) -> Tensor:
    """(N, H) the state that each token's step started from, in one direction."""
    before = torch.empty_like(states, memory_format=torch.contiguous_format)
    filled = offsets[1:] > offsets[:-1]
    if reverse:
        before[:-1] = states[1:]
        before[offsets[1:][filled] - 1] = initial[filled]
    else:
        before[1:] = states[:-1]
        before[offsets[:-1][filled]] = initial[filled]
    return before


torch.library.register_autograd("grunlp::recurrence_forward", _differentiate, setup_context=_remember, lib=_LIBRARY)
