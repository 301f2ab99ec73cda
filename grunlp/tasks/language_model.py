"""Training a language model."""

import math
import time
from typing import Any

from pytorch_lightning import LightningModule
from torch import Tensor, nn

from grunlp.data.stream import Window
from grunlp.models.language_model import LanguageModel, LanguageState
from grunlp.tasks.optimizer import scheduled_adamw


class LanguageModelTask(LightningModule):
    """Trains a `LanguageModel` by truncated back-propagation: states go on from window to window, gradients do not.

    Logs `train/loss`, `train/tokens_per_second`, `dev/loss` and `dev/perplexity`; losses in nats a token.

    Args:
        model: the network.
        total_steps, learning_rate, weight_decay, warmup: as for `SRLTask`.
    """

    def __init__(
        self, model: LanguageModel, total_steps: int, learning_rate: float, weight_decay: float, warmup: float
    ) -> None:
        super().__init__()
        self.model = model
        self.schedule = (total_steps, learning_rate, dict[nn.Module, float](), weight_decay, warmup)
        self.state: LanguageState | None = None
        self.tokens, self.started = 0, 0.0
        self.nats, self.told = 0.0, 0

    def _read(self, window: Window) -> tuple[Tensor, int]:
        """Nats of all tokens of a window (N,) and their number; the state goes on."""
        state = self.state
        if window.first or state is None:
            state = self.model.start(len(window.lengths))
        features, state = self.model(window.inputs, window.lengths, state)
        self.state = state.detach()
        real = window.real
        return self.model.nats(features[real], window.outputs[real]), int(window.lengths.sum())

    def on_train_epoch_start(self) -> None:
        """Start the clock of tokens a second."""
        self.tokens, self.started = 0, time.perf_counter()

    def training_step(self, window: Window, batch_idx: int) -> Tensor:
        """One window: its loss."""
        nats, count = self._read(window)
        loss = nats.mean()
        self.tokens += count
        speed = self.tokens / (time.perf_counter() - self.started)
        self.log("train/loss", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=count)
        self.log("train/tokens_per_second", speed, prog_bar=True, batch_size=1)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        self.nats, self.told = 0.0, 0

    def validation_step(self, window: Window, batch_idx: int) -> None:
        """Sum the nats of one window."""
        nats, count = self._read(window)
        self.nats, self.told = self.nats + float(nats.sum()), self.told + count

    def on_validation_epoch_end(self) -> None:
        """Log the mean over the whole split."""
        loss = self.nats / max(1, self.told)
        self.log("dev/loss", loss, prog_bar=True)
        self.log("dev/perplexity", math.exp(min(loss, 100.0)))

    def configure_optimizers(self) -> Any:
        """AdamW with linear warm-up and decay."""
        return scheduled_adamw(self, *self.schedule)
