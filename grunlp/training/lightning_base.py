"""What all tasks share."""

import time
from collections.abc import Mapping
from math import fsum
from typing import Any, ClassVar

from pytorch_lightning import LightningModule
from torch import Tensor, nn

from grunlp.training.datamodule_base import ResumableDataModule
from grunlp.training.optim import scheduled_adamw
from grunlp.utils import distributed


class BaseLightningModule(LightningModule):
    """Trains a network; logs `train/loss_step`, `train/loss_epoch`, what is read a second, and `dev/loss`,
    all of them over all processes.

    Attributes:
        throughput_unit: what is counted a second, "words" say.

    Args:
        model: the network.
        total_steps: optimiser steps of the whole training, over which the rate rises and falls.
        learning_rate: highest rate, reached after the warm-up.
        lr_overrides: the same for parts of the model that have one of their own.
        weight_decay: of the weight matrices; tables, biases and norms have none.
        warmup_fraction: share of all steps during which the rate rises from 0; afterwards it falls to 0 in a straight
            line.
    """

    throughput_unit: ClassVar[str]

    def __init__(
        self,
        model: nn.Module,
        total_steps: int,
        learning_rate: float,
        lr_overrides: Mapping[nn.Module, float],
        weight_decay: float,
        warmup_fraction: float,
    ) -> None:
        super().__init__()
        self.model = model
        self.optimizer_args = (total_steps, learning_rate, dict(lr_overrides), weight_decay, warmup_fraction)
        self.units, self.started = 0, 0.0  # of this epoch
        self.train_losses: list[tuple[Tensor, int]] = []  # losses of this epoch, and over how many each is a mean
        self.val_losses: list[tuple[float, int]] = []  # the same of the development split

    def on_train_epoch_start(self) -> None:
        """Start the clock."""
        self.units, self.started = 0, time.perf_counter()
        self.train_losses = []

    def log_train_batch(self, loss: Tensor, batch_idx: int, size: int, num_units: int | None = None) -> None:
        """Log one batch. size: what its loss is a mean over; units: that it has, where these are others."""
        self.units += size if num_units is None else num_units
        # the others are taken to be as fast
        speed = distributed.world_size() * self.units / (time.perf_counter() - self.started)
        if self._loss_weight(batch_idx):
            self.train_losses.append((loss.detach(), size))
        self.log("train/loss_step", loss, prog_bar=True, batch_size=1, sync_dist=distributed.world_size() > 1)
        self.log(f"train/{self.throughput_unit}_per_second", speed, prog_bar=True, batch_size=1)

    def on_train_epoch_end(self) -> None:
        """Log the mean of the losses over the epoch."""
        self.log(
            "train/loss_epoch", _weighted_mean([(float(loss), size) for loss, size in self.train_losses]), prog_bar=True
        )

    def backward(self, loss: Tensor, *arguments: Any, **options: Any) -> None:
        """Let each batch count as much as it has in it: see `loss_shares`."""
        share = self._loss_weight(self.trainer.fit_loop.epoch_loop.batch_idx)
        super().backward(loss if share == 1 else loss * share, *arguments, **options)

    def _loss_weight(self, batch_idx: int) -> float:
        data = self.trainer.datamodule if self._trainer is not None else None  # type: ignore[attr-defined]
        return data.loss_weight(batch_idx) if isinstance(data, ResumableDataModule) else 1.0

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        self.val_losses = []

    def add_val_loss(self, loss: float, count: int) -> None:
        """Add one batch of the development split. loss: the mean over so many."""
        self.val_losses.append((loss, count))

    def on_validation_epoch_end(self) -> None:
        """Log the mean over the whole split."""
        self.log("dev/loss", self.validation_loss(), prog_bar=True)

    def validation_loss(self) -> float:
        """The mean over what all processes have counted; all of them have to call it."""
        return _weighted_mean(self.val_losses)

    def recurrent_state(self) -> dict[str, Tensor]:
        """What it carries from batch to batch beside its weights: nothing."""
        return {}

    def set_recurrent_state(self, recurrent_state: dict[str, Tensor]) -> None:
        """Go on with it."""

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """What each process carries belongs to it."""
        checkpoint["carried"] = distributed.all_gather_object(
            {name: tensor.cpu() for name, tensor in self.recurrent_state().items()}
        )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with that of this process."""
        self.set_recurrent_state(checkpoint["carried"][distributed.rank()])

    def configure_optimizers(self) -> Any:
        """AdamW (Loshchilov and Hutter 2019) with linear warm-up and decay."""
        return scheduled_adamw(self, *self.optimizer_args)


def _weighted_mean(losses: list[tuple[float, int]]) -> float:
    """Of the losses of all processes, all of which have to call it."""
    everyone = [part for some in distributed.all_gather_object(losses) for part in some]
    return fsum(loss * count for loss, count in everyone) / max(1, sum(count for _, count in everyone))
