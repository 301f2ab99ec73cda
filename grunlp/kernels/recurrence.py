"""One recurrent layer over sequences without padding: compiled on the CPU, by Torch (cuDNN on a GPU) elsewhere.

The input's share of all gates is one product before the recurrence, the gradient of the recurrent weights one product
after it (as Appleyard et al. 2016 do on GPUs). What depends on time, `recurrence.cpp` computes.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from grunlp.kernels.library import CELLS, call, library

GATES = {"gru": 3, "gru-before": 3, "lstm": 4, "rnn": 1}  # blocks of H rows in the weights
STATES = {"gru": 1, "gru-before": 1, "lstm": 2, "rnn": 1}  # parts of H features in a state
_KEPT = {"gru": 4, "gru-before": 3, "lstm": 5, "rnn": 0}  # blocks of H numbers that the backward pass needs of a token


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


class Weights(NamedTuple):
    """Weights of a layer in D directions, the blocks of G gates one after another as in Torch.

    w: (D, G·H, I) of the input.
    u: (D, G·H, H) of the state.
    b: (D, G·H) bias of the input's product.
    c: (D, G·H) bias of the state's product.
    """

    w: Tensor
    u: Tensor
    b: Tensor
    c: Tensor


def recurrent_layer(
    cell: str, x: Tensor, sequences: Sequences, initial: Tensor, weights: Weights
) -> tuple[Tensor, Tensor]:
    """All states of a layer in one direction or two, by Torch's equations.

    Args:
        cell: a name of `CELLS`; "gru-before" has the reset gate before the product, which Torch does not have.
        x: (N, I).
        sequences: which token belongs to which sequence.
        initial: (D, B, S·H), the states before the first step; an LSTM has S = 2, its memory after its state.
        weights: of the layer.

    Returns:
        (N, D·H) the state after each token; in the second direction a sequence is read from its end. And (D, B, S·H),
        the states after the last step.
    """
    directions, _, hidden = weights.u.shape
    if not len(x):
        return x.new_zeros(0, directions * hidden), initial
    compiled = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
    if not (compiled and library()):
        return _by_torch(cell, x, sequences, initial, weights)
    bias = weights.b + weights.c
    c = None
    if cell == "gru":  # the candidate's own bias stays inside, behind the reset gate
        inside = torch.arange(3 * hidden) >= 2 * hidden
        bias, c = torch.where(inside, weights.b, bias), weights.c[:, 2 * hidden :]
    shares = torch.addmm(bias.flatten(), x, weights.w.flatten(0, 1).T)  # (N, D·G·H)
    given = (shares, weights.u, c, initial)
    keep = torch.is_grad_enabled() and any(tensor is not None and tensor.requires_grad for tensor in given)
    states, final, _ = forward(cell, *given, sequences.offsets, sequences.order, keep)
    return states, final


def _by_torch(cell: str, x: Tensor, sequences: Sequences, initial: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    """The same by `torch.gru`, `torch.lstm` or `torch.rnn_tanh` on a packed sequence."""
    if cell == "gru-before":
        return step_by_step(cell, x, sequences, initial, weights)
    directions, _, hidden = weights.u.shape
    rows = sequences.order[sequences.lengths[sequences.order] > 0]  # longest first, as Torch wants them
    rank = torch.zeros_like(sequences.order).index_copy(0, rows, torch.arange(len(rows), device=x.device))
    step = torch.arange(len(x), device=x.device) - sequences.offsets[sequences.rows]  # (N,) place in its sequence
    packing = torch.argsort(step * len(rank) + rank[sequences.rows])  # step by step, the longest sequence first
    sizes = torch.bincount(step).cpu()
    flat = [part for d in range(directions) for part in (weights.w[d], weights.u[d], weights.b[d], weights.c[d])]
    start = initial[:, rows]
    both = tuple(start.split(hidden, dim=2)) if cell == "lstm" else start
    function = {"gru": torch.gru, "lstm": torch.lstm, "rnn": torch.rnn_tanh}[cell]
    options = (True, 1, 0.0, torch.is_grad_enabled(), directions == 2)
    packed, *finals = function(x[packing], sizes, both, flat, *options)  # type: ignore[operator]
    states = torch.empty_like(packed).index_copy(0, packing, packed)
    return states, initial.index_copy(1, rows, torch.cat(finals, dim=2))


def step_by_step(
    cell: str, x: Tensor, sequences: Sequences, initial: Tensor, weights: Weights
) -> tuple[Tensor, Tensor]:
    """The same a step at a time, for what nothing else computes. Arguments as for `recurrent_layer`."""
    outputs, finals = [], []
    counts = [int((sequences.lengths > t).sum()) for t in range(int(sequences.lengths.max()))]
    starts = sequences.offsets[sequences.order]
    for d in range(len(weights.u)):
        w, u, b, c = (part[d] for part in weights)
        shares = torch.addmm(b, x, w.T)  # (N, G·H)
        state = initial[d, sequences.order]  # (B, S·H)
        found, places = [], []
        for t in reversed(range(len(counts))) if d else range(len(counts)):
            active = counts[t]
            tokens = starts[:active] + t
            new = cell_step(cell, shares[tokens], state[:active], u, c)
            state = torch.cat([new, state[active:]])
            found.append(new[:, : u.shape[1]])
            places.append(tokens)
        states = torch.cat(found)
        outputs.append(torch.empty_like(states).index_copy(0, torch.cat(places), states))
        finals.append(torch.empty_like(state).index_copy(0, sequences.order, state))
    return torch.cat(outputs, dim=1), torch.stack(finals)


def cell_step(cell: str, share: Tensor, state: Tensor, u: Tensor, c: Tensor) -> Tensor:
    """One step of a cell.

    Args:
        share: (B, G·H), the input's product with its bias.
        state: (B, S·H).
        u, c: (G·H, H) and (G·H,), recurrent weights and bias.

    Returns:
        the new state (B, S·H).
    """
    hidden = u.shape[1]
    if cell == "lstm":
        h, memory = state.split(hidden, dim=1)
        i, f, g, o = (share + torch.addmm(c, h, u.T)).chunk(4, dim=1)
        memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        return torch.cat([torch.sigmoid(o) * torch.tanh(memory), memory], dim=1)
    if cell == "rnn":
        return torch.tanh(share + torch.addmm(c, state, u.T))
    x_rz, x_n = share.split([2 * hidden, hidden], dim=1)
    if cell == "gru":
        rz, n = torch.addmm(c, state, u.T).split([2 * hidden, hidden], dim=1)
        r, z = torch.sigmoid(x_rz + rz).chunk(2, dim=1)
        n = torch.tanh(x_n + r * n)
    else:
        r, z = torch.sigmoid(x_rz + torch.addmm(c[: 2 * hidden], state, u[: 2 * hidden].T)).chunk(2, dim=1)
        n = torch.tanh(x_n + torch.addmm(c[2 * hidden :], r * state, u[2 * hidden :].T))
    return n + z * (state - n)


@torch.library.custom_op("grunlp::recurrence_forward", mutates_args=(), device_types="cpu")
def forward(
    cell: str,
    shares: Tensor,
    u: Tensor,
    c: Tensor | None,
    initial: Tensor,
    offsets: Tensor,
    order: Tensor,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """The recurrence of one layer, as an operator that autograd, `torch.compile` and export know.

    Args:
        cell: a name of `CELLS`.
        shares: (N, D·G·H), the input's share of the gates with all biases but `c`.
        u: (D, G·H, H) recurrent weights.
        c: (D, H) bias of the candidate's recurrent product, of "gru" alone.
        initial: (D, B, S·H).
        offsets, order: see `Sequences`.
        keep: whether there will be a backward pass.

    Returns:
        states (N, D·H), final states (D, B, S·H) and, when `keep`, what the backward pass needs, (N, D, K·H).
    """
    directions, batch, _ = initial.shape
    hidden = u.shape[2]
    states, final = shares.new_empty(len(shares), directions * hidden), initial.new_empty(initial.shape)
    kept = shares.new_empty(len(shares), directions, _KEPT[cell] * hidden if keep else 0)
    call(
        "grunlp_forward",
        *(CELLS.index(cell), torch.get_num_threads(), batch, directions, hidden),
        *(
            offsets,
            order,
            initial.contiguous(),
            shares.contiguous(),
            _pack("grunlp_pack", cell, u),
            c if c is None else c.contiguous(),
        ),
        *(states, final, kept if keep else None),
    )
    return states, final, kept


@torch.library.custom_op("grunlp::recurrence_backward", mutates_args=(), device_types="cpu")
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
    grad_x, grad_initial = grad.new_empty(len(grad), u.shape[0] * u.shape[1]), grad.new_empty(initial.shape)
    grad_h = torch.empty_like(grad_x) if cell == "gru" else grad.new_empty(0)
    call(
        "grunlp_backward",
        *(CELLS.index(cell), torch.get_num_threads(), batch, directions, hidden),
        *(offsets, order, initial.contiguous(), grad.contiguous(), grad_final.contiguous(), states, kept),
        *(_pack("grunlp_pack_backward", cell, u), grad_x, grad_h if cell == "gru" else None, grad_initial),
    )
    return grad_x, grad_initial, grad_h


def _pack(function: str, cell: str, u: Tensor) -> Tensor:
    """Recurrent weights (D, G·H, H) as the kernel reads them."""
    directions, _, hidden = u.shape
    number = CELLS.index(cell)
    size = call("grunlp_packed_size", number, directions, hidden, int(function == "grunlp_pack_backward"))
    packed = u.new_empty(size)
    call(function, number, directions, hidden, u.contiguous(), packed)
    return packed


@forward.register_fake
def _(
    cell: str, shares: Tensor, u: Tensor, c: Tensor | None, initial: Tensor, offsets: Tensor, order: Tensor, keep: bool
) -> tuple[Tensor, Tensor, Tensor]:
    directions, _, hidden = u.shape
    kept = shares.new_empty(len(shares), directions, _KEPT[cell] * hidden if keep else 0)
    return shares.new_empty(len(shares), directions * hidden), initial.new_empty(initial.shape), kept


@backward.register_fake
def _(
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
    grad_x = grad.new_empty(len(grad), u.shape[0] * u.shape[1])
    return grad_x, initial.new_empty(initial.shape), torch.empty_like(grad_x) if cell == "gru" else grad.new_empty(0)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.cell, _, u, _, initial, offsets, order, _ = inputs
    states, _, kept = output
    ctx.save_for_backward(states, kept, u, initial, offsets, order)
    ctx.mark_non_differentiable(kept)


def _differentiate(ctx: Any, grad: Tensor, grad_final: Tensor, _: None) -> tuple[Tensor | None, ...]:
    states, kept, u, initial, offsets, order = ctx.saved_tensors
    cell, (directions, rows, hidden) = ctx.cell, u.shape
    grad_x, grad_initial, grad_h = backward(cell, grad, grad_final, states, kept, u, initial, offsets, order)
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
    return None, grad_x, grad_u, grad_c, grad_initial, None, None, None


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


forward.register_autograd(_differentiate, setup_context=_remember)
