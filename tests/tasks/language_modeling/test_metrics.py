"""Scores of language models by hand."""

import math

import numpy as np
import pytest

from grunlp.tasks.language_modeling.metrics import LanguageModelScores


def scores(nats: list[float]) -> LanguageModelScores:
    """Lines of 3 and 5 tokens."""
    counts = ([3, 5], [10, 30], [2, 6], [1, 1])
    return LanguageModelScores(np.array(nats), *(np.array(count) for count in counts))


def test_ratios_are_of_sums_over_lines() -> None:
    values = {name: metric.value for name, metric in scores([2.0, 6.0]).compute_metrics().items()}
    assert values["nats_per_character"] == pytest.approx(8 / 40)
    assert values["bits_per_character"] == pytest.approx(8 / 40 / math.log(2))
    assert values["perplexity"] == pytest.approx(math.exp(8 / 8))
    assert values["word_perplexity"] == pytest.approx(math.exp(8 / 8))
    assert values["unknown"] == pytest.approx(100 * 2 / 8)


def test_an_untrained_model_has_a_finite_perplexity() -> None:
    metrics = scores([1e6, 1e6]).compute_metrics()
    assert metrics["perplexity"].value == pytest.approx(1e9)
    assert metrics["nats_per_character"].value == pytest.approx(2e6 / 40), "only perplexities are limited"


def test_intervals_hold_the_score() -> None:
    for name, metric in scores([2.0, 9.0]).compute_metrics().items():
        low, high = metric.interval
        assert low <= metric.value <= high and (low < high), name
