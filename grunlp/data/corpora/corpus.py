"""What all corpora have in common: splits, and that no training sentence occurs in dev or test."""

import logging
from collections.abc import Iterable, Set
from dataclasses import dataclass

from datasets import Dataset

from grunlp.data.leaks import text_key

log = logging.getLogger(__name__)

SPLITS = ("train", "dev", "test")


@dataclass
class Corpus:
    """Three splits of examples.

    Args:
        name: for the log and the card of the run.
        train, dev: never without a predicate, where there are frames; test may be missing.
        extra: more training data that may be annotated by other rules; its examples say `extra`. None: there is none.
        left_out: training sentences, of `extra` too, left out because they occur in dev or test.
    """

    name: str
    train: Dataset
    dev: Dataset
    test: Dataset | None
    extra: Dataset | None
    left_out: int


def keys_of(*splits: Dataset | None) -> set[str]:
    """What the sentences of these splits are recognised by; None has none."""
    return {text_key(words) for part in splits if part is not None for words in part["words"]}


def leave_out(name: str, examples: Dataset, held_out: Set[str]) -> tuple[Dataset, int]:
    """The examples whose text is not among `held_out`, and how many others there were."""
    return leave_out_keys(name, examples, map(text_key, examples["words"]), held_out)


def leave_out_keys(name: str, examples: Dataset, keys: Iterable[str], held_out: Set[str]) -> tuple[Dataset, int]:
    """The same with the key of each example given."""
    keep = [i for i, key in enumerate(keys) if key not in held_out]
    left_out = len(examples) - len(keep)
    log.info("%s: %d training examples, %d more left out because they occur in dev or test", name, len(keep), left_out)
    return (examples.select(keep) if left_out else examples), left_out
