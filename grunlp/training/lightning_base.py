"""Base classes of the Lightning modules of all tasks."""

import math
import time
from collections.abc import Mapping
from math import fsum
from typing import Any, ClassVar

from pytorch_lightning import LightningModule
from torch import Tensor, nn

from grunlp.training.datamodule_base import ResumableDataModule
from grunlp.training.optim import scheduled_adamw
from grunlp.training.options import OptimizerOptions
from grunlp.utils import distributed
from grunlp.utils.errors import UserError


class BaseLightningModule(LightningModule):
    """Base class of Lightning modules, which trains a network and logs losses and throughput over all processes.

    Args:
        model: the network.
        options: AdamW (Loshchilov and Hutter 2019) with linear warm-up and decay.
        total_steps: optimizer steps of the whole training.
        lr_overrides: learning rates of parts of the model.

    Attributes:
        throughput_unit: what is counted per second, for example "words".
    """

    throughput_unit: ClassVar[str]

    def __init__(
        self,
        model: nn.Module,
        options: OptimizerOptions,
        total_steps: int,
        lr_overrides: Mapping[nn.Module, float] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.optimizer_options, self.total_steps = options, total_steps
        self.lr_overrides = dict(lr_overrides or {})
        self.units, self.started = 0, 0.0  # of this epoch
        self.train_losses: list[tuple[Tensor, int]] = []  # of this epoch, with the number of items in each mean
        self.val_losses: list[tuple[float, int]] = []  # of dev, with the number of items in each mean

    def on_train_epoch_start(self) -> None:
        """Reset the clock and the losses."""
        self.units, self.started = 0, time.perf_counter()
        self.train_losses = []

    def log_train_batch(self, loss: Tensor, batch_idx: int, size: int, num_units: int | None = None) -> None:
        """Log the loss of one batch and the throughput.

        Args:
            loss: mean over the batch.
            batch_idx: index of the batch in this process.
            size: number of items that the loss is a mean over.
            num_units: number of throughput units; None: `size`.
        """
        self.units += size if num_units is None else num_units
        # assumes that the other processes are as fast
        speed = distributed.world_size() * self.units / (time.perf_counter() - self.started)
        if self._loss_weight(batch_idx):
            self.train_losses.append((loss.detach(), size))
        self.log("train/loss_step", loss, prog_bar=True, batch_size=1, sync_dist=distributed.world_size() > 1)
        self.log(f"train/{self.throughput_unit}_per_second", speed, prog_bar=True, batch_size=1)

    def on_train_epoch_end(self) -> None:
        """Log the mean loss over the epoch."""
        mean = _weighted_mean([(float(loss), size) for loss, size in self.train_losses])
        self.log("train/loss_epoch", mean, prog_bar=True)

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Weight the loss of a batch by its size; see `grunlp.training.batch_sharding.loss_weights`."""
        weight = self._loss_weight(self.trainer.fit_loop.epoch_loop.batch_idx)
        super().backward(loss if weight == 1 else loss * weight, *args, **kwargs)

    def _loss_weight(self, batch_idx: int) -> float:
        data = self.trainer.datamodule if self._trainer is not None else None  # type: ignore[attr-defined]
        return data.loss_weight(batch_idx) if isinstance(data, ResumableDataModule) else 1.0

    def on_validation_epoch_start(self) -> None:
        """Reset the losses of the development split."""
        self.val_losses = []

    def add_val_loss(self, loss: float, count: int) -> None:
        """Accumulate the loss of one batch of the development split, a mean over `count` items."""
        self.val_losses.append((loss, count))

    def on_validation_epoch_end(self) -> None:
        """Log the mean loss over the development split."""
        self.log("dev/loss", self.validation_loss(), prog_bar=True)

    def validation_loss(self) -> float:
        """Return the mean loss over the batches of all processes. All processes must call it."""
        return _weighted_mean(self.val_losses)

    def recurrent_state(self) -> dict[str, Tensor]:
        """Return the state, besides the weights, that is carried from batch to batch; empty by default."""
        return {}

    def set_recurrent_state(self, recurrent_state: dict[str, Tensor]) -> None:
        """Restore the state that `recurrent_state` returned."""

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save the recurrent state of each process."""
        state = {name: tensor.cpu() for name, tensor in self.recurrent_state().items()}
        checkpoint["recurrent_state"] = distributed.all_gather_object(state)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the recurrent state of this process.

        Raises:
            UserError: an earlier version wrote the checkpoint; its data modules and callbacks had other names, so that
                Lightning would not restore them.
        """
        if "recurrent_state" not in checkpoint:
            message, details = (
                "the training was started with an earlier version of grunlp",
                "its checkpoint has another format",
            )
            raise UserError(message, details, "Finish it with that version, or start it again.")
        self.set_recurrent_state(checkpoint["recurrent_state"][distributed.rank()])

    def configure_optimizers(self) -> Any:
        """Make AdamW with linear warm-up and decay."""
        return scheduled_adamw(self, self.optimizer_options, self.total_steps, self.lr_overrides)


class PerplexityTask(BaseLightningModule):
    """Base class of modules that predict tokens, which also logs `dev/perplexity`. Losses are in nats per token."""

    throughput_unit = "tokens"

    def on_validation_epoch_end(self) -> None:
        """Log the mean loss and the perplexity over the development split."""
        loss = self.validation_loss()
        self.log("dev/loss", loss, prog_bar=True)
        self.log("dev/perplexity", math.exp(min(loss, 100.0)))


def _weighted_mean(losses: list[tuple[float, int]]) -> float:
    """Return the mean over the losses of all processes. All processes must call it."""
    gathered = [loss for losses_of_rank in distributed.all_gather_object(losses) for loss in losses_of_rank]
    return fsum(loss * count for loss, count in gathered) / max(1, sum(count for _, count in gathered))
