"""Training a masked language model."""

import torch
from torch import Tensor

from grunlp.data.collate import Tokens
from grunlp.tasks.pretraining.model import MaskedLanguageModel
from grunlp.training.autoregressive import TellingTask
from grunlp.training.datamodule_base import step_seed
from grunlp.utils import distributed


class MaskedTask(TellingTask):
    """Trains a `MaskedLanguageModel`; logs what `TellingTask` does.

    `dev/loss` is the mean over all words hidden in the development split, the same ones each time.

    Args:
        model: the network.
        total_steps, learning_rate, weight_decay, warmup: as for `Task`.
        seed: of the words hidden in the development split.
    """

    model: MaskedLanguageModel

    def __init__(
        self,
        model: MaskedLanguageModel,
        total_steps: int,
        learning_rate: float,
        weight_decay: float,
        warmup: float,
        seed: int,
    ) -> None:
        super().__init__(model, total_steps, learning_rate, weight_decay, warmup)
        self.seed, self.fixed = seed, torch.Generator()

    def training_step(self, batch: Tokens, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss: Tensor = self.model(batch, self.model.hide(batch, torch.default_generator))
        self.log_training(loss, batch_idx, int(batch.lengths.sum()))
        return loss

    def validation_step(self, batch: Tokens, batch_idx: int) -> None:
        """Count the loss of one batch, in which the same words are hidden each time, whichever process reads it."""
        self.fixed.manual_seed(step_seed(self.seed, 0, batch_idx * distributed.count() + distributed.rank(), 0))
        hidden = self.model.hide(batch, self.fixed)
        self.count_validation(float(self.model(batch, hidden)), int(hidden.sum()))
