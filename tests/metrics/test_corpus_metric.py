import numpy as np
import pytest

from grunlp.metrics.corpus_metric import NUM_RESAMPLES, Metric, mean_metric, ratio_of_sums


def test_a_mean_and_its_interval_by_drawing_one_by_one() -> None:
    values = np.array([1.0, 4.0, 2.0, 8.0, 0.5])
    measure = mean_metric(values, "by hand")
    assert measure.value == pytest.approx(values.mean())
    random = np.random.default_rng(0)
    draws = [np.mean([values[i] for i in random.integers(5, size=5)]) for _ in range(NUM_RESAMPLES)]
    assert measure.interval == pytest.approx(tuple(np.percentile(draws, (2.5, 97.5))))


def test_a_ratio_is_of_sums() -> None:
    """Two errors in ten words and none in one: 2 of 11, not the mean of 0.2 and 0."""
    measure = Metric(np.array([[2.0, 10.0], [0.0, 1.0]]), ratio_of_sums, "errors over words")
    assert measure.value == pytest.approx(2 / 11)
    low, high = measure.interval
    assert (low, high) == pytest.approx((0, 0.2))
