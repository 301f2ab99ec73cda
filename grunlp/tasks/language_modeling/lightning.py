"""Training of a language model."""

from torch import Tensor

from grunlp.tasks.language_modeling.bptt_windows import BPTTWindow
from grunlp.tasks.language_modeling.model import LanguageModel
from grunlp.training.lightning_base import PerplexityTask
from grunlp.training.options import OptimizerOptions


class LanguageModelTask(PerplexityTask):
    """The Lightning module that trains a `LanguageModel` by truncated backpropagation through time.

    Args:
        model: the network.
        options: AdamW with linear warm-up and decay.
        total_steps: optimizer steps of the whole training.
        accumulate_grad_batches: number of windows of an optimizer step, each with its own group of rows.
    """

    model: LanguageModel

    def __init__(
        self, model: LanguageModel, options: OptimizerOptions, total_steps: int, accumulate_grad_batches: int
    ) -> None:
        super().__init__(model, options, total_steps)
        self.accumulate_grad_batches = accumulate_grad_batches
        self.states: dict[int, Tensor] = {}  # after the last window of each group of rows

    def _forward_window(self, window: BPTTWindow, row_group: int) -> tuple[Tensor, int]:
        """Return the negative log-likelihoods of a window (N,) and their number.

        The state of its rows is kept for the next window.
        """
        if window.is_first:
            state = self.model.initial_state(len(window.lengths))
        else:
            state = self.states[row_group].to(window.inputs.device)
        features, state = self.model(window.inputs, window.lengths, state)
        self.states[row_group] = state.detach()
        mask = window.mask
        return self.model.nll(features[mask], window.targets[mask]), int(window.lengths.sum())

    def recurrent_state(self) -> dict[str, Tensor]:
        """Return the states from which the next windows continue."""
        return {str(row_group): state for row_group, state in self.states.items()}

    def set_recurrent_state(self, recurrent_state: dict[str, Tensor]) -> None:
        """Restore the states."""
        self.states = {int(row_group): state for row_group, state in recurrent_state.items()}

    def training_step(self, window: BPTTWindow, batch_idx: int) -> Tensor:
        """Return the loss of one window."""
        nll, count = self._forward_window(window, batch_idx % self.accumulate_grad_batches)
        loss = nll.sum() / max(1, count)
        self.log_train_batch(loss, batch_idx, count)
        return loss

    def validation_step(self, window: BPTTWindow, batch_idx: int) -> None:
        """Accumulate the loss of one window."""
        nll, count = self._forward_window(window, 0)
        self.add_val_loss(float(nll.sum()) / max(1, count), count)
