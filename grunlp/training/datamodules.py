"""The three splits of a corpus as batches for Lightning."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from datasets import Dataset, concatenate_datasets
from torch.utils.data import DataLoader

from grunlp.data.collate import FrameCollator, TagCollator, Tokens
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.parallel_collate import PairBatch, PairCollator
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.classification.collate import MeasuredBatch, MeasuredCollator, TextCollator
from grunlp.training.batch_sharding import deal
from grunlp.training.datamodule_base import Collated, EpochData, NumberedData, leave_signals
from grunlp.utils import distributed
from grunlp.utils.errors import GrunlpError

log = logging.getLogger(__name__)

# Without gradients a batch needs less memory, and larger products are faster.
_EVALUATION_FACTOR = 4

_SIDES = ("sources", "targets")
_RAISE = "Raise loader.longest_source and loader.longest_target"

# Examples, how they are dealt out, and what makes batches of them.
Evaluation = tuple[Dataset, TokenBudgetSampler, Callable[..., Any]]


class ScoredData(EpochData):
    """Training data with a development split in memory, in batches of like length. Arguments as for `EpochData`."""

    @abstractmethod
    def validation(self) -> Evaluation:
        """The development split, how it is dealt out, and what makes batches of it."""

    def val_dataloader(self) -> DataLoader[Any]:
        """What this process has of the development split, shortest first."""
        split, sampler, collate = self.validation()
        batches = deal(sampler.batches, distributed.rank(), distributed.count())
        return DataLoader(
            split,
            batch_sampler=batches,
            collate_fn=collate,
            num_workers=self.num_workers,
            worker_init_fn=leave_signals,
        )

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Lightning does not know the types of our batches."""
        assert isinstance(batch, Tokens | PairBatch | MeasuredBatch)
        return batch.to(device)


class BatchData(NumberedData, ScoredData):
    """Batches of like length under a token budget.

    Args:
        batch_tokens: most tokens a training batch.
        num_workers, reshuffle, seed: as for `EpochData`.
    """

    def __init__(self, batch_tokens: int, num_workers: int, reshuffle: bool, seed: int) -> None:
        super().__init__(num_workers, reshuffle, seed)
        self.batch_tokens = batch_tokens

    @abstractmethod
    def training(self, epoch: int) -> Evaluation:
        """The examples of an epoch, how they are dealt out, and what makes batches of them."""

    def batches(self, epoch: int) -> Collated:
        """Shuffled anew each epoch."""
        split, sampler, collate = self.training(epoch)
        sampler.set_epoch(self.drawn(epoch))
        return Collated(split, sampler.batches, collate, self.seed, epoch)

    def told(self, epoch: int) -> np.ndarray:
        """Of each example of an epoch, over how many its loss is a mean: its tokens, once for each of its rows."""
        sampler = self.training(epoch)[1]
        return sampler.lengths * sampler.rows

    def sizes(self, epoch: int) -> list[int]:
        """Of each batch."""
        told = self.told(epoch)
        return [int(told[indices].sum()) for indices in self.batches(epoch).indices]

    def describe(self, epoch: int, batch: int) -> list[str]:
        """The ids of the examples, or their numbers in the training split, as it is read, where they have none."""
        batches = self.batches(epoch)
        indices = batches.indices[batch]
        ids = batches.examples.select(indices)["id"] if "id" in batches.examples.column_names else [""] * len(indices)
        return [id or f"number {index}" for id, index in zip(ids, indices, strict=True)]


