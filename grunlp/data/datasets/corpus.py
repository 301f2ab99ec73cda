"""What all corpora have in common: splits, and that no training sentence occurs in dev or test."""

import logging
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

from datasets import Dataset

from grunlp.data.datasets.streaming import StreamingDataset
from grunlp.data.deduplication import normalized_text

log = logging.getLogger(__name__)

SPLITS = ("train", "dev", "test")


@dataclass
class Corpus:
    """Three splits of examples.

    Args:
        name: for the log and the card of the run.
        train, dev: never without a predicate, where there are frames; test may be missing. The training split may be
            a stream.
        extra: more training data that may be annotated by other rules; its examples say `extra`. None: there is none.
        num_removed_before_load: training sentences, of `extra` too, left out because they occur in dev or test, before
            they came here.
    """

    name: str
    train: Dataset | StreamingDataset
    dev: Dataset
    test: Dataset | None
    extra: Dataset | None
    num_removed_before_load: int

    @property
    def num_removed(self) -> int:
        """Training sentences left out in all; a stream that was never read is read for it."""
        return self.num_removed_before_load + (
            self.train.num_removed if isinstance(self.train, StreamingDataset) else 0
        )


def dedup_keys(*splits: Dataset | None) -> set[str]:
    """What the sentences of these splits are recognised by; None has none."""
    return {normalized_text(words) for part in splits if part is not None for words in part["words"]}


def remove_overlap(name: str, examples: Any, held_out: Set[str]) -> tuple[Any, int]:
    """The examples whose text is not among `held_out`, and how many others there were; a `StreamingDataset` counts
    them."""
    if isinstance(examples, StreamingDataset):
        return examples.filter(partial(_not_held_out, held_out)), 0
    return remove_overlap_by_key(name, examples, map(normalized_text, examples["words"]), held_out)


def remove_overlap_by_key(name: str, examples: Dataset, keys: Iterable[str], held_out: Set[str]) -> tuple[Dataset, int]:
    """The same with the key of each example given."""
    keep = [i for i, key in enumerate(keys) if key not in held_out]
    left_out = len(examples) - len(keep)
    log.info("%s: %d training examples, %d more left out because they occur in dev or test", name, len(keep), left_out)
    return (examples.select(keep) if left_out else examples), left_out


def _not_held_out(held_out: Set[str], example: Any) -> bool:
    return normalized_text(example["words"]) not in held_out
