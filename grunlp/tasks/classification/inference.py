"""Running a trained classifier over sequences."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch

from grunlp.data.sampler import TokenBudgetSampler
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesCollator
from grunlp.tasks.classification.metrics import ClassificationScores
from grunlp.tasks.classification.model import Classifier

_CHUNK = 2048  # sequences sorted by length together; bounds memory, however long the input


class ClassPrediction(NamedTuple):
    """An example as it was given, the log probability of each class, and how much each step counted."""

    example: Any
    log_probs: list[float]
    weights: list[float]


def classify(
    model: Classifier,
    collate: TextClassificationCollator | TimeSeriesCollator,
    examples: Iterable[Any],
    batch_tokens: int,
) -> Iterator[ClassPrediction]:
    """Classify sequences, in the order given.

    Args:
        model: in evaluation mode.
        collate: with the model's classes.
        examples: any number, read in chunks; labels play no part.
        batch_tokens: most steps a batch.
    """
    examples = iter(examples)
    while chunk := list(islice(examples, _CHUNK)):
        results: dict[int, ClassPrediction] = {}
        lengths = [len(one["words"]) if "words" in one else one["steps"] for one in chunk]
        for indices in TokenBudgetSampler(lengths, [1] * len(chunk), batch_tokens, shuffle=False, seed=0):
            some = [chunk[i] for i in indices]
            batch = collate(some)
            with torch.inference_mode():
                found, weights = model(batch)
            real = [row[:length].tolist() for row, length in zip(weights, batch.lengths.tolist(), strict=True)]
            results.update(zip(indices, map(ClassPrediction, some, found.tolist(), real), strict=True))
        yield from (results[i] for i in range(len(chunk)))


def evaluate_classifier(
    model: Classifier,
    collate: TextClassificationCollator | TimeSeriesCollator,
    examples: Iterable[Any],
    batch_tokens: int,
) -> ClassificationScores:
    """Classify examples that have labels and count. Arguments as for `classify`."""
    found = list(classify(model, collate, examples, batch_tokens))
    log_probs = np.array([one.log_probs for one in found], dtype=np.float64)
    return ClassificationScores(model.classes, [one.example["label"] for one in found], log_probs)
