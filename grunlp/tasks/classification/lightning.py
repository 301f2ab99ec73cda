"""Training of a classifier."""

from torch import Tensor

from grunlp.tasks.classification.collate import TextClassificationBatch, TimeSeriesBatch
from grunlp.tasks.classification.model import Classifier
from grunlp.training.lightning_base import BaseLightningModule
from grunlp.utils import distributed


class ClassifierTask(BaseLightningModule):
    """The Lightning module that trains a `Classifier` and logs `dev/accuracy` in percent."""

    model: Classifier
    throughput_unit = "tokens"

    def training_step(self, batch: TextClassificationBatch | TimeSeriesBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        loss = self.model.loss(self.model(batch)[0], batch)
        self.log_train_batch(loss, batch_idx, len(batch.lengths), int(batch.lengths.sum()))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Reset the counts."""
        super().on_validation_epoch_start()
        self.num_correct = self.total = 0

    def validation_step(self, batch: TextClassificationBatch | TimeSeriesBatch, batch_idx: int) -> None:
        """Count the correct classes of one batch; classes that are not in the training data count as wrong."""
        log_probs, _ = self.model(batch)
        self.num_correct += int((log_probs.argmax(dim=1) == batch.labels).sum())
        self.total += len(batch.lengths)
        self.add_val_loss(float(self.model.loss(log_probs, batch)), len(batch.lengths))

    def on_validation_epoch_end(self) -> None:
        """Log the accuracy on the whole split."""
        super().on_validation_epoch_end()
        counts = distributed.all_gather_object((self.num_correct, self.total))
        num_correct, total = map(sum, zip(*counts, strict=True))
        self.log("dev/accuracy", 100.0 * num_correct / max(1, total), prog_bar=True)
