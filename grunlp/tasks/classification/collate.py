"""Batches of sequences with a class each."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from grunlp.data.collate import IGNORED, Collator, Tokens
from grunlp.data.examples import Classified, Measured
from grunlp.data.vocabulary import Vocabulary
from grunlp.data.wordpiece_alignment import Pieces


@dataclass
class ClassBatch(Tokens):
    """B texts with a class each.

    classes: (B,) their ids, IGNORED where a class is not known.
    """

    classes: Tensor


@dataclass
class MeasuredBatch:
    """B sequences of at most T steps with C features each.

    values: (B, T, C), 0 at padding.
    lengths: (B,) steps of each.
    classes: (B,) their ids, IGNORED where a class is not known.
    """

    values: Tensor
    lengths: Tensor
    classes: Tensor

    def to(self, device: torch.device) -> "MeasuredBatch":
        """The same batch on another device."""
        return MeasuredBatch(self.values.to(device), self.lengths.to(device), self.classes.to(device))


class TextCollator(Collator):
    """Turns texts into a `ClassBatch`.

    Args:
        vocabulary, pieces: as for `Collator`.
        classes: in the order of their ids.
        longest: words of a text that are read; 0: all.
    """

    def __init__(self, vocabulary: Vocabulary, pieces: Pieces | None, classes: Sequence[str], longest: int) -> None:
        super().__init__(vocabulary, pieces)
        self.ids, self.longest = {name: i for i, name in enumerate(classes)}, longest

    def __call__(self, examples: Sequence[Classified]) -> ClassBatch:
        """Encode and pad, in the order given."""
        tokens, _ = self._tokens([example["words"][: self.longest or None] for example in examples])
        classes = [self.ids.get(example["label"], IGNORED) for example in examples]
        return ClassBatch(**tokens, classes=torch.tensor(classes))


class MeasuredCollator:
    """Turns sequences of measurements into a `MeasuredBatch`.

    Args:
        classes: in the order of their ids.
        features: C of each step.
    """

    def __init__(self, classes: Sequence[str], features: int) -> None:
        self.ids, self.features = {name: i for i, name in enumerate(classes)}, features

    def __call__(self, examples: Sequence[Measured]) -> MeasuredBatch:
        """Pad, in the order given."""
        lengths = torch.tensor([example["steps"] for example in examples], dtype=torch.long)
        values = torch.zeros(len(examples), int(lengths.max()) if len(examples) else 0, self.features)
        for row, example in zip(values, examples, strict=True):
            numbers = torch.as_tensor(example["values"], dtype=torch.float32)
            row[: example["steps"]] = numbers.reshape(example["steps"], self.features)
        classes = [self.ids.get(example["label"], IGNORED) for example in examples]
        return MeasuredBatch(values, lengths, torch.tensor(classes))
