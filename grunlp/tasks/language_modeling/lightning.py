"""Training a language model."""

from torch import Tensor

from grunlp.tasks.language_modeling.bptt_windows import Window
from grunlp.tasks.language_modeling.model import LanguageModel
from grunlp.training.autoregressive import TellingTask


class LanguageModelTask(TellingTask):
    """Trains a `LanguageModel` by truncated back-propagation: states go on from window to window, gradients do not.

    Args:
        model: the network.
        accumulate: windows an update, each of a group of rows of its own.
        total_steps, learning_rate, weight_decay, warmup: as for `Task`.
    """

    model: LanguageModel

    def __init__(
        self,
        model: LanguageModel,
        accumulate: int,
        total_steps: int,
        learning_rate: float,
        weight_decay: float,
        warmup: float,
    ) -> None:
        super().__init__(model, total_steps, learning_rate, weight_decay, warmup)
        self.accumulate = accumulate
        self.states: dict[int, Tensor] = {}  # after the last window of each group of rows

    def _read(self, window: Window, group: int) -> tuple[Tensor, int]:
        """Nats of all tokens of a window (N,) and their number; the state of its group of rows goes on."""
        state = self.model.start(len(window.lengths)) if window.first else self.states[group].to(window.inputs.device)
        features, state = self.model(window.inputs, window.lengths, state)
        self.states[group] = state.detach()
        real = window.real
        return self.model.nats(features[real], window.outputs[real]), int(window.lengths.sum())

    def carried(self) -> dict[str, Tensor]:
        """The states: the next windows may read on from them."""
        return {str(group): state for group, state in self.states.items()}

    def carry(self, carried: dict[str, Tensor]) -> None:
        """Read on from there."""
        self.states = {int(group): state for group, state in carried.items()}

    def training_step(self, window: Window, batch_idx: int) -> Tensor:
        """One window: its loss."""
        nats, count = self._read(window, batch_idx % self.accumulate)
        loss = nats.sum() / max(1, count)
        self.log_training(loss, batch_idx, count)
        return loss

    def validation_step(self, window: Window, batch_idx: int) -> None:
        """Sum the nats of one window."""
        nats, count = self._read(window, 0)
        self.count_validation(float(nats.sum()) / max(1, count), count)
