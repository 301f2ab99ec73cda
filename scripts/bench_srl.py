"""How fast the labeller trains and predicts, beside the usual design: about 4 minutes on two cores.

    python scripts/bench_srl.py [data=propbank-ewt] [batches=40] [repeats=3] [peer_layers=3] [peer_hidden_size=256]

The usual design (He et al. 2017) tells the network the predicate at its input, so that the sentence is encoded again
for every predicate, by `nn.GRU` on packed sequences. It, our network, and ours without the compiled recurrence train on
the same batches of the same corpus, in alternation, within this one process; the table gives the median of the repeats
and the ratio to the usual design. Prediction is timed on one thread over the development split in the file's order.
"""

import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from grunlp.arguments import parse_arguments
from grunlp.command import command
from grunlp.config import compose_config
from grunlp.data.batches import Batch
from grunlp.data.corpora import open_corpus
from grunlp.data.module import SRLData
from grunlp.data.vocabulary import Vocabulary
from grunlp.kernels.library import set_aside
from grunlp.models.srl import SRLModel
from grunlp.run import build_model
from grunlp.tasks.labelling import label
from grunlp.tasks.optimizer import adamw

DEFAULTS = {"data": "propbank-ewt", "batches": 40, "repeats": 3, "peer_layers": 3, "peer_hidden_size": 256}


class PackedGRU(nn.Module):
    """`nn.GRU` on packed sequences behind the interface of `StackedGRU`."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, num_layers, batch_first=True, bidirectional=True, dropout=dropout)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """As `StackedGRU.forward`, without initial states."""
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, finals = self.gru(packed)
        return nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])[0], finals


def usual_design(config: DictConfig, vocabulary: Vocabulary, layers: int, hidden_size: int) -> SRLModel:
    """The peer: predicate at the input, `nn.GRU` packed; everything else as in ours."""
    config = config.copy()
    config.model.predicate, config.model.num_layers, config.model.hidden_size = "input", layers, hidden_size
    model = build_model(config, vocabulary)
    packed = PackedGRU(model.encoder.input_size, hidden_size, layers, config.model.dropout)
    model.register_module("encoder", packed)
    return model


def training_pass(model: SRLModel, batches: list[Batch]) -> Callable[[], float]:
    """A function that trains on the batches once and returns predicates a second."""
    optimizer = adamw(model, 1e-3, 0.01)
    predicates = sum(len(batch.predicate) for batch in batches)

    def once() -> float:
        started = time.perf_counter()
        for batch in batches:
            optimizer.zero_grad()
            model.loss(model(batch), batch).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
            optimizer.step()
        return predicates / (time.perf_counter() - started)

    return once


def without_kernel(once: Callable[[], float]) -> Callable[[], float]:
    """The same with Torch's recurrence."""

    def changed() -> float:
        with set_aside():
            return once()

    return changed


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Measure and print."""
    given = parse_arguments(arguments, DEFAULTS)
    config = compose_config(["recipe=srl", f"data={given['data']}"])
    corpus = open_corpus(config.data)
    vocabulary = Vocabulary.count(corpus.train, config.vocabulary.min_count)
    data = SRLData(corpus, vocabulary, seed=1, **config.loader)
    batches = list(islice(data.train_dataloader(), given["batches"]))
    ours = build_model(config, vocabulary)
    models = {
        "grunlp, sentence encoded once": ours,
        "the same, Torch's recurrence": ours,
        "usual design, packed": usual_design(config, vocabulary, given["peer_layers"], given["peer_hidden_size"]),
    }
    passes = {name: training_pass(model, batches) for name, model in models.items()}
    passes["the same, Torch's recurrence"] = without_kernel(passes["grunlp, sentence encoded once"])
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
    _predict(ours.eval(), vocabulary, list(corpus.dev), given["repeats"])
    return 0


def _predict(model: SRLModel, vocabulary: Vocabulary, examples: list, repeats: int) -> None:
    torch.set_num_threads(1)
    speeds = []
    with torch.inference_mode():
        for _ in range(repeats + 1):
            started = time.perf_counter()
            count = sum(1 for _ in label(model, vocabulary, examples, batch_tokens=8000))
            speeds.append(count / (time.perf_counter() - started))
    print(f"prediction, 1 thread: {statistics.median(speeds[1:]):.0f} sentences a second")


if __name__ == "__main__":
    sys.exit(main())
