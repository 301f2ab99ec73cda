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

from grunlp.modules.gru import StackedGRU
from grunlp.modules.options import Cell
from grunlp.tasks.forecasting.revin import RevIN, WindowStats

_MIN_SCALE = 1e-3
_NUM_PATHS = 100  # that a recursive Gaussian forecast draws


class Forecaster(nn.Module, ABC):
    """What all have in common.

    Args:
        channels: C.
        num_known_covariates: F.
        num_static_covariates: K.
        horizon: H.
        hidden_size, num_layers, cell, dropout: of the GRU; dropout between layers and before the last linear layer.
        input_dropout: of what the GRU reads.
        window_normalization: see `RevIN`.
        output: see above.
        quantiles: levels, rising; for output="quantiles".
    """

    def __init__(
        self,
        channels: int,
        num_known_covariates: int,
        num_static_covariates: int,
        horizon: int,
        hidden_size: int,
        num_layers: int,
        cell: Cell,
        input_dropout: float,
        dropout: float,
        window_normalization: Literal["none", "last", "revin"],
        output: Literal["point", "gaussian", "quantiles"],
        quantiles: Sequence[float],
    ) -> None:
        super().__init__()
        self.channels, self.num_known_covariates, self.num_static_covariates, self.horizon = (
            channels,
            num_known_covariates,
            num_static_covariates,
            horizon,
        )
        self.hidden_size, self.output, self.quantiles = hidden_size, output, tuple(quantiles)
        self.num_outputs = {"point": 1, "gaussian": 2, "quantiles": len(self.quantiles)}[output]
        self.level = RevIN(channels, window_normalization)
        self.input_dropout, self.dropout = nn.Dropout(input_dropout), nn.Dropout(dropout)
        self.gru = StackedGRU(self.input_size(), hidden_size, num_layers, False, dropout, "none", cell)
        self.build_layers()

    @abstractmethod
    def build_layers(self) -> None:
        """Make the layers of one's own."""

    @abstractmethod
    def input_size(self) -> int:
        """Features the GRU reads at a step."""

    @abstractmethod
    def forward(self, history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Forecast (B, H, C, O)."""

    def teacher_forced(self, values: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """What a training compares with the last S steps of windows.

        Args:
            values: (B, T + H, C), history and truth.
            known, static: as above.

        Returns:
            (B, S, C, O).
        """
        told: Tensor = self(values[:, : -self.horizon], known_covariates, static_covariates)
        return told

    def point_forecast(self, forecast: Tensor) -> Tensor:
        """The one number (..., ) of a forecast (..., O): value, mean, or the level nearest to one half."""
        if self.output == "quantiles":
            nearest = min(range(self.num_outputs), key=lambda i: abs(self.quantiles[i] - 0.5))
            return forecast[..., nearest]
        return forecast[..., 0]

    def _to_output_units(self, x: Tensor, stats: WindowStats) -> Tensor:
        """The last linear layer's (B, N, C, O) as a forecast in the units of the history."""
        if self.output == "gaussian":
            mean, scale = x.split(1, dim=-1)
            spread = self.level.denormalize_std(functional.softplus(scale) + _MIN_SCALE, stats)
            return torch.cat([self.level.denormalize(mean, stats), spread], dim=-1)
        return self.level.denormalize(x, stats)

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
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

    path_noise: Tensor

    def build_layers(self) -> None:
        """The last layer, and the noise of all paths."""
        self.last = nn.Linear(self.hidden_size, self.channels * self.num_outputs)
        drawn = torch.Generator().manual_seed(0)
        noise = torch.randn(_NUM_PATHS, self.horizon, self.channels, generator=drawn)
        self.register_buffer("noise", noise, persistent=False)

    def input_size(self) -> int:
        """The value of a step, and what is known of the next."""
        return self.channels + self.num_known_covariates + self.num_static_covariates

    def _inputs(self, x: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Normalised values (B, N, C), covariates (B, N, F) of the steps after them → (B, N, I)."""
        return torch.cat([x, known_covariates, static_covariates[:, None].expand(-1, x.shape[1], -1)], dim=-1)

    def _project(self, states: Tensor) -> Tensor:
        """(B, N, H) → (B, N, C, O)."""
        told: Tensor = self.last(self.dropout(states)).unflatten(-1, (self.channels, self.num_outputs))
        return told

    def teacher_forced(self, values: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """(B, S, C, O): each step, told from the true ones before it. S is T + H - 1; H where windows are brought to
        the level of their history, since within it that would tell a step something of those after it."""
        level = self.level.compute_stats(values[:, : -self.horizon])
        x = self.level(values[:, :-1], level)
        states, _ = self._encode(self._inputs(x, known_covariates[:, 1:], static_covariates))
        if self.level.normalize != "none":
            states = states[:, -self.horizon :]
        return self._to_output_units(self._project(states), level)

    def forward(self, history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """(B, H, C, O)."""
        level, steps = self.level.compute_stats(history), history.shape[1]
        states, final = self._encode(
            self._inputs(self.level(history, level), known_covariates[:, 1 : steps + 1], static_covariates)
        )
        told = self._to_output_units(self._project(states[:, -1:]), level)  # (B, 1, C, O)
        if self.output == "gaussian" and self.horizon > 1:
            return self._sample_paths(told, final, known_covariates[:, steps:], static_covariates, level)
        return torch.cat(
            self._roll_out(told, final, known_covariates[:, steps:], static_covariates, level, None), dim=1
        )

    def _roll_out(
        self,
        prediction: Tensor,
        final_state: Tensor,
        known_covariates: Tensor,
        static_covariates: Tensor,
        stats: WindowStats,
        path_noise: Tensor | None,
    ) -> list[Tensor]:
        """The forecasts of all steps, (B, 1, C, O) each. path_noise: (B, H, C), None: feeds the centre."""
        found = [prediction]
        one = torch.ones(prediction.shape[0], dtype=torch.long, device=prediction.device)
        for step in range(1, self.horizon):
            value = (
                self.point_forecast(prediction)
                if path_noise is None
                else prediction[..., 0] + prediction[..., 1] * path_noise[:, step - 1, None]
            )
            x = self._inputs(self.level(value, stats), known_covariates[:, step : step + 1], static_covariates)
            states, final_state = self.gru(x, one, final_state)
            prediction = self._to_output_units(self._project(states), stats)
            found.append(prediction)
        return found

    def _sample_paths(
        self,
        prediction: Tensor,
        final_state: Tensor,
        known_covariates: Tensor,
        static_covariates: Tensor,
        stats: WindowStats,
    ) -> Tensor:
        """Mean and standard deviation (B, H, C, 2) over paths that each go on from what they drew."""
        batch = prediction.shape[0]

        def tile(x: Tensor) -> Tensor:
            return x.repeat_interleave(_NUM_PATHS, dim=0)

        found = self._roll_out(
            tile(prediction),
            final_state.repeat_interleave(_NUM_PATHS, dim=1),
            tile(known_covariates),
            tile(static_covariates),
            WindowStats(tile(stats.shift), tile(stats.scale)),
            self.path_noise.to(prediction).repeat(batch, 1, 1),
        )
        paths = torch.cat(found, dim=1).unflatten(0, (batch, _NUM_PATHS))  # (B, paths, H, C, 2)
        means, scales = paths.unbind(dim=-1)
        variance = scales.square().mean(dim=1) + means.var(dim=1, correction=0)
        return torch.stack([means.mean(dim=1), variance.sqrt()], dim=-1)


class DirectForecaster(Forecaster):
    """Reads the history and forecasts all steps at once from the last state.

    A step of the horizon adds what its covariates say, by weights that all steps share.

    Args: as for `Forecaster`.
    """

    def build_layers(self) -> None:
        """The last layers."""
        self.last = nn.Linear(self.hidden_size, self.horizon * self.channels * self.num_outputs)
        self.last_known = (
            nn.Linear(self.num_known_covariates, self.channels * self.num_outputs, bias=False)
            if self.num_known_covariates
            else None
        )

    def input_size(self) -> int:
        """Values and covariates of a step."""
        return self.channels + self.num_known_covariates + self.num_static_covariates

    def forward(self, history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """(B, H, C, O)."""
        level, steps = self.level.compute_stats(history), history.shape[1]
        fixed = static_covariates[:, None].expand(-1, steps, -1)
        states, _ = self._encode(torch.cat([self.level(history, level), known_covariates[:, :steps], fixed], dim=-1))
        x = self.last(self.dropout(states[:, -1])).unflatten(-1, (self.horizon, self.channels, self.num_outputs))
        if self.last_known is not None:
            x = x + self.last_known(known_covariates[:, steps:]).unflatten(-1, (self.channels, self.num_outputs))
        return self._to_output_units(x, level)
