"""Sequences without padding, and the weights of a layer that reads them."""

from typing import NamedTuple

import torch
from torch import Tensor

GATES = {"gru": 3, "gru-before": 3, "lstm": 4, "rnn": 1}  # blocks of H rows in the weights
STATES = {"gru": 1, "gru-before": 1, "lstm": 2, "rnn": 1}  # parts of H features in a state


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
        """The sequences of a tensor padded to `steps`.

        Raises:
            ValueError: `lengths` are no whole numbers from 0 to `steps`.
        """
        if lengths.is_floating_point() or ((lengths < 0) | (lengths > steps)).any():
            raise ValueError(
                f"lengths are whole numbers from 0 to the {steps} steps of the input, got {lengths.tolist()}"
            )
        lengths = lengths.long()
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
