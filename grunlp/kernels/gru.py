"""One GRU layer over sequences without padding: compiled on the CPU, `torch.gru` (cuDNN on a GPU) everywhere else.

The input's share of all gates is one product before the recurrence, the gradient of the recurrent weights one product
after it (as Appleyard et al. 2016 do on GPUs). What depends on time, `recurrence.cpp` computes.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from grunlp.kernels.library import call, library

# Added to the update gate at padded steps: σ of it is exactly 1 in every floating-point format, so h_t = h_{t-1}.
_HOLD = 200.0


class Sequences(NamedTuple):
    """B sequences of together N tokens, which lie one after another without padding.

    steps: T, of the padded tensor they come from.
    lengths: (B,) tokens of each.
    offsets: (B + 1,) index of each sequence's first token; the last is N.
    order: (B,) the longest first.
    tokens: (N,) where each token stands among the B·T of the padded tensor, row by row.
    rows: (N,) the sequence of each token.
    """

    steps: int
    lengths: Tensor
    offsets: Tensor
    order: Tensor
    tokens: Tensor
    rows: Tensor

    @classmethod
    def of(cls, lengths: Tensor, steps: int) -> "Sequences":
        """The sequences of a tensor padded to `steps`; `lengths` (B,) lie between 0 and that."""
        offsets = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
        order = lengths.argsort(descending=True, stable=True)
        real = torch.arange(steps, device=lengths.device) < lengths[:, None]  # (B, T)
        tokens = real.flatten().nonzero()[:, 0]
        return cls(steps, lengths, offsets, order, tokens, tokens // max(steps, 1))

    def unpad(self, x: Tensor) -> Tensor:
        """(B, T, F) → (N, F)."""
        flat = x.flatten(0, 1)
        return flat if len(flat) == len(self.tokens) else flat.index_select(0, self.tokens)

    def pad(self, x: Tensor) -> Tensor:
        """(N, F) → (B, T, F), zeros at padding."""
        batch, size = len(self.lengths), x.shape[1]
        if len(x) < batch * self.steps:
            x = x.new_zeros(batch * self.steps, size).index_copy(0, self.tokens, x)
        return x.view(batch, self.steps, size)


def gru_layer(x: Tensor, sequences: Sequences, initial: Tensor, weights: list[Tensor]) -> Tensor:
    """States of a one-layer GRU in one direction or two, by Torch's equations.

    Args:
        x: (N, I).
        sequences: which token belongs to which sequence.
        initial: (D, B, H), the states before the first step.
        weights: for each direction input weights (3H, I), recurrent weights (3H, H) and their biases (3H,), the blocks
            in the order reset, update, candidate.

    Returns:
        (N, D·H), the state after each token; in the second direction a sequence is read from its end.
    """
    directions, _, hidden = initial.shape
    if not len(x):
        return x.new_zeros(0, directions * hidden)
    compiled = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
    if not (compiled and library()):
        return _torch_layer(x, sequences, initial, weights)
    w, u, b, c = (torch.cat(weights[kind::4]) for kind in range(4))
    u, c = u.view(directions, 3 * hidden, hidden), c.view(directions, 3, hidden)
    # The candidate's own bias stays inside, behind the reset gate.
    bias = torch.cat([b.view(directions, 3, hidden)[:, :2] + c[:, :2], b.view(directions, 3, hidden)[:, 2:]], dim=1)
    shares = torch.addmm(bias.flatten(), x, w.T)  # (N, D·3·H)
    keep = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (shares, u, c, initial))
    states, _ = gru_forward(shares, u, c[:, 2], initial, sequences.offsets, sequences.order, keep)
    return states


def _torch_layer(x: Tensor, sequences: Sequences, initial: Tensor, weights: list[Tensor]) -> Tensor:
    """The same by `torch.gru` over padded sequences, with one more input column that holds the state at padding."""
    directions, _, hidden = initial.shape
    held = weights[0].new_zeros(3 * hidden, 1)
    held[hidden : 2 * hidden] = _HOLD
    weights = [torch.cat([w, held], dim=1) if i % 4 == 0 else w for i, w in enumerate(weights)]  # (3H, I + 1)
    padded = sequences.pad(x)  # (B, T, I)
    past = torch.arange(sequences.steps, device=x.device) >= sequences.lengths[:, None]  # (B, T)
    padded = torch.cat([padded, past[..., None].to(x.dtype)], dim=2)
    training = torch.is_grad_enabled()
    states, _ = torch.gru(padded, initial, weights, True, 1, 0.0, training, directions == 2, True)  # (B, T, D·H)
    return sequences.unpad(states)


@torch.library.custom_op("grunlp::gru_forward", mutates_args=(), device_types="cpu")
def gru_forward(
    shares: Tensor, u: Tensor, c: Tensor, initial: Tensor, offsets: Tensor, order: Tensor, keep: bool
) -> tuple[Tensor, Tensor]:
    """The recurrence of one layer, as an operator that autograd, `torch.compile` and export know.

    Args:
        shares: (N, D·3·H), the input's share of the gates with all biases but `c`.
        u: (D, 3·H, H) recurrent weights.
        c: (D, H) bias of the candidate's recurrent product.
        initial: (D, B, H).
        offsets, order: see `Sequences`.
        keep: whether there will be a backward pass.

    Returns:
        states (N, D·H) and, when `keep`, what the backward pass needs, (N, D, 4, H); otherwise nothing, (0,).
    """
    directions, batch, hidden = initial.shape
    states = shares.new_empty(len(shares), directions * hidden)
    kept = shares.new_empty(len(shares), directions, 4, hidden) if keep else shares.new_empty(0)
    packed = _pack("grunlp_gru_pack", u)
    call(
        "grunlp_gru_forward",
        *(torch.get_num_threads(), batch, directions, hidden),
        *(offsets, order, shares.contiguous(), packed, c.contiguous(), initial.contiguous()),
        *(states, kept if keep else None),
    )
    return states, kept


@torch.library.custom_op("grunlp::gru_backward", mutates_args=(), device_types="cpu")
def gru_backward(
    grad: Tensor, states: Tensor, kept: Tensor, u: Tensor, initial: Tensor, offsets: Tensor, order: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of `gru_forward`.

    Args:
        grad: (N, D·H), of the states; the other arguments are those and the results of `gru_forward`.

    Returns:
        gradients of the input's shares (N, D·3·H), of the state's shares (N, D·3·H) and of `initial` (D, B, H).
    """
    directions, batch, hidden = initial.shape
    grad_x, grad_h = (grad.new_empty(len(grad), directions * 3 * hidden) for _ in range(2))
    grad_initial = torch.empty_like(initial, memory_format=torch.contiguous_format)
    packed = _pack("grunlp_gru_pack_backward", u)
    call(
        "grunlp_gru_backward",
        *(torch.get_num_threads(), batch, directions, hidden),
        *(offsets, order, grad.contiguous(), states, kept, packed, initial.contiguous()),
        *(grad_x, grad_h, grad_initial),
    )
    return grad_x, grad_h, grad_initial


