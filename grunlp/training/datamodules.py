"""The three splits of a corpus as batches for Lightning."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from datasets import Dataset, concatenate_datasets
from torch.utils.data import DataLoader

from grunlp.data.collate import SentenceBatch, SRLCollator, TagCollator
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.parallel_collate import ParallelBatch, ParallelCollator
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesBatch, TimeSeriesCollator
from grunlp.training.batch_sharding import shard_eval_batches
from grunlp.training.datamodule_base import (
    CollatedBatches,
    IndexedDataModule,
    ResumableDataModule,
    ignore_sigint_in_worker,
)
from grunlp.utils import distributed
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

# Without gradients a batch needs less memory, and larger products are faster.
_EVAL_BATCH_FACTOR = 4

_SIDES = ("sources", "targets")
_RAISE_LIMITS_HINT = "Raise loader.max_source_length and loader.max_target_length"

# Examples, how they are dealt out, and what makes batches of them.
BatchedSplit = tuple[Dataset, TokenBudgetSampler, Callable[..., Any]]


class ValidatedDataModule(ResumableDataModule):
    """Training data with a development split in memory, in batches of like length. Arguments as for
    `ResumableDataModule`."""

    @abstractmethod
    def val_split(self) -> BatchedSplit:
        """The development split, how it is dealt out, and what makes batches of it."""

    def val_dataloader(self) -> DataLoader[Any]:
        """What this process has of the development split, shortest first."""
        split, sampler, collate = self.val_split()
        batches = shard_eval_batches(sampler.batches, distributed.rank(), distributed.world_size())
        return DataLoader(
            split,
            batch_sampler=batches,
            collate_fn=collate,
            num_workers=self.num_workers,
            worker_init_fn=ignore_sigint_in_worker,
        )

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Lightning does not know the types of our batches."""
        assert isinstance(batch, SentenceBatch | ParallelBatch | TimeSeriesBatch)
        return batch.to(device)


class TokenBudgetDataModule(IndexedDataModule, ValidatedDataModule):
    """Batches of like length under a token budget.

    Args:
        batch_tokens: most tokens a training batch.
        num_workers, reshuffle, seed: as for `ResumableDataModule`.
    """

    def __init__(self, batch_tokens: int, num_workers: int, shuffle_each_epoch: bool, seed: int) -> None:
        super().__init__(num_workers, shuffle_each_epoch, seed)
        self.batch_tokens = batch_tokens

    @abstractmethod
    def train_split(self, epoch: int) -> BatchedSplit:
        """The examples of an epoch, how they are dealt out, and what makes batches of them."""

    def batches(self, epoch: int) -> CollatedBatches:
        """Shuffled anew each epoch."""
        split, sampler, collate = self.train_split(epoch)
        sampler.set_epoch(self.shuffle_epoch(epoch))
        return CollatedBatches(split, sampler.batches, collate, self.seed, epoch)

    def loss_counts(self, epoch: int) -> np.ndarray:
        """Of each example of an epoch, over how many its loss is a mean: its tokens, once for each of its rows."""
        sampler = self.train_split(epoch)[1]
        return sampler.lengths * sampler.rows

    def batch_loss_counts(self, epoch: int) -> list[int]:
        """Of each batch."""
        told = self.loss_counts(epoch)
        return [int(told[indices].sum()) for indices in self.batches(epoch).indices]

    def example_ids(self, epoch: int, batch: int) -> list[str]:
        """The ids of the examples, or their numbers in the training split, as it is read, where they have none."""
        batches = self.batches(epoch)
        indices = batches.indices[batch]
        ids = batches.examples.select(indices)["id"] if "id" in batches.examples.column_names else [""] * len(indices)
        return [id or f"number {index}" for id, index in zip(ids, indices, strict=True)]


