"""Paired tests: against enumeration where that is possible, and for what they must say of clear cases."""

from itertools import product

import numpy as np
import pytest

from grunlp.metrics.significance import compare
from grunlp.metrics.span_counts import Tally


def f1(tallies: list[Tally]) -> float:
    return sum(tallies, Tally()).f1


def test_equal_labellings_do_not_differ() -> None:
    one = [Tally(3, 1, 2), Tally(0, 2, 1), Tally(5, 0, 0)]
    difference = compare(one, one, resamples=200)
    assert difference == (0.0, (0.0, 0.0), 1.0, 1.0)


def test_randomisation_against_all_exchanges() -> None:
    first = [Tally(3, 1, 2), Tally(1, 2, 1), Tally(4, 0, 1), Tally(2, 2, 2), Tally(0, 1, 3)]
    second = [Tally(4, 1, 1), Tally(2, 1, 0), Tally(4, 1, 1), Tally(3, 1, 1), Tally(0, 0, 3)]
    observed = abs(f1(second) - f1(first))
    exchanged = []
    for swap in product([False, True], repeat=5):
        pairs = [(b, a) if s else (a, b) for a, b, s in zip(first, second, swap, strict=True)]
        exchanged.append(abs(f1([b for _, b in pairs]) - f1([a for a, _ in pairs])) >= observed - 1e-9)
    difference = compare(first, second, resamples=20_000)
    assert difference.randomisation == pytest.approx(np.mean(exchanged), abs=0.02)
    assert difference.value == pytest.approx(f1(second) - f1(first))


def test_a_clear_difference_and_its_direction() -> None:
    rng = np.random.default_rng(0)
    first = [Tally(int(c), 10 - int(c), 10 - int(c)) for c in rng.integers(3, 6, 40)]
    second = [Tally(t.corr + 3, t.excess - 3, t.missed - 3) for t in first]
    better, worse = compare(first, second, resamples=1000), compare(second, first, resamples=1000)
    assert better.value == pytest.approx(30) and better.interval.low > 25
    assert better.bootstrap < 0.01 and better.randomisation < 0.01
    assert worse.value == pytest.approx(-30) and worse.interval.high < -25 and worse.bootstrap < 0.01


def test_groups_must_match() -> None:
    with pytest.raises(ValueError, match="both need the same"):
        compare([Tally(1, 0, 0)], [], resamples=10)
