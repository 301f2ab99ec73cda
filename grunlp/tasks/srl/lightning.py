"""Training a role labeller."""

import torch
from torch import Tensor

from grunlp.data.collate import SRLBatch
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.metrics.span_counts import EvalCounts, SpanCounts, count_matches, srl_eval_counts
from grunlp.tasks.srl.model import SRLModel
from grunlp.training.lightning_base import BaseLightningModule
from grunlp.utils import distributed


class SRLTask(BaseLightningModule):
    """Trains an `SRLModel`; logs `train/loss_step`, `train/predicates_per_second`, `dev/loss` and `dev/f1`.

    `dev/f1` is the overall F1 in srl-eval's counting, in percent, of the roles of given predicates; higher is better.
    Beside it `dev/predicate_f1` of the predicates found and, where rolesets are known, `dev/sense_accuracy` among them.

    Args:
        model, total_steps, learning_rate, rates, weight_decay, warmup: as for `BaseLightningModule`.
    """

    model: SRLModel
    throughput_unit = "predicates"

    def training_step(self, batch: SRLBatch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss = self.model.loss(self.model(batch), batch)
        count = len(batch.predicate_index)
        self.log_train_batch(loss, batch_idx, max(count, 1), count)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        super().on_validation_epoch_start()
        self.role_counts, self.found, self.sense_counts = EvalCounts(), SpanCounts(), SpanCounts()

    def validation_step(self, batch: SRLBatch, batch_idx: int) -> None:
        """Count the legal best tags of one batch against gold."""
        scores = self.model(batch)
        self.add_val_loss(float(self.model.loss(scores, batch)), max(len(batch.predicate_index), 1))
        best, _ = self.model.decode(scores, batch)
        lengths = batch.predicate_lengths
        # A gold tag that training never saw has no id and counts as outside here; the final scores read the strings.
        gold = ids_to_tags(batch.tags.clamp(min=0), lengths, self.model.tags)
        for one, other in zip(gold, ids_to_tags(best, lengths, self.model.tags), strict=True):
            self.role_counts = self.role_counts + srl_eval_counts([one], [other])
        gold_places = set(zip(batch.sentence_index.tolist(), batch.predicate_index.tolist(), strict=True))
        detected = self.model.detect_predicates(scores.encoder_output, batch)
        found = {tuple(place) for place in torch.stack(detected, dim=1).tolist()}
        self.found = self.found + count_matches(gold_places, found)
        named = batch.roleset != 0
        right = int((self.model.predict_senses(scores, batch) == batch.roleset)[named].sum())
        wrong = int(named.sum()) - right
        self.sense_counts = self.sense_counts + SpanCounts(right, wrong, wrong)

    def on_validation_epoch_end(self) -> None:
        """Log the scores of the whole split."""
        super().on_validation_epoch_end()
        counts, found, senses = EvalCounts(), SpanCounts(), SpanCounts()
        for parts in distributed.all_gather_object((self.role_counts, self.found, self.sense_counts)):
            counts, found, senses = counts + parts[0], found + parts[1], senses + parts[2]
        self.log("dev/f1", counts.overall.f1, prog_bar=True)
        self.log("dev/predicate_f1", found.f1)
        if self.model.senses is not None:
            self.log("dev/sense_accuracy", senses.f1)
