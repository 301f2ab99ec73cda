"""One recurrent layer over sequences without padding: compiled on the CPU, by Torch (cuDNN on a GPU) elsewhere.

The input's share of all gates is one product before the recurrence, the gradient of the recurrent weights one product
after it (as Appleyard et al. 2016 do on GPUs). What depends on time, `recurrence.cpp` computes.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from grunlp.kernels.library import library, say_once
from grunlp.kernels.operators import affine, forward, pack, pack_matrix
from grunlp.kernels.sequences import Sequences, Weights
from grunlp.kernels.steps import step_by_step

_LOOKED_AT = 50


class Prepared(NamedTuple):
    """Weights as the compiled recurrence wants them.

    w: those of the input by `pack_matrix`; None for what learns, whose products are Torch's.
    u: those of the state, by `pack`.
    bias: (D·G·H,) of the input's shares.
    c: (D, H) of the candidate's recurrent product, behind the reset gate: "gru" alone.
    """

    w: Tensor | None
    u: Tensor
    bias: Tensor
    c: Tensor | None

    @classmethod
    def of(cls, cell: str, weights: Weights, learns: bool) -> "Prepared":
        """Prepare the weights of a layer."""
        w = None if learns else pack_matrix(weights.w.detach().flatten(0, 1))
        u, bias = pack(cell, weights.u.detach(), False), weights.b + weights.c
        if cell != "gru":
            return cls(w, u, bias.flatten(), None)
        gates = 2 * weights.u.shape[2]
        bias = torch.cat([bias[:, :gates], weights.b[:, gates:]], dim=1)
        return cls(w, u, bias.flatten(), weights.c[:, gates:])


class Cache:
    """The prepared weights of a layer: made once for as long as these stay the same, anew whenever they may learn."""

    def __init__(self) -> None:
        self._state: object = None
        self._weights: Weights | None = None  # held on to, so that nothing else can come to lie at their addresses
        self._prepared: Prepared | None = None

    def __getstate__(self) -> dict[str, None]:
        """A copy prepares its own: it may come to a machine that packs in another way."""
        return dict.fromkeys(vars(self))

    def of(self, cell: str, weights: Weights) -> Prepared:
        """What `Prepared.of` makes of weights that learn nothing."""
        if torch.is_grad_enabled() or torch.compiler.is_compiling() or weights.u.is_inference():
            return Prepared.of(cell, weights, False)
        # What goes by way of `.data` makes no new version. Mostly it changes all weights, so a few are looked at.
        some = [part.flatten()[:: max(1, part.numel() // _LOOKED_AT)].tolist() for part in weights[:2]]
        state = ([(part.data_ptr(), part._version) for part in weights], some)
        if self._prepared is None or self._state != state:
            self._state, self._weights, self._prepared = state, weights, Prepared.of(cell, weights, False)
        return self._prepared


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
    if not len(x):
        return x.new_zeros(0, directions * hidden), initial
    given = (x, initial, *weights)
    learns = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given)
    if not compiled(x):
        return _by_torch(cell, x, sequences, initial, weights.to(x.dtype))
    places = (sequences.offsets, sequences.order)
    if learns:
        weights = weights.to(torch.float32)
        prepared = Prepared.of(cell, weights, True)
        shares = torch.addmm(prepared.bias, x, weights.w.flatten(0, 1).T)  # (N, D·G·H)
    else:
        prepared = cache.of(cell, weights)
        assert prepared.w is not None
        shares = affine(x, prepared.w, prepared.bias)
    states, final, _ = forward(cell, shares, weights.u, prepared.u, prepared.c, initial, *places, learns)
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
