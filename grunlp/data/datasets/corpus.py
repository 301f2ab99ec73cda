"""What all corpora have in common: splits, and that no training sentence occurs in dev or test."""

import logging
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

from datasets import Dataset

from grunlp.data.datasets.streaming import Stream
from grunlp.data.deduplication import text_key

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
        gone: training sentences, of `extra` too, left out because they occur in dev or test, before they came here.
    """

    name: str
    train: Dataset | Stream
    dev: Dataset
    test: Dataset | None
    extra: Dataset | None
    gone: int

    @property
    def left_out(self) -> int:
        """Training sentences left out in all; a stream that was never read is read for it."""
        return self.gone + (self.train.left_out if isinstance(self.train, Stream) else 0)


def keys_of(*splits: Dataset | None) -> set[str]:
    """What the sentences of these splits are recognised by; None has none."""
    return {text_key(words) for part in splits if part is not None for words in part["words"]}


def leave_out(name: str, examples: Any, held_out: Set[str]) -> tuple[Any, int]:
    """The examples whose text is not among `held_out`, and how many others there were; a `Stream` counts them."""
    if isinstance(examples, Stream):
        return examples.keeping(partial(_is_new, held_out)), 0
    return leave_out_keys(name, examples, map(text_key, examples["words"]), held_out)


def leave_out_keys(name: str, examples: Dataset, keys: Iterable[str], held_out: Set[str]) -> tuple[Dataset, int]:
    """The same with the key of each example given."""
    keep = [i for i, key in enumerate(keys) if key not in held_out]
    left_out = len(examples) - len(keep)
    log.info("%s: %d training examples, %d more left out because they occur in dev or test", name, len(keep), left_out)
    return (examples.select(keep) if left_out else examples), left_out


def _is_new(held_out: Set[str], example: Any) -> bool:
    return text_key(example["words"]) not in held_out
