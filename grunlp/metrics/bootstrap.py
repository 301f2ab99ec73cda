"""Bootstrap confidence intervals of span scores, resampled by document."""

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
    """Confidence intervals of precision, recall and F1."""

    precision: Interval
    recall: Interval
    f1: Interval


def group_by_document(documents: Sequence[str], counts: Sequence[EvalCounts]) -> list[EvalCounts]:
    """Sum counts by document, in order of first appearance: the units that `bootstrap_intervals` resamples.

    Sentences of one document are not independent, so documents are resampled as a whole. A sentence with an unknown
    document (`""`) is a unit of its own; with fewer than two known documents every sentence is a unit, because a single
    unit has no variance.

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
    """Compute percentile bootstrap intervals (Efron and Tibshirani 1993, §13.3) of precision, recall and F1.

    Each resample draws as many groups as there are, with replacement, and scores the sum of their counts. Resamples
    without a span, gold or predicted, have no score and are left out.

    Args:
        counts: the counts of each group, such as `[group.overall for group in group_by_document(documents, counts)]`.
        resamples: number of resamples.
        seed: random seed; equal seeds give equal intervals.
        level: confidence level.

    Raises:
        ValueError: `counts` is empty.
    """
    if not counts:
        raise ValueError("an interval needs at least one group of counts")
    table = np.array([(group.tp, group.fp, group.fn) for group in counts], dtype=np.int64)  # (groups, 3)
    groups = len(table)
    rng = np.random.default_rng(seed)
    sums = np.empty((resamples, 3), dtype=np.int64)
    for i in range(resamples):  # one resample at a time: all at once would need resamples x groups numbers
        times_drawn = np.bincount(rng.integers(groups, size=groups), minlength=groups)
        sums[i] = times_drawn @ table
    has_spans = sums.any(axis=1)
    tp, fp, fn = (sums[has_spans] if has_spans.any() else sums).T
    tails = (50 * (1 - level), 100 - 50 * (1 - level))
    return ScoreIntervals(
        *(
            Interval(*map(float, np.percentile(scores, tails)))
            for scores in (
                _percentages(tp, tp + fp),
                _percentages(tp, tp + fn),
                _percentages(2 * tp, 2 * tp + fp + fn),  # F1 as a single fraction
            )
        )
    )


def _percentages(numerators: NDArray[np.int64], denominators: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide elementwise, in percent; 0 where the denominator is 0, as in `SpanCounts`."""
    return 100 * numerators / np.maximum(denominators, 1)
