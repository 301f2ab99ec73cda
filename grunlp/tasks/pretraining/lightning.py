"""Training of a masked language model."""

import torch
from torch import Tensor

from grunlp.data.collate import SentenceBatch
from grunlp.tasks.pretraining.model import MaskedLanguageModel
from grunlp.training.datamodule_base import derive_seed
from grunlp.training.lightning_base import PerplexityTask
from grunlp.training.options import OptimizerOptions
from grunlp.utils import distributed


class MaskedTask(PerplexityTask):
    """The Lightning module that trains a `MaskedLanguageModel`.

    `dev/loss` is the mean over masked words, the same in each epoch.

    Args:
        model: the network.
        options: AdamW with linear warm-up and decay.
        total_steps: optimizer steps of the whole training.
        seed: the random seed that selects the masked words of dev.
    """

    model: MaskedLanguageModel

    def __init__(self, model: MaskedLanguageModel, options: OptimizerOptions, total_steps: int, seed: int) -> None:
        super().__init__(model, options, total_steps)
        self.seed, self.val_generator = seed, torch.Generator()

    def training_step(self, batch: SentenceBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        loss: Tensor = self.model(batch, self.model.sample_mask(batch, torch.default_generator))
        self.log_train_batch(loss, batch_idx, int(batch.lengths.sum()))
        return loss

    def validation_step(self, batch: SentenceBatch, batch_idx: int) -> None:
        """Accumulate the loss of one batch; the same words are masked each time, whichever process reads it."""
        global_batch_idx = batch_idx * distributed.world_size() + distributed.rank()
        self.val_generator.manual_seed(derive_seed(self.seed, 0, global_batch_idx, 0))
        mask = self.model.sample_mask(batch, self.val_generator)
        self.add_val_loss(float(self.model(batch, mask)), int(mask.sum()))
