"""Training a role labeller: loss, score on the development split, optimiser and schedule."""

import time
from typing import Any

from pytorch_lightning import LightningModule
from torch import Tensor

from grunlp.data.batches import Batch
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.metrics.spans import Counts, count_srl
from grunlp.models.srl import SRLModel
from grunlp.tasks.optimizer import adamw, warmup_then_decay


class SRLTask(LightningModule):
    """Trains an `SRLModel`; logs `train/loss`, `train/predicates_per_second`, `dev/loss` and `dev/f1`.

    `dev/f1` is the overall F1 in srl-eval's counting, in percent; higher is better.

    Args:
        model: the network.
        learning_rate: highest rate, reached after the warm-up.
        weight_decay: of the weight matrices; tables, biases and norms have none.
        total_steps: optimiser steps of the whole training, over which the rate rises and falls.
        warmup: share of all steps during which the rate rises from 0; afterwards it falls to 0 in a straight line.
    """

    def __init__(
        self, model: SRLModel, total_steps: int, learning_rate: float, weight_decay: float, warmup: float
    ) -> None:
        super().__init__()
        self.model, self.total_steps = model, total_steps
        self.learning_rate, self.weight_decay, self.warmup = learning_rate, weight_decay, warmup
        self.counts = Counts()
        self.predicates, self.started = 0, 0.0

    def on_train_epoch_start(self) -> None:
        """Start the clock of predicates a second."""
        self.predicates, self.started = 0, time.perf_counter()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss = self.model.loss(self.model(batch), batch)
        count = len(batch.predicate)
        self.predicates += count
        speed = self.predicates / (time.perf_counter() - self.started)
        self.log("train/loss", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=max(count, 1))
        self.log("train/predicates_per_second", speed, prog_bar=True, batch_size=1)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the counts of the epoch before."""
        self.counts = Counts()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Count the legal best tags of one batch against gold."""
        count = len(batch.predicate)
        scores = self.model(batch)
        self.log("dev/loss", self.model.loss(scores, batch), batch_size=max(count, 1))
        best, _ = self.model.decode(scores, batch)
        lengths = batch.predicate_lengths
        # A gold tag that training never saw has no id and counts as outside here; the final scores read the strings.
        gold = ids_to_tags(batch.tags.clamp(min=0), lengths, self.model.tags)
        for one, other in zip(gold, ids_to_tags(best, lengths, self.model.tags), strict=True):
            self.counts = self.counts + count_srl([one], [other])

    def on_validation_epoch_end(self) -> None:
        """Log the score of the whole split."""
        self.log("dev/f1", self.counts.overall.f1, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """AdamW (Loshchilov and Hutter 2019) with linear warm-up and decay."""
        optimizer = adamw(self, self.learning_rate, self.weight_decay)
        schedule = warmup_then_decay(optimizer, self.total_steps, self.warmup)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
