"""Inference of forecasters: intervals by hand, batches, and errors beside plain loops."""

from typing import Any

import numpy as np
import pytest
import torch

from grunlp.tasks.forecasting import inference
from grunlp.tasks.forecasting.checkpoint import ARCHITECTURES
from grunlp.tasks.forecasting.inference import (
    Z80,
    ScaledTable,
    evaluate_forecaster,
    forecast,
    prediction_intervals,
    scale_table,
)
from grunlp.tasks.forecasting.model import Forecaster, ForecasterSizes
from grunlp.tasks.forecasting.options import ForecasterOptions
from grunlp.tasks.forecasting.scaler import fit_standardizer
from grunlp.tasks.forecasting.windows import forecast_origins
from tests.data.timeseries.random_series import table

HISTORY, HORIZON = 6, 3


def build(**changes: Any) -> Forecaster:
    torch.manual_seed(0)
    sizes = ForecasterSizes(channels=2, num_known_covariates=1, num_static_covariates=0, horizon=HORIZON)
    options: dict[str, Any] = {"hidden_size": 8, "dropout": 0.0} | changes
    return ARCHITECTURES["direct"](ForecasterOptions(**options), sizes).eval()


def scaled(*lengths: int) -> ScaledTable:
    made = table(*lengths)
    return scale_table(made, fit_standardizer(made, made.starts[1:], 7, HISTORY), HISTORY)


def test_intervals_by_hand() -> None:
    gaussian = prediction_intervals(build(output="gaussian"), torch.tensor([[[[3.0, 0.5]]]]))
    assert gaussian.lower is not None and gaussian.upper is not None and gaussian.level == 0.8
    assert float(gaussian.upper - gaussian.point) == pytest.approx(0.5 * Z80) == float(gaussian.point - gaussian.lower)
    assert torch.distributions.Normal(0.0, 1.0).cdf(torch.tensor(Z80)) == pytest.approx(0.9)
    crossed = prediction_intervals(
        build(output="quantiles", quantiles="0.1,0.5,0.9"), torch.tensor([[[[4.0, 3.0, 1.0]]]])
    )
    assert (crossed.lower, crossed.point, crossed.upper) == (torch.tensor(1.0), torch.tensor(3.0), torch.tensor(4.0))
    assert crossed.level == pytest.approx(0.8)
    point = prediction_intervals(build(), torch.tensor([[[[2.0]]]]))
    assert point.lower is None and point.upper is None and point.point.tolist() == [[[2.0]]]


@pytest.mark.parametrize("output", ["point", "gaussian"])
def test_windows_are_forecast_in_batches_of_any_size(output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, made = build(output=output), scaled(30, 25)
    window = made.tensors.windows(torch.arange(6, 20), HISTORY, HORIZON)
    whole = forecast(model, window)
    monkeypatch.setattr(inference, "_MAX_ROWS", 1)
    apart = forecast(model, window)
    torch.testing.assert_close(apart.point, whole.point)
    direct = model(window.values[:, :HISTORY], window.known_covariates, window.static_covariates)
    torch.testing.assert_close(whole.point, model.point_forecast(direct))


def test_scores_are_those_of_a_loop_over_windows() -> None:
    model, made = build(output="quantiles"), scaled(40, 30)
    origins = forecast_origins(made.table, np.array([[10, 40], [50, 70]]), HISTORY, HORIZON)
    weights = 0.1 * torch.randn(HISTORY + 1, HORIZON)
    found = evaluate_forecaster(model, weights, made, origins, HISTORY, 7)
    errors: dict[str, list[float]] = {"network": [], "repeat-last": [], "seasonal-naive": [], "drift": []}
    inside = []
    for row in origins.tolist():
        window = made.tensors.windows(torch.tensor([row]), HISTORY, HORIZON)
        past, truth = window.values[0, :HISTORY], window.values[0, HISTORY:]
        one = forecast(model, window)
        assert one.lower is not None and one.upper is not None
        slope = (past[-1] - past[0]) / (HISTORY - 1)
        steps = torch.arange(1.0, HORIZON + 1)[:, None]
        series_start = 40 * (row >= 40)
        season = torch.stack([made.tensors.values[max(row + h - 7, series_start)] for h in range(HORIZON)])
        for name, values in (
            ("network", one.point[0]),
            ("repeat-last", past[-1].expand(HORIZON, 2)),
            ("seasonal-naive", season),
            ("drift", past[-1] + steps * slope),
        ):
            errors[name] += ((values - truth) ** 2).flatten().tolist()
        inside += ((truth >= one.lower[0]) & (truth <= one.upper[0])).flatten().tolist()
    assert found.metrics["mse"].value == pytest.approx(np.mean(errors["network"]), rel=1e-4)
    scores: Any = found.as_dict()
    for name in ("repeat-last", "seasonal-naive", "drift"):
        assert scores[name]["score"] == pytest.approx(np.mean(errors[name]), rel=1e-4), name
    assert scores["coverage"]["score"] == pytest.approx(100 * np.mean(inside))
    assert len(found.origins) == len(origins) and found.report().count("repeat-last") >= 1
