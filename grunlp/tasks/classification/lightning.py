"""Training a classifier."""

from torch import Tensor

from grunlp.tasks.classification.collate import ClassBatch, MeasuredBatch
from grunlp.tasks.classification.model import Classifier
from grunlp.training.lightning_base import Task
from grunlp.utils import distributed


class ClassifierTask(Task):
    """Trains a `Classifier`; logs what `Task` does, and `dev/accuracy` in percent.

    Args:
        model, total_steps, learning_rate, rates, weight_decay, warmup: as for `Task`.
    """

    model: Classifier
    unit = "tokens"

    def training_step(self, batch: ClassBatch | MeasuredBatch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss = self.model.loss(self.model(batch)[0], batch)
        self.log_training(loss, batch_idx, len(batch.lengths), int(batch.lengths.sum()))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        super().on_validation_epoch_start()
        self.right = self.total = 0

    def validation_step(self, batch: ClassBatch | MeasuredBatch, batch_idx: int) -> None:
        """Count the classes of one batch that are right; those that training never saw are wrong."""
        log_probs, _ = self.model(batch)
        self.right += int((log_probs.argmax(dim=1) == batch.classes).sum())
        self.total += len(batch.lengths)
        self.count_validation(float(self.model.loss(log_probs, batch)), len(batch.lengths))

    def on_validation_epoch_end(self) -> None:
        """Log the scores of the whole split."""
        super().on_validation_epoch_end()
        right, total = map(sum, zip(*distributed.gather((self.right, self.total)), strict=True))
        self.log("dev/accuracy", 100.0 * right / max(1, total), prog_bar=True)
