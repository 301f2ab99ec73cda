"""Batches of sequences without padding, and the weights of a recurrent layer."""

from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

GATES_PER_CELL = {"gru": 3, "gru-reset-before": 3, "lstm": 4, "rnn": 1, "mingru": 2}  # blocks of H rows of the weights
STATES_PER_CELL = {"gru": 1, "gru-reset-before": 1, "lstm": 2, "rnn": 1, "mingru": 1}  # blocks of H features of a state


class PackedBatch:
    """Layout of B sequences with N tokens in total, concatenated without padding.

    Args:
        lengths: (B,) tokens of each sequence.
        steps: T, length of the padded tensor.

    Attributes:
        offsets: (B + 1,) position of the first token of each sequence; the last is N.

    Raises:
        ValueError: `lengths` are not integers from 0 to `steps`.
    """

    def __init__(self, lengths: Tensor, steps: int) -> None:
        is_invalid = lengths.is_floating_point() or ((lengths < 0) | (lengths > steps)).any()
        if not torch.compiler.is_compiling() and is_invalid:  # a traced program cannot branch on values
            raise ValueError(
                f"lengths must be integers from 0 to the {steps} steps of the input, got {lengths.tolist()}"
            )
        self.steps, self.lengths = steps, lengths.long()
        self.offsets = functional.pad(self.lengths.cumsum(0), (1, 0))

    @cached_property
    def sorted_indices(self) -> Tensor:
        """(B,) indices of the sequences, longest first."""
        return self.lengths.argsort(descending=True, stable=True)

    @cached_property
    def flat_index(self) -> Tensor:
        """(N,) index of each token among the B·T positions of the padded tensor, row by row."""
        is_real = torch.arange(self.steps, device=self.lengths.device) < self.lengths[:, None]  # (B, T)
        return is_real.flatten().nonzero()[:, 0]

    @cached_property
    def rows(self) -> Tensor:
        """(N,) index of the sequence of each token."""
        return self.flat_index // max(self.steps, 1)

    @cached_property
    def is_empty(self) -> bool:
        """Whether there are no tokens; False while a program is traced."""
        return not torch.compiler.is_compiling() and int(self.offsets[-1]) == 0

    @cached_property
    def _has_no_padding(self) -> bool:
        """Whether all sequences have T tokens; False while a program is traced."""
        return not torch.compiler.is_compiling() and int(self.offsets[-1]) == self.lengths.shape[0] * self.steps

    def unpad(self, x: Tensor) -> Tensor:
        """Remove padding: (B, T, F) → (N, F)."""
        return x.flatten(0, 1) if self._has_no_padding else x.flatten(0, 1).index_select(0, self.flat_index)

    def pad(self, x: Tensor) -> Tensor:
        """Restore padding as zeros: (N, F) → (B, T, F)."""
        batch_size, size = self.lengths.shape[0], x.shape[1]
        if not self._has_no_padding:
            x = x.new_zeros(batch_size * self.steps, size).index_copy(0, self.flat_index, x)
        return x.view(batch_size, self.steps, size)


class LayerWeights(NamedTuple):
    """Weights of a layer in D directions; the blocks of its G gates are stacked as in PyTorch.

    Attributes:
        weight_ih: (D, G·H, I) input weights.
        weight_hh: (D, G·H, H) recurrent weights.
        bias_ih: (D, G·H) bias of the product with the input.
        bias_hh: (D, G·H) bias of the product with the state.
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor

    def to_dtype(self, dtype: torch.dtype) -> "LayerWeights":
        """Convert bfloat16 weights to another type, for code that does not support bfloat16."""
        return LayerWeights(*(weight.to(dtype) if weight.dtype == torch.bfloat16 else weight for weight in self))
