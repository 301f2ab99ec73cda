"""The validation of a Lightning module without a trainer."""

from collections.abc import Iterable
from typing import Any

import torch

from grunlp.training.lightning_base import BaseLightningModule


def record_logs(task: BaseLightningModule) -> dict[str, float]:
    """Make a module log into the dictionary that is returned."""
    logged: dict[str, float] = {}

    def log(name: str, value: Any, **options: Any) -> None:
        logged[name] = float(torch.as_tensor(value).detach())

    task.log = log  # type: ignore[method-assign, assignment]
    return logged


@torch.no_grad()
def validate(task: BaseLightningModule, batches: Iterable[Any]) -> dict[str, float]:
    """Run a validation epoch and return what is logged."""
    logged = record_logs(task)
    task.eval()
    task.on_validation_epoch_start()
    for i, batch in enumerate(batches):
        task.validation_step(batch, i)
    task.on_validation_epoch_end()
    return logged
