"""Training a classifier."""

from torch import Tensor

from grunlp.tasks.classification.collate import TextClassificationBatch, TimeSeriesBatch
from grunlp.tasks.classification.model import Classifier
from grunlp.training.lightning_base import BaseLightningModule
from grunlp.utils import distributed


class ClassifierTask(BaseLightningModule):
    """Trains a `Classifier`; logs what `BaseLightningModule` does, and `dev/accuracy` in percent.

    Args:
        model, total_steps, learning_rate, rates, weight_decay, warmup: as for `BaseLightningModule`.
    """

    model: Classifier
    throughput_unit = "tokens"

    def training_step(self, batch: TextClassificationBatch | TimeSeriesBatch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss = self.model.loss(self.model(batch)[0], batch)
        self.log_train_batch(loss, batch_idx, len(batch.lengths), int(batch.lengths.sum()))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        super().on_validation_epoch_start()
        self.num_correct = self.total = 0

    def validation_step(self, batch: TextClassificationBatch | TimeSeriesBatch, batch_idx: int) -> None:
        """Count the classes of one batch that are right; those that training never saw are wrong."""
        log_probs, _ = self.model(batch)
        self.num_correct += int((log_probs.argmax(dim=1) == batch.labels).sum())
        self.total += len(batch.lengths)
        self.add_val_loss(float(self.model.loss(log_probs, batch)), len(batch.lengths))

    def on_validation_epoch_end(self) -> None:
        """Log the scores of the whole split."""
        super().on_validation_epoch_end()
        right, total = map(sum, zip(*distributed.all_gather_object((self.num_correct, self.total)), strict=True))
        self.log("dev/accuracy", 100.0 * right / max(1, total), prog_bar=True)
