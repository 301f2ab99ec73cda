"""Forecasting with a trained network, and scoring it beside simpler ways on every window of a split."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grunlp.tasks.forecasting.baselines import drift, linear, repeat_last, seasonal_naive
from grunlp.tasks.forecasting.metrics import Errors, SeriesScores, Truth, measure_errors, sums
from grunlp.tasks.forecasting.model import Forecaster
from grunlp.tasks.forecasting.scaler import Scaling, scaling_for
from grunlp.tasks.forecasting.timeseries import SeriesTable
from grunlp.tasks.forecasting.windows import SeriesTensors, Window

_ROWS = 200_000  # steps of windows read at once
_NAMES = {"gru": "GRU", "gru-before": "GRU", "lstm": "LSTM", "rnn": "RNN", "mingru": "minimal GRU"}  # in reports
Z80 = 1.2815515655446004  # a standard normal is below it with probability 0.9


class Prepared(NamedTuple):
    """A table scaled as the training was. means, scales, steps: (S, C)."""

    table: SeriesTable
    tensors: SeriesTensors
    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    steps: NDArray[np.float64]


def prepare(table: SeriesTable, scaling: Scaling, history: int) -> Prepared:
    """Scale a table. history: rows by which a series that the training did not have is scaled."""
    means, scales, steps = scaling_for(table, scaling, history)
    return Prepared(table, SeriesTensors(table, scaling, means, scales), means, scales, steps)


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of N windows, scaled.

    centre: (N, H, C).
    lower, upper: likewise, of the interval; None where the network tells none.
    level: share that should be inside.
    """

    centre: Tensor
    lower: Tensor | None
    upper: Tensor | None
    level: float


def forecast(model: Forecaster, window: Window) -> Forecasts:
    """Forecast windows, of which only the history is read; some at a time."""
    histories = window.values[:, : window.known.shape[1] - model.horizon]
    many = max(1, _ROWS // (window.known.shape[1] * model.channels * (100 if model.output == "gaussian" else 1)))
    with torch.inference_mode():
        parts = zip(histories.split(many), window.known.split(many), window.static.split(many), strict=True)
        told = torch.cat([model(*part) for part in parts])
    return intervals(model, told)


def intervals(model: Forecaster, told: Tensor) -> Forecasts:
    """What a network says, (N, H, C, O). Gaussians have an interval of 80 %, quantiles that between the outermost."""
    centre = model.centre(told)
    if model.output == "gaussian":
        return Forecasts(centre, centre - Z80 * told[..., 1], centre + Z80 * told[..., 1], 0.8)
    if model.output == "quantiles" and model.outputs > 1:
        told = told.sort(dim=-1).values  # quantiles that cross; the centre is one of them, and within
        return Forecasts(centre, told[..., 0], told[..., -1], model.quantiles[-1] - model.quantiles[0])
    return Forecasts(centre, None, None, 0.0)


@dataclass(frozen=True)
class Scored:
    """The scores of a split with what pictures of it are made of. origins: (N,) rows."""

    scores: SeriesScores
    prepared: Prepared
    origins: Tensor
    forecasts: Forecasts

    def as_dict(self) -> dict[str, object]:
        """For `metrics.json`."""
        return self.scores.as_dict()

    def report(self) -> str:
        """For people."""
        return self.scores.report()


def score(model: Forecaster, weight: Tensor, prepared: Prepared, origins: Tensor, history: int, season: int) -> Scored:
    """Forecast from every time of a split (a rolling origin), with the network and without.

    Args:
        model: in evaluation mode.
        weight: of the linear model.
        prepared: the table.
        origins: (N,) of the windows of the split.
        history, season: of windows.
    """
    tensors, horizon = prepared.tensors, model.horizon
    parts: list[Forecasts] = []
    others: dict[str, list[Tensor]] = {"repeat-last": [], "seasonal-naive": [], "drift": [], "linear": []}
    for part in origins.split(max(1, _ROWS // (history + horizon))):
        window = tensors.windows(part, history, horizon)
        past = window.values[:, :history]
        parts.append(forecast(model, window))
        others["repeat-last"].append(repeat_last(past, horizon))
        others["seasonal-naive"].append(seasonal_naive(tensors, part, horizon, season))
        others["drift"].append(drift(past, horizon))
        others["linear"].append(linear(past, weight))
    told = _joined(parts)
    truth = _truth(prepared, origins, horizon)
    errors: dict[str, Errors] = {
        name: measure_errors(torch.cat(found).double().numpy(), truth) for name, found in others.items()
    }
    inside = None
    if told.lower is not None and told.upper is not None:
        lower, upper = told.lower.double().numpy(), told.upper.double().numpy()
        within = truth.observed & (truth.values >= lower) & (truth.values <= upper)
        inside = sums(truth.blocks, within.sum(axis=(1, 2)))
    scores = SeriesScores(
        network=_NAMES[model.gru.cell],
        model=measure_errors(told.centre.double().numpy(), truth),
        baselines=errors,
        cells=sums(truth.blocks, truth.observed.sum(axis=(1, 2))),
        covered=inside,
        level=told.level,
        windows=len(origins),
        horizon=horizon,
    )
    return Scored(scores, prepared, origins, told)


def _joined(parts: list[Forecasts]) -> Forecasts:
    def join(name: str) -> Tensor | None:
        found = [getattr(part, name) for part in parts]
        return None if found[0] is None else torch.cat(found)

    centre = join("centre")
    assert centre is not None
    return Forecasts(centre, join("lower"), join("upper"), parts[0].level)


def _truth(prepared: Prepared, origins: Tensor, horizon: int) -> Truth:
    rows = (origins[:, None] + torch.arange(horizon)).numpy()
    series = prepared.tensors.series[origins].numpy()
    return Truth(
        values=prepared.tensors.values[rows].double().numpy(),
        observed=prepared.table.observed[rows],
        scales=prepared.scales[series],
        steps=prepared.steps[series],
        order=prepared.table.times[origins.numpy()],
    )
