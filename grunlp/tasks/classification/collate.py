"""Batches of sequences, each with a class."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from grunlp.data.collate import IGNORE_INDEX, SentenceBatch, SentenceCollator
from grunlp.data.examples import LabeledSeries, LabeledText
from grunlp.data.vocabulary import Vocabulary
from grunlp.data.wordpiece_alignment import WordpieceAligner


@dataclass
class TextClassificationBatch(SentenceBatch):
    """A batch of B texts, each with a class.

    Attributes:
        labels: (B,) ids of the classes, IGNORE_INDEX for an unknown class.
    """

    labels: Tensor


@dataclass
class TimeSeriesBatch:
    """A batch of B sequences of at most T steps with C features.

    Attributes:
        values: (B, T, C), 0 at padding.
        lengths: (B,) steps of each sequence.
        labels: (B,) ids of the classes, IGNORE_INDEX for an unknown class.
    """

    values: Tensor
    lengths: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "TimeSeriesBatch":
        """Return the same batch on another device."""
        return TimeSeriesBatch(self.values.to(device), self.lengths.to(device), self.labels.to(device))


class TextClassificationCollator(SentenceCollator):
    """A collator that makes a `TextClassificationBatch` from texts.

    Args:
        vocabulary, subword_aligner: as for `SentenceCollator`.
        classes: the classes in the order of their ids.
        max_length: largest number of words to read of a text; 0: all.
    """

    def __init__(
        self, vocabulary: Vocabulary, subword_aligner: WordpieceAligner | None, classes: Sequence[str], max_length: int
    ) -> None:
        super().__init__(vocabulary, subword_aligner)
        self.class_ids, self.max_length = {name: i for i, name in enumerate(classes)}, max_length

    def __call__(self, examples: Sequence[LabeledText]) -> TextClassificationBatch:
        """Encode and pad texts in the given order."""
        tokens, _ = self._encode_tokens([example["words"][: self.max_length or None] for example in examples])
        classes = [self.class_ids.get(example["label"], IGNORE_INDEX) for example in examples]
        return TextClassificationBatch(**tokens, labels=torch.tensor(classes))


class TimeSeriesCollator:
    """A collator that makes a `TimeSeriesBatch` from sequences of measurements.

    Args:
        classes: the classes in the order of their ids.
        num_features: number of features C of each step.
    """

    def __init__(self, classes: Sequence[str], num_features: int) -> None:
        self.class_ids, self.num_features = {name: i for i, name in enumerate(classes)}, num_features

    def __call__(self, examples: Sequence[LabeledSeries]) -> TimeSeriesBatch:
        """Pad sequences in the given order."""
        lengths = torch.tensor([example["steps"] for example in examples], dtype=torch.long)
        values = torch.zeros(len(examples), int(lengths.max()) if len(examples) else 0, self.num_features)
        for row, example in zip(values, examples, strict=True):
            numbers = torch.as_tensor(example["values"], dtype=torch.float32)
            row[: example["steps"]] = numbers.reshape(example["steps"], self.num_features)
        classes = [self.class_ids.get(example["label"], IGNORE_INDEX) for example in examples]
        return TimeSeriesBatch(values, lengths, torch.tensor(classes))
