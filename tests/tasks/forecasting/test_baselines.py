"""Forecasts without a network beside loops that say the same."""

import numpy as np
import pytest
import torch

from grunlp.tasks.forecasting.baselines import (
    RIDGE_PENALTIES,
    drift,
    fit_linear,
    linear_forecast,
    naive,
    seasonal_naive,
)
from grunlp.tasks.forecasting.scaler import fit_standardizer
from grunlp.tasks.forecasting.windows import TimeSeriesTensors, forecast_origins
from tests.tasks.forecasting.test_windows import table

H = 5


def tensors(*lengths: int) -> TimeSeriesTensors:
    made = table(*lengths)
    scaling = fit_standardizer(made, made.starts[1:], 7, 4)
    return TimeSeriesTensors(made, scaling, np.array(scaling.means), np.array(scaling.scales))


def test_repeat_and_drift() -> None:
    history = torch.randn(2, 7, 3)
    for b in range(2):
        for h in range(H):
            torch.testing.assert_close(naive(history, H)[b, h], history[b, -1])
            slope = (history[b, -1] - history[b, 0]) / 6
            torch.testing.assert_close(drift(history, H)[b, h], history[b, -1] + (h + 1) * slope)


@pytest.mark.parametrize("season", [1, 3, 5, 7])
def test_seasonal_naive(season: int) -> None:
    made = tensors(20, 15)
    origins = torch.tensor([10, 28, 22])
    told = seasonal_naive(made, origins, H, season)
    for b, origin in enumerate(origins.tolist()):
        for h in range(H):
            row = origin + h
            while row >= origin:
                row -= season
            torch.testing.assert_close(told[b, h], made.values[max(row, 20 * (origin >= 20))])


def test_the_linear_model_is_least_squares() -> None:
    made = tensors(80)
    made.observed_mask[30, 0] = False
    train, dev = torch.arange(6, 60), torch.arange(60, 76)
    weight, ridge = fit_linear(made, train, dev, 6, H)
    rows, targets = [], []
    for origin in train.tolist():
        for c in range(2):
            if made.observed_mask[origin : origin + H, c].all():
                last = made.values[origin - 1, c]
                rows.append([*(made.values[origin - 6 : origin, c] - last).tolist(), 1.0])
                targets.append((made.values[origin : origin + H, c] - last).tolist())
    x, y = np.array(rows), np.array(targets)
    penalty = ridge * np.trace(x.T @ x) / 7
    np.testing.assert_allclose(weight, np.linalg.solve(x.T @ x + penalty * np.eye(7), x.T @ y), atol=1e-4)
    assert ridge in RIDGE_PENALTIES
    told = linear_forecast(made.values[None, 60:66], weight)
    expected = (made.values[60:66, 1] - made.values[65, 1]) @ weight[:6] + weight[6] + made.values[65, 1]
    torch.testing.assert_close(told[0, :, 1], expected)


def test_a_line_is_continued() -> None:
    made = tensors(60)
    made.values = torch.arange(60.0)[:, None].expand(-1, 2) / 10
    weight, _ = fit_linear(made, torch.arange(6, 40), torch.arange(40, 55), 6, H)
    told = linear_forecast(made.values[None, 34:40], weight)
    torch.testing.assert_close(told[0], made.values[40:45], atol=0.02, rtol=0.0)
    assert len(forecast_origins(table(60), np.array([[0, 60]]), 6, H)) == 50
