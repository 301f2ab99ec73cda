"""Options of recipe=lm. This module imports no heavy library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from grunlp.configuration.options import group, option
from grunlp.configuration.schema import RecipeSchema
from grunlp.data.options import DataOptions, FileOptions, HubOptions, ShuffleOptions, TokenizerOptions
from grunlp.modules.options import MAX_SIZE, RecurrentOptions, Residual
from grunlp.training.options import (
    OptimizerOptions,
    RunOptions,
    TrainerOptions,
    check_cross_validation,
    monitor_option,
)
from grunlp.utils.errors import UserError


@dataclass
class TextFiles(FileOptions):
    """The user's own running text, as plain lines or a field of JSON lines; plain, gz or xz."""

    streamable: ClassVar[bool] = False

    train: str | None = option(None, "training file, or a shell pattern of files; required", content="path")
    dev: str | None = option(None, "development file or pattern; null: the last tenth of train", content="path")
    test: str | None = option(None, "test file or pattern, scored once at the end", content="path")
    field: str | None = option(None, "field of JSON lines; null: source or text", content="text")


@dataclass
class TextHub(HubOptions):
    """Running text from the Hugging Face hub."""

    streamable: ClassVar[bool] = False

    text: str | None = option(None, "column of the text; required", content="text")


DATASETS: dict[str, type[DataOptions]] = {
    "files": TextFiles,
    "hub": TextHub,
    "tinyshakespeare": DataOptions,
    "toy-srl": DataOptions,
}


@dataclass
class LanguageModelOptions(RecurrentOptions):
    """The network that predicts the next token."""

    residual: Residual = option("add", "residual connection around each layer")
    embedding_size: int = option(128, "size of a token embedding", minimum=1, maximum=MAX_SIZE)
    tie_embeddings: bool = option(True, "use the input embeddings also as the output layer (weight tying)")
    adaptive_softmax: bool = option(False, "adaptive softmax, for large vocabularies; requires tie_embeddings=false")
    word_dropout: float = option(
        0.0, "probability of replacing a token by the unknown token in training", minimum=0.0, maximum=0.999
    )
    input_dropout: float = option(0.0, "dropout of the token embeddings", minimum=0.0, maximum=0.99)
    weight_dropout: float = option(
        0.0, "dropout of the recurrent weights (DropConnect, as in AWD-LSTM)", minimum=0.0, maximum=0.99
    )


@dataclass
class WindowLoaderOptions(ShuffleOptions):
    """Windows of rows that begin at different places of the text."""

    batch_tokens: int = option(4096, "tokens in a window: number of rows times bptt", minimum=1, maximum=10**9)
    bptt: int = option(
        128,
        "tokens of each row in a window, the steps of truncated backpropagation through time (BPTT)",
        minimum=1,
        maximum=10**6,
    )


@dataclass
class LanguageModelTrainerOptions(TrainerOptions):
    """The trainer of a language model."""

    monitor: Literal["dev/loss"] = monitor_option("dev/loss")


@dataclass
class LanguageModelingConfig(RunOptions):
    """The configuration of recipe=lm."""

    tokenizer: TokenizerOptions = group(TokenizerOptions)
    model: LanguageModelOptions = group(LanguageModelOptions)
    loader: WindowLoaderOptions = group(WindowLoaderOptions)
    optimizer: OptimizerOptions = group(OptimizerOptions)
    trainer: LanguageModelTrainerOptions = group(LanguageModelTrainerOptions)


def check(values: Mapping[str, Any]) -> None:
    """Raise UserError for options that cannot be combined. `values` is the configuration by dotted key."""
    check_cross_validation(values)
    if values["model.adaptive_softmax"] and values["model.tie_embeddings"]:
        raise UserError(
            "model.adaptive_softmax=true with model.tie_embeddings=true",
            "adaptive softmax has its own weights for each part of the vocabulary",
            "Type model.tie_embeddings=false",
        )
    if values["model.adaptive_softmax"] and values["model.embedding_size"] < 16:
        raise UserError(
            f"model.adaptive_softmax=true with model.embedding_size={values['model.embedding_size']}",
            "the last part of the vocabulary has embeddings of a sixteenth of this size",
            "Type model.embedding_size=16, or more",
        )


RECIPES = {"lm": RecipeSchema(LanguageModelingConfig, DATASETS, check)}