def _pack(function: str, u: Tensor) -> Tensor:
    """Recurrent weights (D, 3·H, H) as the kernel reads them."""
    directions, _, hidden = u.shape
    loaded = library()
    assert loaded is not None
    width = loaded.grunlp_width()
    packed = u.new_empty(directions * 3 * hidden * (-(-hidden // width) * width))
    call(function, directions, hidden, u.contiguous(), packed)
    return packed


@gru_forward.register_fake
def _(
    shares: Tensor, u: Tensor, c: Tensor, initial: Tensor, offsets: Tensor, order: Tensor, keep: bool
) -> tuple[Tensor, Tensor]:
    directions, _, hidden = initial.shape
    kept = shares.new_empty(len(shares), directions, 4, hidden) if keep else shares.new_empty(0)
    return shares.new_empty(len(shares), directions * hidden), kept


@gru_backward.register_fake
def _(
    grad: Tensor, states: Tensor, kept: Tensor, u: Tensor, initial: Tensor, offsets: Tensor, order: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    shares = grad.new_empty(len(grad), u.shape[0] * u.shape[1])
    return shares, torch.empty_like(shares), torch.empty_like(initial)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    _, u, _, initial, offsets, order, _ = inputs
    ctx.save_for_backward(*output, u, initial, offsets, order)
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)


def _differentiate(ctx: Any, grad: Tensor, _: None) -> tuple[Tensor | None, ...]:
    states, kept, u, initial, offsets, order = ctx.saved_tensors
    grad_x, grad_h, grad_initial = gru_backward(grad, states, kept, u, initial, offsets, order)
    directions, _batch, hidden = initial.shape
    grad_u = torch.empty_like(u)
    for d in range(directions):
        before = _before(states[:, d * hidden : (d + 1) * hidden], initial[d], offsets, d == 1)
        torch.mm(grad_h[:, d * 3 * hidden : (d + 1) * 3 * hidden].T, before, out=grad_u[d])
    grad_c = grad_h.view(-1, directions, 3, hidden)[:, :, 2].sum(0)
    return grad_x, grad_u, grad_c, grad_initial, None, None, None


def _before(states: Tensor, initial: Tensor, offsets: Tensor, backward: bool) -> Tensor:
    """(N, H) the state that each token's step started from, in one direction."""
    before = torch.empty_like(states, memory_format=torch.contiguous_format)
    filled = offsets[1:] > offsets[:-1]
    if backward:
        before[:-1] = states[1:]
        before[offsets[1:][filled] - 1] = initial[filled]
    else:
        before[1:] = states[:-1]
        before[offsets[:-1][filled]] = initial[filled]
    return before


gru_forward.register_autograd(_differentiate, setup_context=_remember)