class SentenceData(BatchData):
    """Batches of whole sentences, with all their predicates where there are any.

    Args:
        corpus: the splits.
        collate: makes batches of them.
        batch_tokens, num_workers, reshuffle, seed: as above; a sentence counts once for each of its predicates.
        extra_epochs: the corpus's extra data take part in the first of this many; the later ones are its own alone.
    """

    def __init__(
        self,
        corpus: Corpus,
        collate: FrameCollator | TagCollator,
        batch_tokens: int,
        num_workers: int,
        extra_epochs: int,
        reshuffle: bool,
        seed: int,
    ) -> None:
        super().__init__(batch_tokens, num_workers, reshuffle, seed)
        self.corpus, self.extra_epochs, self.collate = corpus, extra_epochs, collate
        self.own = self.mixed = (corpus.train, self._sampler(corpus.train))
        if corpus.extra is not None:
            everything = concatenate_datasets([corpus.train, corpus.extra])
            self.mixed = (everything, self._sampler(everything))

    def _sampler(self, split: Dataset) -> TokenBudgetSampler:
        return TokenBudgetSampler(*sentence_sizes(split), self.batch_tokens, True, self.seed)

    def training(self, epoch: int) -> Evaluation:
        """With the extra data in the first epochs."""
        return *(self.mixed if epoch < self.extra_epochs else self.own), self.collate

    def validation(self) -> Evaluation:
        """The development split."""
        return scored_sentences(self.corpus.dev, self.batch_tokens, self.collate)


class ClassData(BatchData):
    """Batches of sequences with a class each.

    Args:
        corpus: the splits, of texts or of measurements.
        collate: makes batches of them.
        batch_tokens, num_workers, reshuffle, seed: as above.
        longest: words of a text that are read; 0: all. The log says how many texts are longer.
    """

    def __init__(
        self,
        corpus: Corpus,
        collate: TextCollator | MeasuredCollator,
        batch_tokens: int,
        num_workers: int,
        longest: int,
        reshuffle: bool,
        seed: int,
    ) -> None:
        super().__init__(batch_tokens, num_workers, reshuffle, seed)
        self.collate = collate
        lengths = class_lengths(corpus.name, "train", corpus.train, longest)
        self.train = (corpus.train, TokenBudgetSampler(lengths, [1] * len(lengths), batch_tokens, True, seed))
        self.dev = scored_classes(corpus, batch_tokens, longest, collate)

    def told(self, epoch: int) -> np.ndarray:
        """One class each."""
        return np.ones(len(self.train[0]), dtype=np.int64)

    def training(self, epoch: int) -> Evaluation:
        """The training split."""
        return *self.train, self.collate

    def validation(self) -> Evaluation:
        """The development split."""
        return self.dev


class PairData(BatchData):
    """Batches of pairs of texts.

    Training pairs that are too long are left out, and the log says how many.

    Args:
        corpus: the splits.
        source, target: their tokenizers.
        batch_tokens, num_workers, reshuffle, seed: as above; a pair counts as its longer side.
        longest_source: tokens of a source, at most; 0 is no limit.
        longest_target: tokens of a training target, at most; 0 is no limit.
        cut: a longer source is read up to its limit, in all splits, instead of being left out of training.
        resplit: see `PairCollator`; in training alone.

    Raises:
        GrunlpError: all training pairs are too long.
    """

    def __init__(
        self,
        corpus: Corpus,
        source: TextTokenizer,
        target: TextTokenizer,
        *,
        batch_tokens: int,
        num_workers: int,
        reshuffle: bool,
        seed: int,
        longest_source: int,
        longest_target: int,
        cut: bool,
        resplit: float,
    ) -> None:
        super().__init__(batch_tokens, num_workers, reshuffle, seed)
        assert isinstance(corpus.train, Dataset)
        longest = longest_source if cut else 0
        self.collate = PairCollator(source, target, longest, 0.0)
        self.train_collate = PairCollator(source, target, longest, resplit)
        lengths = pair_lengths(corpus.name, "train", corpus.train, self.collate)
        limits = (0 if cut else longest_source, longest_target)
        keep = [i for i, pair in enumerate(lengths) if within(pair, limits)]
        said = " and ".join(f"{what} of {limit}" for what, limit in zip(_SIDES, limits, strict=True) if limit)
        if len(keep) < len(lengths):
            gone = len(lengths) - len(keep)
            log.warning("%s: %d training pairs left out; longest are %s tokens", corpus.name, gone, said)
        if not keep:
            raise GrunlpError(f"{corpus.name}: all training pairs are too long", f"longest are {said} tokens", _RAISE)
        sizes = [max(lengths[i]) + 1 for i in keep]
        self.train = (corpus.train.select(keep), TokenBudgetSampler(sizes, [1] * len(keep), batch_tokens, True, seed))
        self.target_tokens = np.array([lengths[i][1] for i in keep], dtype=np.int64)
        self.dev = scored_pairs(corpus, batch_tokens, self.collate)

    def told(self, epoch: int) -> np.ndarray:
        """The tokens of its target, and its end."""
        return self.target_tokens + 1

    def training(self, epoch: int) -> Evaluation:
        """The training split."""
        return *self.train, self.train_collate

    def validation(self) -> Evaluation:
        """The development split."""
        return self.dev