class SRLDataModule(TokenBudgetDataModule):
    """Batches of whole sentences, with all their predicates where there are any.

    Args:
        corpus: the splits.
        collate: makes batches of them.
        batch_tokens, num_workers, reshuffle, seed: as above; a sentence counts once for each of its predicates.
        extra_data_epochs: the corpus's extra data take part in the first of this many; the later ones are its own
            alone.
    """

    def __init__(
        self,
        corpus: Corpus,
        collate: SRLCollator | TagCollator,
        batch_tokens: int,
        num_workers: int,
        extra_data_epochs: int,
        shuffle_each_epoch: bool,
        seed: int,
    ) -> None:
        super().__init__(batch_tokens, num_workers, shuffle_each_epoch, seed)
        self.corpus, self.extra_data_epochs, self.collate = corpus, extra_data_epochs, collate
        self.without_extra = self.with_extra = (corpus.train, self._make_sampler(corpus.train))
        if corpus.extra is not None:
            everything = concatenate_datasets([corpus.train, corpus.extra])
            self.with_extra = (everything, self._make_sampler(everything))

    def _make_sampler(self, split: Dataset) -> TokenBudgetSampler:
        return TokenBudgetSampler(*lengths_and_multiplicity(split), self.batch_tokens, True, self.seed)

    def train_split(self, epoch: int) -> BatchedSplit:
        """With the extra data in the first epochs."""
        return *(self.with_extra if epoch < self.extra_data_epochs else self.without_extra), self.collate

    def val_split(self) -> BatchedSplit:
        """The development split."""
        return sentence_eval_split(self.corpus.dev, self.batch_tokens, self.collate)


class ClassificationDataModule(TokenBudgetDataModule):
    """Batches of sequences with a class each.

    Args:
        corpus: the splits, of texts or of measurements.
        collate: makes batches of them.
        batch_tokens, num_workers, reshuffle, seed: as above.
        max_length: words of a text that are read; 0: all. The log says how many texts are longer.
    """

    def __init__(
        self,
        corpus: Corpus,
        collate: TextClassificationCollator | TimeSeriesCollator,
        batch_tokens: int,
        num_workers: int,
        max_length: int,
        shuffle_each_epoch: bool,
        seed: int,
    ) -> None:
        super().__init__(batch_tokens, num_workers, shuffle_each_epoch, seed)
        self.collate = collate
        lengths = sequence_lengths(corpus.name, "train", corpus.train, max_length)
        self.train = (corpus.train, TokenBudgetSampler(lengths, [1] * len(lengths), batch_tokens, True, seed))
        self.dev = classification_eval_split(corpus, batch_tokens, max_length, collate)

    def loss_counts(self, epoch: int) -> np.ndarray:
        """One class each."""
        return np.ones(len(self.train[0]), dtype=np.int64)

    def train_split(self, epoch: int) -> BatchedSplit:
        """The training split."""
        return *self.train, self.collate

    def val_split(self) -> BatchedSplit:
        """The development split."""
        return self.dev


class ParallelDataModule(TokenBudgetDataModule):
    """Batches of pairs of texts.

    Training pairs that are too long are left out, and the log says how many.

    Args:
        corpus: the splits.
        source, target: their tokenizers.
        batch_tokens, num_workers, reshuffle, seed: as above; a pair counts as its longer side.
        max_source_length: tokens of a source, at most; 0 is no limit.
        max_target_length: tokens of a training target, at most; 0 is no limit.
        truncate_source: a longer source is read up to its limit, in all splits, instead of being left out of training.
        subword_regularization: see `ParallelCollator`; in training alone.

    Raises:
        UserError: all training pairs are too long.
    """

    def __init__(
        self,
        corpus: Corpus,
        source: TextTokenizer,
        target: TextTokenizer,
        *,
        batch_tokens: int,
        num_workers: int,
        shuffle_each_epoch: bool,
        seed: int,
        max_source_length: int,
        max_target_length: int,
        truncate_source: bool,
        subword_regularization: float,
    ) -> None:
        super().__init__(batch_tokens, num_workers, shuffle_each_epoch, seed)
        assert isinstance(corpus.train, Dataset)
        longest = max_source_length if truncate_source else 0
        self.collate = ParallelCollator(source, target, longest, 0.0)
        self.train_collate = ParallelCollator(source, target, longest, subword_regularization)
        lengths = encoded_lengths(corpus.name, "train", corpus.train, self.collate)
        limits = (0 if truncate_source else max_source_length, max_target_length)
        keep = [i for i, pair in enumerate(lengths) if within_limits(pair, limits)]
        said = " and ".join(f"{what} of {limit}" for what, limit in zip(_SIDES, limits, strict=True) if limit)
        if len(keep) < len(lengths):
            gone = len(lengths) - len(keep)
            log.warning("%s: %d training pairs left out; longest are %s tokens", corpus.name, gone, said)
        if not keep:
            raise UserError(
                f"{corpus.name}: all training pairs are too long", f"longest are {said} tokens", _RAISE_LIMITS_HINT
            )
        sizes = [max(lengths[i]) + 1 for i in keep]
        self.train = (corpus.train.select(keep), TokenBudgetSampler(sizes, [1] * len(keep), batch_tokens, True, seed))
        self.target_lengths = np.array([lengths[i][1] for i in keep], dtype=np.int64)
        self.dev = parallel_eval_split(corpus, batch_tokens, self.collate)

    def loss_counts(self, epoch: int) -> np.ndarray:
        """The tokens of its target, and its end."""
        return self.target_lengths + 1

    def train_split(self, epoch: int) -> BatchedSplit:
        """The training split."""
        return *self.train, self.train_collate

    def val_split(self) -> BatchedSplit:
        """The development split."""
        return self.dev


