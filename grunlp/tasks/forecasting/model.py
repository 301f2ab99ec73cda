"""Networks that forecast series.

All read a history (B, T, C) of C targets, covariates (B, T + H, F) that are known over history and horizon, and static
values (B, K), and forecast H steps of each target. A forecast has O numbers, by `output`:

    point      the value
    gaussian   mean and standard deviation
    quantiles  one for each level
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.modules.gru import Cell, StackedGRU
from grunlp.tasks.forecasting.revin import InstanceNormalization, Level

Output = Literal["point", "gaussian", "quantiles"]
_LEAST_SCALE = 1e-3
_PATHS = 100  # that a recursive Gaussian forecast draws


class Forecaster(nn.Module, ABC):
    """What all have in common.

    Args:
        channels: C.
        known: F.
        static: K.
        horizon: H.
        hidden_size, num_layers, cell, dropout: of the GRU; dropout between layers and before the last linear layer.
        input_dropout: of what the GRU reads.
        normalize: see `InstanceNormalization`.
        output: see above.
        quantiles: levels, rising; for output="quantiles".
    """

    def __init__(
        self,
        channels: int,
        known: int,
        static: int,
        horizon: int,
        hidden_size: int,
        num_layers: int,
        cell: Cell,
        input_dropout: float,
        dropout: float,
        normalize: Literal["none", "last", "revin"],
        output: Literal["point", "gaussian", "quantiles"],
        quantiles: Sequence[float],
    ) -> None:
        super().__init__()
        self.channels, self.known, self.static, self.horizon = channels, known, static, horizon
        self.features, self.output, self.quantiles = hidden_size, output, tuple(quantiles)
        self.outputs = {"point": 1, "gaussian": 2, "quantiles": len(self.quantiles)}[output]
        self.level = InstanceNormalization(channels, normalize)
        self.input_dropout, self.dropout = nn.Dropout(input_dropout), nn.Dropout(dropout)
        self.gru = StackedGRU(self.input_size(), hidden_size, num_layers, False, dropout, "none", cell)
        self.build()

    @abstractmethod
    def build(self) -> None:
        """Make the layers of one's own."""

    @abstractmethod
    def input_size(self) -> int:
        """Features the GRU reads at a step."""

    @abstractmethod
    def forward(self, history: Tensor, known: Tensor, static: Tensor) -> Tensor:
        """Forecast (B, H, C, O)."""

    def teach(self, values: Tensor, known: Tensor, static: Tensor) -> Tensor:
        """What a training compares with the last S steps of windows.

        Args:
            values: (B, T + H, C), history and truth.
            known, static: as above.

        Returns:
            (B, S, C, O).
        """
        told: Tensor = self(values[:, : -self.horizon], known, static)
        return told

    def centre(self, forecast: Tensor) -> Tensor:
        """The one number (..., ) of a forecast (..., O): value, mean, or the level nearest to one half."""
        if self.output == "quantiles":
            nearest = min(range(self.outputs), key=lambda i: abs(self.quantiles[i] - 0.5))
            return forecast[..., nearest]
        return forecast[..., 0]

    def _finish(self, x: Tensor, level: Level) -> Tensor:
        """The last linear layer's (B, N, C, O) as a forecast in the units of the history."""
        if self.output == "gaussian":
            mean, scale = x.split(1, dim=-1)
            spread = self.level.spread(functional.softplus(scale) + _LEAST_SCALE, level)
            return torch.cat([self.level.back(mean, level), spread], dim=-1)
        return self.level.back(x, level)

    def _states(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """All states (B, N, H) of the upper layer, and the final ones."""
        lengths = torch.full((x.shape[0],), x.shape[1], device=x.device)
        states, final = self.gru(self.input_dropout(x), lengths)
        return states, final


class RecursiveForecaster(Forecaster):
    """Forecasts the next step from all before it, and goes on from its own forecast.

    It learns from true histories (teacher forcing), each step of a window at once. With output="gaussian" it draws
    paths and tells their mean and spread (Salinas et al. 2020, §3.1); the noise of all windows is the same.

    Args: as for `Forecaster`.
    """

    noise: Tensor

    def build(self) -> None:
        """The last layer, and the noise of all paths."""
        self.last = nn.Linear(self.features, self.channels * self.outputs)
        drawn = torch.Generator().manual_seed(0)
        noise = torch.randn(_PATHS, self.horizon, self.channels, generator=drawn)
        self.register_buffer("noise", noise, persistent=False)

    def input_size(self) -> int:
        """The value of a step, and what is known of the next."""
        return self.channels + self.known + self.static

    def _inputs(self, x: Tensor, known: Tensor, static: Tensor) -> Tensor:
        """Normalised values (B, N, C), covariates (B, N, F) of the steps after them → (B, N, I)."""
        return torch.cat([x, known, static[:, None].expand(-1, x.shape[1], -1)], dim=-1)

    def _heads(self, states: Tensor) -> Tensor:
        """(B, N, H) → (B, N, C, O)."""
        told: Tensor = self.last(self.dropout(states)).unflatten(-1, (self.channels, self.outputs))
        return told

    def teach(self, values: Tensor, known: Tensor, static: Tensor) -> Tensor:
        """(B, S, C, O): each step, told from the true ones before it. S is T + H - 1; H where windows are brought to
        the level of their history, since within it that would tell a step something of those after it."""
        level = self.level.level(values[:, : -self.horizon])
        x = self.level(values[:, :-1], level)
        states, _ = self._states(self._inputs(x, known[:, 1:], static))
        if self.level.normalize != "none":
            states = states[:, -self.horizon :]
        return self._finish(self._heads(states), level)

    def forward(self, history: Tensor, known: Tensor, static: Tensor) -> Tensor:
        """(B, H, C, O)."""
        level, steps = self.level.level(history), history.shape[1]
        states, final = self._states(self._inputs(self.level(history, level), known[:, 1 : steps + 1], static))
        told = self._finish(self._heads(states[:, -1:]), level)  # (B, 1, C, O)
        if self.output == "gaussian" and self.horizon > 1:
            return self._paths(told, final, known[:, steps:], static, level)
        return torch.cat(self._go_on(told, final, known[:, steps:], static, level, None), dim=1)

    def _go_on(
        self, told: Tensor, final: Tensor, known: Tensor, static: Tensor, level: Level, noise: Tensor | None
    ) -> list[Tensor]:
        """The forecasts of all steps, (B, 1, C, O) each. noise: (B, H, C), None: feeds the centre."""
        found = [told]
        one = torch.ones(told.shape[0], dtype=torch.long, device=told.device)
        for step in range(1, self.horizon):
            value = self.centre(told) if noise is None else told[..., 0] + told[..., 1] * noise[:, step - 1, None]
            x = self._inputs(self.level(value, level), known[:, step : step + 1], static)
            states, final = self.gru(x, one, final)
            told = self._finish(self._heads(states), level)
            found.append(told)
        return found

    def _paths(self, told: Tensor, final: Tensor, known: Tensor, static: Tensor, level: Level) -> Tensor:
        """Mean and standard deviation (B, H, C, 2) over paths that each go on from what they drew."""
        batch = told.shape[0]

        def tile(x: Tensor) -> Tensor:
            return x.repeat_interleave(_PATHS, dim=0)

        found = self._go_on(
            tile(told),
            final.repeat_interleave(_PATHS, dim=1),
            tile(known),
            tile(static),
            Level(tile(level.shift), tile(level.scale)),
            self.noise.to(told).repeat(batch, 1, 1),
        )
        paths = torch.cat(found, dim=1).unflatten(0, (batch, _PATHS))  # (B, paths, H, C, 2)
        means, scales = paths.unbind(dim=-1)
        variance = scales.square().mean(dim=1) + means.var(dim=1, correction=0)
        return torch.stack([means.mean(dim=1), variance.sqrt()], dim=-1)


class DirectForecaster(Forecaster):
    """Reads the history and forecasts all steps at once from the last state.

    A step of the horizon adds what its covariates say, by weights that all steps share.

    Args: as for `Forecaster`.
    """

    def build(self) -> None:
        """The last layers."""
        self.last = nn.Linear(self.features, self.horizon * self.channels * self.outputs)
        self.last_known = nn.Linear(self.known, self.channels * self.outputs, bias=False) if self.known else None

    def input_size(self) -> int:
        """Values and covariates of a step."""
        return self.channels + self.known + self.static

    def forward(self, history: Tensor, known: Tensor, static: Tensor) -> Tensor:
        """(B, H, C, O)."""
        level, steps = self.level.level(history), history.shape[1]
        fixed = static[:, None].expand(-1, steps, -1)
        states, _ = self._states(torch.cat([self.level(history, level), known[:, :steps], fixed], dim=-1))
        x = self.last(self.dropout(states[:, -1])).unflatten(-1, (self.horizon, self.channels, self.outputs))
        if self.last_known is not None:
            x = x + self.last_known(known[:, steps:]).unflatten(-1, (self.channels, self.outputs))
        return self._finish(x, level)
