"""What all Lightning modules share: losses weighted by the size of their batches."""

from typing import Any

import pytest
import torch
from torch import nn

from grunlp.training.lightning_base import BaseLightningModule
from grunlp.training.options import OptimizerOptions
from grunlp.utils.errors import UserError


def module() -> BaseLightningModule:
    return BaseLightningModule(nn.Linear(2, 1), OptimizerOptions(0.1, 0.01, 0.2), 10)


def test_the_validation_loss_is_the_mean_over_all_examples() -> None:
    task = module()
    task.add_val_loss(1.0, 1)
    task.add_val_loss(4.0, 3)
    assert task.validation_loss() == pytest.approx(13 / 4)
    task.on_validation_epoch_start()
    task.add_val_loss(2.0, 5)
    assert task.validation_loss() == 2.0, "earlier epochs do not count"


def test_optimizer_and_schedule_have_the_given_rate() -> None:
    task = module()
    configured = task.configure_optimizers()
    optimizer = configured["optimizer"] if isinstance(configured, dict) else configured[0][0]
    assert isinstance(optimizer, torch.optim.AdamW)
    assert {group["initial_lr"] for group in optimizer.param_groups} == {0.1}


def test_a_checkpoint_of_an_earlier_version_is_refused() -> None:
    with pytest.raises(UserError, match="earlier version"):
        module().on_load_checkpoint({"carried": [{}]})
    checkpoint: dict[str, Any] = {}
    module().on_save_checkpoint(checkpoint)
    module().on_load_checkpoint(checkpoint)
