"""Windows of series brought to one level before a network reads them, and its forecasts back to theirs."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

_LEAST = 1e-5


class Level(NamedTuple):
    """What was taken off windows: (B, 1, C) each."""

    shift: Tensor
    scale: Tensor


class InstanceNormalization(nn.Module):
    """Normalises each channel of each window by its own history.

    Args:
        channels: C.
        normalize: "none"; "last" subtracts the last value (Lin et al. 2023, §3.3); "revin" subtracts the mean, divides
            by the standard deviation and then applies a learned scale and shift (Kim et al. 2022, §3.1).
    """

    def __init__(self, channels: int, normalize: Literal["none", "last", "revin"]) -> None:
        super().__init__()
        self.normalize = normalize
        self.weight = nn.Parameter(torch.ones(channels)) if normalize == "revin" else None
        self.bias = nn.Parameter(torch.zeros(channels)) if normalize == "revin" else None

    def level(self, history: Tensor) -> Level:
        """What is to be taken off windows with this history (B, T, C)."""
        if self.normalize == "none":
            one = history.new_ones(history.shape[0], 1, history.shape[2])
            return Level(torch.zeros_like(one), one)
        if self.normalize == "last":
            return Level(history[:, -1:], torch.ones_like(history[:, -1:]))
        variance, mean = torch.var_mean(history, dim=1, keepdim=True, correction=0)
        return Level(mean, (variance + _LEAST).sqrt())

    def forward(self, x: Tensor, level: Level) -> Tensor:
        """Values (B, N, C) as the network reads them."""
        x = (x - level.shift) / level.scale
        return x if self.weight is None or self.bias is None else x * self.weight + self.bias

    def back(self, x: Tensor, level: Level) -> Tensor:
        """What the network says of values, (B, N, C, O), in their own units."""
        if self.weight is not None and self.bias is not None:
            x = (x - self.bias[:, None]) / self._weight()[:, None]
        return x * level.scale[..., None] + level.shift[..., None]

    def spread(self, x: Tensor, level: Level) -> Tensor:
        """The same of standard deviations, which no shift moves."""
        if self.weight is not None:
            x = x / self._weight().abs()[:, None]
        return x * level.scale[..., None]

    def _weight(self) -> Tensor:
        """Kept from 0, by which nothing can be divided."""
        assert self.weight is not None
        return torch.where(self.weight >= 0, 1.0, -1.0) * self.weight.abs().clamp(min=_LEAST)
