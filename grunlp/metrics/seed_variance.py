"""Scores of several trainings that differ by their seed alone: how far they spread, and whether two kinds differ."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.bootstrap import Interval
from grunlp.metrics.corpus_metric import NUM_RESAMPLES
from grunlp.metrics.significance import paired_test, student_two_sided

ScoreFunction = Callable[[NDArray[np.float64]], float]


class SeedComparison(NamedTuple):
    """How much higher the second scores in the mean over seeds, and whether that may be chance.

    difference: second minus first.
    interval: 95 % of it, by paired bootstrap over seeds and examples.
    p_examples: two-sided, by approximate randomisation of examples; their counts are summed over seeds.
    p_seeds: two-sided, by the paired t test over seeds; None with one seed.
    """

    difference: float
    interval: Interval
    p_examples: float
    p_seeds: float | None


def mean_score(tables: NDArray[np.float64], score: ScoreFunction) -> tuple[float, Interval]:
    """The mean score over seeds, and its 95 % interval by bootstrap over seeds and examples.

    Args:
        tables: (seeds, groups, n) what each group of examples adds to the sums, for each seed.
        score: of sums (n,).
    """
    value = float(_scores(tables.sum(axis=1), score).mean())
    return value, _interval([drawn.mean() for drawn in _draw(tables, score)])


def compare_seeds(first: NDArray[np.float64], second: NDArray[np.float64], score: ScoreFunction) -> SeedComparison:
    """Compare by the same seeds and groups of examples.

    The bootstrap draws seeds and groups, both with replacement; all drawn seeds share the drawn groups, and both sides
    share all of it, so that the interval holds what another test set and other seeds would change (Owen 2007, §3).

    Args:
        first, second: (seeds, groups, n), as above; the same seeds in the same order.
        score: of sums (n,).

    Raises:
        ValueError: differing shapes.
    """
    if first.shape != second.shape:
        raise ValueError(f"shapes {first.shape} and {second.shape}: both need the same seeds and groups")
    seeds = _scores(second.sum(axis=1), score) - _scores(first.sum(axis=1), score)  # (seeds,)
    drawn = [b.mean() - a.mean() for a, b in zip(_draw(first, score), _draw(second, score), strict=True)]
    found = paired_test(first.sum(axis=0), second.sum(axis=0), score, resamples=NUM_RESAMPLES)
    p_seeds = paired_t(seeds.tolist()) if len(seeds) > 1 else None
    return SeedComparison(float(seeds.mean()), _interval(drawn), found.p_permutation, p_seeds)


def paired_t(differences: Sequence[float]) -> float:
    """Two-sided p of the paired t test (Student 1908): the chance of a mean as far from 0 where there is no difference.

    Args:
        differences: one a pair, two at least.
    """
    count, mean = len(differences), float(np.mean(differences))
    error = float(np.std(differences, ddof=1)) / math.sqrt(count)
    if error == 0:
        return 0.0 if mean else 1.0
    return student_two_sided(mean / error, count - 1)


def _draw(tables: NDArray[np.float64], score: ScoreFunction) -> list[NDArray[np.float64]]:
    """Scores of resamples, (seeds,) each; equal shapes are drawn alike."""
    rng, (seeds, groups, _) = np.random.default_rng(0), tables.shape
    found = []
    for _ in range(NUM_RESAMPLES):
        times = rng.multinomial(groups, np.full(groups, 1 / groups)).astype(float)  # (groups,)
        which = rng.integers(seeds, size=seeds)
        found.append(_scores(np.tensordot(times, tables, axes=(0, 1)), score)[which])
    return found


def _scores(sums: NDArray[np.float64], score: ScoreFunction) -> NDArray[np.float64]:
    """(m, n) → (m,)."""
    return np.array([score(row) for row in sums])


def _interval(values: Sequence[float]) -> Interval:
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(float(low), float(high))
