"""Measure the labeller's training and prediction speed against the standard architecture.

    python scripts/bench_srl.py [data=propbank-ewt] [batches=40] [repeats=3] [peer_layers=3] [peer_hidden_size=256]

It takes about 4 minutes on two cores. The baseline (He et al. 2017) labels roles only. Its input marks the predicate,
so that `nn.GRU` on packed sequences encodes the sentence once per predicate. The baseline, our model, and our model
without the compiled kernels train on the same batches, in turn, in one process; the table shows the median of the
repeats and the ratio to the baseline. Prediction of roles and senses for gold predicates is timed on one thread, over
the development split in its original order.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import torch
from bench_utils import measure_in_turns
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.nn import functional

from grunlp.configuration.options import option, parse_options
from grunlp.data.collate import SRLBatch, SRLCollator
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.examples import SRLExample
from grunlp.data.vocabulary import Vocabulary
from grunlp.kernels.loader import disabled
from grunlp.modules.dropout import VariationalDropout, WordDropout
from grunlp.modules.embeddings import WordEmbedding
from grunlp.tasks.config import compose_config
from grunlp.tasks.srl.checkpoint import build_srl_model
from grunlp.tasks.srl.inference import label
from grunlp.tasks.srl.model import SRLModel
from grunlp.training.datamodules import make_datamodule
from grunlp.training.optim import adamw
from grunlp.training.sentence_datamodule import plan_sentence_batches
from grunlp.utils.cli import command


@dataclass
class Options:
    """Options of this script."""

    data: str = option("propbank-ewt", "data set of recipe=srl")
    batches: int = option(40, "training batches to time", minimum=1, maximum=10**9)
    repeats: int = option(3, "repeats, of which the median counts", minimum=1, maximum=10**9)
    peer_layers: int = option(3, "layers of the baseline", minimum=1, maximum=64)
    peer_hidden_size: int = option(256, "units of a layer of the baseline", minimum=1, maximum=65_536)


class BaselineSRLModel(nn.Module):
    """Baseline labeller (He et al. 2017, §2): word and predicate-distance embeddings, `nn.GRU` on packed sequences.

    It detects no predicates and no senses; everything else is as in `SRLModel`.
    """

    def __init__(self, config: DictConfig, vocabulary: Vocabulary, hidden_size: int, num_layers: int) -> None:
        super().__init__()
        c = config.model
        self.distance = c.max_relative_distance
        self.word_dropout = WordDropout(torch.tensor(vocabulary.word_counts), c.word_dropout, unk_id=1)
        self.words = WordEmbedding(
            len(vocabulary.words), c.word_size, len(vocabulary.characters), c.char_size, c.char_encoder, 0
        )
        self.distances = nn.Embedding(2 * c.max_relative_distance + 1, c.predicate_size)
        self.input_dropout, self.dropout = VariationalDropout(c.input_dropout), VariationalDropout(c.dropout)
        self.gru = nn.GRU(
            self.words.output_size + c.predicate_size,
            hidden_size,
            num_layers,
            batch_first=True,
            bidirectional=True,
            dropout=c.dropout,
        )
        self.roles = nn.Linear(2 * hidden_size, len(vocabulary.tags))
        self.pos = nn.Linear(2 * hidden_size, len(vocabulary.pos))
        self.pos_weight = c.pos_tag_loss_weight

    def forward(self, batch: SRLBatch) -> tuple[Tensor, Tensor]:
        """Return role tag scores (P, T, K) and part-of-speech scores."""
        ids = self.word_dropout(batch.words)
        words = self.input_dropout(self.words(ids, batch.char_ids, batch.word_shapes, batch.char_index))  # (B, T, W)
        offsets = torch.arange(words.shape[1]) - batch.predicate_index[:, None]  # (P, T)
        distances = self.distances(offsets.clamp(-self.distance, self.distance) + self.distance)
        pairs = torch.cat([words[batch.sentence_index], distances], dim=-1)  # (P, T, W + M)
        packed = nn.utils.rnn.pack_padded_sequence(
            pairs, batch.predicate_lengths, batch_first=True, enforce_sorted=False
        )
        outputs = self.gru(packed)[0]
        states, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True, total_length=words.shape[1])
        states = self.dropout(states)
        return self.roles(states), self.pos(states)

    def loss(self, scores: tuple[Tensor, Tensor], batch: SRLBatch) -> Tensor:
        """Return the mean role tag loss plus the weighted mean part-of-speech loss."""
        roles, pos = scores
        targets = batch.pos[batch.sentence_index].flatten()
        return functional.cross_entropy(roles.flatten(0, 1), batch.tags.flatten()) + (
            self.pos_weight * functional.cross_entropy(pos.flatten(0, 1), targets)
        )


def make_training_pass(model: SRLModel | BaselineSRLModel, batches: list[SRLBatch]) -> Callable[[], float]:
    """Return a function that trains on the batches once and returns predicates per second."""
    optimizer = adamw(model, 1e-3, 0.01, {})
    predicates = sum(len(batch.predicate_index) for batch in batches)

    def train_once() -> float:
        started = time.perf_counter()
        for batch in batches:
            optimizer.zero_grad()
            model.loss(model(batch), batch).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
            optimizer.step()
        return predicates / (time.perf_counter() - started)

    return train_once


def without_compiled_kernel(run_once: Callable[[], float]) -> Callable[[], float]:
    """Wrap a measurement so that it uses PyTorch's GRU operators."""

    def run_without_kernel() -> float:
        with disabled():
            return run_once()

    return run_without_kernel


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Measure training and prediction and print the results."""
    options = parse_options(arguments, Options)
    config = compose_config(["recipe=srl", f"data={options.data}"])
    corpus = open_srl_corpus(config.data)
    vocabulary = Vocabulary.build(corpus.train, config.vocabulary.min_count, [], {})
    collate = SRLCollator(vocabulary, None)
    data = make_datamodule(corpus, plan_sentence_batches, collate, config.loader, config.trainer, seed=1)
    batches = list(islice(data.train_dataloader(), options.batches))
    ours = build_srl_model(config, vocabulary, None)
    assert isinstance(ours, SRLModel)
    models: dict[str, SRLModel | BaselineSRLModel] = {
        "grunlp": ours,
        "grunlp without compiled kernels": ours,
        "baseline, nn.GRU packed": BaselineSRLModel(config, vocabulary, options.peer_hidden_size, options.peer_layers),
    }
    passes = {name: make_training_pass(model, batches) for name, model in models.items()}
    passes["grunlp without compiled kernels"] = without_compiled_kernel(passes["grunlp"])
    speeds = measure_in_turns(passes, options.repeats)
    baseline = statistics.median(speeds["baseline, nn.GRU packed"])
    print(f"training, {torch.get_num_threads()} threads, {len(batches)} batches, {options.repeats} repeats")
    print(f"{'':32}{'params':>9}  predicates/s  lowest  highest   ratio")
    for name, values in speeds.items():
        millions = sum(p.numel() for p in models[name].parameters()) / 1e6
        median = statistics.median(values)
        print(f"{name:32}{millions:8.2f}M{median:14.0f}{min(values):8.0f}{max(values):9.0f}{median / baseline:8.2f}")
    _time_prediction(ours.eval(), collate, list(corpus.dev), options.repeats)
    return 0


def _time_prediction(model: SRLModel, collate: SRLCollator, examples: list[SRLExample], repeats: int) -> None:
    """Print the median speed of prediction on one thread."""
    torch.set_num_threads(1)
    speeds = []
    with torch.inference_mode():
        for _ in range(repeats + 1):
            started = time.perf_counter()
            count = sum(1 for _ in label(model, collate, examples, batch_tokens=8000, detect_predicates=False))
            speeds.append(count / (time.perf_counter() - started))
    print(f"prediction, 1 thread: {statistics.median(speeds[1:]):.0f} sentences/s")


if __name__ == "__main__":
    sys.exit(main())
