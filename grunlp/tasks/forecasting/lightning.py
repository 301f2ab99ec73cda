"""Training of a forecaster."""

import math

import torch
from torch import Tensor

from grunlp.tasks.forecasting.model import Forecaster
from grunlp.tasks.forecasting.options import ForecastLoss
from grunlp.tasks.forecasting.windows import ForecastWindow
from grunlp.training.lightning_base import BaseLightningModule


def elementwise_loss(forecast: Tensor, target: Tensor, model: Forecaster, loss: ForecastLoss) -> Tensor:
    """Compute the loss of each element.

    Args:
        forecast: (..., O) outputs of the model.
        target: (...) true values.
        model: the model, which determines the meaning of the O numbers.
        loss: the loss of point forecasts. Gaussian forecasts always have the negative log-likelihood in nats; quantiles
            have twice the pinball loss, averaged over the levels, which equals the absolute error at level 0.5 (Koenker
            and Bassett 1978).

    Returns:
        the losses (...).
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
    """The Lightning module that trains a `Forecaster` on windows."""

    model: Forecaster
    throughput_unit = "windows"

    def training_step(self, window: ForecastWindow, batch_idx: int) -> Tensor:
        """Return the mean loss of the observed values of one batch."""
        prediction = self.model.teacher_forced(window.values, window.known_covariates, window.static_covariates)
        steps = prediction.shape[1]
        mask = window.observed_mask[:, -steps:]
        losses = elementwise_loss(prediction, window.values[:, -steps:], self.model, self.model.options.loss)
        loss = (losses * mask).sum() / mask.sum().clamp(min=1)
        self.log_train_batch(loss, batch_idx, len(prediction))
        return loss

    def validation_step(self, window: ForecastWindow, batch_idx: int) -> None:
        """Accumulate the loss of forecasts over the horizon, without teacher forcing."""
        horizon = self.model.horizon
        forecast = self.model(window.values[:, :-horizon], window.known_covariates, window.static_covariates)
        mask = window.observed_mask[:, -horizon:]
        losses = elementwise_loss(forecast, window.values[:, -horizon:], self.model, self.model.options.loss)
        count = int(mask.sum())
        self.add_val_loss(float((losses * mask).sum()) / max(1, count), count)
