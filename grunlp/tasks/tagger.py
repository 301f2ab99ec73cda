"""Training a tagger."""

import time
from collections.abc import Mapping
from typing import Any

from pytorch_lightning import LightningModule
from torch import Tensor, nn

from grunlp.data.batches import IGNORED, TagBatch
from grunlp.data.schemes import detect_scheme
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.metrics.spans import Counts, count_conlleval
from grunlp.models.tagger import Tagger
from grunlp.tasks.optimizer import scheduled_adamw


class TaggerTask(LightningModule):
    """Trains a `Tagger`; logs `train/loss`, `train/words_per_second`, `dev/loss` and `dev/f1`.

    `dev/f1` is conlleval's overall F1 of spans or, of plain tags, the share of right ones, in percent.

    Args:
        model, total_steps, learning_rate, rates, weight_decay, warmup: as for `SRLTask`.
    """

    def __init__(
        self,
        model: Tagger,
        total_steps: int,
        learning_rate: float,
        rates: Mapping[nn.Module, float],
        weight_decay: float,
        warmup: float,
    ) -> None:
        super().__init__()
        self.model, self.schedule = model, (total_steps, learning_rate, dict(rates), weight_decay, warmup)
        self.spans = detect_scheme([model.tags]) is not None
        self.counts, self.right, self.tokens = Counts(), 0, 0
        self.words, self.started = 0, 0.0

    def on_train_epoch_start(self) -> None:
        """Start the clock of words a second."""
        self.words, self.started = 0, time.perf_counter()

    def training_step(self, batch: TagBatch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss = self.model.loss(self.model(batch), batch)
        count = int(batch.lengths.sum())
        self.words += count
        speed = self.words / (time.perf_counter() - self.started)
        self.log("train/loss", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=max(count, 1))
        self.log("train/words_per_second", speed, prog_bar=True, batch_size=1)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the counts of the epoch before."""
        self.counts, self.right, self.tokens = Counts(), 0, 0

    def validation_step(self, batch: TagBatch, batch_idx: int) -> None:
        """Count the best legal tags of one batch against gold."""
        scores = self.model(batch)
        self.log("dev/loss", self.model.loss(scores, batch), batch_size=max(int(batch.lengths.sum()), 1))
        best, _ = self.model.decode(scores, batch.lengths)
        self.right += int(((best == batch.tags) & (batch.tags != IGNORED)).sum())
        self.tokens += int(batch.lengths.sum())
        if self.spans:
            # A gold tag that training never saw has no id and counts as outside here; final scores read the strings.
            outside = self.model.tags.index("O")
            known = batch.tags.masked_fill(batch.tags == IGNORED, outside)
            gold, found = (ids_to_tags(ids, batch.lengths, self.model.tags) for ids in (known, best))
            self.counts = self.counts + count_conlleval(gold, found)

    def on_validation_epoch_end(self) -> None:
        """Log the score of the whole split."""
        f1 = self.counts.overall.f1 if self.spans else 100 * self.right / max(1, self.tokens)
        self.log("dev/f1", f1, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """AdamW with linear warm-up and decay."""
        return scheduled_adamw(self, *self.schedule)
