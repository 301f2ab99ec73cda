"""Sequences without padding, and the weights of a layer that reads them."""

from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

GATES_PER_CELL = {"gru": 3, "gru-before": 3, "lstm": 4, "rnn": 1, "mingru": 2}  # blocks of H rows in the weights
STATES_PER_CELL = {"gru": 1, "gru-before": 1, "lstm": 2, "rnn": 1, "mingru": 1}  # parts of H features in a state


class PackedBatch:
    """B sequences of together N tokens, which lie one after another without padding.

    Args:
        lengths: (B,) tokens of each.
        steps: T, of the padded tensor they come from.

    Raises:
        ValueError: `lengths` are no whole numbers from 0 to `steps`.
    """

    def __init__(self, lengths: Tensor, steps: int) -> None:
        wrong = lengths.is_floating_point() or ((lengths < 0) | (lengths > steps)).any()
        if not torch.compiler.is_compiling() and wrong:  # a traced program cannot branch on what tensors hold
            raise ValueError(
                f"lengths are whole numbers from 0 to the {steps} steps of the input, got {lengths.tolist()}"
            )
        self.steps, self.lengths = steps, lengths.long()
        self.offsets = functional.pad(self.lengths.cumsum(0), (1, 0))  # (B + 1,) each one's first token; the last is N

    # What not every layer asks for:

    @cached_property
    def sorted_indices(self) -> Tensor:
        """(B,) the longest first."""
        return self.lengths.argsort(descending=True, stable=True)

    @cached_property
    def flat_index(self) -> Tensor:
        """(N,) where each token stands among the B·T of the padded tensor, row by row."""
        real = torch.arange(self.steps, device=self.lengths.device) < self.lengths[:, None]  # (B, T)
        return real.flatten().nonzero()[:, 0]

    @cached_property
    def rows(self) -> Tensor:
        """(N,) the sequence of each token."""
        return self.flat_index // max(self.steps, 1)

    @cached_property
    def is_empty(self) -> bool:
        """Whether there is no token at all, as far as can be known."""
        return not torch.compiler.is_compiling() and int(self.offsets[-1]) == 0

    @cached_property
    def _has_no_padding(self) -> bool:
        """Whether there is no padding, as far as can be known."""
        return not torch.compiler.is_compiling() and int(self.offsets[-1]) == self.lengths.shape[0] * self.steps

    def unpad(self, x: Tensor) -> Tensor:
        """(B, T, F) → (N, F)."""
        return x.flatten(0, 1) if self._has_no_padding else x.flatten(0, 1).index_select(0, self.flat_index)

    def pad(self, x: Tensor) -> Tensor:
        """(N, F) → (B, T, F), zeros at padding."""
        batch, size = self.lengths.shape[0], x.shape[1]
        if not self._has_no_padding:
            x = x.new_zeros(batch * self.steps, size).index_copy(0, self.flat_index, x)
        return x.view(batch, self.steps, size)


class LayerWeights(NamedTuple):
    """Weights of a layer in D directions, the blocks of G gates one after another as in Torch.

    weight_ih: (D, G·H, I) of the input.
    weight_hh: (D, G·H, H) of the state.
    bias_ih: (D, G·H) bias of the input's product.
    bias_hh: (D, G·H) bias of the state's product.
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor

    def to_dtype(self, dtype: torch.dtype) -> "LayerWeights":
        """Those in bfloat16 in another type, for what cannot read them."""
        return LayerWeights(*(part.to(dtype) if part.dtype == torch.bfloat16 else part for part in self))
