"""Losses of forecasters, and what of a window they look at."""

import math

import pytest
import torch

from grunlp.tasks.forecasting.lightning import ForecasterTask, elementwise_loss
from grunlp.tasks.forecasting.windows import ForecastWindow
from grunlp.training.options import OptimizerOptions
from tests.tasks.forecasting.test_model import C, H, T, build, windows


def test_losses_by_hand() -> None:
    truth = torch.tensor([1.0, 4.0])
    point = build("direct")
    forecast = torch.tensor([[2.0], [1.0]])
    assert elementwise_loss(forecast, truth, point, "mse").tolist() == [1.0, 9.0]
    assert elementwise_loss(forecast, truth, point, "mae").tolist() == [1.0, 3.0]
    gaussian = elementwise_loss(
        torch.tensor([[2.0, 0.5], [1.0, 2.0]]), truth, build("direct", output="gaussian"), "mse"
    )
    expected = -torch.distributions.Normal(torch.tensor([2.0, 1.0]), torch.tensor([0.5, 2.0])).log_prob(truth)
    torch.testing.assert_close(gaussian, expected)
    quantiles = build("direct", output="quantiles", quantiles="0.1,0.5")
    told = elementwise_loss(torch.tensor([[0.0, 2.0], [5.0, 3.0]]), truth, quantiles, "mse")
    torch.testing.assert_close(told, torch.tensor([0.1 + 0.5, 0.9 + 0.5]))


@pytest.mark.parametrize("kind", ["recursive", "direct", "segrnn"])
def test_what_was_not_measured_teaches_nothing(kind: str) -> None:
    values, known, static = windows()
    observed = torch.ones(4, T + H, C, dtype=torch.bool)
    observed[0, -2:] = False
    task = ForecasterTask(build(kind), OptimizerOptions(), total_steps=10)
    task.log = lambda *_, **__: None  # type: ignore[method-assign,assignment]
    changed = values.clone()
    changed[0, -1] = 1e3  # read by nothing, for it is the last step
    losses_of = [float(task.training_step(ForecastWindow(v, observed, known, static), 0)) for v in (values, changed)]
    assert losses_of[0] == losses_of[1] and math.isfinite(losses_of[0])
    task.on_validation_epoch_start()
    task.validation_step(ForecastWindow(changed, observed, known, static), 0)
    ((loss, cells),) = task.val_losses
    assert cells == 4 * H * C - 2 * C and loss * cells < 1e5
