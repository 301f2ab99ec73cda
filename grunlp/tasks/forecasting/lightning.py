"""Training a forecaster."""

import math
from typing import get_args

import torch
from torch import Tensor

from grunlp.tasks.forecasting.model import Forecaster
from grunlp.tasks.forecasting.options import ForecastLoss
from grunlp.tasks.forecasting.windows import ForecastWindow
from grunlp.training.lightning_base import BaseLightningModule

FORECAST_LOSSES = get_args(ForecastLoss)


def elementwise_loss(forecast: Tensor, target: Tensor, model: Forecaster, loss: ForecastLoss) -> Tensor:
    """The loss of each cell.

    Args:
        forecast: (..., O).
        target: (...).
        model: tells what the O numbers are.
        loss: of points. Gaussians have the negative log likelihood in nats, quantiles the mean pinball loss over
            levels, twice, so that it is the absolute error at one half (Koenker and Bassett 1978).

    Returns:
        (...).
    """
    if model.output == "gaussian":
        mean, scale = forecast.unbind(dim=-1)
        return ((target - mean) / scale).square() / 2 + scale.log() + math.log(2 * math.pi) / 2
    if model.output == "quantiles":
        level = torch.tensor(model.quantiles, device=forecast.device)
        error = target[..., None] - forecast
        return 2 * torch.maximum(level * error, (level - 1) * error).mean(dim=-1)
    error = target - forecast[..., 0]
    return error.square() if loss == "mse" else error.abs()


class ForecasterTask(BaseLightningModule):
    """Trains a `Forecaster` on windows. Logs `train/loss_step`, `train/windows_per_second` and `dev/loss`.

    Args:
        model: the network.
        loss: of points, in training and on dev.
        total_steps, learning_rate, weight_decay, warmup: as for `BaseLightningModule`.
    """

    model: Forecaster
    throughput_unit = "windows"

    def __init__(
        self,
        model: Forecaster,
        loss: ForecastLoss,
        total_steps: int,
        learning_rate: float,
        weight_decay: float,
        warmup_fraction: float,
    ) -> None:
        super().__init__(model, total_steps, learning_rate, {}, weight_decay, warmup_fraction)
        self.loss = loss

    def training_step(self, window: ForecastWindow, batch_idx: int) -> Tensor:
        """One batch: the mean loss of what was measured."""
        told = self.model.teacher_forced(window.values, window.known_covariates, window.static_covariates)
        steps = told.shape[1]
        real = window.observed_mask[:, -steps:]
        cells = elementwise_loss(told, window.values[:, -steps:], self.model, self.loss)
        loss = (cells * real).sum() / real.sum().clamp(min=1)
        self.log_train_batch(loss, batch_idx, len(told))
        return loss

    def validation_step(self, window: ForecastWindow, batch_idx: int) -> None:
        """Sum the loss of the horizon, forecast without the truth."""
        horizon = self.model.horizon
        told = self.model(window.values[:, :-horizon], window.known_covariates, window.static_covariates)
        real = window.observed_mask[:, -horizon:]
        cells = elementwise_loss(told, window.values[:, -horizon:], self.model, self.loss)
        count = int(real.sum())
        self.add_val_loss(float((cells * real).sum()) / max(1, count), count)
