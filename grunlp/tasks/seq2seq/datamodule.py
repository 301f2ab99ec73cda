"""Batches of pairs of texts."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grunlp.data.datasets.corpus import Corpus
from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.seq2seq.options import Seq2SeqLoaderOptions
from grunlp.training.datamodules import make_datamodule
from grunlp.training.options import StreamingTrainerOptions
from grunlp.training.token_budget_datamodule import BatchPlan, ValidatedDataModule
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

_ENCODED_AT_ONCE = 1000  # texts


@dataclass(frozen=True)
class ParallelBatchPlanner:
    """A planner that divides pairs of texts into batches; the length of a pair is that of its longer side.

    Args:
        source, target: the tokenizers.
        max_source_length, max_target_length: largest number of tokens of each side of a training pair; 0: no limit.
        truncate_source: whether to cut longer sources to the limit, in all splits, instead of leaving them out of
            training.
    """

    source: TextTokenizer
    target: TextTokenizer
    max_source_length: int
    max_target_length: int
    truncate_source: bool

    def __call__(
        self, examples: Any, max_tokens: int, *, training: bool, seed: int = 0, split_name: str | None = None
    ) -> BatchPlan:
        """Plan the batches of some pairs.

        Arguments as for `BatchPlanner`.

        Raises:
            UserError: all training pairs of a named split are too long.
        """
        sources = self._source_lengths(_encoded_lengths(self.source, examples["source"]), split_name)
        targets = _encoded_lengths(self.target, examples["target"])
        if training:
            keep = self._short_enough(sources, targets, split_name)
            examples, sources, targets = examples.select(keep), sources[keep], targets[keep]
        lengths = np.maximum(sources, targets) + 1
        sampler = TokenBudgetSampler(lengths, np.ones_like(lengths), max_tokens, training, seed)
        return BatchPlan(examples, sampler, targets + 1)  # the end of a target is a token too

    def _source_lengths(self, lengths: np.ndarray, split_name: str | None) -> np.ndarray:
        """Return the number of tokens that are read of each source."""
        if not (self.truncate_source and self.max_source_length):
            return lengths
        num_longer = int((lengths > self.max_source_length).sum())
        if num_longer and split_name:
            log.warning(
                "%s: only the first %d tokens of %d of %d sources are read (loader.max_source_length)",
                split_name, self.max_source_length, num_longer, len(lengths),
            )  # fmt: skip
        return np.minimum(lengths, self.max_source_length)

    def _short_enough(self, sources: np.ndarray, targets: np.ndarray, split_name: str | None) -> np.ndarray:
        """Return the indices of the pairs that are not too long, and log the number of the others."""
        max_source = 0 if self.truncate_source else self.max_source_length
        limits = {"loader.max_source_length": max_source, "loader.max_target_length": self.max_target_length}
        fits = np.ones(len(sources), dtype=bool)
        for lengths, limit in zip((sources, targets), limits.values(), strict=True):
            if limit:
                fits &= lengths <= limit
        exceeded = " or ".join(f"{key}={limit}" for key, limit in limits.items() if limit)
        if split_name and not fits.any():
            hint = "Raise loader.max_source_length and loader.max_target_length"
            raise UserError(f"{split_name}: all pairs are too long", f"they have more than {exceeded} tokens", hint)
        if split_name and not fits.all():
            log.warning("%s: %d pairs removed, longer than %s tokens", split_name, int((~fits).sum()), exceeded)
        return np.flatnonzero(fits)


def make_parallel_datamodule(
    corpus: Corpus,
    source: TextTokenizer,
    target: TextTokenizer,
    loader: Seq2SeqLoaderOptions,
    trainer: StreamingTrainerOptions,
    seed: int,
    subword_regularization: float = 0.0,
) -> ValidatedDataModule:
    """Make the data module of pairs of texts.

    Args:
        corpus: the splits.
        source: the tokenizer of sources.
        target: the tokenizer of targets.
        loader: the group `loader` of the configuration.
        trainer: the group `trainer` of the configuration.
        seed: the random seed of the shuffling.
        subword_regularization: see `ParallelCollator`; it is used only in training.
    """
    plan = ParallelBatchPlanner(
        source, target, loader.max_source_length, loader.max_target_length, loader.truncate_source
    )
    longest = loader.max_source_length if loader.truncate_source else 0
    collate, val_collate = (ParallelCollator(source, target, longest, p) for p in (subword_regularization, 0.0))
    return make_datamodule(corpus, plan, collate, loader, trainer, seed, val_collate=val_collate)


def _encoded_lengths(tokenizer: TextTokenizer, texts: Sequence[str]) -> np.ndarray:
    """Return the number of tokens of each text."""
    lengths: list[int] = []
    for start in range(0, len(texts), _ENCODED_AT_ONCE):
        lengths += map(len, tokenizer.encode(texts[start : start + _ENCODED_AT_ONCE]))
    return np.array(lengths, dtype=np.int64)
