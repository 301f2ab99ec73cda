"""Training a role labeller."""

import torch
from torch import Tensor

from grunlp.data.collate import FrameBatch
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.metrics.span_counts import Counts, Tally, count_srl, tally
from grunlp.tasks.srl.model import SRLModel
from grunlp.training.lightning_base import Task
from grunlp.utils import distributed


class SRLTask(Task):
    """Trains an `SRLModel`; logs `train/loss_step`, `train/predicates_per_second`, `dev/loss` and `dev/f1`.

    `dev/f1` is the overall F1 in srl-eval's counting, in percent, of the roles of given predicates; higher is better.
    Beside it `dev/predicate_f1` of the predicates found and, where rolesets are known, `dev/sense_accuracy` among them.

    Args:
        model, total_steps, learning_rate, rates, weight_decay, warmup: as for `Task`.
    """

    model: SRLModel
    unit = "predicates"

    def training_step(self, batch: FrameBatch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss = self.model.loss(self.model(batch), batch)
        count = len(batch.predicate)
        self.log_training(loss, batch_idx, max(count, 1), count)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        super().on_validation_epoch_start()
        self.counts, self.found, self.senses = Counts(), Tally(), Tally()

    def validation_step(self, batch: FrameBatch, batch_idx: int) -> None:
        """Count the legal best tags of one batch against gold."""
        scores = self.model(batch)
        self.count_validation(float(self.model.loss(scores, batch)), max(len(batch.predicate), 1))
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
        """Log the scores of the whole split."""
        super().on_validation_epoch_end()
        counts, found, senses = Counts(), Tally(), Tally()
        for parts in distributed.gather((self.counts, self.found, self.senses)):
            counts, found, senses = counts + parts[0], found + parts[1], senses + parts[2]
        self.log("dev/f1", counts.overall.f1, prog_bar=True)
        self.log("dev/predicate_f1", found.f1)
        if self.model.senses is not None:
            self.log("dev/sense_accuracy", senses.f1)
