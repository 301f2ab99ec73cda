"""Scores of forecasts, and the test of Diebold and Mariano."""

import math

import numpy as np
import pytest

from grunlp.metrics.significance import student_two_sided
from grunlp.tasks.forecasting.diebold_mariano import diebold_mariano
from grunlp.tasks.forecasting.metrics import (
    ForecastErrors,
    ForecastScores,
    ForecastTargets,
    compute_errors,
    sum_by_group,
)


@pytest.mark.parametrize(
    ("statistic", "freedom", "p"),
    [(2.228138852, 10, 0.05), (12.7062047, 1, 0.05), (1.962, 1000, 0.05004), (0.0, 5, 1.0), (3.169272667, 10, 0.01)],
)
def test_student(statistic: float, freedom: int, p: float) -> None:
    assert student_two_sided(statistic, freedom) == pytest.approx(p, rel=1e-3)
    assert student_two_sided(-statistic, freedom) == pytest.approx(p, rel=1e-3)


def test_diebold_mariano_by_hand() -> None:
    """d = 1, 3, 2, 2, -1, 5: mean 2; centred -1, 1, 0, 0, -3, 3: γ0 = 20/6, γ1 = (-1 + 0 + 0 + 0 - 9)/6 = -10/6,
    γ2 = (0 + 0 + 0 + 0)/6 = 0. One step: V = γ0, correction (6 + 1 - 2)/6; two: V = γ0 + 2 γ1 = 0, so by falling
    weights γ0 + γ1, correction (6 + 1 - 4 + 2/6)/6."""
    first, second = np.array([2.0, 4, 3, 3, 0, 6]), np.ones(6)
    one = diebold_mariano(first, second, 1)
    assert one.statistic == pytest.approx(2 / math.sqrt(20 / 36) * math.sqrt(5 / 6))
    two = diebold_mariano(first, second, 2)
    assert two.statistic == pytest.approx(2 / math.sqrt(10 / 36) * math.sqrt((7 - 4 + 2 / 6) / 6))
    assert one.statistic is not None and one.p == pytest.approx(student_two_sided(one.statistic, 5))
    swapped = diebold_mariano(second, first, 1)
    assert swapped.statistic == pytest.approx(-one.statistic) and swapped.p == pytest.approx(one.p)


def test_diebold_mariano_at_its_limits() -> None:
    same = np.ones(20)
    assert diebold_mariano(same, same, 3) == (0.0, 1.0)
    assert diebold_mariano(same, same + 1, 3) == (-math.inf, 0.0)
    assert diebold_mariano(same[:5], same[:5], 5) == (None, None), "fewer forecasts than it takes"


def test_it_is_right_as_often_as_it_says() -> None:
    """Of two forecasters that are equally good, one in twenty is found better: moving sums, as horizons make them."""
    rng, found = np.random.default_rng(0), 0
    for _ in range(400):
        noise = rng.normal(size=(2, 203))
        losses = np.stack([np.convolve(row**2, np.ones(4), "valid") for row in noise])
        p = diebold_mariano(*losses, 4).p
        assert p is not None
        found += p < 0.05
    assert 8 <= found <= 36


def truth() -> ForecastTargets:
    rng = np.random.default_rng(0)
    order = np.repeat(np.arange(30), 2)
    observed = rng.random((60, 4, 2)) > 0.2
    return ForecastTargets(
        rng.normal(size=(60, 4, 2)), observed, rng.random((60, 2)) + 1, rng.random((60, 2)) + 1, order
    )


def score(shift: float, other: float) -> ForecastScores:
    made = truth()
    cells = sum_by_group(made.block_ids, made.mask.sum(axis=(1, 2)))
    errors: list[ForecastErrors] = [compute_errors(made.values + by, made) for by in (shift, other)]
    return ForecastScores("GRU", errors[0], {"repeat-last": errors[1]}, cells, 0.7 * cells, 0.8, 60, 4)


def test_errors_are_those_of_a_loop() -> None:
    made = truth()
    forecast = np.random.default_rng(1).normal(size=made.values.shape)
    found, cells = compute_errors(forecast, made), []
    for n, h, c in np.argwhere(made.mask):
        error = forecast[n, h, c] - made.values[n, h, c]
        cells.append((error, error * made.scales[n, c], error * made.scales[n, c] / made.steps[n, c], h))
    error, units, relative, steps = np.array(cells).T
    assert found.squared.sum() == pytest.approx((error**2).sum())
    assert found.absolute.sum() == pytest.approx(np.abs(error).sum())
    assert found.squared_units.sum() == pytest.approx((units**2).sum())
    assert found.absolute_units.sum() == pytest.approx(np.abs(units).sum())
    assert found.relative.sum() == pytest.approx(np.abs(relative).sum())
    assert found.by_step[2] == pytest.approx((error[steps == 2] ** 2).mean())
    pair = made.mask[:2]
    own = ((forecast - made.values)[:2][pair] ** 2).mean()
    assert found.by_time[0] == pytest.approx(own), "windows of one time go together"
    assert len(set(made.block_ids)) == 10 and made.block_ids[0] == made.block_ids[5]


def test_what_was_not_measured_counts_nowhere() -> None:
    made = truth()
    forecast = made.values.copy()
    forecast[~made.mask] = 1e9
    assert compute_errors(forecast, made).squared.sum() == 0


def test_plain_sentences() -> None:
    better, worse = score(0.1, 0.2), score(0.2, 0.1)
    assert better.significance_sentences()["repeat-last"].startswith("The GRU is better than repeat-last (p ")
    assert worse.significance_sentences()["repeat-last"].startswith("The GRU does not beat repeat-last (p ")
    assert worse.significance_sentences()["repeat-last"].endswith(": use repeat-last.")
    found = better.as_dict()
    assert found["mse"]["score"] == pytest.approx(0.01) and found["repeat-last"]["score"] == pytest.approx(0.04)
    assert found["repeat-last"]["mae"] == pytest.approx(0.2) and found["repeat-last"]["verdict"] in better.report()
    assert found["coverage"]["score"] == pytest.approx(70.0) and "70.0 %" in better.report()
