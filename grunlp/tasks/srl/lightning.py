"""Training of a role labeller."""

import torch
from torch import Tensor

from grunlp.data.collate import SRLBatch
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.metrics.span_counts import EvalCounts, SpanCounts, count_matches, srl_eval_counts
from grunlp.tasks.srl.model import SRLLogits, SRLModel
from grunlp.training.lightning_base import BaseLightningModule
from grunlp.utils import distributed


class SRLTask(BaseLightningModule):
    """The Lightning module that trains an `SRLModel`.

    It logs, in percent: `dev/f1`, the overall F1 of the roles of given predicates, counted like srl-eval;
    `dev/predicate_f1`, the F1 of the detected predicates; and, with rolesets, `dev/sense_accuracy`, the accuracy of the
    senses of given predicates.
    """

    model: SRLModel
    throughput_unit = "predicates"

    def training_step(self, batch: SRLBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        loss = self.model.loss(self.model(batch), batch)
        count = len(batch.predicate_index)
        self.log_train_batch(loss, batch_idx, max(count, 1), count)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Reset the counts."""
        super().on_validation_epoch_start()
        self.role_counts, self.predicate_counts, self.sense_counts = EvalCounts(), SpanCounts(), SpanCounts()

    def validation_step(self, batch: SRLBatch, batch_idx: int) -> None:
        """Count the correct tags, predicates and senses of one batch."""
        logits: SRLLogits = self.model(batch)
        self.add_val_loss(float(self.model.loss(logits, batch)), max(len(batch.predicate_index), 1))
        best, _ = self.model.decode(logits, batch)
        lengths = batch.predicate_lengths
        # A gold tag that is not in the training data has no id and counts as O here; final scores compare strings.
        gold_tags = ids_to_tags(batch.tags.clamp(min=0), lengths, self.model.tags)
        for gold, predicted in zip(gold_tags, ids_to_tags(best, lengths, self.model.tags), strict=True):
            self.role_counts = self.role_counts + srl_eval_counts([gold], [predicted])
        gold_predicates = set(zip(batch.sentence_index.tolist(), batch.predicate_index.tolist(), strict=True))
        detected = torch.stack(self.model.detect_predicates(logits.encoder_output, batch), dim=1).tolist()
        matches = count_matches(gold_predicates, {(sentence, predicate) for sentence, predicate in detected})
        self.predicate_counts = self.predicate_counts + matches
        has_roleset = batch.roleset != 0
        num_correct = int((self.model.predict_senses(logits, batch) == batch.roleset)[has_roleset].sum())
        num_wrong = int(has_roleset.sum()) - num_correct
        self.sense_counts = self.sense_counts + SpanCounts(num_correct, num_wrong, num_wrong)

    def on_validation_epoch_end(self) -> None:
        """Log the scores of the whole split."""
        super().on_validation_epoch_end()
        roles, predicates, senses = EvalCounts(), SpanCounts(), SpanCounts()
        counts = (self.role_counts, self.predicate_counts, self.sense_counts)
        for role_counts, predicate_counts, sense_counts in distributed.all_gather_object(counts):
            roles, predicates, senses = roles + role_counts, predicates + predicate_counts, senses + sense_counts
        self.log("dev/f1", roles.overall.f1, prog_bar=True)
        self.log("dev/predicate_f1", predicates.f1)
        if self.model.senses is not None:
            self.log("dev/sense_accuracy", senses.f1)
