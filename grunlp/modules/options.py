"""Choices and options of the building blocks of models. Imports nothing heavy."""

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
    char_size: int = option(64, "size of what the characters of a word contribute", minimum=2, maximum=MAX_SIZE)
    char_encoder: CharEncoder = option("cnn", "network that reads the characters of a word")
    residual: Residual = option("add", "connection around each layer")


@dataclass
class SentenceModelOptions(SentenceEncoderOptions):
    """A sentence encoder trained on labelled data, perhaps above a pretrained encoder."""

    encoder: str | None = option(
        None,
        "pretrained transformer below the recurrent layers: a folder, or a name on the Hugging Face hub",
        content="path or name",
    )
    input_dropout: float = option(0.3, "dropout of the word representations", minimum=0.0, maximum=0.99)
    word_dropout: float = option(
        0.25, "how often words are read as unknown in training; rare words more often", minimum=0.0, maximum=1e6
    )


def check_sentence_encoder(values: Mapping[str, Any]) -> None:
    """Raise UserError for sizes of a sentence encoder that do not fit. `values`: the configuration by dotted key."""
    if values["model.char_encoder"] == "gru" and values["model.char_size"] % 2:
        raise UserError(
            "model.char_encoder=gru with an odd model.char_size", "its two directions share it evenly", "Add 1 to it."
        )


def check_label_smoothing(values: Mapping[str, Any]) -> None:
    """Raise UserError for label smoothing with a CRF. `values`: as above."""
    if values["model.decoder"] == "crf" and values["model.label_smoothing"] > 0:
        raise UserError(
            "model.decoder=crf with model.label_smoothing",
            "the likelihood of a whole sequence has no labels to smooth",
            "Type model.label_smoothing=0.0, or model.decoder=viterbi",
        )
