"""Base classes of the Lightning modules of all tasks."""

import math
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from pytorch_lightning import LightningModule
from torch import Tensor, nn

from grunlp.training.datamodule_base import ResumableDataModule
from grunlp.training.optim import scheduled_adamw
from grunlp.utils import distributed
from grunlp.utils.errors import UserError


class BaseLightningModule(LightningModule):
    """Trains a network.

    Logs `train/loss_step`, `train/loss_epoch`, the throughput and `dev/loss`, all of them over all processes.

    Attributes:
        throughput_unit: the unit of the throughput, "words" for instance.

    Args:
        model: the network.
        total_steps: optimizer steps of the whole training, over which the learning rate rises and falls.
        learning_rate: the peak learning rate, reached after the warm-up.
        lr_overrides: the same for parts of the model that have one of their own.
        weight_decay: of the weight matrices; embeddings, biases and norms have none.
        warmup_fraction: fraction of all steps during which the rate rises from 0; then it falls linearly to 0.
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
        # losses of this epoch, with the number of items over which each is averaged
        self.train_losses: list[tuple[Tensor, int]] = []
        self.val_losses: list[tuple[float, int]] = []

    def on_train_epoch_start(self) -> None:
        """Start the clock."""
        self.units, self.started = 0, time.perf_counter()
        self.train_losses = []

    def log_train_batch(self, loss: Tensor, batch_idx: int, size: int, num_units: int | None = None) -> None:
        """Log one batch.

        Args:
            loss: of the batch.
            batch_idx: its index.
            size: number of items over which the loss is averaged.
            num_units: number of units of the throughput, if it differs.
        """
        self.units += size if num_units is None else num_units
        # assumes that the other processes are as fast
        speed = distributed.world_size() * self.units / (time.perf_counter() - self.started)
        if self._loss_weight(batch_idx):
            self.train_losses.append((loss.detach(), size))
        self.log("train/loss_step", loss, prog_bar=True, batch_size=1, sync_dist=distributed.world_size() > 1)
        self.log(f"train/{self.throughput_unit}_per_second", speed, prog_bar=True, batch_size=1)

    def on_train_epoch_end(self) -> None:
        """Log the mean of the losses over the epoch."""
        loss = _weighted_mean([(float(loss), size) for loss, size in self.train_losses])
        self.log("train/loss_epoch", loss, prog_bar=True)

    def backward(self, loss: Tensor, *arguments: Any, **options: Any) -> None:
        """Weight the loss by the size of its batch, see `grunlp.training.batch_sharding.loss_weights`."""
        weight = self._loss_weight(self.trainer.fit_loop.epoch_loop.batch_idx)
        super().backward(loss if weight == 1 else loss * weight, *arguments, **options)

    def _loss_weight(self, batch_idx: int) -> float:
        data = self.trainer.datamodule if self._trainer is not None else None  # type: ignore[attr-defined]
        return data.loss_weight(batch_idx) if isinstance(data, ResumableDataModule) else 1.0

    def on_validation_epoch_start(self) -> None:
        """Clear the losses of the previous epoch."""
        self.val_losses = []

    def add_val_loss(self, loss: float, count: int) -> None:
        """Add the loss of one batch of the development split, an average over `count` items."""
        self.val_losses.append((loss, count))

    def on_validation_epoch_end(self) -> None:
        """Log the mean over the whole split."""
        self.log("dev/loss", self.validation_loss(), prog_bar=True)

    def validation_loss(self) -> float:
        """Return the mean over the batches of all processes, all of which must call this."""
        return _weighted_mean(self.val_losses)

    def recurrent_state(self) -> dict[str, Tensor]:
        """Return the state that is carried from batch to batch, besides the weights; by default nothing."""
        return {}

    def set_recurrent_state(self, recurrent_state: dict[str, Tensor]) -> None:
        """Continue with a state that `recurrent_state` returned."""

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save the recurrent state of each process."""
        checkpoint["recurrent_state"] = distributed.all_gather_object(
            {name: tensor.cpu() for name, tensor in self.recurrent_state().items()}
        )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Continue with the recurrent state of this process.

        Raises:
            UserError: the checkpoint is one of an earlier version, whose data modules and callbacks had other names, so
                that Lightning would not restore them.
        """
        if "recurrent_state" not in checkpoint:
            wrong, details = "the training was started with an earlier version", "its checkpoint has another format"
            raise UserError(wrong, details, "Finish it with that version, or start it again.")
        self.set_recurrent_state(checkpoint["recurrent_state"][distributed.rank()])

    def configure_optimizers(self) -> Any:
        """Return AdamW (Loshchilov and Hutter 2019) with linear warm-up and decay."""
        return scheduled_adamw(self, *self.optimizer_args)


class PerplexityTask(BaseLightningModule):
    """Trains a network that predicts tokens; losses are in nats a token.

    Logs `train/loss_step`, `train/tokens_per_second`, `dev/loss` and `dev/perplexity`.

    Args:
        model: the network.
        total_steps, learning_rate, weight_decay, warmup_fraction: as for `BaseLightningModule`.
    """

    throughput_unit = "tokens"

    def __init__(
        self, model: nn.Module, total_steps: int, learning_rate: float, weight_decay: float, warmup_fraction: float
    ) -> None:
        super().__init__(model, total_steps, learning_rate, {}, weight_decay, warmup_fraction)

    def on_validation_epoch_end(self) -> None:
        """Log loss and perplexity over the whole split."""
        loss = self.validation_loss()
        self.log("dev/loss", loss, prog_bar=True)
        self.log("dev/perplexity", math.exp(min(loss, 100.0)))


def _weighted_mean(losses: list[tuple[float, int]]) -> float:
    """Return the mean of the losses of all processes, all of which must call this, weighted by their counts."""
    all_losses = [pair for of_rank in distributed.all_gather_object(losses) for pair in of_rank]
    return math.fsum(loss * count for loss, count in all_losses) / max(1, sum(count for _, count in all_losses))
