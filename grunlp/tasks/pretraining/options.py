"""Options of recipe=pretrain. This module imports no heavy library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from grunlp.configuration.options import group, option
from grunlp.configuration.schema import RecipeSchema
from grunlp.data.options import StreamingLoaderOptions, WordCountOptions
from grunlp.modules.options import SentenceEncoderOptions, check_sentence_encoder
from grunlp.training.options import (
    OptimizerOptions,
    RunOptions,
    StreamingTrainerOptions,
    check_streaming,
    monitor_option,
)
from grunlp.utils.errors import UserError


@dataclass
class RawTextFiles:
    """Raw text, plain, gz or xz, which is split into sentences and tokens by rules."""

    streamable: ClassVar[bool] = True

    train: str | None = option(None, "training file, or a shell pattern of files; required", content="path")
    dev: str | None = option(
        None, "development file or pattern; null: every hundredth sentence of train", content="path"
    )
    encoding: str | None = option(None, "encoding of the files, such as cp1252; null: utf-8")
    exclude_sentences_of: Literal["propbank-ewt"] | None = option(
        None, "data set whose development and test sentences are removed from the training text"
    )


DATASETS: dict[str, type[RawTextFiles]] = {"files": RawTextFiles}


@dataclass
class MaskedModelOptions(SentenceEncoderOptions):
    """The sentence encoder, with the same sizes as that of the labeller that starts from it."""

    mask_probability: float = option(0.15, "fraction of the words to mask and predict", minimum=0.01, maximum=0.99)


@dataclass
class PretrainingTrainerOptions(StreamingTrainerOptions):
    """The trainer of a masked language model."""

    monitor: Literal["dev/loss"] = monitor_option("dev/loss")


@dataclass
class PretrainingConfig(RunOptions):
    """The configuration of recipe=pretrain."""

    vocabulary: WordCountOptions = group(WordCountOptions)
    model: MaskedModelOptions = group(MaskedModelOptions)
    loader: StreamingLoaderOptions = group(StreamingLoaderOptions)
    optimizer: OptimizerOptions = group(OptimizerOptions)
    trainer: PretrainingTrainerOptions = group(PretrainingTrainerOptions)


def check(values: Mapping[str, Any]) -> None:
    """Raise UserError for options that cannot be combined. `values` is the configuration by dotted key."""
    check_sentence_encoder(values)
    check_streaming(values, DATASETS)
    if values["loader.stream_buffer_size"] and values["data.dev"] is None:
        raise UserError(
            f"loader.stream_buffer_size={values['loader.stream_buffer_size']} without data.dev",
            "no sentences of a stream are set aside for dev",
            "Type data.dev=FILE",
        )


RECIPES = {"pretrain": RecipeSchema(PretrainingConfig, DATASETS, check)}
