"""Forecasting with a trained network, and scoring it beside simpler ways on every window of a split."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grunlp.tasks.forecasting.baselines import drift, linear_forecast, naive, seasonal_naive
from grunlp.tasks.forecasting.metrics import (
    ForecastErrors,
    ForecastScores,
    ForecastTargets,
    compute_errors,
    sum_by_group,
)
from grunlp.tasks.forecasting.model import Forecaster
from grunlp.tasks.forecasting.scaler import Standardizer, standardization_for
from grunlp.tasks.forecasting.timeseries import TimeSeriesTable
from grunlp.tasks.forecasting.windows import ForecastWindow, TimeSeriesTensors

_MAX_ROWS = 200_000  # steps of windows read at once
_CELL_TITLES = {
    "gru": "GRU",
    "gru-reset-before": "GRU",
    "lstm": "LSTM",
    "rnn": "RNN",
    "mingru": "minimal GRU",
}  # in reports
Z80 = 1.2815515655446004  # a standard normal is below it with probability 0.9


class ScaledTable(NamedTuple):
    """A table scaled as the training was. means, scales, steps: (S, C)."""

    table: TimeSeriesTable
    tensors: TimeSeriesTensors
    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    steps: NDArray[np.float64]


def scale_table(table: TimeSeriesTable, scaling: Standardizer, history: int) -> ScaledTable:
    """Scale a table. history: rows by which a series that the training did not have is scaled."""
    means, scales, steps = standardization_for(table, scaling, history)
    return ScaledTable(table, TimeSeriesTensors(table, scaling, means, scales), means, scales, steps)


@dataclass(frozen=True)
class ForecastBatch:
    """Forecasts of N windows, scaled.

    point: (N, H, C).
    lower, upper: likewise, of the interval; None where the network tells none.
    level: share that should be inside.
    """

    point: Tensor
    lower: Tensor | None
    upper: Tensor | None
    level: float


def forecast(model: Forecaster, window: ForecastWindow) -> ForecastBatch:
    """Forecast windows, of which only the history is read; some at a time."""
    histories = window.values[:, : window.known_covariates.shape[1] - model.horizon]
    many = max(
        1, _MAX_ROWS // (window.known_covariates.shape[1] * model.channels * (100 if model.output == "gaussian" else 1))
    )
    with torch.inference_mode():
        parts = zip(
            histories.split(many),
            window.known_covariates.split(many),
            window.static_covariates.split(many),
            strict=True,
        )
        told = torch.cat([model(*part) for part in parts])
    return prediction_intervals(model, told)


def prediction_intervals(model: Forecaster, prediction: Tensor) -> ForecastBatch:
    """What a network says, (N, H, C, O). Gaussians have an interval of 80 %, quantiles that between the outermost."""
    centre = model.point_forecast(prediction)
    if model.output == "gaussian":
        return ForecastBatch(centre, centre - Z80 * prediction[..., 1], centre + Z80 * prediction[..., 1], 0.8)
    if model.output == "quantiles" and model.num_outputs > 1:
        prediction = prediction.sort(dim=-1).values  # quantiles that cross; the centre is one of them, and within
        return ForecastBatch(centre, prediction[..., 0], prediction[..., -1], model.quantiles[-1] - model.quantiles[0])
    return ForecastBatch(centre, None, None, 0.0)


@dataclass(frozen=True)
class ForecastEvaluation:
    """The scores of a split with what pictures of it are made of. origins: (N,) rows."""

    scores: ForecastScores
    scaled_table: ScaledTable
    origins: Tensor
    forecasts: ForecastBatch

    def as_dict(self) -> dict[str, object]:
        """For `metrics.json`."""
        return self.scores.as_dict()

    def report(self) -> str:
        """For people."""
        return self.scores.report()


def evaluate_forecaster(
    model: Forecaster,
    linear_weights: Tensor,
    scaled_table: ScaledTable,
    origins: Tensor,
    history: int,
    season_length: int,
) -> ForecastEvaluation:
    """Forecast from every time of a split (a rolling origin), with the network and without.

    Args:
        model: in evaluation mode.
        linear_weights: of the linear model.
        scaled_table: the table.
        origins: (N,) of the windows of the split.
        history, season: of windows.
    """
    tensors, horizon = scaled_table.tensors, model.horizon
    parts: list[ForecastBatch] = []
    others: dict[str, list[Tensor]] = {"repeat-last": [], "seasonal-naive": [], "drift": [], "linear": []}
    for part in origins.split(max(1, _MAX_ROWS // (history + horizon))):
        window = tensors.windows(part, history, horizon)
        past = window.values[:, :history]
        parts.append(forecast(model, window))
        others["repeat-last"].append(naive(past, horizon))
        others["seasonal-naive"].append(seasonal_naive(tensors, part, horizon, season_length))
        others["drift"].append(drift(past, horizon))
        others["linear"].append(linear_forecast(past, linear_weights))
    told = _concatenate(parts)
    truth = _targets(scaled_table, origins, horizon)
    errors: dict[str, ForecastErrors] = {
        name: compute_errors(torch.cat(found).double().numpy(), truth) for name, found in others.items()
    }
    inside = None
    if told.lower is not None and told.upper is not None:
        lower, upper = told.lower.double().numpy(), told.upper.double().numpy()
        within = truth.mask & (truth.values >= lower) & (truth.values <= upper)
        inside = sum_by_group(truth.block_ids, within.sum(axis=(1, 2)))
    scores = ForecastScores(
        network=_CELL_TITLES[model.gru.cell],
        model=compute_errors(told.point.double().numpy(), truth),
        baselines=errors,
        num_targets=sum_by_group(truth.block_ids, truth.mask.sum(axis=(1, 2))),
        covered=inside,
        level=told.level,
        num_windows=len(origins),
        horizon=horizon,
    )
    return ForecastEvaluation(scores, scaled_table, origins, told)


def _concatenate(batches: list[ForecastBatch]) -> ForecastBatch:
    def join(name: str) -> Tensor | None:
        found = [getattr(part, name) for part in batches]
        return None if found[0] is None else torch.cat(found)

    centre = join("centre")
    assert centre is not None
    return ForecastBatch(centre, join("lower"), join("upper"), batches[0].level)


def _targets(scaled_table: ScaledTable, origins: Tensor, horizon: int) -> ForecastTargets:
    rows = (origins[:, None] + torch.arange(horizon)).numpy()
    series = scaled_table.tensors.series_index[origins].numpy()
    return ForecastTargets(
        values=scaled_table.tensors.values[rows].double().numpy(),
        mask=scaled_table.table.observed_mask[rows],
        scales=scaled_table.scales[series],
        steps=scaled_table.steps[series],
        times=scaled_table.table.times[origins.numpy()],
    )
