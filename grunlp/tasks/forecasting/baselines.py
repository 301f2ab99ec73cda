"""Forecasts without a network, which one has to beat."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from grunlp.tasks.forecasting.windows import TimeSeriesTensors

RIDGE_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # penalties that are tried, as shares of the mean diagonal of XᵀX
_CHUNK = 256


def naive(history: Tensor, horizon: int) -> Tensor:
    """(B, T, C) → (B, H, C): the last value, again and again."""
    return history[:, -1:].expand(-1, horizon, -1)


def drift(history: Tensor, horizon: int) -> Tensor:
    """(B, T, C) → (B, H, C): on along the line from the first to the last value."""
    slope = (history[:, -1:] - history[:, :1]) / max(1, history.shape[1] - 1)
    return history[:, -1:] + slope * torch.arange(1, horizon + 1, device=history.device)[:, None]


def seasonal_naive(tensors: TimeSeriesTensors, origins: Tensor, horizon: int, season_length: int) -> Tensor:
    """(B, H, C): what was there one season before, or as many as it takes to be known. It may look back beyond the
    history of the window; at the beginning of a series it takes the oldest row."""
    steps = torch.arange(horizon) % season_length - season_length
    changes = tensors.series_index[1:] != tensors.series_index[:-1]
    first = torch.cat([torch.zeros(1, dtype=torch.long), changes.nonzero()[:, 0] + 1])
    rows = torch.maximum(origins[:, None] + steps, first[tensors.series_index[origins]][:, None])
    return tensors.values[rows]


def linear_forecast(history: Tensor, weights: Tensor) -> Tensor:
    """(B, T, C) and weights (T + 1, H) → (B, H, C): a weighted sum of the history, taken from its last value, and a
    constant, the same for all channels (NLinear, Zeng et al. 2023, §4)."""
    last = history[:, -1:]
    x = (history - last).transpose(1, 2)  # (B, C, T)
    return (x @ weights[:-1] + weights[-1]).transpose(1, 2) + last


def fit_linear(
    tensors: TimeSeriesTensors, train: Tensor, dev: Tensor, history: int, horizon: int
) -> tuple[Tensor, float]:
    """The weights of `linear` by least squares over training windows, in closed form, with the penalty that is best
    on dev.

    Args:
        tensors: all rows.
        train, dev: (N,) origins of windows.
        history, horizon: T and H.

    Returns:
        weights (T + 1, H), and the penalty.
    """
    xx = np.zeros((history + 1, history + 1))
    xy = np.zeros((history + 1, horizon))
    for x, y in _regression_batches(tensors, train, history, horizon):
        xx += (x.T @ x).double().numpy()
        xy += (x.T @ y).double().numpy()
    values, vectors = np.linalg.eigh(xx)
    values, rotated = np.maximum(values, 0.0), vectors.T @ xy
    size = max(float(np.trace(xx)) / len(xx), 1e-12)
    tried = {}
    for ridge in RIDGE_PENALTIES:
        weight = torch.from_numpy(vectors @ (rotated / (values + ridge * size)[:, None])).float()
        error = sum(
            float((y - x @ weight).square().sum()) for x, y in _regression_batches(tensors, dev, history, horizon)
        )
        tried[ridge] = (error, weight)
    best = min(tried, key=lambda ridge: tried[ridge][0])
    return tried[best][1], best


def _regression_batches(
    tensors: TimeSeriesTensors, origins: Tensor, history: int, horizon: int
) -> Iterable[tuple[Tensor, Tensor]]:
    """Histories (n, T + 1), the last feature 1, and horizons (n, H), both from the last value, a channel a row; those
    whose horizon was measured as a whole."""
    for part in origins.split(_CHUNK):
        window = tensors.windows(part, history, horizon)
        values = window.values.transpose(1, 2).flatten(0, 1)  # (B·C, T + H)
        whole = window.observed_mask[:, history:].all(dim=1).flatten()
        values = values[whole]
        values = values - values[:, history - 1, None]
        yield torch.cat([values[:, :history], values.new_ones(len(values), 1)], dim=1), values[:, history:]
