"""How fast a translator trains and writes, beside the same trained a step at a time and beside JoeyNMT.

    python -m grunlp.train recipe=translate data=multi30k-de-en run_dir=runs/de-en
    python scripts/bench_generation.py run=runs/de-en [batches=20] [repeats=5] [peer_epochs=2] [batch_tokens=4000]

Two cores need about 25 minutes, a good part of it for `peer_epochs`: JoeyNMT (Kreutzer et al. 2019) is trained by the
script itself, with its own loss, on the same pieces and batches; 0 leaves its decoding out. Its network has the same
embedding and hidden sizes and no input feeding; it scores words from the decoder's states, not from features of an
embedding's size, and cannot tie the two tables, so that it has more weights. Install it by `pip install 'grunlp[peer]'`
into an environment of its own, for it wants an older protobuf than others; without it its rows say "not installed".

Training: all train on the same batches in alternation, within this one process. "A step at a time" is the very same
network, but calls its decoder once for each word; with input feeding there is no other way.
Decoding: the test split, or dev where there is none, in batches by length, of at most `batch_tokens` source tokens for
all hypotheses together, the same for both. A peer that was trained less may search for longer than the pieces of its
texts, which the table gives, say. Both normalise by length as in Wu et al. (2016), with the run's alpha.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from types import SimpleNamespace
from typing import Any, Literal

import torch
from omegaconf import DictConfig
from pytorch_lightning import seed_everything
from torch import Tensor, nn

from grunlp.configuration.key_value_args import parse_arguments
from grunlp.data.pair import ParallelExample
from grunlp.data.parallel_collate import ParallelBatch, ParallelCollator
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, UNK_ID, TextTokenizer
from grunlp.decoding.beam_search import BeamSearch
from grunlp.decoding.constraints import LengthLimits
from grunlp.tasks.seq2seq.checkpoint import load_trained_seq2seq, make_beam_search, search_config
from grunlp.tasks.seq2seq.data import open_parallel_corpus
from grunlp.tasks.seq2seq.inference import generate
from grunlp.tasks.seq2seq.metrics import TextScores
from grunlp.tasks.seq2seq.model import Seq2Seq, Seq2SeqState
from grunlp.training.datamodules import ParallelDataModule
from grunlp.training.optim import adamw
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

DEFAULTS = {
    "run": "",
    "batches": 20,
    "repeats": 5,
    "peer_epochs": 2,
    "batch_tokens": 4000,
}

try:
    from joeynmt.batch import Batch
    from joeynmt.model import build_model
    from joeynmt.search import search as peer_search
    from joeynmt.vocabulary import Vocabulary
except ImportError as error:
    build_model, reason = None, str(error)


class JoeyNMTModel(nn.Module):
    """JoeyNMT's recurrent network with the vocabulary and the sizes of a run of ours."""

    def __init__(
        self, config: DictConfig, tokenizers: Sequence[TextTokenizer], attention: Literal["luong", "bahdanau"]
    ) -> None:
        super().__init__()
        c = config.model
        names = {f"{name}_token": f"<{name}>" for name in ("unk", "pad", "bos", "eos")}
        # it wants its special words in this order: padding and the unknown word the other way round than we
        marks = SimpleNamespace(**names, unk_id=0, pad_id=1, bos_id=BOS_ID, eos_id=EOS_ID, lang_tags=[], sep_token=None)
        tables = [Vocabulary([f"piece{i}" for i in range(EOS_ID + 1, len(one))], marks) for one in tokenizers]
        embeddings = {"embedding_dim": c.embedding_size, "dropout": c.input_dropout}
        encoder = {"hidden_size": c.hidden_size, "num_layers": c.num_layers}
        decoder = {"hidden_size": c.decoder_hidden_size, "num_layers": c.decoder_num_layers, "attention": attention}
        shared = {"type": "recurrent", "rnn_type": "gru", "embeddings": embeddings, "dropout": c.dropout}
        settings = {
            "encoder": {**shared, **encoder, "bidirectional": True},
            "decoder": {**shared, **decoder, "hidden_dropout": c.dropout, "input_feeding": False},
            "tied_embeddings": config.tokenizer.shared,
        }
        self.network = build_model(settings, tables[0], tables[0] if config.tokenizer.shared else tables[1])
        self.network.loss_function = ("crossentropy", c.label_smoothing)

    def batch(self, source: Tensor, lengths: Tensor, target: Tensor | None) -> Any:
        """Our ids as its batch, longest source first; its method for that takes the order of the answers along."""
        ids = [None if x is None else _swap_special_ids(x) for x in (source, target)]
        numbers = torch.arange(len(source))
        return Batch(ids[0], lengths, None, ids[1], None, numbers, torch.device("cpu"), 1, EOS_ID, target is not None)

    def loss(self, ours: ParallelBatch) -> tuple[Tensor, None]:
        """The mean loss a target word; of the plain cross-entropy it says nothing."""
        batch = self.batch(ours.source, ours.source_lengths, ours.target)
        batch.sort_by_src_length()
        loss, *_ = self.network(return_type="loss", **vars(batch))
        return batch.normalize(loss, "tokens"), None

    def translate(self, source: Tensor, lengths: Tensor, search: BeamSearch, max_length: int) -> list[list[int]]:
        """Ids of the best text of each source, its end and what stands behind it included."""
        batch = self.batch(source, lengths, None)
        back = batch.sort_by_src_length()
        found, _, _ = peer_search(self.network, batch, max_length, search.beam, search.alpha)
        return [_swap_special_ids(torch.from_numpy(found[i])).tolist() for i in back]


