"""Small sequence-to-sequence networks and their batches."""

from collections.abc import Sequence
from typing import Any

import torch

from grunlp.data.parallel_collate import ParallelBatch, pad
from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID
from grunlp.tasks.seq2seq.model import Seq2Seq
from grunlp.tasks.seq2seq.options import Seq2SeqOptions

SIZE = 9  # of the vocabulary: the four special ids, and 4 to 8
OPTIONS: dict[str, Any] = {
    "embedding_size": 12,
    "hidden_size": 8,
    "num_layers": 2,
    "decoder_hidden_size": 10,
    "decoder_num_layers": 3,
    "cell": "gru",
    "residual": "add",
    "layer_norm": True,
    "attention": "multihead",
    "attention_size": 8,
    "heads": 2,
    "bridge": "mean",
    "input_feeding": False,
    "copy_attention": False,
    "coverage_loss_weight": 0.0,
    "word_dropout": 0.0,
    "input_dropout": 0.0,
    "dropout": 0.0,
    "label_smoothing": 0.0,
}
VARIANTS: list[dict[str, Any]] = [
    {},
    {"attention": "dot", "bridge": "last"},
    {"attention": "additive", "bridge": "attention", "residual": "highway"},
    {"input_feeding": True, "layer_norm": False},
    {"copy_attention": True, "coverage_loss_weight": 0.5},
    {"shared_vocabulary": False, "decoder_num_layers": 1},
    {"cell": "lstm", "bridge": "zero"},
    {"cell": "mingru", "residual": "none"},
]


def make(size: int = SIZE, shared_vocabulary: bool = True, **options: Any) -> Seq2Seq:
    """A small network."""
    return Seq2Seq(Seq2SeqOptions(**{**OPTIONS, **options}), size, size, shared_vocabulary)


def toy(seed: int = 0, **options: Any) -> Seq2Seq:
    """A network in evaluation mode whose words differ in likelihood."""
    torch.manual_seed(seed)
    model = make(**options).eval()
    model.bias.data.normal_(std=0.5)
    return model


def batch(pairs: Sequence[tuple[list[int], list[int]]]) -> ParallelBatch:
    """Pairs of ids without BOS_ID and EOS_ID."""
    sources = pad([[*source, EOS_ID] for source, _ in pairs], 0)
    return ParallelBatch(*sources, *pad([[BOS_ID, *target, EOS_ID] for _, target in pairs], 1), [""] * len(pairs))


PAIRS = [([4, 5, 6], [5, 5, 4]), ([7], [4]), ([8, 4, 4, 5, 6, 7], []), ([], [6, 6, 6, 6, 6])]
