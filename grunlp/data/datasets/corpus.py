"""A corpus of three splits, in which no training sentence occurs in dev or test."""

import logging
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

from datasets import Dataset

from grunlp.data.datasets.streaming import StreamingDataset
from grunlp.data.deduplication import normalized_text
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

SPLITS = ("train", "dev", "test")


@dataclass
class Corpus:
    """Three splits of examples.

    Args:
        name: its name, for the log and the model card.
        train: the training split, possibly a stream.
        dev: the development split. If sentences have frames, `dev` and `train` contain at least one predicate each.
        test: the test split, if there is one.
        extra: additional training data, possibly annotated by other guidelines; its examples are marked by
            `from_extra_corpus`.
        num_removed_before_load: training sentences, also of `extra`, that were removed because they occur in dev or
            test.
    """

    name: str
    train: Dataset | StreamingDataset
    dev: Dataset
    test: Dataset | None
    extra: Dataset | None
    num_removed_before_load: int

    @property
    def num_removed(self) -> int:
        """Number of training sentences removed in all. A stream that has not been read yet is read to count them."""
        return self.num_removed_before_load + (
            self.train.num_removed if isinstance(self.train, StreamingDataset) else 0
        )

    def require_split(self, split: str) -> Any:
        """Return a split. Raises UserError if the corpus does not have it."""
        examples = getattr(self, split)
        if examples is None:
            raise UserError(f"the run has no {split} split", "it was trained without one", "Type input=FILE")
        return examples


def dedup_keys(*splits: Dataset | None) -> set[str]:
    """Return the deduplication keys of the sentences of the given splits; a split that is None has none."""
    return {normalized_text(words) for split in splits if split is not None for words in split["words"]}


def remove_overlap(name: str, examples: Any, held_out: Set[str]) -> tuple[Any, int]:
    """Remove the examples whose text is in `held_out`.

    Args:
        name: the name of the split, for the log.
        examples: a data set, or a `StreamingDataset`.
        held_out: keys of dev and test.

    Returns:
        the remaining examples, and the number removed; 0 for a stream, which counts the removed ones itself.
    """
    if isinstance(examples, StreamingDataset):
        return examples.filter(partial(_not_held_out, held_out)), 0
    return remove_overlap_by_key(name, examples, map(normalized_text, examples["words"]), held_out)


def remove_overlap_by_key(name: str, examples: Dataset, keys: Iterable[str], held_out: Set[str]) -> tuple[Dataset, int]:
    """Remove overlap as `remove_overlap` does, given the key of each example."""
    keep = [i for i, key in enumerate(keys) if key not in held_out]
    num_removed = len(examples) - len(keep)
    log.info("%s: %d training examples; %d removed because they occur in dev or test", name, len(keep), num_removed)
    return (examples.select(keep) if num_removed else examples), num_removed


def require_two_labels(name: str, kind: str, labels: Iterable[str], hint: str) -> None:
    """Raise UserError if all labels of the training split are the same: there is nothing to learn.

    Args:
        name: the name of the data set.
        kind: the name of the labels, such as "tag".
        labels: the labels of the training split; read up to the second one.
        hint: what to type.
    """
    different: set[str] = set()
    for label in labels:
        different.add(label)
        if len(different) > 1:
            return
    only = f"every {kind} is {', '.join(different)!r}" if different else f"it has no {kind}"
    raise UserError(f"{name}: the train split has fewer than two {kind}s to learn", only, hint)


def warn_unknown_labels(name: str, kind: str, labels: Iterable[str], known: Set[str]) -> None:
    """Log labels that a model cannot predict, because its training data lack them.

    Args:
        name: the name of the examples, for the log.
        kind: the name of the labels in the plural, such as "tags".
        labels: the labels of the examples, with repetitions.
        known: the labels of the training data.
    """
    counts = Counter(labels)
    unknown = {label: count for label, count in counts.items() if label not in known}
    if unknown:
        names = ", ".join(f"{label} ({count})" for label, count in sorted(unknown.items())[:10])
        log.warning(
            "%s: %d of %d %s do not occur in the training data, and count as errors: %s",
            name, sum(unknown.values()), counts.total(), kind, names,
        )  # fmt: skip


def _not_held_out(held_out: Set[str], example: Any) -> bool:
    return normalized_text(example["words"]) not in held_out
