"""Training a tagger."""

from collections.abc import Mapping

from torch import Tensor, nn

from grunlp.data.collate import IGNORE_INDEX, TagBatch
from grunlp.data.tag_schemes import detect_scheme
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.metrics.span_counts import EvalCounts, conlleval_counts
from grunlp.tasks.tagging.model import Tagger
from grunlp.training.lightning_base import BaseLightningModule
from grunlp.utils import distributed


class TaggerTask(BaseLightningModule):
    """Trains a `Tagger`; logs `train/loss_step`, `train/words_per_second`, `dev/loss` and `dev/f1`.

    `dev/f1` is conlleval's overall F1 of spans or, of plain tags, the share of right ones, in percent.

    Args:
        model, total_steps, learning_rate, rates, weight_decay, warmup: as for `BaseLightningModule`.
    """

    model: Tagger
    throughput_unit = "words"

    def __init__(
        self,
        model: Tagger,
        total_steps: int,
        learning_rate: float,
        lr_overrides: Mapping[nn.Module, float],
        weight_decay: float,
        warmup_fraction: float,
    ) -> None:
        super().__init__(model, total_steps, learning_rate, lr_overrides, weight_decay, warmup_fraction)
        self.spans = detect_scheme([model.tags]) is not None

    def training_step(self, batch: TagBatch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss = self.model.loss(self.model(batch), batch)
        self.log_train_batch(loss, batch_idx, int(batch.lengths.sum()))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        super().on_validation_epoch_start()
        self.counts, self.num_correct, self.tokens = EvalCounts(), 0, 0

    def validation_step(self, batch: TagBatch, batch_idx: int) -> None:
        """Count the best legal tags of one batch against gold."""
        scores = self.model(batch)
        self.add_val_loss(float(self.model.loss(scores, batch)), int(batch.lengths.sum()))
        best, _ = self.model.decode(scores, batch.lengths)
        self.num_correct += int(((best == batch.tags) & (batch.tags != IGNORE_INDEX)).sum())
        self.tokens += int(batch.lengths.sum())
        if self.spans:
            # A gold tag that training never saw has no id and counts as outside here; final scores read the strings.
            outside = self.model.tags.index("O")
            known = batch.tags.masked_fill(batch.tags == IGNORE_INDEX, outside)
            gold, found = (ids_to_tags(ids, batch.lengths, self.model.tags) for ids in (known, best))
            self.counts = self.counts + conlleval_counts(gold, found)

    def on_validation_epoch_end(self) -> None:
        """Log the scores of the whole split."""
        super().on_validation_epoch_end()
        counts, right, tokens = EvalCounts(), 0, 0
        for parts in distributed.all_gather_object((self.counts, self.num_correct, self.tokens)):
            counts, right, tokens = counts + parts[0], right + parts[1], tokens + parts[2]
        self.log("dev/f1", counts.overall.f1 if self.spans else 100 * right / max(1, tokens), prog_bar=True)
