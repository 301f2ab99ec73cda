"""Measure the translator's training and decoding speed against step-by-step training and JoeyNMT.

    python -m grunlp.train recipe=translate data=multi30k-de-en run_dir=runs/de-en
    python scripts/bench_generation.py run=runs/de-en [batches=20] [repeats=5] [peer_epochs=2] [batch_tokens=4000]

It takes about 25 minutes on two cores, most of it for `peer_epochs`, the number of epochs for which the script trains
JoeyNMT (Kreutzer et al. 2019) with JoeyNMT's own loss on the same subwords and batches; 0 skips JoeyNMT's decoding. The
JoeyNMT model has the same embedding and hidden sizes and no input feeding. It computes the logits from the decoder
states, not from features of the embedding's size, and cannot tie the embeddings, so that it has more parameters.
Install JoeyNMT with `pip install 'grunlp[peer]'` in a separate environment, because it needs an older protobuf than
other packages; without it, the table says "not installed".

Training: all models train on the same batches, in turn, in one process. "Step by step" is the same network with one
decoder call per target token, as input feeding always requires.
Decoding: the test split, or dev if there is no test split, sorted by length into the same batches for both, each of at
most `batch_tokens` source tokens times hypotheses. A less trained JoeyNMT may search for more steps than the length of
its outputs, given in the table, suggests. Both use the length normalization of Wu et al. (2016) with the run's penalty.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from types import SimpleNamespace
from typing import Any, Literal

import torch
from bench_utils import measure_in_turns
from omegaconf import DictConfig
from pytorch_lightning import seed_everything
from torch import Tensor, nn

from grunlp.configuration.options import option, parse_options
from grunlp.data.examples import ParallelExample
from grunlp.data.parallel_collate import ParallelBatch, ParallelCollator
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, UNK_ID, TextTokenizer
from grunlp.decoding.beam_search import BeamSearch
from grunlp.decoding.constraints import LengthLimits
from grunlp.tasks.seq2seq.checkpoint import load_trained_seq2seq, make_beam_search, search_config
from grunlp.tasks.seq2seq.data import open_parallel_corpus
from grunlp.tasks.seq2seq.datamodule import make_parallel_datamodule
from grunlp.tasks.seq2seq.inference import generate
from grunlp.tasks.seq2seq.metrics import TextScores
from grunlp.tasks.seq2seq.model import Seq2Seq, Seq2SeqState
from grunlp.tasks.seq2seq.options import Seq2SeqOptions
from grunlp.training.optim import adamw
from grunlp.training.token_budget_datamodule import TokenBudgetDataModule
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError


@dataclass
class Options:
    """Options of this script."""

    run: str | None = option(None, "run of recipe=translate; needed", content="run")
    batches: int = option(20, "training batches to time", minimum=1, maximum=10**9)
    repeats: int = option(5, "repeats, of which the median counts", minimum=1, maximum=10**9)
    peer_epochs: int = option(2, "epochs to train JoeyNMT for; 0: do not time its decoding", minimum=0, maximum=10**6)
    batch_tokens: int = option(4000, "source tokens times hypotheses in a batch", minimum=1, maximum=10**9)


try:
    from joeynmt.batch import Batch
    from joeynmt.model import build_model
    from joeynmt.search import search as peer_search
    from joeynmt.vocabulary import Vocabulary
except ImportError as error:
    build_model, reason = None, str(error)


class JoeyNMTModel(nn.Module):
    """JoeyNMT's recurrent model with the vocabulary and the sizes of a grunlp run."""

    def __init__(
        self, config: DictConfig, tokenizers: Sequence[TextTokenizer], attention: Literal["luong", "bahdanau"]
    ) -> None:
        super().__init__()
        c = config.model
        names = {f"{name}_token": f"<{name}>" for name in ("unk", "pad", "bos", "eos")}
        # JoeyNMT requires this order; grunlp swaps the ids of padding and the unknown word.
        special = SimpleNamespace(
            **names, unk_id=0, pad_id=1, bos_id=BOS_ID, eos_id=EOS_ID, lang_tags=[], sep_token=None
        )
        vocabularies = [
            Vocabulary([f"piece{i}" for i in range(EOS_ID + 1, len(tokenizer))], special) for tokenizer in tokenizers
        ]
        embeddings = {"embedding_dim": c.embedding_size, "dropout": c.input_dropout}
        encoder = {"hidden_size": c.hidden_size, "num_layers": c.num_layers}
        decoder = {"hidden_size": c.decoder_hidden_size, "num_layers": c.decoder_num_layers, "attention": attention}
        shared = {"type": "recurrent", "rnn_type": "gru", "embeddings": embeddings, "dropout": c.dropout}
        settings = {
            "encoder": {**shared, **encoder, "bidirectional": True},
            "decoder": {**shared, **decoder, "hidden_dropout": c.dropout, "input_feeding": False},
            "tied_embeddings": config.tokenizer.shared,
        }
        self.network = build_model(settings, vocabularies[0], vocabularies[0 if config.tokenizer.shared else 1])
        self.network.loss_function = ("crossentropy", c.label_smoothing)

    def batch(self, source: Tensor, lengths: Tensor, target: Tensor | None) -> Any:
        """Convert grunlp's ids to a JoeyNMT batch."""
        ids = [None if x is None else _swap_special_ids(x) for x in (source, target)]
        indices = torch.arange(len(source))
        return Batch(ids[0], lengths, None, ids[1], None, indices, torch.device("cpu"), 1, EOS_ID, target is not None)

    def loss(self, batch: ParallelBatch) -> tuple[Tensor, None]:
        """Return the mean loss per target token, and None for the unsmoothed cross-entropy, which JoeyNMT lacks."""
        peer_batch = self.batch(batch.source, batch.source_lengths, batch.target)
        peer_batch.sort_by_src_length()
        loss, *_ = self.network(return_type="loss", **vars(peer_batch))
        return peer_batch.normalize(loss, "tokens"), None

    def translate(self, source: Tensor, lengths: Tensor, search: BeamSearch, max_length: int) -> list[list[int]]:
        """Return the ids of the best hypothesis per source, including the end token and everything after it."""
        batch = self.batch(source, lengths, None)
        original_order = batch.sort_by_src_length()
        hypotheses, _, _ = peer_search(self.network, batch, max_length, search.beam, search.length_penalty)
        return [_swap_special_ids(torch.from_numpy(hypotheses[i])).tolist() for i in original_order]


