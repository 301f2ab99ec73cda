"""Whether two labellings of the same text differ: paired tests over documents."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.intervals import Interval, resample
from grunlp.metrics.spans import Tally


class Difference(NamedTuple):
    """How much higher the F1 of the second is, in points, and whether that may be chance.

    value: second minus first.
    interval: of it, by paired bootstrap.
    bootstrap: two-sided p, twice the share of resamples on the other side of 0 (Efron and Tibshirani 1993, §16.4);
        1 where the two do not differ.
    randomisation: two-sided p, the share of random exchanges of the two with a difference as large (Noreen 1989;
        Yeh 2000, §4).
    """

    value: float
    interval: Interval
    bootstrap: float
    randomisation: float


def compare(
    first: Sequence[Tally], second: Sequence[Tally], *, resamples: int = 10_000, seed: int = 0, level: float = 0.95
) -> Difference:
    """Compare by groups of sentences, such as documents: what is drawn or exchanged is a group as a whole.

    Args:
        first, second: a tally a group, in the same order.
        resamples: draws of the bootstrap, and exchanges.
        seed: equal seeds give equal results.
        level: share of the differences inside the interval.

    Raises:
        ValueError: differing numbers of groups, or none.
    """
    if not first or len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} groups: both need the same, and one at least")
    tables = np.stack([_table(first), _table(second)])  # (2, groups, 3)
    value = float(np.diff(_f1(tables.sum(axis=1)))[0])
    rng = np.random.default_rng(seed)
    drawn = np.stack([np.diff(_f1(times @ tables))[0] for times in resample(rng, len(first), resamples)])
    below, above = ((int(count) + 1) / (resamples + 1) for count in ((drawn <= 0).sum(), (drawn >= 0).sum()))
    tails = (50 * (1 - level), 100 - 50 * (1 - level))
    return Difference(
        value,
        Interval(*map(float, np.percentile(drawn, tails))),
        min(1.0, 2 * min(below, above)),
        _randomise(tables, abs(value), resamples, rng),
    )


def _randomise(tables: NDArray[np.int64], least: float, resamples: int, rng: np.random.Generator) -> float:
    as_large = 0
    both = tables.sum(axis=1).sum(axis=0)  # (3,)
    for _ in range(resamples):
        exchanged = rng.integers(2, size=tables.shape[1])
        one = tables[exchanged, np.arange(tables.shape[1])].sum(axis=0)  # (3,)
        difference = np.diff(_f1(np.stack([one, both - one])))[0]
        as_large += abs(difference) >= least - 1e-9
    return (as_large + 1) / (resamples + 1)


def _table(tallies: Sequence[Tally]) -> NDArray[np.int64]:
    return np.array([(tally.corr, tally.excess, tally.missed) for tally in tallies], dtype=np.int64)


def _f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 in percent of counts (..., 3)."""
    corr, excess, missed = np.moveaxis(counts, -1, 0)
    return 200 * corr / np.maximum(2 * corr + excess + missed, 1)
