"""Training a masked language model."""

import torch
from torch import Tensor

from grunlp.data.collate import SentenceBatch
from grunlp.tasks.pretraining.model import MaskedLanguageModel
from grunlp.training.datamodule_base import derive_seed
from grunlp.training.lightning_base import PerplexityTask
from grunlp.utils import distributed


class MaskedTask(PerplexityTask):
    """Trains a `MaskedLanguageModel`; logs what `PerplexityTask` does.

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
        warmup_fraction: float,
        seed: int,
    ) -> None:
        super().__init__(model, total_steps, learning_rate, weight_decay, warmup_fraction)
        self.seed, self.val_generator = seed, torch.Generator()

    def training_step(self, batch: SentenceBatch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss: Tensor = self.model(batch, self.model.sample_mask(batch, torch.default_generator))
        self.log_train_batch(loss, batch_idx, int(batch.lengths.sum()))
        return loss

    def validation_step(self, batch: SentenceBatch, batch_idx: int) -> None:
        """Count the loss of one batch, in which the same words are hidden each time, whichever process reads it."""
        self.val_generator.manual_seed(
            derive_seed(self.seed, 0, batch_idx * distributed.world_size() + distributed.rank(), 0)
        )
        hidden = self.model.sample_mask(batch, self.val_generator)
        self.add_val_loss(float(self.model(batch, hidden)), int(hidden.sum()))
