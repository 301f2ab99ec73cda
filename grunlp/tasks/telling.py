"""What tasks share whose networks tell one token after another."""

import math
import time
from typing import Any

from pytorch_lightning import LightningModule
from torch import Tensor, nn

from grunlp.tasks.optimizer import scheduled_adamw


class TellingTask(LightningModule):
    """Logs `train/loss`, `train/tokens_per_second`, `dev/loss` and `dev/perplexity`; losses in nats a token.

    Args:
        model: the network.
        total_steps, learning_rate, weight_decay, warmup: as for `SRLTask`.
    """

    def __init__(
        self, model: nn.Module, total_steps: int, learning_rate: float, weight_decay: float, warmup: float
    ) -> None:
        super().__init__()
        self.model = model
        self.schedule = (total_steps, learning_rate, dict[nn.Module, float](), weight_decay, warmup)
        self.tokens, self.started = 0, 0.0
        self.nats, self.told = 0.0, 0

    def on_train_epoch_start(self) -> None:
        """Start the clock of tokens a second."""
        self.tokens, self.started = 0, time.perf_counter()

    def log_training(self, loss: Tensor, count: int) -> None:
        """Log one batch. loss: the mean over its tokens; count: how many they are."""
        self.tokens += count
        speed = self.tokens / (time.perf_counter() - self.started)
        self.log("train/loss", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=count)
        self.log("train/tokens_per_second", speed, prog_bar=True, batch_size=1)

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        self.nats, self.told = 0.0, 0

    def count_validation(self, nats: float, count: int) -> None:
        """Add one batch of the development split. nats: the sum over its tokens; count: how many they are."""
        self.nats, self.told = self.nats + nats, self.told + count

    def on_validation_epoch_end(self) -> None:
        """Log the mean over the whole split."""
        loss = self.nats / max(1, self.told)
        self.log("dev/loss", loss, prog_bar=True)
        self.log("dev/perplexity", math.exp(min(loss, 100.0)))

    def configure_optimizers(self) -> Any:
        """AdamW with linear warm-up and decay."""
        return scheduled_adamw(self, *self.schedule)
