"""Inference of a forecaster, and its evaluation against baselines on every window of a split."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.metrics.corpus_metric import Metric
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
from grunlp.tasks.forecasting.windows import ForecastWindow, TimeSeriesTensors

_MAX_ROWS = 200_000  # steps of windows read at once
_CELL_TITLES = {
    "gru": "GRU",
    "gru-reset-before": "GRU",
    "lstm": "LSTM",
    "rnn": "RNN",
    "mingru": "minimal GRU",
}  # in reports
Z80 = 1.2815515655446004  # the 0.9 quantile of the standard normal distribution


class ScaledTable(NamedTuple):
    """A table scaled like the training data.

    Attributes:
        table: the table.
        tensors: its scaled values.
        means: (S, C) means that were subtracted from each series and channel.
        scales: (S, C) scales by which they were divided.
        steps: (S, C) mean absolute seasonal differences, for MASE.
    """

    table: TimeSeriesTable
    tensors: TimeSeriesTensors
    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    steps: NDArray[np.float64]


def scale_table(table: TimeSeriesTable, scaling: Standardizer, history: int) -> ScaledTable:
    """Scale a table. A series that is not in the training data is scaled by its first `history` rows."""
    means, scales, steps = standardization_for(table, scaling, history)
    return ScaledTable(table, TimeSeriesTensors(table, scaling, means, scales), means, scales, steps)


@dataclass(frozen=True)
class ForecastBatch:
    """Scaled forecasts of N windows.

    Attributes:
        point: (N, H, C) point forecasts.
        lower: (N, H, C) lower bounds of the intervals; None for point forecasts.
        upper: (N, H, C) upper bounds.
        level: probability of the intervals.
    """

    point: Tensor
    lower: Tensor | None
    upper: Tensor | None
    level: float


def forecast(model: Forecaster, window: ForecastWindow) -> ForecastBatch:
    """Forecast windows from their history, in batches of limited size."""
    histories = window.values[:, : window.known_covariates.shape[1] - model.horizon]
    batch_size = max(
        1, _MAX_ROWS // (window.known_covariates.shape[1] * model.channels * (100 if model.output == "gaussian" else 1))
    )
    with torch.inference_mode():
        batches = zip(
            histories.split(batch_size),
            window.known_covariates.split(batch_size),
            window.static_covariates.split(batch_size),
            strict=True,
        )
        predictions = torch.cat([model(*batch) for batch in batches])
    return prediction_intervals(model, predictions)


def prediction_intervals(model: Forecaster, prediction: Tensor) -> ForecastBatch:
    """Compute intervals from outputs (N, H, C, O): 80 % for Gaussians, between the outermost quantiles otherwise."""
    point = model.point_forecast(prediction)
    if model.output == "gaussian":
        return ForecastBatch(point, point - Z80 * prediction[..., 1], point + Z80 * prediction[..., 1], 0.8)
    if model.output == "quantiles" and model.num_outputs > 1:
        prediction = prediction.sort(dim=-1).values  # quantiles may cross
        return ForecastBatch(point, prediction[..., 0], prediction[..., -1], model.quantiles[-1] - model.quantiles[0])
    return ForecastBatch(point, None, None, 0.0)


@dataclass(frozen=True)
class ForecastEvaluation:
    """The scores of a split, and the data for plots.

    Attributes:
        scores: the scores.
        scaled_table: the scaled table.
        origins: (N,) first rows of the horizons.
        forecasts: the forecasts of the N windows.
    """

    scores: ForecastScores
    scaled_table: ScaledTable
    origins: Tensor
    forecasts: ForecastBatch

    @property
    def metrics(self) -> dict[str, Metric]:
        """Return each metric by its key."""
        return self.scores.metrics

    def as_dict(self) -> dict[str, object]:
        """Return the scores for `metrics.json`."""
        return self.scores.as_dict()

    def report(self) -> str:
        """Return the scores for the user."""
        return self.scores.report()


def evaluate_forecaster(
    model: Forecaster,
    linear_weights: Tensor,
    scaled_table: ScaledTable,
    origins: Tensor,
    history: int,
    season_length: int,
) -> ForecastEvaluation:
    """Score rolling-origin forecasts of the network and of the baselines at every window of a split.

    Args:
        model: the network, in evaluation mode.
        linear_weights: weights of the linear baseline.
        scaled_table: the scaled table.
        origins: (N,) first rows of the horizons.
        history: number of rows in the history of a window.
        season_length: number of rows in a season.
    """
    tensors, horizon = scaled_table.tensors, model.horizon
    forecasts: list[ForecastBatch] = []
    baselines: dict[str, list[Tensor]] = {"repeat-last": [], "seasonal-naive": [], "drift": [], "linear": []}
    for batch in origins.split(max(1, _MAX_ROWS // (history + horizon))):
        window = tensors.windows(batch, history, horizon)
        past = window.values[:, :history]
        forecasts.append(forecast(model, window))
        baselines["repeat-last"].append(naive(past, horizon))
        baselines["seasonal-naive"].append(seasonal_naive(tensors, batch, horizon, season_length))
        baselines["drift"].append(drift(past, horizon))
        baselines["linear"].append(linear_forecast(past, linear_weights))
    joined = _concatenate(forecasts)
    targets = _targets(scaled_table, origins, horizon)
    errors: dict[str, ForecastErrors] = {
        name: compute_errors(torch.cat(values).double().numpy(), targets) for name, values in baselines.items()
    }
    covered = None
    if joined.lower is not None and joined.upper is not None:
        lower, upper = joined.lower.double().numpy(), joined.upper.double().numpy()
        is_inside = targets.mask & (targets.values >= lower) & (targets.values <= upper)
        covered = sum_by_group(targets.block_ids, is_inside.sum(axis=(1, 2)))
    scores = ForecastScores(
        network=_CELL_TITLES[model.gru.cell],
        model=compute_errors(joined.point.double().numpy(), targets),
        baselines=errors,
        num_targets=sum_by_group(targets.block_ids, targets.mask.sum(axis=(1, 2))),
        covered=covered,
        level=joined.level,
        num_windows=len(origins),
        horizon=horizon,
    )
    return ForecastEvaluation(scores, scaled_table, origins, joined)


def _concatenate(batches: list[ForecastBatch]) -> ForecastBatch:
    def join(tensors: list[Tensor | None]) -> Tensor | None:
        present = [tensor for tensor in tensors if tensor is not None]
        return torch.cat(present) if present else None

    point = torch.cat([batch.point for batch in batches])
    lower, upper = join([batch.lower for batch in batches]), join([batch.upper for batch in batches])
    return ForecastBatch(point, lower, upper, batches[0].level)


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
