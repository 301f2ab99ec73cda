"""Forecasting networks.

Each reads a history (B, T, C) of C targets, covariates (B, T + H, F) that are known over history and horizon, and
static covariates (B, K), and forecasts H steps of each target. A forecast has O numbers, depending on `output`:

    point      the value
    gaussian   mean and standard deviation
    quantiles  one value for each level
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.modules.gru import StackedGRU
from grunlp.tasks.forecasting.options import ForecasterOptions, parse_quantiles
from grunlp.tasks.forecasting.revin import RevIN, WindowStats

_MIN_SCALE = 1e-3
_NUM_PATHS = 100  # sampled for a recursive Gaussian forecast


class ForecasterSizes(NamedTuple):
    """The numbers of columns and steps that a forecaster handles.

    Attributes:
        channels: C, number of targets.
        num_known_covariates: F, number of known covariates.
        num_static_covariates: K, number of static covariates.
        horizon: H, number of steps to forecast.
    """

    channels: int
    num_known_covariates: int
    num_static_covariates: int
    horizon: int


class Forecaster(nn.Module, ABC):
    """Base class of all forecasters.

    Args:
        options: sizes, regularization and kind of output.
        sizes: sizes of the data.
    """

    def __init__(self, options: ForecasterOptions, sizes: ForecasterSizes) -> None:
        super().__init__()
        self.channels, self.num_known_covariates, self.num_static_covariates, self.horizon = sizes
        self.options, self.hidden_size, self.output = options, options.hidden_size, options.output
        self.quantiles = tuple(parse_quantiles(options.quantiles)) if options.output == "quantiles" else ()
        self.num_outputs = {"point": 1, "gaussian": 2, "quantiles": len(self.quantiles)}[options.output]
        self.level = RevIN(self.channels, options.window_normalization)
        self.input_dropout, self.dropout = nn.Dropout(options.input_dropout), nn.Dropout(options.dropout)
        self.gru = StackedGRU(
            self.input_size(), options.hidden_size, options.num_layers, False, options.dropout, "none", options.cell
        )
        self.build_layers()

    @abstractmethod
    def build_layers(self) -> None:
        """Make the layers of the subclass."""

    @abstractmethod
    def input_size(self) -> int:
        """Return the number of features that the GRU reads at each step."""

    @abstractmethod
    def forward(self, history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Forecast the horizon: (B, H, C, O)."""

    def teacher_forced(self, values: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Predict the last S steps of windows in training, given the true values.

        Args:
            values: (B, T + H, C) history and horizon of the targets.
            known_covariates: (B, T + H, F).
            static_covariates: (B, K).

        Returns:
            predictions (B, S, C, O).
        """
        forecast: Tensor = self(values[:, : -self.horizon], known_covariates, static_covariates)
        return forecast

    def point_forecast(self, forecast: Tensor) -> Tensor:
        """Reduce a forecast (..., O) to one number (...,): the value, the mean, or the median."""
        if self.output == "quantiles":
            return forecast[..., self.quantiles.index(0.5)]
        return forecast[..., 0]

    def _to_output_units(self, x: Tensor, stats: WindowStats) -> Tensor:
        """Convert the output (B, N, C, O) of the last linear layer to a forecast in the units of the history.

        See `RevIN`.
        """
        if self.output == "gaussian":
            mean, scale = x.split(1, dim=-1)
            std = self.level.denormalize_std(functional.softplus(scale) + _MIN_SCALE, stats)
            return torch.cat([self.level.denormalize(mean, stats), std], dim=-1)
        return self.level.denormalize(x, stats)

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return all states of the top layer (B, N, hidden_size), and the final states."""
        lengths = torch.full((x.shape[0],), x.shape[1], device=x.device)
        states, final_state = self.gru(self.input_dropout(x), lengths)
        return states, final_state


class RecursiveForecaster(Forecaster):
    """A forecaster that predicts the next step from all steps before it, and continues from its own forecast.

    It is trained on true histories (teacher forcing), at all steps of a window at once. With output="gaussian" it
    samples paths and returns their mean and standard deviation (Salinas et al. 2020, §3.1), with the same noise for all
    windows.
    """

    path_noise: Tensor

    def build_layers(self) -> None:
        """Make the output layer and the noise of the paths."""
        self.last = nn.Linear(self.hidden_size, self.channels * self.num_outputs)
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(_NUM_PATHS, self.horizon, self.channels, generator=generator)
        self.register_buffer("path_noise", noise, persistent=False)

    def input_size(self) -> int:
        """Return the number of values of a step and of covariates of the next step."""
        return self.channels + self.num_known_covariates + self.num_static_covariates

    def _inputs(self, x: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Concatenate normalized values (B, N, C) with the covariates (B, N, F) of the steps that follow them."""
        static = static_covariates[:, None].expand(-1, x.shape[1], -1)
        return torch.cat([x, known_covariates, static], dim=-1)

    def _project(self, states: Tensor) -> Tensor:
        """Project states (B, N, hidden_size) to outputs (B, N, C, O)."""
        outputs: Tensor = self.last(self.dropout(states)).unflatten(-1, (self.channels, self.num_outputs))
        return outputs

    def teacher_forced(self, values: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Predict each step (B, S, C, O) from the true steps before it.

        S is T + H - 1, or H if windows are normalized by their history: within the history, its statistics would reveal
        later steps.
        """
        stats = self.level.compute_stats(values[:, : -self.horizon])
        x = self.level(values[:, :-1], stats)
        states, _ = self._encode(self._inputs(x, known_covariates[:, 1:], static_covariates))
        if self.options.window_normalization != "none":
            states = states[:, -self.horizon :]
        return self._to_output_units(self._project(states), stats)

    def forward(self, history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Forecast the horizon: (B, H, C, O)."""
        stats, steps = self.level.compute_stats(history), history.shape[1]
        x, known = self.level(history, stats), known_covariates[:, 1 : steps + 1]
        states, final_state = self._encode(self._inputs(x, known, static_covariates))
        prediction = self._to_output_units(self._project(states[:, -1:]), stats)  # (B, 1, C, O)
        future = known_covariates[:, steps:]
        if self.output == "gaussian" and self.horizon > 1:
            return self._sample_paths(prediction, final_state, future, static_covariates, stats)
        return torch.cat(self._roll_out(prediction, final_state, future, static_covariates, stats, None), dim=1)

    def _roll_out(
        self,
        prediction: Tensor,
        final_state: Tensor,
        known_covariates: Tensor,
        static_covariates: Tensor,
        stats: WindowStats,
        path_noise: Tensor | None,
    ) -> list[Tensor]:
        """Forecast all steps, (B, 1, C, O) each, from the first one.

        Args:
            prediction: (B, 1, C, O) the forecast of the first step.
            final_state: the state of the GRU after the history.
            known_covariates: (B, H, F) covariates of the horizon.
            static_covariates: (B, K).
            stats: the statistics of the windows.
            path_noise: (B, H, C) noise for sampling values; None: continue from the point forecast.
        """
        predictions = [prediction]
        ones = torch.ones(prediction.shape[0], dtype=torch.long, device=prediction.device)
        for step in range(1, self.horizon):
            if path_noise is None:
                value = self.point_forecast(prediction)
            else:
                value = prediction[..., 0] + prediction[..., 1] * path_noise[:, step - 1, None]
            x = self._inputs(self.level(value, stats), known_covariates[:, step : step + 1], static_covariates)
            states, final_state = self.gru(x, ones, final_state)
            prediction = self._to_output_units(self._project(states), stats)
            predictions.append(prediction)
        return predictions

    def _sample_paths(
        self,
        prediction: Tensor,
        final_state: Tensor,
        known_covariates: Tensor,
        static_covariates: Tensor,
        stats: WindowStats,
    ) -> Tensor:
        """Return mean and standard deviation (B, H, C, 2) over sampled paths. Arguments as for `_roll_out`."""
        batch_size = prediction.shape[0]

        def tile(x: Tensor) -> Tensor:
            return x.repeat_interleave(_NUM_PATHS, dim=0)

        predictions = self._roll_out(
            tile(prediction),
            final_state.repeat_interleave(_NUM_PATHS, dim=1),
            tile(known_covariates),
            tile(static_covariates),
            WindowStats(tile(stats.shift), tile(stats.scale)),
            self.path_noise.to(prediction).repeat(batch_size, 1, 1),
        )
        paths = torch.cat(predictions, dim=1).unflatten(0, (batch_size, _NUM_PATHS))  # (B, paths, H, C, 2)
        means, scales = paths.unbind(dim=-1)
        variance = scales.square().mean(dim=1) + means.var(dim=1, correction=0)
        return torch.stack([means.mean(dim=1), variance.sqrt()], dim=-1)


class DirectForecaster(Forecaster):
    """A forecaster that reads the history and forecasts all steps at once from the last state.

    The covariates of each step of the horizon are added with weights that all steps share.
    """

    def build_layers(self) -> None:
        """Make the output layers."""
        outputs = self.channels * self.num_outputs
        self.last = nn.Linear(self.hidden_size, self.horizon * outputs)
        known = self.num_known_covariates
        self.last_known = nn.Linear(known, outputs, bias=False) if known else None

    def input_size(self) -> int:
        """Return the number of values and covariates of a step."""
        return self.channels + self.num_known_covariates + self.num_static_covariates

    def forward(self, history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Forecast the horizon: (B, H, C, O)."""
        stats, steps = self.level.compute_stats(history), history.shape[1]
        static = static_covariates[:, None].expand(-1, steps, -1)
        inputs = torch.cat([self.level(history, stats), known_covariates[:, :steps], static], dim=-1)
        states, _ = self._encode(inputs)
        shape = (self.horizon, self.channels, self.num_outputs)
        x = self.last(self.dropout(states[:, -1])).unflatten(-1, shape)
        if self.last_known is not None:
            known = self.last_known(known_covariates[:, steps:])
            x = x + known.unflatten(-1, (self.channels, self.num_outputs))
        return self._to_output_units(x, stats)
