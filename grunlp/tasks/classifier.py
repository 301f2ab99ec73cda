"""Training a classifier."""

import time
from collections.abc import Mapping
from typing import Any

from pytorch_lightning import LightningModule
from torch import Tensor, nn

from grunlp.data.class_batches import ClassBatch, MeasuredBatch
from grunlp.models.classifier import Classifier
from grunlp.tasks.optimizer import scheduled_adamw


class ClassifierTask(LightningModule):
    """Trains a `Classifier`; logs `train/loss`, `train/tokens_per_second`, `dev/loss` and `dev/accuracy` in percent.

    Args:
        model, total_steps, learning_rate, rates, weight_decay, warmup: as for `SRLTask`.
    """

    def __init__(
        self,
        model: Classifier,
        total_steps: int,
        learning_rate: float,
        rates: Mapping[nn.Module, float],
        weight_decay: float,
        warmup: float,
    ) -> None:
        super().__init__()
        self.model, self.schedule = model, (total_steps, learning_rate, dict(rates), weight_decay, warmup)
        self.steps, self.started = 0, 0.0

    def on_train_epoch_start(self) -> None:
        """Start the clock of steps a second."""
        self.steps, self.started = 0, time.perf_counter()

    def training_step(self, batch: ClassBatch | MeasuredBatch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss = self.model.loss(self.model(batch)[0], batch)
        self.steps += int(batch.lengths.sum())
        speed = self.steps / (time.perf_counter() - self.started)
        self.log("train/loss", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=len(batch.lengths))
        self.log("train/tokens_per_second", speed, prog_bar=True, batch_size=1)
        return loss

    def validation_step(self, batch: ClassBatch | MeasuredBatch, batch_idx: int) -> None:
        """Count the classes of one batch that are right; those that training never saw are wrong."""
        log_probs, _ = self.model(batch)
        accuracy = 100.0 * (log_probs.argmax(dim=1) == batch.classes).float().mean()
        size = len(batch.lengths)
        self.log("dev/loss", self.model.loss(log_probs, batch), batch_size=size)
        self.log("dev/accuracy", accuracy, prog_bar=True, batch_size=size)

    def configure_optimizers(self) -> Any:
        """AdamW with linear warm-up and decay."""
        return scheduled_adamw(self, *self.schedule)
