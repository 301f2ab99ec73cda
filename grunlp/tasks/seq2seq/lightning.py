"""Training a network that reads a text and writes another."""

from torch import Tensor

from grunlp.data.parallel_collate import ParallelBatch
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.decoding.beam_search import BeamSearch, beam_search
from grunlp.decoding.constraints import LengthLimits
from grunlp.decoding.inputs import DecodingInputs
from grunlp.tasks.seq2seq.inference import SPECIAL_TOKENS
from grunlp.tasks.seq2seq.metrics import TextMetric, TextScores
from grunlp.tasks.seq2seq.model import Seq2Seq
from grunlp.training.lightning_base import PerplexityTask
from grunlp.utils import distributed

_GREEDY = BeamSearch(
    beam=1, nbest=1, length_penalty=0.0, normalization="length", coverage_penalty=0.0, no_repeat_ngram_size=0
)


class Seq2SeqTask(PerplexityTask):
    """Trains a `Seq2Seq`; logs what `PerplexityTask` does and `dev/bleu` or `dev/rouge`.

    `dev/loss` is the cross-entropy of the targets, without smoothing; `dev/bleu` and `dev/rouge` are those of greedy
    search, against the targets.

    Args:
        model: the network.
        tokenizer: of its targets.
        limits: how long a text may become in greedy search.
        metric: which.
        total_steps, learning_rate, weight_decay, warmup: as for `Task`.
    """

    model: Seq2Seq

    def __init__(
        self,
        model: Seq2Seq,
        tokenizer: TextTokenizer,
        limits: LengthLimits,
        metric: TextMetric,
        total_steps: int,
        learning_rate: float,
        weight_decay: float,
        warmup_fraction: float,
    ) -> None:
        super().__init__(model, total_steps, learning_rate, weight_decay, warmup_fraction)
        self.tokenizer, self.limits, self.metric = tokenizer, limits, metric
        self.val_texts: list[tuple[str, str]] = []  # found, and right

    def training_step(self, batch: ParallelBatch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss, _ = self.model.loss(batch)
        self.log_train_batch(loss, batch_idx, int(batch.target_lengths.sum()))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        super().on_validation_epoch_start()
        self.val_texts = []

    def validation_step(self, batch: ParallelBatch, batch_idx: int) -> None:
        """Cross-entropy of the targets, and texts by greedy search."""
        _, nats = self.model.loss(batch)
        count = int(batch.target_lengths.sum())
        self.add_val_loss(float(nats), count)
        state = self.model.encode(batch.source, batch.source_lengths)
        inputs = DecodingInputs(self.model.step, state, batch.source_lengths - 1, SPECIAL_TOKENS, self.limits)
        found = beam_search(inputs, _GREEDY)
        outputs = [self.tokenizer.decode(hypotheses[0].ids) for hypotheses in found]
        self.val_texts += zip(outputs, batch.target_texts, strict=True)

    def on_validation_epoch_end(self) -> None:
        """Log the scores of the whole split."""
        super().on_validation_epoch_end()
        texts = [pair for some in distributed.all_gather_object(self.val_texts) for pair in some]
        scores = TextScores(self.metric, [output for output, _ in texts], [[target] for _, target in texts])
        self.log(f"dev/{self.metric}", scores.monitored_score(), prog_bar=True)
