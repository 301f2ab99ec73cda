"""Bootstrap intervals of span scores: how far a score may move when other documents of the same kind are drawn."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.span_counts import EvalCounts, SpanCounts


class Interval(NamedTuple):
    """Lower and upper bound of a score, in percent."""

    low: float
    high: float


class ScoreIntervals(NamedTuple):
    """Intervals of the three scores of a tally."""

    precision: Interval
    recall: Interval
    f1: Interval


def group_by_document(documents: Sequence[str], counts: Sequence[EvalCounts]) -> list[EvalCounts]:
    """Counts summed by document, in order of first appearance: the units that `bootstrap_intervals` draws.

    Sentences of one document are not independent, so documents are drawn whole. A sentence whose document is unknown
    (`""`) stands alone; when fewer than two documents are named, every sentence does, for one unit has no spread.

    Args:
        documents: the document of each sentence.
        counts: the counts of each sentence, in the same order.
    """
    if len(set(documents) - {""}) < 2:
        return list(counts)
    groups: dict[str | int, EvalCounts] = {}
    for i, (document, count) in enumerate(zip(documents, counts, strict=True)):
        group = document or i
        groups[group] = groups.get(group, EvalCounts()) + count
    return list(groups.values())


def bootstrap_intervals(
    counts: Sequence[SpanCounts], *, resamples: int = 1000, seed: int = 0, level: float = 0.95
) -> ScoreIntervals:
    """Percentile bootstrap intervals (Efron and Tibshirani 1993, §13.3) of precision, recall and F1.

    Each resample draws as many groups as there are, with replacement, and scores the sum of their tallies.

    Args:
        counts: one a group, such as `[group.overall for group in group_by_document(documents, counts)]`.
        resamples: number of draws.
        seed: of the draws; equal seeds give equal intervals.
        level: share of the resampled scores inside the interval.

    Raises:
        ValueError: no group at all.
    """
    if not counts:
        raise ValueError("an interval needs at least one group of counts")
    table = np.array([(tally.tp, tally.fp, tally.fn) for tally in counts], dtype=np.int64)
    groups = len(table)  # table: (groups, 3)
    rng = np.random.default_rng(seed)
    sums = np.empty((resamples, 3), dtype=np.int64)
    for i in range(resamples):  # one resample at a time: all at once would need resamples x groups numbers
        times_drawn = np.bincount(rng.integers(groups, size=groups), minlength=groups)
        sums[i] = times_drawn @ table
    corr, excess, missed = sums.T
    tails = (50 * (1 - level), 100 - 50 * (1 - level))
    return ScoreIntervals(
        *(
            Interval(*map(float, np.percentile(scores, tails)))
            for scores in (
                _percentages(corr, corr + excess),
                _percentages(corr, corr + missed),
                _percentages(2 * corr, 2 * corr + excess + missed),  # F1 in one fraction
            )
        )
    )


def _percentages(numerators: NDArray[np.int64], denominators: NDArray[np.int64]) -> NDArray[np.float64]:
    """Elementwise percentage; 0 where `denominators` is 0, as `SpanCounts` has it."""
    return 100 * numerators / np.maximum(denominators, 1)
