"""Corpus metrics computed from per-text sums, with bootstrap intervals and tables."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.bootstrap import Interval

NUM_RESAMPLES = 1000  # fewer than for F1, because a score may take a millisecond


@dataclass(frozen=True)
class Metric:
    """A corpus metric, computed from sums over texts.

    Args:
        counts: (texts, n) contribution of each text to the sums.
        score: function from the sums (n,) over any set of texts to the score.
        description: how the metric is computed, for reports.
        digits: decimal places in tables.
    """

    counts: NDArray[np.float64]
    score: Callable[[NDArray[np.float64]], float]
    description: str
    digits: int = 2

    @cached_property
    def value(self) -> float:
        """The score of all texts."""
        return self.score(self.counts.sum(axis=0))

    @cached_property
    def interval(self) -> Interval:
        """The 95 % percentile bootstrap interval over texts."""
        rng, texts = np.random.default_rng(0), len(self.counts)
        scores = []
        for _ in range(NUM_RESAMPLES):
            times_drawn = np.bincount(rng.integers(texts, size=texts), minlength=texts)
            scores.append(self.score(times_drawn @ self.counts))
        low, high = np.percentile(scores, (2.5, 97.5))
        return Interval(float(low), float(high))


def mean_metric(values: NDArray[np.float64], description: str) -> Metric:
    """Make a metric that is the mean of a per-text score (texts,)."""
    counts = np.stack([values, np.ones(len(values))], axis=1)
    return Metric(counts, ratio_of_sums, description)


def ratio_of_sums(sums: NDArray[np.float64]) -> float:
    """Divide the first of two sums by the second."""
    return float(sums[0] / sums[1])


class MetricScores(ABC):
    """Scores of a system made of corpus metrics, which are computed once, on first access."""

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """Metrics by name, in the order of tables."""
        return self.compute_metrics()

    @abstractmethod
    def compute_metrics(self) -> dict[str, Metric]:
        """Compute the metrics."""

    def as_dict(self) -> dict[str, Any]:
        """Return the contents of `metrics.json`: score, 95 % bootstrap interval and description of each metric."""
        return {
            name: {"score": metric.value, "interval": list(metric.interval), "how": metric.description}
            for name, metric in self.metrics.items()
        }

    def report(self) -> str:
        """Format a table with one line per metric."""
        lines = []
        for name, metric in self.metrics.items():
            value, low, high = (f"{x:.{metric.digits}f}" for x in (metric.value, *metric.interval))
            lines.append(f"{name:28} {value:>8}   95 % interval {low} to {high}   {metric.description}")
        return "\n".join(lines) + "\n"
