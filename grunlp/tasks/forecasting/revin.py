"""Normalization of windows by their own history, and its inverse for forecasts (RevIN)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from grunlp.tasks.forecasting.options import WindowNormalization

_EPS = 1e-5


class WindowStats(NamedTuple):
    """The shift and scale (B, 1, C) by which windows are normalized."""

    shift: Tensor
    scale: Tensor


class RevIN(nn.Module):
    """Normalization of each channel of each window by its own history.

    Args:
        channels: C, number of channels.
        window_normalization: "none"; "last" subtracts the last value (Lin et al. 2023, §3.3); "revin" subtracts the
            mean, divides by the standard deviation and applies a learned scale and shift (Kim et al. 2022, §3.1).
    """

    def __init__(self, channels: int, window_normalization: WindowNormalization) -> None:
        super().__init__()
        self.window_normalization = window_normalization
        self.weight = nn.Parameter(torch.ones(channels)) if window_normalization == "revin" else None
        self.bias = nn.Parameter(torch.zeros(channels)) if window_normalization == "revin" else None

    def compute_stats(self, history: Tensor) -> WindowStats:
        """Compute the shift and scale of windows from their history (B, T, C)."""
        if self.window_normalization == "none":
            ones = history.new_ones(history.shape[0], 1, history.shape[2])
            return WindowStats(torch.zeros_like(ones), ones)
        if self.window_normalization == "last":
            return WindowStats(history[:, -1:], torch.ones_like(history[:, -1:]))
        variance, mean = torch.var_mean(history, dim=1, keepdim=True, correction=0)
        return WindowStats(mean, (variance + _EPS).sqrt())

    def forward(self, x: Tensor, stats: WindowStats) -> Tensor:
        """Normalize values (B, N, C)."""
        x = (x - stats.shift) / stats.scale
        return x if self.weight is None or self.bias is None else x * self.weight + self.bias

    def denormalize(self, x: Tensor, stats: WindowStats) -> Tensor:
        """Convert outputs (B, N, C, O) back to the units of the history."""
        if self.weight is not None and self.bias is not None:
            x = (x - self.bias[:, None]) / self._nonzero_weight()[:, None]
        return x * stats.scale[..., None] + stats.shift[..., None]

    def denormalize_std(self, x: Tensor, stats: WindowStats) -> Tensor:
        """Convert standard deviations (B, N, C, O) back to the units of the history; the shift does not affect them."""
        if self.weight is not None:
            x = x / self._nonzero_weight().abs()[:, None]
        return x * stats.scale[..., None]

    def _nonzero_weight(self) -> Tensor:
        """Return the learned scale with an absolute value of at least `_EPS`, so that it can be divided by."""
        assert self.weight is not None
        return torch.where(self.weight >= 0, 1.0, -1.0) * self.weight.abs().clamp(min=_EPS)
