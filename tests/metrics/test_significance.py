"""Paired tests: against enumeration where that is possible, and for what they must say of clear cases."""

from itertools import product

import numpy as np
import pytest

from grunlp.metrics.significance import compare_systems, student_two_sided
from grunlp.metrics.span_counts import SpanCounts


def f1(tallies: list[SpanCounts]) -> float:
    return sum(tallies, SpanCounts()).f1


def test_equal_labellings_do_not_differ() -> None:
    one = [SpanCounts(3, 1, 2), SpanCounts(0, 2, 1), SpanCounts(5, 0, 0)]
    difference = compare_systems(one, one, resamples=200)
    assert difference == (0.0, (0.0, 0.0), 1.0, 1.0)


def test_randomisation_against_all_exchanges() -> None:
    first = [SpanCounts(3, 1, 2), SpanCounts(1, 2, 1), SpanCounts(4, 0, 1), SpanCounts(2, 2, 2), SpanCounts(0, 1, 3)]
    second = [SpanCounts(4, 1, 1), SpanCounts(2, 1, 0), SpanCounts(4, 1, 1), SpanCounts(3, 1, 1), SpanCounts(0, 0, 3)]
    observed = abs(f1(second) - f1(first))
    exchanged = []
    for swap in product([False, True], repeat=5):
        pairs = [(b, a) if s else (a, b) for a, b, s in zip(first, second, swap, strict=True)]
        exchanged.append(abs(f1([b for _, b in pairs]) - f1([a for a, _ in pairs])) >= observed - 1e-9)
    difference = compare_systems(first, second, resamples=20_000)
    assert difference.p_permutation == pytest.approx(np.mean(exchanged), abs=0.02)
    assert difference.difference == pytest.approx(f1(second) - f1(first))


def test_a_clear_difference_and_its_direction() -> None:
    rng = np.random.default_rng(0)
    first = [SpanCounts(int(c), 10 - int(c), 10 - int(c)) for c in rng.integers(3, 6, 40)]
    second = [SpanCounts(t.tp + 3, t.fp - 3, t.fn - 3) for t in first]
    better, worse = compare_systems(first, second, resamples=1000), compare_systems(second, first, resamples=1000)
    assert better.difference == pytest.approx(30) and better.interval.low > 25
    assert better.p_bootstrap < 0.01 and better.p_permutation < 0.01
    assert worse.difference == pytest.approx(-30) and worse.interval.high < -25 and worse.p_bootstrap < 0.01


def test_groups_must_match() -> None:
    with pytest.raises(ValueError, match="both need the same"):
        compare_systems([SpanCounts(1, 0, 0)], [], resamples=10)


@pytest.mark.parametrize(
    ("statistic", "freedom", "p"),
    [(2.228138852, 10, 0.05), (12.7062047, 1, 0.05), (1.962, 1000, 0.05004), (0.0, 5, 1.0), (3.169272667, 10, 0.01)],
)
def test_student_two_sided_equals_tabulated_values(statistic: float, freedom: int, p: float) -> None:
    assert student_two_sided(statistic, freedom) == pytest.approx(p, rel=1e-3)
    assert student_two_sided(-statistic, freedom) == pytest.approx(p, rel=1e-3)
