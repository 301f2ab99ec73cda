"""Training a role labeller: loss, score on the development split, optimiser and schedule."""

import time
from collections.abc import Mapping
from typing import Any

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn

from grunlp.data.batches import FrameBatch
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.metrics.spans import Counts, Tally, count_srl, tally
from grunlp.models.srl import SRLModel
from grunlp.tasks.optimizer import scheduled_adamw


class SRLTask(LightningModule):
    """Trains an `SRLModel`; logs `train/loss`, `train/predicates_per_second`, `dev/loss` and `dev/f1`.

    `dev/f1` is the overall F1 in srl-eval's counting, in percent, of the roles of given predicates; higher is better.
    Beside it `dev/predicate_f1` of the predicates found and, where rolesets are known, `dev/sense_accuracy` among them.

    Args:
        model: the network.
        learning_rate: highest rate, reached after the warm-up.
        rates: the same for parts of the model that have one of their own.
        weight_decay: of the weight matrices; tables, biases and norms have none.
        total_steps: optimiser steps of the whole training, over which the rate rises and falls.
        warmup: share of all steps during which the rate rises from 0; afterwards it falls to 0 in a straight line.
    """

    def __init__(
        self,
        model: SRLModel,
        total_steps: int,
        learning_rate: float,
        rates: Mapping[nn.Module, float],
        weight_decay: float,
        warmup: float,
    ) -> None:
        super().__init__()
        self.model, self.total_steps = model, total_steps
        self.learning_rate, self.rates = learning_rate, dict(rates)
        self.weight_decay, self.warmup = weight_decay, warmup
        self.counts, self.found, self.senses = Counts(), Tally(), Tally()
        self.predicates, self.started = 0, 0.0

    def on_train_epoch_start(self) -> None:
        """Start the clock of predicates a second."""
        self.predicates, self.started = 0, time.perf_counter()

    def training_step(self, batch: FrameBatch, batch_idx: int) -> Tensor:
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
        self.counts, self.found, self.senses = Counts(), Tally(), Tally()

    def validation_step(self, batch: FrameBatch, batch_idx: int) -> None:
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
        gold_places = set(zip(batch.sentence.tolist(), batch.predicate.tolist(), strict=True))
        found = {tuple(place) for place in torch.stack(self.model.find(scores.encoded, batch), dim=1).tolist()}
        self.found = self.found + tally(gold_places, found)
        named = batch.roleset != 0
        right = int((self.model.choose(scores, batch) == batch.roleset)[named].sum())
        wrong = int(named.sum()) - right
        self.senses = self.senses + Tally(right, wrong, wrong)

    def on_validation_epoch_end(self) -> None:
        """Log the score of the whole split."""
        self.log("dev/f1", self.counts.overall.f1, prog_bar=True)
        self.log("dev/predicate_f1", self.found.f1)
        if self.model.senses is not None:
            self.log("dev/sense_accuracy", self.senses.f1)

    def configure_optimizers(self) -> Any:
        """AdamW (Loshchilov and Hutter 2019) with linear warm-up and decay."""
        settings = (self.learning_rate, self.rates, self.weight_decay, self.warmup)
        return scheduled_adamw(self, self.total_steps, *settings)
