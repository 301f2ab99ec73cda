"""Inference of a classifier: order and batches do not change the answers."""

import numpy as np
import pytest
import torch

from grunlp.tasks.classification.collate import TimeSeriesCollator
from grunlp.tasks.classification.inference import classify, evaluate_classifier
from tests.tasks.classification.test_model import EXAMPLES, number_model, sequences, text_model

CLASSES = ["no", "perhaps", "yes"]


@pytest.mark.parametrize("batch_tokens", [1, 7, 1000])
def test_texts_are_answered_in_order_whatever_the_batches(batch_tokens: int) -> None:
    model, collate = text_model(CLASSES, "model.pooling=attention")
    found = list(classify(model, collate, EXAMPLES * 2, batch_tokens))
    assert [one.example for one in found] == EXAMPLES * 2
    for one in found:
        with torch.no_grad():
            log_probs, weights = model(collate([one.example]))
        np.testing.assert_allclose(one.log_probs, log_probs[0], atol=1e-6)
        np.testing.assert_allclose(one.weights, weights[0], atol=1e-6)
        assert len(one.weights) == len(one.example["words"])


def test_series_are_classified_and_none_is_no_work() -> None:
    model, collate = number_model(["no", "yes"], 3), TimeSeriesCollator(["no", "yes"], 3)
    found = list(classify(model, collate, sequences(4, 0, 2), 5))
    assert [len(one.weights) for one in found] == [4, 0, 2]
    assert [sum(np.exp(one.log_probs)) for one in found] == pytest.approx([1.0] * 3)
    assert list(classify(model, collate, [], 5)) == []


def test_scores_count_the_most_probable_classes() -> None:
    model, collate = text_model(CLASSES)
    predictions = list(classify(model, collate, EXAMPLES, 100))
    right = [CLASSES[int(np.argmax(one.log_probs))] == one.example["label"] for one in predictions]
    scores = evaluate_classifier(model, collate, EXAMPLES, 3)
    assert scores.metrics["accuracy"].value == pytest.approx(100 * np.mean(right))
    loss = [-one.log_probs[CLASSES.index(one.example["label"])] for one in predictions]
    assert scores.metrics["loss"].value == pytest.approx(np.mean(loss), rel=1e-5)