def lengths_and_multiplicity(split: Dataset) -> tuple[list[int], list[int]]:
    """Tokens and rows of each, as `TokenBudgetSampler` has them."""
    lengths = [len(words) for words in split["words"]]
    rows = [len(frames) for frames in split["frames"]] if "frames" in split.column_names else [1] * len(lengths)
    return lengths, rows


def sentence_eval_split(dev: Dataset, batch_tokens: int, collate: Callable[..., Any]) -> BatchedSplit:
    """A development split of sentences. batch_tokens: of a training batch."""
    return make_eval_split(dev, *lengths_and_multiplicity(dev), batch_tokens, collate)


def sequence_lengths(name: str, split: str, examples: Dataset, max_length: int) -> list[int]:
    """Words of each text as it is read, or steps of measurements. Arguments: as for `ClassificationDataModule`; split:
    for the log."""
    texts = "words" in examples.column_names
    lengths = [len(words) for words in examples["words"]] if texts else list(examples["steps"])
    long = sum(length > max_length for length in lengths) if texts and max_length else 0
    if long:
        said = "%s: %d of %d texts in the %s split are read up to their first %d words alone (loader.max_length)"
        log.warning(said, name, long, len(lengths), split, max_length)
        lengths = [min(length, max_length) for length in lengths]
    return lengths


def classification_eval_split(
    corpus: Corpus, batch_tokens: int, max_length: int, collate: Callable[..., Any]
) -> BatchedSplit:
    """The development split of sequences with classes. Arguments as for `ClassificationDataModule`."""
    lengths = sequence_lengths(corpus.name, "dev", corpus.dev, max_length)
    return make_eval_split(corpus.dev, lengths, [1] * len(lengths), batch_tokens, collate)


def encoded_lengths(name: str, split: str, pairs: Dataset, collate: ParallelCollator) -> list[tuple[int, int]]:
    """Tokens of source and target of each pair, as `collate` reads them. name, split: for the log."""
    sources, longest = list(_text_lengths(collate.source_tokenizer, pairs["source"])), collate.max_source_length
    long = sum(length > longest for length in sources) if longest else 0
    if long:
        said = "%s: %d of %d sources in the %s split are read up to their first %d tokens alone"
        log.warning(said, name, long, len(sources), split, longest)
    sources = [min(length, longest or length) for length in sources]
    return list(zip(sources, _text_lengths(collate.target_tokenizer, pairs["target"]), strict=True))


def within_limits(lengths: tuple[int, int], limits: tuple[int, int]) -> bool:
    """Whether a source and its target are no longer than that; 0 is no limit."""
    return all(not limit or length <= limit for length, limit in zip(lengths, limits, strict=True))


def parallel_eval_split(corpus: Corpus, batch_tokens: int, collate: ParallelCollator) -> BatchedSplit:
    """The development split of pairs. Arguments as for `ParallelDataModule`."""
    lengths = [max(pair) + 1 for pair in encoded_lengths(corpus.name, "dev", corpus.dev, collate)]
    return make_eval_split(corpus.dev, lengths, [1] * len(lengths), batch_tokens, collate)


def make_eval_split(
    dev: Dataset, lengths: list[int], rows: list[int], batch_tokens: int, collate: Callable[..., Any]
) -> BatchedSplit:
    """Batch a development split in order under a token budget. rows: how often each example counts."""
    return dev, TokenBudgetSampler(lengths, rows, batch_tokens * _EVAL_BATCH_FACTOR, False, 0), collate


def _text_lengths(tokenizer: TextTokenizer, texts: Any) -> Iterator[int]:
    for start in range(0, len(texts), 1000):
        yield from map(len, tokenizer.encode(texts[start : start + 1000]))
