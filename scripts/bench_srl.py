"""How fast the labeller trains and predicts, beside the usual design: about 4 minutes on two cores.

    python scripts/bench_srl.py [data=propbank-ewt] [batches=40] [repeats=3] [peer_layers=3] [peer_hidden_size=256]

The usual design (He et al. 2017) only labels roles. It is told the predicate at its input, so that the sentence is
encoded again for every predicate, by `nn.GRU` on packed sequences. It, our network, and ours without the compiled
recurrence train on the same batches of the same corpus, in alternation, within this one process; the table gives the
median of the repeats and the ratio to the usual design. Prediction, of roles and senses of given predicates, is timed
on one thread over the development split in the file's order.
"""

import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice

import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.nn import functional

from grunlp.configuration.compose import compose_config
from grunlp.configuration.key_value_args import parse_arguments
from grunlp.data.collate import SRLBatch, SRLCollator
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.examples import SRLExample
from grunlp.data.vocabulary import Vocabulary
from grunlp.kernels.loader import disabled
from grunlp.modules.dropout import VariationalDropout, WordDropout
from grunlp.modules.embeddings import WordEmbedding
from grunlp.tasks.srl.checkpoint import build_labelling_model
from grunlp.tasks.srl.inference import label
from grunlp.tasks.srl.model import SRLModel
from grunlp.training.datamodules import SRLDataModule
from grunlp.training.optim import adamw
from grunlp.utils.cli import command

DEFAULTS = {"data": "propbank-ewt", "batches": 40, "repeats": 3, "peer_layers": 3, "peer_hidden_size": 256}


class BaselineSRLModel(nn.Module):
    """The peer (He et al. 2017, §2): the distance to the predicate joins the words, `nn.GRU` reads packed sequences.

    Everything else is as in `SRLModel`; predicates and senses are not its business.
    """

    def __init__(self, config: DictConfig, vocabulary: Vocabulary, hidden_size: int, num_layers: int) -> None:
        super().__init__()
        c = config.model
        self.distance = c.distance
        self.word_dropout = WordDropout(torch.tensor(vocabulary.word_counts), c.word_dropout, unk_id=1)
        self.words = WordEmbedding(
            len(vocabulary.words), c.word_size, len(vocabulary.characters), c.character_size, c.characters, 0
        )
        self.distances = nn.Embedding(2 * c.distance + 1, c.predicate_size)
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
        self.pos_weight = c.pos_weight

    def forward(self, batch: SRLBatch) -> tuple[Tensor, Tensor]:
        """Scores of the tags (P, T, K) and of the parts of speech."""
        ids = self.word_dropout(batch.words)
        words = self.input_dropout(self.words(ids, batch.char_ids, batch.word_shapes, batch.char_index))  # (B, T, W)
        offsets = torch.arange(words.shape[1]) - batch.predicate_index[:, None]  # (P, T)
        marks = self.distances(offsets.clamp(-self.distance, self.distance) + self.distance)
        pairs = torch.cat([words[batch.sentence_index], marks], dim=-1)  # (P, T, W + M)
        packed = nn.utils.rnn.pack_padded_sequence(
            pairs, batch.predicate_lengths, batch_first=True, enforce_sorted=False
        )
        read, _ = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=words.shape[1])
        read = self.dropout(read)
        return self.roles(read), self.pos(read)

    def loss(self, scores: tuple[Tensor, Tensor], batch: SRLBatch) -> Tensor:
        """Mean loss a tag and a part of speech."""
        roles, pos = scores
        targets = batch.pos[batch.sentence_index].flatten()
        return functional.cross_entropy(roles.flatten(0, 1), batch.tags.flatten()) + (
            self.pos_weight * functional.cross_entropy(pos.flatten(0, 1), targets)
        )


def make_training_pass(model: SRLModel | BaselineSRLModel, batches: list[SRLBatch]) -> Callable[[], float]:
    """A function that trains on the batches once and returns predicates a second."""
    optimizer = adamw(model, 1e-3, 0.01, {})
    predicates = sum(len(batch.predicate_index) for batch in batches)

    def once() -> float:
        started = time.perf_counter()
        for batch in batches:
            optimizer.zero_grad()
            model.loss(model(batch), batch).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
            optimizer.step()
        return predicates / (time.perf_counter() - started)

    return once


def without_compiled_kernel(run_once: Callable[[], float]) -> Callable[[], float]:
    """The same with Torch's recurrence."""

    def changed() -> float:
        with disabled():
            return run_once()

    return changed


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Measure and print."""
    given = parse_arguments(arguments, DEFAULTS)
    config = compose_config(["recipe=srl", f"data={given['data']}"])
    corpus = open_srl_corpus(config.data)
    vocabulary = Vocabulary.build(corpus.train, config.vocabulary.min_count, [], {})
    collate = SRLCollator(vocabulary, None)
    data = SRLDataModule(
        corpus, collate, config.loader.batch_tokens, num_workers=0, extra_epochs=0, reshuffle=True, seed=1
    )
    batches = list(islice(data.train_dataloader(), given["batches"]))
    ours = build_labelling_model(config, vocabulary, None)
    assert isinstance(ours, SRLModel)
    models: dict[str, SRLModel | BaselineSRLModel] = {
        "grunlp, sentence encoded once": ours,
        "the same, Torch's recurrence": ours,
        "usual design, packed": BaselineSRLModel(config, vocabulary, given["peer_hidden_size"], given["peer_layers"]),
    }
    passes = {name: make_training_pass(model, batches) for name, model in models.items()}
    passes["the same, Torch's recurrence"] = without_compiled_kernel(passes["grunlp, sentence encoded once"])
    speeds: dict[str, list[float]] = {name: [] for name in passes}
    for repeat in range(given["repeats"] + 1):
        for name, once in passes.items():
            speed = once()
            if repeat:  # the first pass warms up
                speeds[name].append(speed)
    peer = statistics.median(speeds["usual design, packed"])
    print(f"training, {torch.get_num_threads()} threads, {len(batches)} batches, {given['repeats']} repeats")
    print(f"{'':32}{'weights':>9}  predicates/s  lowest  highest   ratio")
    for name, values in speeds.items():
        weights = sum(p.numel() for p in models[name].parameters()) / 1e6
        middle = statistics.median(values)
        print(f"{name:32}{weights:8.2f}M{middle:14.0f}{min(values):8.0f}{max(values):9.0f}{middle / peer:8.2f}")
    _predict(ours.eval(), collate, list(corpus.dev), given["repeats"])
    return 0


def _predict(model: SRLModel, collate: SRLCollator, examples: list[SRLExample], repeats: int) -> None:
    torch.set_num_threads(1)
    speeds = []
    with torch.inference_mode():
        for _ in range(repeats + 1):
            started = time.perf_counter()
            count = sum(1 for _ in label(model, collate, examples, batch_tokens=8000, detect_predicates=False))
            speeds.append(count / (time.perf_counter() - started))
    print(f"prediction, 1 thread: {statistics.median(speeds[1:]):.0f} sentences a second")


if __name__ == "__main__":
    sys.exit(main())
