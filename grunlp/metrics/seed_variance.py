"""Scores of runs that differ only in their seed: variance and comparison of two configurations."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.bootstrap import Interval
from grunlp.metrics.corpus_metric import NUM_RESAMPLES
from grunlp.metrics.significance import paired_test, score_rows, student_two_sided

ScoreFunction = Callable[[NDArray[np.float64]], float]


class SeedComparison(NamedTuple):
    """Difference between the mean scores of two configurations over seeds, with its significance.

    Attributes:
        difference: second minus first.
        interval: 95 % interval of the difference, by paired bootstrap over seeds and examples.
        p_examples: two-sided p-value by approximate randomisation of examples, with counts summed over seeds.
        p_seeds: two-sided p-value by the paired t-test over seeds; None with a single seed.
    """

    difference: float
    interval: Interval
    p_examples: float
    p_seeds: float | None


def mean_score(tables: NDArray[np.float64], score: ScoreFunction) -> tuple[float, Interval]:
    """Compute the mean score over seeds and its 95 % bootstrap interval over seeds and examples.

    Args:
        tables: (seeds, groups, n) contribution of each group of examples to the sums, for each seed.
        score: function from sums (n,) to the score.
    """
    value = float(score_rows(score, tables.sum(axis=1)).mean())
    return value, _interval([scores.mean() for scores in _resample(tables, score)])


def compare_seeds(first: NDArray[np.float64], second: NDArray[np.float64], score: ScoreFunction) -> SeedComparison:
    """Compare two configurations on the same seeds and the same groups of examples.

    The bootstrap resamples seeds and groups, both with replacement. All seeds of a resample share its groups, and both
    sides share the resample, so the interval covers the variance of the test set and of the seed (Owen 2007, §3).

    Args:
        first: (seeds, groups, n) as in `mean_score`.
        second: (seeds, groups, n) with the seeds in the same order.
        score: function from sums (n,) to the score.

    Raises:
        ValueError: the shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"shapes {first.shape} and {second.shape}: both need the same seeds and groups")
    by_seed = score_rows(score, second.sum(axis=1)) - score_rows(score, first.sum(axis=1))  # (seeds,)
    differences = [b.mean() - a.mean() for a, b in zip(_resample(first, score), _resample(second, score), strict=True)]
    test = paired_test(first.sum(axis=0), second.sum(axis=0), score, resamples=NUM_RESAMPLES)
    p_seeds = paired_t(by_seed.tolist()) if len(by_seed) > 1 else None
    return SeedComparison(float(by_seed.mean()), _interval(differences), test.p_permutation, p_seeds)


def paired_t(differences: Sequence[float]) -> float:
    """Compute the two-sided p-value of the paired t-test (Student 1908).

    Args:
        differences: difference of each pair; at least two.
    """
    count, mean = len(differences), float(np.mean(differences))
    error = float(np.std(differences, ddof=1)) / math.sqrt(count)
    if error == 0:
        return 0.0 if mean else 1.0
    return student_two_sided(mean / error, count - 1)


def _resample(tables: NDArray[np.float64], score: ScoreFunction) -> list[NDArray[np.float64]]:
    """Score bootstrap resamples, (seeds,) each; tables of equal shape get the same resamples."""
    rng, (seeds, groups, _) = np.random.default_rng(0), tables.shape
    scores = []
    for _ in range(NUM_RESAMPLES):
        times_drawn = rng.multinomial(groups, np.full(groups, 1 / groups)).astype(float)  # (groups,)
        drawn_seeds = rng.integers(seeds, size=seeds)
        scores.append(score_rows(score, np.tensordot(times_drawn, tables, axes=(0, 1)))[drawn_seeds])
    return scores


def _interval(values: Sequence[float]) -> Interval:
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(float(low), float(high))
