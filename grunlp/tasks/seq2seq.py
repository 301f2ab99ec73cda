"""Training a network that reads a text and writes another."""

import math
import time
from typing import Any

from pytorch_lightning import LightningModule
from torch import Tensor, nn

from grunlp.data.text_batches import PairBatch
from grunlp.data.tokenizer import TextTokenizer
from grunlp.decoding.constraints import Limits
from grunlp.decoding.search import BeamSearch, beam_search
from grunlp.metrics.text import Kind, TextScores
from grunlp.models.seq2seq import Seq2Seq
from grunlp.tasks.generation import WORDS
from grunlp.tasks.optimizer import scheduled_adamw

_GREEDY = BeamSearch(beam=1, nbest=1, alpha=0.0, normalization="length", coverage_penalty=0.0, block_ngrams=0)


class Seq2SeqTask(LightningModule):
    """Trains a `Seq2Seq`; logs `train/loss`, `train/tokens_per_second`, `dev/loss`, `dev/perplexity` and `dev/bleu` or
    `dev/rouge`.

    `dev/loss` is the cross-entropy in nats a target token, without smoothing; `dev/bleu` and `dev/rouge` are those of
    greedy search, against the targets.

    Args:
        model: the network.
        tokenizer: of its targets.
        limits: how long a text may become in greedy search.
        scores: which.
        total_steps, learning_rate, weight_decay, warmup: as for `SRLTask`.
    """

    def __init__(
        self,
        model: Seq2Seq,
        tokenizer: TextTokenizer,
        limits: Limits,
        scores: Kind,
        total_steps: int,
        learning_rate: float,
        weight_decay: float,
        warmup: float,
    ) -> None:
        super().__init__()
        self.model, self.tokenizer, self.limits, self.kind = model, tokenizer, limits, scores
        self.schedule = (total_steps, learning_rate, dict[nn.Module, float](), weight_decay, warmup)
        self.tokens, self.started = 0, 0.0
        self.nats, self.told = 0.0, 0
        self.outputs: list[str] = []
        self.targets: list[list[str]] = []

    def on_train_epoch_start(self) -> None:
        """Start the clock of target tokens a second."""
        self.tokens, self.started = 0, time.perf_counter()

    def training_step(self, batch: PairBatch, batch_idx: int) -> Tensor:
        """One batch: its loss."""
        loss, _ = self.model.loss(batch)
        count = int(batch.target_lengths.sum())
        self.tokens += count
        speed = self.tokens / (time.perf_counter() - self.started)
        self.log("train/loss", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=count)
        self.log("train/tokens_per_second", speed, prog_bar=True, batch_size=1)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        self.nats, self.told, self.outputs, self.targets = 0.0, 0, [], []

    def validation_step(self, batch: PairBatch, batch_idx: int) -> None:
        """Cross-entropy of the targets, and texts by greedy search."""
        _, nats = self.model.loss(batch)
        count = int(batch.target_lengths.sum())
        self.nats, self.told = self.nats + float(nats) * count, self.told + count
        state = self.model.encode(batch.source, batch.source_lengths)
        for found in beam_search(self.model.step, state, batch.source_lengths - 1, WORDS, self.limits, _GREEDY):
            self.outputs.append(self.tokenizer.decode(found[0].ids))
        self.targets += [[text] for text in batch.texts]

    def on_validation_epoch_end(self) -> None:
        """Log the scores of the whole split."""
        loss = self.nats / max(1, self.told)
        self.log("dev/loss", loss, prog_bar=True)
        self.log("dev/perplexity", math.exp(min(loss, 100.0)))
        self.log(f"dev/{self.kind}", TextScores(self.kind, self.outputs, self.targets).overall(), prog_bar=True)

    def configure_optimizers(self) -> Any:
        """AdamW with linear warm-up and decay."""
        return scheduled_adamw(self, *self.schedule)
