"""Inference of a classifier over sequences."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from grunlp.data.batched_map import batched_map
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesCollator
from grunlp.tasks.classification.metrics import ClassificationScores
from grunlp.tasks.classification.model import Classifier

Collator = TextClassificationCollator | TimeSeriesCollator


class ClassPrediction(NamedTuple):
    """The log probability of each class, and the weight of each step.

    Attributes:
        example: the example, unchanged.
        log_probs: log probabilities of the classes.
        weights: weights of the steps, see `Classifier.forward`.
    """

    example: Any
    log_probs: list[float]
    weights: list[float]


def classify(
    model: Classifier, collate: Collator, examples: Iterable[Any], batch_tokens: int
) -> Iterator[ClassPrediction]:
    """Classify sequences, in their order.

    Args:
        model: the network, in evaluation mode.
        collate: a collator with the classes of the model.
        examples: the examples, read in chunks; their labels are not used.
        batch_tokens: largest size of a batch in steps.
    """
    return batched_map(partial(_classify_batch, model, collate), examples, _lengths, batch_tokens)


def _lengths(examples: list[Any]) -> list[int]:
    return [len(example["words"]) if "words" in example else example["steps"] for example in examples]


@torch.inference_mode()
def _classify_batch(model: Classifier, collate: Collator, examples: list[Any]) -> Iterator[ClassPrediction]:
    batch = collate(examples)
    log_probs, weights = model(batch)
    unpadded = [row[:length].tolist() for row, length in zip(weights, batch.lengths.tolist(), strict=True)]
    return map(ClassPrediction, examples, log_probs.tolist(), unpadded)


def evaluate_classifier(
    model: Classifier, collate: Collator, examples: Iterable[Any], batch_tokens: int
) -> ClassificationScores:
    """Classify labelled examples and score the predictions. Arguments as for `classify`."""
    predictions = list(classify(model, collate, examples, batch_tokens))
    log_probs = np.array([prediction.log_probs for prediction in predictions], dtype=np.float64)
    labels = [prediction.example["label"] for prediction in predictions]
    return ClassificationScores(model.classes, labels, log_probs)
