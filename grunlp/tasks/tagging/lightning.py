"""Training of a tagger."""

from collections.abc import Mapping

from torch import Tensor, nn

from grunlp.data.collate import IGNORE_INDEX, TagBatch
from grunlp.data.tag_schemes import detect_scheme
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.metrics.span_counts import EvalCounts, conlleval_counts
from grunlp.tasks.tagging.model import Tagger
from grunlp.training.lightning_base import BaseLightningModule
from grunlp.training.options import OptimizerOptions
from grunlp.utils import distributed


class TaggerTask(BaseLightningModule):
    """The Lightning module that trains a `Tagger`.

    It logs `dev/f1` in percent: the overall F1 of conlleval for span tags, or the accuracy of plain tags.

    Args:
        model: the network.
        options: AdamW with linear warm-up and decay.
        total_steps: optimizer steps of the whole training.
        lr_overrides: learning rates of parts of the model.
    """

    model: Tagger
    throughput_unit = "words"

    def __init__(
        self,
        model: Tagger,
        options: OptimizerOptions,
        total_steps: int,
        lr_overrides: Mapping[nn.Module, float] | None = None,
    ) -> None:
        super().__init__(model, options, total_steps, lr_overrides)
        self.spans = detect_scheme([model.tags]) is not None

    def training_step(self, batch: TagBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        loss = self.model.loss(self.model(batch), batch)
        self.log_train_batch(loss, batch_idx, int(batch.lengths.sum()))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Reset the counts."""
        super().on_validation_epoch_start()
        self.counts, self.num_correct, self.num_tokens = EvalCounts(), 0, 0

    def validation_step(self, batch: TagBatch, batch_idx: int) -> None:
        """Compare the best legal tags of one batch with the gold tags."""
        logits = self.model(batch)
        self.add_val_loss(float(self.model.loss(logits, batch)), int(batch.lengths.sum()))
        best, _ = self.model.decode(logits, batch.lengths)
        self.num_correct += int(((best == batch.tags) & (batch.tags != IGNORE_INDEX)).sum())
        self.num_tokens += int(batch.lengths.sum())
        if self.spans:
            # A gold tag that is not in the training data has no id and counts as O here; final scores compare strings.
            outside = self.model.tags.index("O")
            known = batch.tags.masked_fill(batch.tags == IGNORE_INDEX, outside)
            gold, predicted = (ids_to_tags(ids, batch.lengths, self.model.tags) for ids in (known, best))
            self.counts = self.counts + conlleval_counts(gold, predicted)

    def on_validation_epoch_end(self) -> None:
        """Log the score of the whole split."""
        super().on_validation_epoch_end()
        total, num_correct, num_tokens = EvalCounts(), 0, 0
        for counts, correct, tokens in distributed.all_gather_object((self.counts, self.num_correct, self.num_tokens)):
            total, num_correct, num_tokens = total + counts, num_correct + correct, num_tokens + tokens
        score = total.overall.f1 if self.spans else 100 * num_correct / max(1, num_tokens)
        self.log("dev/f1", score, prog_bar=True)
