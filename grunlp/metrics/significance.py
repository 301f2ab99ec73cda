"""Paired significance tests of two systems on the same data, by document, sentence or text."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.bootstrap import Interval
from grunlp.metrics.span_counts import SpanCounts


class PairedTest(NamedTuple):
    """Difference between the scores of two systems (F1 in points), with its significance.

    Attributes:
        difference: second minus first.
        interval: confidence interval of the difference, by paired bootstrap.
        p_bootstrap: two-sided p-value: twice the share of resamples on the other side of 0 (Efron and Tibshirani 1993,
            §16.4); 1 for equal systems.
        p_permutation: two-sided p-value by approximate randomisation: the share of random exchanges of the two
            systems' outputs that give a difference as large (Noreen 1989; Yeh 2000, §4).
    """

    difference: float
    interval: Interval
    p_bootstrap: float
    p_permutation: float


def compare_systems(
    first: Sequence[SpanCounts],
    second: Sequence[SpanCounts],
    *,
    resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> PairedTest:
    """Compare F1 by groups of sentences, such as documents; a group is resampled or exchanged as a whole.

    Args:
        first: counts of each group.
        second: counts of each group, in the same order.
        resamples: number of bootstrap resamples and of random exchanges.
        seed: random seed; equal seeds give equal results.
        level: confidence level of the interval.

    Raises:
        ValueError: the numbers of groups differ or are 0.
    """
    first_counts, second_counts = counts_matrix(first), counts_matrix(second)
    return paired_test(first_counts, second_counts, f1_from_counts, resamples=resamples, seed=seed, level=level)


def paired_test(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    score: Callable[[NDArray[np.float64]], float],
    *,
    resamples: int,
    seed: int = 0,
    level: float = 0.95,
) -> PairedTest:
    """Compare any score that is a function of sums over groups.

    Args:
        first: (groups, n) contribution of each group to the sums.
        second: (groups, n) with the groups in the same order.
        score: function from sums (n,) to the score.
        resamples: number of bootstrap resamples and of random exchanges.
        seed: random seed.
        level: confidence level of the interval.

    Raises:
        ValueError: the numbers of groups differ or are 0.
    """
    if not len(first) or len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} groups: both need the same number, at least one")
    tables = np.stack([first, second]).astype(float)  # (2, groups, n)
    value = score(tables[1].sum(axis=0)) - score(tables[0].sum(axis=0))
    rng = np.random.default_rng(seed)
    groups = len(first)
    resampled_chunks, exchanged_chunks = [], []
    for count in _chunks(resamples, groups):
        times_drawn = rng.multinomial(groups, np.full(groups, 1 / groups), size=count).astype(float)  # (count, groups)
        resampled_chunks.append(score_rows(score, times_drawn @ tables[1]) - score_rows(score, times_drawn @ tables[0]))
        swapped = rng.integers(2, size=(count, groups)).astype(float)
        mixed = swapped @ tables[1] + (1 - swapped) @ tables[0]  # (count, n)
        exchanged_chunks.append(score_rows(score, tables.sum(axis=(0, 1)) - mixed) - score_rows(score, mixed))
    resampled, exchanged = np.concatenate(resampled_chunks), np.concatenate(exchanged_chunks)
    below, above = ((int(count) + 1) / (resamples + 1) for count in ((resampled <= 0).sum(), (resampled >= 0).sum()))
    tails = (50 * (1 - level), 100 - 50 * (1 - level))
    return PairedTest(
        value,
        Interval(*map(float, np.percentile(resampled, tails))),
        min(1.0, 2 * min(below, above)),
        (int((np.abs(exchanged) >= abs(value) * (1 - 1e-9) - 1e-9).sum()) + 1) / (resamples + 1),
    )


def score_rows(score: Callable[[NDArray[np.float64]], float], sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score each row of sums (m, n) → (m,)."""
    return np.array([score(row) for row in sums])


def _chunks(resamples: int, groups: int) -> list[int]:
    """Split `resamples` into chunks that fit into memory."""
    size = max(1, 10**6 // groups)
    return [size] * (resamples // size) + ([resamples % size] if resamples % size else [])


def counts_matrix(counts: Sequence[SpanCounts]) -> NDArray[np.float64]:
    """Stack true positives, false positives and false negatives: (groups, 3)."""
    return np.array([(group.tp, group.fp, group.fn) for group in counts], dtype=float).reshape(-1, 3)


def f1_from_counts(counts: NDArray[np.float64]) -> float:
    """Compute F1 in percent from true positives, false positives and false negatives (3,)."""
    tp, fp, fn = counts
    return float(200 * tp / max(2 * tp + fp + fn, 1))


def student_two_sided(t: float, degrees: int) -> float:
    """Compute P(|T| > |t|) of Student's t distribution (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).

    Args:
        t: the statistic.
        degrees: degrees of freedom.
    """
    angle = math.atan(abs(t) / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term = cosine if odd else 1.0
    total = 0.0
    for i in range(1 + odd, degrees, 2):
        total += term
        term *= cosine**2 * i / (i + 1)
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return max(0.0, 1 - inside)
