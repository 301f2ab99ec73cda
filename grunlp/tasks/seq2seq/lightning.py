"""Training of a sequence-to-sequence model."""

from torch import Tensor

from grunlp.data.parallel_collate import ParallelBatch
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.decoding.beam_search import BeamSearch, beam_search
from grunlp.decoding.constraints import LengthLimits
from grunlp.decoding.inputs import DecodingInputs
from grunlp.tasks.seq2seq.inference import SPECIAL_TOKENS
from grunlp.tasks.seq2seq.metrics import MetricTokenizer, TextMetric, TextScores
from grunlp.tasks.seq2seq.model import Seq2Seq
from grunlp.training.lightning_base import PerplexityTask
from grunlp.training.options import OptimizerOptions
from grunlp.utils import distributed

_GREEDY = BeamSearch(
    beam=1, nbest=1, length_penalty=0.0, normalization="length", coverage_penalty=0.0, no_repeat_ngram_size=0
)


class Seq2SeqTask(PerplexityTask):
    """The Lightning module that trains a `Seq2Seq` and logs `dev/bleu` or `dev/rouge` of greedy search.

    `dev/loss` is the cross-entropy of the targets, without label smoothing.

    Args:
        model: the network.
        options: AdamW with linear warm-up and decay.
        total_steps: optimizer steps of the whole training.
        tokenizer: the tokenizer of the targets.
        limits: limits on the length of a text in greedy search.
        metric: "bleu" or "rouge".
        metric_tokenize: how metrics split texts; None: by the script.
    """

    model: Seq2Seq

    def __init__(
        self,
        model: Seq2Seq,
        options: OptimizerOptions,
        total_steps: int,
        tokenizer: TextTokenizer,
        limits: LengthLimits,
        metric: TextMetric,
        metric_tokenize: MetricTokenizer | None = None,
    ) -> None:
        super().__init__(model, options, total_steps)
        self.tokenizer, self.limits = tokenizer, limits
        self.metric, self.metric_tokenize = metric, metric_tokenize
        self.val_texts: list[tuple[str, str]] = []  # outputs and targets

    def training_step(self, batch: ParallelBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        loss, _ = self.model.loss(batch)
        self.log_train_batch(loss, batch_idx, int(batch.target_lengths.sum()))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Clear the texts of the previous epoch."""
        super().on_validation_epoch_start()
        self.val_texts = []

    def validation_step(self, batch: ParallelBatch, batch_idx: int) -> None:
        """Compute the cross-entropy of the targets, and generate texts by greedy search."""
        _, nll = self.model.loss(batch)
        self.add_val_loss(float(nll), int(batch.target_lengths.sum()))
        state = self.model.encode(batch.source, batch.source_lengths)
        inputs = DecodingInputs(self.model.step, state, batch.source_lengths - 1, SPECIAL_TOKENS, self.limits)
        hypotheses = beam_search(inputs, _GREEDY)
        outputs = [self.tokenizer.decode(best[0].ids) for best in hypotheses]
        self.val_texts += zip(outputs, batch.target_texts, strict=True)

    def on_validation_epoch_end(self) -> None:
        """Log the score of the whole split."""
        super().on_validation_epoch_end()
        texts = [pair for texts_of_rank in distributed.all_gather_object(self.val_texts) for pair in texts_of_rank]
        outputs, references = [output for output, _ in texts], [[target] for _, target in texts]
        scores = TextScores(self.metric, outputs, references, self.metric_tokenize)
        self.log(f"dev/{self.metric}", scores.monitored_score(), prog_bar=True)
