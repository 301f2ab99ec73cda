"""Training a language model."""

from typing import Any

from torch import Tensor

from grunlp.data.stream import Window
from grunlp.models.language_model import LanguageModel
from grunlp.tasks.telling import TellingTask


class LanguageModelTask(TellingTask):
    """Trains a `LanguageModel` by truncated back-propagation: states go on from window to window, gradients do not.

    Args:
        model: the network.
        total_steps, learning_rate, weight_decay, warmup: as for `SRLTask`.
    """

    model: LanguageModel

    def __init__(
        self, model: LanguageModel, total_steps: int, learning_rate: float, weight_decay: float, warmup: float
    ) -> None:
        super().__init__(model, total_steps, learning_rate, weight_decay, warmup)
        self.state: Tensor | None = None

    def _read(self, window: Window) -> tuple[Tensor, int]:
        """Nats of all tokens of a window (N,) and their number; the state goes on."""
        state = self.state
        if window.first or state is None:
            state = self.model.start(len(window.lengths))
        features, state = self.model(window.inputs, window.lengths, state)
        self.state = state.detach()
        real = window.real
        return self.model.nats(features[real], window.outputs[real]), int(window.lengths.sum())

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The state belongs to it: the next window may read on from it."""
        checkpoint["reading_state"] = self.state

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Read on from there."""
        self.state = checkpoint["reading_state"]

    def training_step(self, window: Window, batch_idx: int) -> Tensor:
        """One window: its loss."""
        nats, count = self._read(window)
        loss = nats.mean()
        self.log_training(loss, count)
        return loss

    def validation_step(self, window: Window, batch_idx: int) -> None:
        """Sum the nats of one window."""
        nats, count = self._read(window)
        self.count_validation(float(nats.sum()), count)
