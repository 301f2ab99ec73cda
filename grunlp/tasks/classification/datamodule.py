"""Batches of sequences, each with a class."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from grunlp.data.sampler import TokenBudgetSampler
from grunlp.training.token_budget_datamodule import BatchPlan

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SequenceBatchPlanner:
    """A planner that divides texts or time series into batches.

    Args:
        max_length: largest number of words to read of a text; 0: all. Time series are read completely.
    """

    max_length: int

    def __call__(
        self, examples: Any, max_tokens: int, *, training: bool, seed: int = 0, split_name: str | None = None
    ) -> BatchPlan:
        """Plan the batches of some examples. Arguments as for `BatchPlanner`."""
        if "words" in examples.column_names:
            lengths = self._read_lengths([len(words) for words in examples["words"]], split_name)
        else:
            lengths = list(examples["steps"])
        loss_counts = np.ones(len(lengths), dtype=np.int64)
        return BatchPlan(examples, TokenBudgetSampler(lengths, loss_counts, max_tokens, training, seed), loss_counts)

    def _read_lengths(self, lengths: list[int], split_name: str | None) -> list[int]:
        """Return the number of words that are read of each text."""
        num_longer = sum(length > self.max_length for length in lengths) if self.max_length else 0
        if num_longer and split_name:
            log.warning(
                "%s: only the first %d words of %d of %d texts are read (loader.max_length)",
                split_name, self.max_length, num_longer, len(lengths),
            )  # fmt: skip
        return [min(length, self.max_length or length) for length in lengths]