def sentence_sizes(split: Dataset) -> tuple[list[int], list[int]]:
    """Tokens and rows of each, as `TokenBudgetSampler` has them."""
    lengths = [len(words) for words in split["words"]]
    rows = [len(frames) for frames in split["frames"]] if "frames" in split.column_names else [1] * len(lengths)
    return lengths, rows


def scored_sentences(dev: Dataset, batch_tokens: int, collate: Callable[..., Any]) -> Evaluation:
    """A development split of sentences. batch_tokens: of a training batch."""
    return _scored(dev, *sentence_sizes(dev), batch_tokens, collate)


def class_lengths(name: str, split: str, part: Dataset, longest: int) -> list[int]:
    """Words of each text as it is read, or steps of measurements. Arguments: as for `ClassData`; split: for the log."""
    texts = "words" in part.column_names
    lengths = [len(words) for words in part["words"]] if texts else list(part["steps"])
    long = sum(length > longest for length in lengths) if texts and longest else 0
    if long:
        said = "%s: %d of %d texts in the %s split are read up to their first %d words alone (loader.longest)"
        log.warning(said, name, long, len(lengths), split, longest)
        lengths = [min(length, longest) for length in lengths]
    return lengths


def scored_classes(corpus: Corpus, batch_tokens: int, longest: int, collate: Callable[..., Any]) -> Evaluation:
    """The development split of sequences with classes. Arguments as for `ClassData`."""
    lengths = class_lengths(corpus.name, "dev", corpus.dev, longest)
    return _scored(corpus.dev, lengths, [1] * len(lengths), batch_tokens, collate)


def pair_lengths(name: str, split: str, pairs: Dataset, collate: PairCollator) -> list[tuple[int, int]]:
    """Tokens of source and target of each pair, as `collate` reads them. name, split: for the log."""
    sources, longest = list(_encoded_lengths(collate.source, pairs["source"])), collate.longest_source
    long = sum(length > longest for length in sources) if longest else 0
    if long:
        said = "%s: %d of %d sources in the %s split are read up to their first %d tokens alone"
        log.warning(said, name, long, len(sources), split, longest)
    sources = [min(length, longest or length) for length in sources]
    return list(zip(sources, _encoded_lengths(collate.target, pairs["target"]), strict=True))


def within(lengths: tuple[int, int], limits: tuple[int, int]) -> bool:
    """Whether a source and its target are no longer than that; 0 is no limit."""
    return all(not limit or length <= limit for length, limit in zip(lengths, limits, strict=True))


def scored_pairs(corpus: Corpus, batch_tokens: int, collate: PairCollator) -> Evaluation:
    """The development split of pairs. Arguments as for `PairData`."""
    lengths = [max(pair) + 1 for pair in pair_lengths(corpus.name, "dev", corpus.dev, collate)]
    return _scored(corpus.dev, lengths, [1] * len(lengths), batch_tokens, collate)


def _scored(
    dev: Dataset, lengths: list[int], rows: list[int], batch_tokens: int, collate: Callable[..., Any]
) -> Evaluation:
    return dev, TokenBudgetSampler(lengths, rows, batch_tokens * _EVALUATION_FACTOR, False, 0), collate


def _encoded_lengths(tokenizer: TextTokenizer, texts: Any) -> Iterator[int]:
    for start in range(0, len(texts), 1000):
        yield from map(len, tokenizer.encode(texts[start : start + 1000]))
