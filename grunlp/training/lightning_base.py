"""What all tasks share."""

import time
from collections.abc import Mapping
from math import fsum
from typing import Any, ClassVar

from pytorch_lightning import LightningModule
from torch import Tensor, nn

from grunlp.training.datamodule_base import EpochData
from grunlp.training.optim import scheduled_adamw
from grunlp.utils import distributed


class Task(LightningModule):
    """Trains a network; logs `train/loss_step`, `train/loss_epoch`, what is read a second, and `dev/loss`,
    all of them over all processes.

    Attributes:
        unit: what is counted a second, "words" say.

    Args:
        model: the network.
        total_steps: optimiser steps of the whole training, over which the rate rises and falls.
        learning_rate: highest rate, reached after the warm-up.
        rates: the same for parts of the model that have one of their own.
        weight_decay: of the weight matrices; tables, biases and norms have none.
        warmup: share of all steps during which the rate rises from 0; afterwards it falls to 0 in a straight line.
    """

    unit: ClassVar[str]

    def __init__(
        self,
        model: nn.Module,
        total_steps: int,
        learning_rate: float,
        rates: Mapping[nn.Module, float],
        weight_decay: float,
        warmup: float,
    ) -> None:
        super().__init__()
        self.model = model
        self.schedule = (total_steps, learning_rate, dict(rates), weight_decay, warmup)
        self.units, self.started = 0, 0.0  # of this epoch
        self.taught: list[tuple[Tensor, int]] = []  # losses of this epoch, and over how many each is a mean
        self.losses: list[tuple[float, int]] = []  # the same of the development split

    def on_train_epoch_start(self) -> None:
        """Start the clock."""
        self.units, self.started = 0, time.perf_counter()
        self.taught = []

    def log_training(self, loss: Tensor, batch_idx: int, size: int, units: int | None = None) -> None:
        """Log one batch. size: what its loss is a mean over; units: that it has, where these are others."""
        self.units += size if units is None else units
        # the others are taken to be as fast
        speed = distributed.count() * self.units / (time.perf_counter() - self.started)
        if self._share(batch_idx):
            self.taught.append((loss.detach(), size))
        self.log("train/loss_step", loss, prog_bar=True, batch_size=1, sync_dist=distributed.count() > 1)
        self.log(f"train/{self.unit}_per_second", speed, prog_bar=True, batch_size=1)

    def on_train_epoch_end(self) -> None:
        """Log the mean of the losses over the epoch."""
        self.log("train/loss_epoch", _mean([(float(loss), size) for loss, size in self.taught]), prog_bar=True)

    def backward(self, loss: Tensor, *arguments: Any, **options: Any) -> None:
        """Let each batch count as much as it has in it: see `loss_shares`."""
        share = self._share(self.trainer.fit_loop.epoch_loop.batch_idx)
        super().backward(loss if share == 1 else loss * share, *arguments, **options)

    def _share(self, turn: int) -> float:
        data = self.trainer.datamodule if self._trainer is not None else None  # type: ignore[attr-defined]
        return data.loss_share(turn) if isinstance(data, EpochData) else 1.0

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        self.losses = []

    def count_validation(self, loss: float, count: int) -> None:
        """Add one batch of the development split. loss: the mean over so many."""
        self.losses.append((loss, count))

    def on_validation_epoch_end(self) -> None:
        """Log the mean over the whole split."""
        self.log("dev/loss", self.validation_loss(), prog_bar=True)

    def validation_loss(self) -> float:
        """The mean over what all processes have counted; all of them have to call it."""
        return _mean(self.losses)

    def carried(self) -> dict[str, Tensor]:
        """What it carries from batch to batch beside its weights: nothing."""
        return {}

    def carry(self, carried: dict[str, Tensor]) -> None:
        """Go on with it."""

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """What each process carries belongs to it."""
        checkpoint["carried"] = distributed.gather({name: tensor.cpu() for name, tensor in self.carried().items()})

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with that of this process."""
        self.carry(checkpoint["carried"][distributed.rank()])

    def configure_optimizers(self) -> Any:
        """AdamW (Loshchilov and Hutter 2019) with linear warm-up and decay."""
        return scheduled_adamw(self, *self.schedule)


def _mean(losses: list[tuple[float, int]]) -> float:
    """Of the losses of all processes, all of which have to call it."""
    everyone = [part for some in distributed.gather(losses) for part in some]
    return fsum(loss * count for loss, count in everyone) / max(1, sum(count for _, count in everyone))
