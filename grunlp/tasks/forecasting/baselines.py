"""Baseline forecasts: last value, drift, seasonal naive, and a linear model."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from grunlp.tasks.forecasting.windows import TimeSeriesTensors

RIDGE_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # to choose from, relative to the mean diagonal of XᵀX
_CHUNK_SIZE = 256


def naive(history: Tensor, horizon: int) -> Tensor:
    """Repeat the last value: (B, T, C) → (B, H, C)."""
    return history[:, -1:].expand(-1, horizon, -1)


def drift(history: Tensor, horizon: int) -> Tensor:
    """Extend the line from the first to the last value: (B, T, C) → (B, H, C)."""
    slope = (history[:, -1:] - history[:, :1]) / max(1, history.shape[1] - 1)
    return history[:, -1:] + slope * torch.arange(1, horizon + 1, device=history.device)[:, None]


def seasonal_naive(tensors: TimeSeriesTensors, origins: Tensor, horizon: int, season_length: int) -> Tensor:
    """Repeat the values of the last season (B, H, C).

    The season may begin before the history of the window; at the beginning of a series the oldest row is used.
    """
    steps = torch.arange(horizon) % season_length - season_length
    changes = tensors.series_index[1:] != tensors.series_index[:-1]
    first = torch.cat([torch.zeros(1, dtype=torch.long), changes.nonzero()[:, 0] + 1])
    rows = torch.maximum(origins[:, None] + steps, first[tensors.series_index[origins]][:, None])
    return tensors.values[rows]


def linear_forecast(history: Tensor, weights: Tensor) -> Tensor:
    """Forecast linearly (NLinear, Zeng et al. 2023, §4): (B, T, C) and weights (T + 1, H) → (B, H, C).

    The forecast is the last value, plus a weighted sum of the differences from it, plus a constant, with the same
    weights for all channels.
    """
    last = history[:, -1:]
    x = (history - last).transpose(1, 2)  # (B, C, T)
    return (x @ weights[:-1] + weights[-1]).transpose(1, 2) + last


def fit_linear(
    tensors: TimeSeriesTensors, train: Tensor, dev: Tensor, history: int, horizon: int
) -> tuple[Tensor, float]:
    """Fit the weights of `linear_forecast` by least squares in closed form, with the ridge penalty that is best on dev.

    Args:
        tensors: all rows.
        train: (N,) origins of the training windows.
        dev: (N,) origins of the development windows.
        history: T, length of the history.
        horizon: H, length of the horizon.

    Returns:
        the weights (T + 1, H), and the penalty.
    """
    xx = np.zeros((history + 1, history + 1))
    xy = np.zeros((history + 1, horizon))
    for x, y in _regression_batches(tensors, train, history, horizon):
        xx += (x.T @ x).double().numpy()
        xy += (x.T @ y).double().numpy()
    values, vectors = np.linalg.eigh(xx)
    values, rotated = np.maximum(values, 0.0), vectors.T @ xy
    scale = max(float(np.trace(xx)) / len(xx), 1e-12)
    candidates = {}
    for ridge in RIDGE_PENALTIES:
        weights = torch.from_numpy(vectors @ (rotated / (values + ridge * scale)[:, None])).float()
        batches = _regression_batches(tensors, dev, history, horizon)
        candidates[ridge] = (sum(float((y - x @ weights).square().sum()) for x, y in batches), weights)
    best = min(candidates, key=lambda ridge: candidates[ridge][0])
    return candidates[best][1], best


def _regression_batches(
    tensors: TimeSeriesTensors, origins: Tensor, history: int, horizon: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield histories (n, T + 1) whose last feature is 1, and horizons (n, H), with one channel in each row.

    Both are relative to the last value of the history. Windows whose horizon was not fully observed are left out.
    """
    for batch in origins.split(_CHUNK_SIZE):
        window = tensors.windows(batch, history, horizon)
        values = window.values.transpose(1, 2).flatten(0, 1)  # (B·C, T + H)
        is_observed = window.observed_mask[:, history:].all(dim=1).flatten()
        values = values[is_observed]
        values = values - values[:, history - 1, None]
        yield torch.cat([values[:, :history], values.new_ones(len(values), 1)], dim=1), values[:, history:]