def _swap_special_ids(ids: Tensor) -> Tensor:
    """Swap the ids of padding and the unknown word, whose order differs in JoeyNMT."""
    return torch.where(ids <= UNK_ID, 1 - ids, ids)


class UnbatchedSeq2Seq(Seq2Seq):
    """`Seq2Seq` whose decoder and attention run once per target token."""

    def _decode_steps(
        self, inputs: Tensor, embedded: Tensor, lengths: Tensor, state: Seq2SeqState
    ) -> tuple[Tensor, Tensor, Seq2SeqState]:
        features, weights, ones = [], [], torch.ones_like(lengths)
        for t in range(inputs.shape[1]):
            step = slice(t, t + 1)
            feature, weight, state = super()._decode_steps(inputs[:, step], embedded[:, step], ones, state)
            features.append(feature)
            weights.append(weight)
        return torch.cat(features, dim=1), torch.cat(weights, dim=1), state


def make_training_step(model: Seq2Seq | JoeyNMTModel) -> Callable[[ParallelBatch], None]:
    """Return a function that trains on one batch."""
    optimizer = adamw(model, 1e-3, 0.01, {})

    def train_step(batch: ParallelBatch) -> None:
        optimizer.zero_grad()
        loss, _ = model.loss(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()

    return train_step


def print_table(title: str, speeds: dict[str, list[float]], unit: str, notes: dict[str, str]) -> None:
    """Print the median, minimum and maximum per row, and the speed of the first row relative to each row."""
    first = statistics.median(next(iter(speeds.values())))
    print(f"\n{title}\n{'':42}{unit:>14}  lowest  highest  first row / this row")
    for name, values in speeds.items():
        median = statistics.median(values)
        row = f"{name:42}{median:14.1f}{min(values):8.1f}{max(values):9.1f}{first / median:10.2f}"
        print(f"{row}   {notes.get(name, '')}".rstrip())
    if build_model is None:
        print(f"{'JoeyNMT':42}{'not installed':>14}   {reason}")


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Measure training and decoding and print the tables."""
    options = parse_options(arguments, Options)
    if not options.run:
        raise UserError("run= is missing", "it names the run folder of a recipe=translate training", "Type run=DIR")
    seed_everything(1, verbose=False)
    run = load_trained_seq2seq(options.run)
    collate, config = run.collate, run.config
    corpus = open_parallel_corpus(config.data, config.metric == "bleu")
    tokenizers = (collate.source_tokenizer, collate.target_tokenizer)
    data = make_parallel_datamodule(corpus, *tokenizers, config.loader, config.trainer, seed=1)
    assert isinstance(data, TokenBudgetDataModule)
    batches = list(islice(data.train_dataloader(), options.batches))
    tokens = sum(int(batch.target_lengths.sum()) for batch in batches)
    peers = {}
    if build_model:
        peers["JoeyNMT"] = JoeyNMTModel(config, tokenizers, "luong")
        peers["JoeyNMT, additive attention, its default"] = JoeyNMTModel(config, tokenizers, "bahdanau")
    peer = peers.get("JoeyNMT")

    without_feeding, with_feeding = (
        Seq2SeqOptions(**{**config.model, "input_feeding": feeding}) for feeding in (False, True)
    )
    sizes = (len(collate.source_tokenizer), len(collate.target_tokenizer), config.tokenizer.shared)
    models: dict[str, Seq2Seq | JoeyNMTModel] = {
        "grunlp": Seq2Seq(without_feeding, *sizes),
        "grunlp, step by step": UnbatchedSeq2Seq(without_feeding, *sizes),
        "grunlp with input feeding": Seq2Seq(with_feeding, *sizes),
        **peers,
    }

    def training_pass(model: Seq2Seq | JoeyNMTModel) -> Callable[[], float]:
        step = make_training_step(model.train())

        def train_once() -> float:
            started = time.perf_counter()
            for batch in batches:
                step(batch)
            return tokens / (time.perf_counter() - started)

        return train_once

    threads = torch.get_num_threads()
    speeds = measure_in_turns({name: training_pass(model) for name, model in models.items()}, options.repeats)
    sizes_of_models = {
        name: f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f}M" for name, model in models.items()
    }
    print_table(f"training, {threads} threads, {len(batches)} batches", speeds, "target tokens/s", sizes_of_models)

    if peer and options.peer_epochs:
        _train_peer(peer, data, options.peer_epochs)
    limits, beam = make_beam_search(search_config(config))
    pairs = list(corpus.test if corpus.test is not None else corpus.dev)
    for width in (1, 5):
        search = BeamSearch(width, 1, beam.length_penalty, "gnmt", 0.0, 0)
        _decode(run.model, peer if options.peer_epochs else None, collate, pairs, limits, search, options)
    return 0


def _train_peer(peer: JoeyNMTModel, data: TokenBudgetDataModule, epochs: int) -> None:
    """Train JoeyNMT on the training split."""
    step = make_training_step(peer.train())
    started = time.perf_counter()
    for epoch in range(epochs):
        loader = data.train_dataloader()
        data.train.sampler.set_epoch(epoch)
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
    options: Options,
) -> None:
    """Translate the sources with both models and print speed and BLEU."""
    texts: dict[str, list[str]] = {}
    budget = options.batch_tokens

    def timed(name: str, translate: Callable[[], list[str]]) -> Callable[[], float]:
        def translate_once() -> float:
            started = time.perf_counter()
            texts[name] = translate()
            return len(pairs) / (time.perf_counter() - started)

        return translate_once

    def iter_peer_texts(batches: Sequence[list[int]]) -> Iterator[tuple[int, str]]:
        assert peer is not None
        for indices in batches:
            sources, lengths = collate.encode_sources([pairs[i]["source"] for i in indices])
            max_length = max(limits.bounds(lengths - 1)[1]) + 1  # limit of the longest source, plus the end token
            ids = peer.translate(sources, lengths, search, max_length)
            yield from zip(indices, (collate.target_tokenizer.decode(row) for row in ids), strict=True)

    def peer_texts() -> list[str]:
        sources = collate.source_tokenizer.encode([pair["source"] for pair in pairs])
        lengths = [min(len(ids), collate.max_source_length or len(ids)) + 1 for ids in sources]
        rows = [search.beam] * len(pairs)
        text_by_index = dict(iter_peer_texts(list(TokenBudgetSampler(lengths, rows, budget, shuffle=False, seed=0))))
        return [text_by_index[i] for i in range(len(pairs))]

    def our_texts() -> list[str]:
        return [result.texts[0] for result in generate(model, collate, pairs, limits, search, budget)]

    passes = {"grunlp": timed("grunlp", our_texts)}
    if peer:
        peer.eval()
        passes["JoeyNMT"] = timed("JoeyNMT", peer_texts)
    speeds = measure_in_turns(passes, options.repeats)
    references = [[pair["target"], *pair["references"]] for pair in pairs]
    notes = {}
    for name, outputs in texts.items():
        bleu = TextScores("bleu", outputs, references).monitored_score()
        pieces = sum(map(len, collate.target_tokenizer.encode(outputs))) / len(outputs)
        notes[name] = f"BLEU {bleu:.1f}, {pieces:.1f} subwords per text"
    method = f"beam {search.beam}" if search.beam > 1 else "greedy"
    print_table(f"decoding, {method}, {torch.get_num_threads()} threads", speeds, "texts/s", notes)


if __name__ == "__main__":
    sys.exit(main())