def _swap_special_ids(ids: Tensor) -> Tensor:
    """Exchange the ids of padding and of the unknown word, which JoeyNMT has the other way round."""
    return torch.where(ids <= UNK_ID, 1 - ids, ids)


class UnbatchedSeq2Seq(Seq2Seq):
    """The same network, with its recurrent layers and its attention called once for each target word."""

    def _decode_steps(
        self, inputs: Tensor, embedded: Tensor, lengths: Tensor, state: Seq2SeqState
    ) -> tuple[Tensor, Tensor, Seq2SeqState]:
        features, weights, ones = [], [], torch.ones_like(lengths)
        for t in range(inputs.shape[1]):
            now = slice(t, t + 1)
            feature, weight, state = super()._decode_steps(inputs[:, now], embedded[:, now], ones, state)
            features.append(feature)
            weights.append(weight)
        return torch.cat(features, dim=1), torch.cat(weights, dim=1), state


def make_training_step(model: Seq2Seq | JoeyNMTModel) -> Callable[[ParallelBatch], None]:
    """A function that trains on one batch."""
    optimizer = adamw(model, 1e-3, 0.01, {})

    def once(batch: ParallelBatch) -> None:
        optimizer.zero_grad()
        loss, _ = model.loss(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()

    return once


def alternate(passes: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Speeds by name, each repeat measuring all in turn; one round before them warms up."""
    speeds: dict[str, list[float]] = {name: [] for name in passes}
    for repeat in range(repeats + 1):
        for name, once in passes.items():
            speed = once()
            if repeat:
                speeds[name].append(speed)
    return speeds


def print_table(title: str, speeds: dict[str, list[float]], unit: str, notes: dict[str, str]) -> None:
    """Print medians, lowest and highest, and how many times as fast as each our first row is."""
    first = statistics.median(next(iter(speeds.values())))
    print(f"\n{title}\n{'':42}{unit:>14}  lowest  highest  first row over it")
    for name, values in speeds.items():
        middle = statistics.median(values)
        row = f"{name:42}{middle:14.1f}{min(values):8.1f}{max(values):9.1f}{first / middle:10.2f}"
        print(f"{row}   {notes.get(name, '')}".rstrip())
    if build_model is None:
        print(f"{'JoeyNMT':42}{'not installed':>14}   {reason}")


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Measure and print."""
    given = parse_arguments(arguments, DEFAULTS)
    if not given["run"]:
        raise UserError("run= is missing", "it names a run of recipe=translate", "Type run=DIR")
    for key in ("batches", "repeats", "batch_tokens"):
        if given[key] < 1:
            raise UserError(f"{key}={given[key]} is out of bounds", "1 at least", f"Type {key}={DEFAULTS[key]}")
    seed_everything(1, verbose=False)
    run = load_trained_seq2seq(given["run"])
    collate, config = run.collate, run.config
    corpus = open_parallel_corpus(config.data, config.scores == "bleu")
    settings = {key: value for key, value in config.loader.items() if key != "stream"} | {"num_workers": 0}
    data = ParallelDataModule(
        corpus, collate.source_tokenizer, collate.target_tokenizer, subword_regularization=0.0, seed=1, **settings
    )
    batches = list(islice(data.train_dataloader(), given["batches"]))
    tokens = sum(int(batch.target_lengths.sum()) for batch in batches)
    tokenizers = (collate.source_tokenizer, collate.target_tokenizer)
    peers = {}
    if build_model:
        peers["JoeyNMT"] = JoeyNMTModel(config, tokenizers, "luong")
        peers["JoeyNMT, additive attention, its default"] = JoeyNMTModel(config, tokenizers, "bahdanau")
    peer = peers.get("JoeyNMT")

    plain, feeding = ({**config.model, "input_feeding": feeding} for feeding in (False, True))
    sizes = {
        "source_size": len(collate.source_tokenizer),
        "target_size": len(collate.target_tokenizer),
        "shared": config.tokenizer.shared,
    }
    whole, steps = (kind(**sizes, **plain) for kind in (Seq2Seq, UnbatchedSeq2Seq))
    fed = Seq2Seq(**sizes, **feeding)
    trained: dict[str, Seq2Seq | JoeyNMTModel] = {
        "grunlp, whole target": whole,
        "the same network, a step at a time": steps,
        "grunlp with input feeding": fed,
        **peers,
    }

    def training_pass(model: Seq2Seq | JoeyNMTModel) -> Callable[[], float]:
        step = make_training_step(model.train())

        def once() -> float:
            started = time.perf_counter()
            for batch in batches:
                step(batch)
            return tokens / (time.perf_counter() - started)

        return once

    threads = torch.get_num_threads()
    speeds = alternate({name: training_pass(model) for name, model in trained.items()}, given["repeats"])
    weights = {name: f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f}M" for name, model in trained.items()}
    print_table(f"training, {threads} threads, {len(batches)} batches", speeds, "target words/s", weights)

    if peer and given["peer_epochs"]:
        _train_peer(peer, data, given["peer_epochs"])
    limits, beam = make_beam_search(search_config(config))
    pairs = list(corpus.test if corpus.test is not None else corpus.dev)
    for width in (1, 5):
        search = BeamSearch(width, 1, beam.alpha, "gnmt", 0.0, 0)
        _decode(run.model, peer if given["peer_epochs"] else None, collate, pairs, limits, search, given)
    return 0


def _train_peer(peer: JoeyNMTModel, data: ParallelDataModule, epochs: int) -> None:
    step = make_training_step(peer.train())
    started = time.perf_counter()
    for epoch in range(epochs):
        loader = data.train_dataloader()
        data.train[1].set_epoch(epoch)
        for batch in loader:
            step(batch)
    print(f"\nJoeyNMT trained for {epochs} epochs in {(time.perf_counter() - started) / 60:.0f} minutes")


def _decode(
    model: Seq2Seq,
    peer: JoeyNMTModel | None,
    collate: ParallelCollator,
    pairs: list[ParallelExample],
    limits: LengthLimits,
    search: BeamSearch,
    options: dict[str, Any],
) -> None:
    texts: dict[str, list[str]] = {}
    budget = options["batch_tokens"]

    def once(name: str, all_texts: Callable[[], list[str]]) -> Callable[[], float]:
        def timed() -> float:
            started = time.perf_counter()
            texts[name] = all_texts()
            return len(pairs) / (time.perf_counter() - started)

        return timed

    def by_peer(batches: Sequence[list[int]]) -> Iterator[tuple[int, str]]:
        assert peer is not None
        for numbers in batches:
            sources, lengths = collate.encode_sources([pairs[i]["source"] for i in numbers])
            longest = max(limits.bounds(lengths - 1)[1]) + 1  # of the longest source, the end included
            ids = peer.translate(sources, lengths, search, longest)
            yield from zip(numbers, (collate.target_tokenizer.decode(row) for row in ids), strict=True)

    def peer_texts() -> list[str]:
        sources = collate.source_tokenizer.encode([pair["source"] for pair in pairs])
        lengths = [min(len(ids), collate.max_source_length or len(ids)) + 1 for ids in sources]
        rows = [search.beam] * len(pairs)
        found = dict(by_peer(list(TokenBudgetSampler(lengths, rows, budget, shuffle=False, seed=0))))
        return [found[i] for i in range(len(pairs))]

    def our_texts() -> list[str]:
        return [one.texts[0] for one in generate(model, collate, pairs, limits, search, budget)]

    passes = {"grunlp": once("grunlp", our_texts)}
    if peer:
        peer.eval()
        passes["JoeyNMT"] = once("JoeyNMT", peer_texts)
    speeds = alternate(passes, options["repeats"])
    references = [[pair["target"], *pair["references"]] for pair in pairs]
    notes = {}
    for name, written in texts.items():
        bleu = TextScores("bleu", written, references).monitored_score()
        pieces = sum(map(len, collate.target_tokenizer.encode(written))) / len(written)
        notes[name] = f"BLEU {bleu:.1f}, {pieces:.1f} pieces a text"
    what = f"beam {search.beam}" if search.beam > 1 else "greedy"
    print_table(f"decoding, {what}, {torch.get_num_threads()} threads", speeds, "texts/s", notes)


if __name__ == "__main__":
    sys.exit(main())
