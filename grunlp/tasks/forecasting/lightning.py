"""Training a forecaster."""

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from grunlp.tasks.forecasting.model import Forecaster
from grunlp.tasks.forecasting.windows import Window
from grunlp.training.lightning_base import Task

Loss = Literal["mse", "mae"]
LOSSES = get_args(Loss)


def losses(forecast: Tensor, truth: Tensor, model: Forecaster, loss: Loss) -> Tensor:
    """The loss of each cell.

    Args:
        forecast: (..., O).
        truth: (...).
        model: tells what the O numbers are.
        loss: of points. Gaussians have the negative log likelihood in nats, quantiles the mean pinball loss over
            levels, twice, so that it is the absolute error at one half (Koenker and Bassett 1978).

    Returns:
        (...).
    """
    if model.output == "gaussian":
        mean, scale = forecast.unbind(dim=-1)
        return ((truth - mean) / scale).square() / 2 + scale.log() + math.log(2 * math.pi) / 2
    if model.output == "quantiles":
        level = torch.tensor(model.quantiles, device=forecast.device)
        error = truth[..., None] - forecast
        return 2 * torch.maximum(level * error, (level - 1) * error).mean(dim=-1)
    error = truth - forecast[..., 0]
    return error.square() if loss == "mse" else error.abs()


class ForecasterTask(Task):
    """Trains a `Forecaster` on windows. Logs `train/loss_step`, `train/windows_per_second` and `dev/loss`.

    Args:
        model: the network.
        loss: of points, in training and on dev.
        total_steps, learning_rate, weight_decay, warmup: as for `Task`.
    """

    model: Forecaster
    unit = "windows"

    def __init__(
        self,
        model: Forecaster,
        loss: Loss,
        total_steps: int,
        learning_rate: float,
        weight_decay: float,
        warmup: float,
    ) -> None:
        super().__init__(model, total_steps, learning_rate, {}, weight_decay, warmup)
        self.loss = loss

    def training_step(self, window: Window, batch_idx: int) -> Tensor:
        """One batch: the mean loss of what was measured."""
        told = self.model.teach(window.values, window.known, window.static)
        steps = told.shape[1]
        real = window.observed[:, -steps:]
        cells = losses(told, window.values[:, -steps:], self.model, self.loss)
        loss = (cells * real).sum() / real.sum().clamp(min=1)
        self.log_training(loss, batch_idx, len(told))
        return loss

    def validation_step(self, window: Window, batch_idx: int) -> None:
        """Sum the loss of the horizon, forecast without the truth."""
        horizon = self.model.horizon
        told = self.model(window.values[:, :-horizon], window.known, window.static)
        real = window.observed[:, -horizon:]
        cells = losses(told, window.values[:, -horizon:], self.model, self.loss)
        count = int(real.sum())
        self.count_validation(float((cells * real).sum()) / max(1, count), count)
