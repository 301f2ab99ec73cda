"""Training a masked language model."""

import math
import time
from typing import Any

import torch
from pytorch_lightning import LightningModule
from torch import Tensor

from grunlp.data.batches import Tokens
from grunlp.models.masked import MaskedLanguageModel
from grunlp.tasks.optimizer import scheduled_adamw


class MaskedTask(LightningModule):
    """Trains a `MaskedLanguageModel`; logs `train/loss`, `train/words_per_second`, `dev/loss` and `dev/perplexity`.

    `dev/loss` is the mean over all words hidden in the development split, the same ones each time.

    Args:
        model: the network.
        total_steps, learning_rate, weight_decay, warmup: as for `SRLTask`.
        seed: of the words hidden in the development split.
    """

    def __init__(
        self,
        model: MaskedLanguageModel,
        total_steps: int,
        learning_rate: float,
        weight_decay: float,
        warmup: float,
        seed: int,
    ) -> None:
        super().__init__()
        self.model, self.total_steps = model, total_steps
        self.learning_rate, self.weight_decay, self.warmup, self.seed = learning_rate, weight_decay, warmup, seed
        self.fixed = torch.Generator()
        self.nats, self.guessed, self.words, self.started = 0.0, 0, 0, 0.0

    def on_train_epoch_start(self) -> None:
        """Start the clock of words a second."""
        self.words, self.started = 0, time.perf_counter()

    def training_step(self, batch: Tokens, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss: Tensor = self.model(batch, self.model.hide(batch, torch.default_generator))
        self.words += int(batch.lengths.sum())
        speed = self.words / (time.perf_counter() - self.started)
        self.log("train/loss", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=1)
        self.log("train/words_per_second", speed, prog_bar=True, batch_size=1)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Hide the same words again."""
        self.fixed.manual_seed(self.seed)
        self.nats, self.guessed = 0.0, 0

    def validation_step(self, batch: Tokens, batch_idx: int) -> None:
        """Sum the loss of one batch."""
        hidden = self.model.hide(batch, self.fixed)
        count = int(hidden.sum())
        self.nats += float(self.model(batch, hidden)) * count
        self.guessed += count

    def on_validation_epoch_end(self) -> None:
        """Log the mean over the whole split."""
        loss = self.nats / max(1, self.guessed)
        self.log("dev/loss", loss, prog_bar=True)
        self.log("dev/perplexity", math.exp(min(loss, 50.0)))

    def configure_optimizers(self) -> Any:
        """AdamW with linear warm-up and decay."""
        return scheduled_adamw(self, self.total_steps, self.learning_rate, {}, self.weight_decay, self.warmup)
