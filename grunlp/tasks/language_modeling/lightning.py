"""Training a language model."""

from torch import Tensor

from grunlp.tasks.language_modeling.bptt_windows import BPTTWindow
from grunlp.tasks.language_modeling.model import LanguageModel
from grunlp.training.lightning_base import PerplexityTask


class LanguageModelTask(PerplexityTask):
    """Trains a `LanguageModel` by truncated back-propagation: states go on from window to window, gradients do not.

    Args:
        model: the network.
        accumulate_grad_batches: windows an update, each of a group of rows of its own.
        total_steps, learning_rate, weight_decay, warmup: as for `Task`.
    """

    model: LanguageModel

    def __init__(
        self,
        model: LanguageModel,
        accumulate_grad_batches: int,
        total_steps: int,
        learning_rate: float,
        weight_decay: float,
        warmup_fraction: float,
    ) -> None:
        super().__init__(model, total_steps, learning_rate, weight_decay, warmup_fraction)
        self.accumulate_grad_batches = accumulate_grad_batches
        self.states: dict[int, Tensor] = {}  # after the last window of each group of rows

    def _forward_window(self, window: BPTTWindow, row_group: int) -> tuple[Tensor, int]:
        """Nats of all tokens of a window (N,) and their number; the state of its group of rows goes on."""
        state = (
            self.model.initial_state(len(window.lengths))
            if window.is_first
            else self.states[row_group].to(window.inputs.device)
        )
        features, state = self.model(window.inputs, window.lengths, state)
        self.states[row_group] = state.detach()
        real = window.mask
        return self.model.nll(features[real], window.targets[real]), int(window.lengths.sum())

    def recurrent_state(self) -> dict[str, Tensor]:
        """The states: the next windows may read on from them."""
        return {str(group): state for group, state in self.states.items()}

    def set_recurrent_state(self, recurrent_state: dict[str, Tensor]) -> None:
        """Read on from there."""
        self.states = {int(group): state for group, state in recurrent_state.items()}

    def training_step(self, window: BPTTWindow, batch_idx: int) -> Tensor:
        """One window: its loss."""
        nats, count = self._forward_window(window, batch_idx % self.accumulate_grad_batches)
        loss = nats.sum() / max(1, count)
        self.log_train_batch(loss, batch_idx, count)
        return loss

    def validation_step(self, window: BPTTWindow, batch_idx: int) -> None:
        """Sum the nats of one window."""
        nats, count = self._forward_window(window, 0)
        self.add_val_loss(float(nats.sum()) / max(1, count), count)
