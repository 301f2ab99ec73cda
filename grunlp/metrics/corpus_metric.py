"""Scores that are made of sums over texts: one way to their intervals and their tables."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.bootstrap import Interval

NUM_RESAMPLES = 1000  # fewer than where F1 is counted: a score may take a millisecond


@dataclass(frozen=True)
class Metric:
    """One score of some texts.

    Args:
        counts: (texts, n) what each text adds to the sums.
        score: of the sums over any of the texts, as many as there are.
        description: how it is counted, for people.
        digits: behind the point, in tables.
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
        """95 % of the scores of as many texts, drawn with replacement."""
        random, texts = np.random.default_rng(0), len(self.counts)
        scores = []
        for _ in range(NUM_RESAMPLES):
            times = np.bincount(random.integers(texts, size=texts), minlength=texts)
            scores.append(self.score(times @ self.counts))
        low, high = np.percentile(scores, (2.5, 97.5))
        return Interval(float(low), float(high))


def mean_metric(values: NDArray[np.float64], description: str) -> Metric:
    """The mean of a score of each text (texts,)."""
    counts = np.stack([values, np.ones(len(values))], axis=1)
    return Metric(counts, ratio_of_sums, description)


def ratio_of_sums(sums: NDArray[np.float64]) -> float:
    """The first of two sums over the second."""
    return float(sums[0] / sums[1])


class MetricScores(ABC):
    """What is scored by measures. It is whole when it is first asked for them: they are computed once."""

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """By name, in the order of tables."""
        return self.compute_metrics()

    @abstractmethod
    def compute_metrics(self) -> dict[str, Metric]:
        """Compute them."""

    def as_dict(self) -> dict[str, Any]:
        """The contents of `metrics.json`: each score with its 95 % bootstrap interval, and how it was counted."""
        return {
            name: {"score": measure.value, "interval": list(measure.interval), "how": measure.description}
            for name, measure in self.metrics.items()
        }

    def report(self) -> str:
        """A line a score."""
        lines = []
        for name, measure in self.metrics.items():
            value, low, high = (f"{x:.{measure.digits}f}" for x in (measure.value, *measure.interval))
            lines.append(f"{name:28} {value:>8}   95 % interval {low} to {high}   {measure.description}")
        return "\n".join(lines) + "\n"
