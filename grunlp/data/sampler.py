"""A sampler of batches that hold examples of similar length under a token budget (length bucketing)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from torch.utils.data import Sampler


class TokenBudgetSampler(Sampler[list[int]]):
    """A sampler of batches of indices whose padded size is within a token budget (a bucket batch sampler).

    The padded size of a batch is the length of its longest example times its number of rows; a sentence takes one row
    for each predicate, at least one. An example larger than the budget becomes a batch of its own; none is truncated or
    left out.

    Args:
        lengths: tokens of each example.
        multiplicity: number of rows of each example; for role labelling its number of predicates.
        max_tokens: the largest size of a batch, padding included.
        shuffle: make new batches in a new order each epoch; otherwise batches are sorted, shortest first.
        seed: the random seed of the shuffling.
    """

    def __init__(self, lengths: ArrayLike, multiplicity: ArrayLike, max_tokens: int, shuffle: bool, seed: int) -> None:
        self.lengths = np.asarray(lengths, dtype=np.int64)
        self.multiplicity = np.maximum(np.asarray(multiplicity, dtype=np.int64), 1)
        self.max_tokens, self.shuffle, self.seed = max_tokens, shuffle, seed
        self.batches = self._make_batches(epoch=0)

    def set_epoch(self, epoch: int) -> None:
        """Draw the batches of an epoch; their number may differ slightly between epochs."""
        if self.shuffle:
            self.batches = self._make_batches(epoch)

    def _make_batches(self, epoch: int) -> list[list[int]]:
        if not self.shuffle:
            return self._pack(np.argsort(self.lengths, kind="stable"))
        random = np.random.default_rng([self.seed, epoch])
        # Order by length plus random noise of up to a tenth and a token, so that batches differ between epochs.
        noise = random.uniform(1.0, 1.1, len(self.lengths)), random.uniform(0.0, 1.0, len(self.lengths))
        batches = self._pack(np.argsort(self.lengths * noise[0] + noise[1], kind="stable"))
        return [batches[i] for i in random.permutation(len(batches))]

    def _pack(self, order: np.ndarray) -> list[list[int]]:
        batches: list[list[int]] = []
        batch: list[int] = []
        longest = rows = 0
        for index in order.tolist():
            longest, rows = max(longest, int(self.lengths[index])), rows + int(self.multiplicity[index])
            if batch and longest * rows > self.max_tokens:
                batches.append(batch)
                batch, longest, rows = [], int(self.lengths[index]), int(self.multiplicity[index])
            batch.append(index)
        return [*batches, batch] if batch else batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)
