"""Choices and options of the building blocks of models. This module imports no heavy library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grunlp.configuration.options import option
from grunlp.utils.errors import UserError

Cell = Literal["gru", "gru-reset-before", "lstm", "rnn", "mingru"]
CharEncoder = Literal["cnn", "gru", "none"]
Residual = Literal["none", "add", "highway"]
Decoder = Literal["viterbi", "crf"]
AttentionKind = Literal["additive", "dot", "multihead"]

MAX_SIZE = 65_536  # of a layer


@dataclass
class RecurrentOptions:
    """Recurrent layers."""

    hidden_size: int = option(256, "units of a layer, in each direction", minimum=1, maximum=MAX_SIZE)
    num_layers: int = option(2, "recurrent layers", minimum=1, maximum=64)
    cell: Cell = option(
        "gru", "recurrent cell; gru-reset-before applies the reset gate before the product with the recurrent weights"
    )
    dropout: float = option(0.3, "dropout between layers", minimum=0.0, maximum=0.99)


@dataclass
class SentenceEncoderOptions(RecurrentOptions):
    """Word representations and the recurrent layers above them."""

    word_size: int = option(128, "size of a word embedding", minimum=1, maximum=MAX_SIZE)
    char_size: int = option(64, "size of the encoding of a word's characters", minimum=2, maximum=MAX_SIZE)
    char_encoder: CharEncoder = option("cnn", "network that reads the characters of a word")
    residual: Residual = option("add", "residual connection around each layer")


@dataclass
class SentenceModelOptions(SentenceEncoderOptions):
    """A sentence encoder trained on labelled data, with or without a pretrained encoder below it."""

    encoder: str | None = option(
        None,
        "pretrained transformer below the recurrent layers: a folder, or a name on the Hugging Face hub",
        content="path or name",
    )
    input_dropout: float = option(0.3, "dropout of the word representations", minimum=0.0, maximum=0.99)
    word_dropout: float = option(
        0.25,
        "strength of word dropout, which replaces words by the unknown word in training, rare words more often",
        minimum=0.0,
        maximum=1e6,
    )


def check_sentence_encoder(values: Mapping[str, Any]) -> None:
    """Raise UserError for inconsistent sizes of a sentence encoder. `values` is the configuration by dotted key."""
    if values["model.char_encoder"] == "gru" and values["model.char_size"] % 2:
        raise UserError(
            "model.char_encoder=gru with an odd model.char_size",
            "each of its two directions has half of the features",
            "Type an even model.char_size=",
        )


def check_label_smoothing(values: Mapping[str, Any]) -> None:
    """Raise UserError for label smoothing with a CRF. `values` is the configuration by dotted key."""
    if values["model.decoder"] == "crf" and values["model.label_smoothing"] > 0:
        raise UserError(
            "model.decoder=crf with model.label_smoothing",
            "a CRF is trained on whole sequences, so there are no single labels to smooth",
            "Type model.label_smoothing=0.0, or model.decoder=viterbi",
        )
