"""Whether two scorings of the same text differ: paired tests over documents, sentences or texts."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.bootstrap import Interval
from grunlp.metrics.span_counts import SpanCounts


class PairedTest(NamedTuple):
    """How much higher the score of the second is (F1 in points), and whether that may be chance.

    difference: second minus first.
    interval: of it, by paired bootstrap.
    p_bootstrap: two-sided p, twice the share of resamples on the other side of 0 (Efron and Tibshirani 1993, §16.4);
        1 where the two do not differ.
    p_permutation: two-sided p, the share of random exchanges of the two with a difference as large (Noreen 1989;
        Yeh 2000, §4).
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
    """Compare by groups of sentences, such as documents: what is drawn or exchanged is a group as a whole.

    Args:
        first, second: a tally a group, in the same order.
        resamples: draws of the bootstrap, and exchanges.
        seed: equal seeds give equal results.
        level: share of the differences inside the interval.

    Raises:
        ValueError: differing numbers of groups, or none.
    """
    return paired_test(
        counts_matrix(first), counts_matrix(second), f1_from_counts, resamples=resamples, seed=seed, level=level
    )


def paired_test(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    score: Callable[[NDArray[np.float64]], float],
    *,
    resamples: int,
    seed: int = 0,
    level: float = 0.95,
) -> PairedTest:
    """Compare by any score that is made of sums over groups.

    Args:
        first, second: (groups, n) what each group adds to the sums.
        score: of sums (n,).
        resamples, seed, level: as above.

    Raises:
        ValueError: differing numbers of groups, or none.
    """
    if not len(first) or len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} groups: both need the same, and one at least")
    tables = np.stack([first, second]).astype(float)  # (2, groups, n)
    value = score(tables[1].sum(axis=0)) - score(tables[0].sum(axis=0))
    rng = np.random.default_rng(seed)
    groups = len(first)
    drawn, exchanged = [], []
    for count in _chunks(resamples, groups):
        times = rng.multinomial(groups, np.full(groups, 1 / groups), size=count).astype(float)  # (count, groups)
        drawn.append(_score_rows(score, times @ tables[1]) - _score_rows(score, times @ tables[0]))
        swapped = rng.integers(2, size=(count, groups)).astype(float)
        one = swapped @ tables[1] + (1 - swapped) @ tables[0]  # (count, n)
        exchanged.append(_score_rows(score, tables.sum(axis=(0, 1)) - one) - _score_rows(score, one))
    differences, random = np.concatenate(drawn), np.concatenate(exchanged)
    below, above = (
        (int(count) + 1) / (resamples + 1) for count in ((differences <= 0).sum(), (differences >= 0).sum())
    )
    tails = (50 * (1 - level), 100 - 50 * (1 - level))
    return PairedTest(
        value,
        Interval(*map(float, np.percentile(differences, tails))),
        min(1.0, 2 * min(below, above)),
        (int((np.abs(random) >= abs(value) * (1 - 1e-9) - 1e-9).sum()) + 1) / (resamples + 1),
    )


def _score_rows(score: Callable[[NDArray[np.float64]], float], sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores of many sums (m, n) → (m,)."""
    return np.array([score(row) for row in sums])


def _chunks(resamples: int, groups: int) -> list[int]:
    """Numbers that add up to `resamples`, each of so many draws that they fit into memory."""
    most = max(1, 10**6 // groups)
    return [most] * (resamples // most) + ([resamples % most] if resamples % most else [])


def counts_matrix(tallies: Sequence[SpanCounts]) -> NDArray[np.float64]:
    """Their counts (tallies, 3): right, too many, missed."""
    return np.array([(tally.tp, tally.fp, tally.fn) for tally in tallies], dtype=float).reshape(-1, 3)


def f1_from_counts(counts: NDArray[np.float64]) -> float:
    """F1 in percent of counts (3,)."""
    corr, excess, missed = counts
    return float(200 * corr / max(2 * corr + excess + missed, 1))


def student_two_sided(t: float, degrees: int) -> float:
    """P(|T| > |t|) of Student's t with so many degrees of freedom, by Abramowitz and Stegun 1964, 26.7.3 and 26.7.4."""
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
