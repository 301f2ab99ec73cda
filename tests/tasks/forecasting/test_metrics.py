"""Forecast errors and their report."""

import numpy as np
import pytest

from grunlp.tasks.forecasting.metrics import (
    ForecastErrors,
    ForecastScores,
    ForecastTargets,
    compute_errors,
    sum_by_group,
)


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
