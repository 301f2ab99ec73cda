"""Options of recipe=classify. This module imports no heavy library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grunlp.configuration.options import group, option
from grunlp.configuration.schema import RecipeSchema
from grunlp.data.options import DataOptions, HubOptions, StreamingLoaderOptions, TableFiles, VocabularyOptions
from grunlp.modules.options import SentenceModelOptions, check_sentence_encoder
from grunlp.training.options import (
    EncoderOptimizerOptions,
    RunOptions,
    StreamingTrainerOptions,
    check_cross_validation,
    check_streaming,
    monitor_option,
)

Pooling = Literal["last", "max", "mean", "attention"]


@dataclass
class LabelledFiles(TableFiles):
    """The user's own texts or measurements, each with a class.

    Texts are JSON lines, a JSON array, or tables (CSV or tab-separated); measurements are .npz or .parquet.
    """

    source: str | None = option(
        None,
        "column or field of the text, or array of the measurements; null: text, sentence, review, ... or x, values; "
        "otherwise detected from the content",
        content="text",
    )
    label: str | None = option(
        None,
        "column, field or array of the class; null: label, class, sentiment, ... or y; otherwise detected from the "
        "content",
        content="text",
    )


@dataclass
class LabelledHub(HubOptions):
    """A hub data set with a text and a class in each row."""

    source: str | None = option(None, "column of the text; required", content="text")
    label: str | None = option(None, "column of the class; required", content="text")


DATASETS: dict[str, type[DataOptions]] = {
    "files": LabelledFiles,
    "hub": LabelledHub,
    "polarity": DataOptions,
    "toy-sentiment": DataOptions,
    "toy-waves": DataOptions,
}


@dataclass
class ClassifierOptions(SentenceModelOptions):
    """The network that reads a text or measurements and chooses a class."""

    word_shape_features: bool = option(False, "for texts: add a feature for the capitals and digits of a word")
    layer_width_ratio: float = option(
        1.0, "for measurements: units of a layer as a multiple of those of the layer below", minimum=0.01, maximum=100.0
    )
    bidirectional: bool = option(True, "for measurements: read in both directions, as texts always are")
    standardize: bool = option(True, "for measurements: scale each feature to mean 0 and standard deviation 1")
    pooling: Pooling = option("max", "pooling of the states of all steps into one vector")
    label_smoothing: float = option(0.1, "label smoothing", minimum=0.0, maximum=0.99)


@dataclass
class ClassifierLoaderOptions(StreamingLoaderOptions):
    """Batches of sequences of about the same length."""

    max_length: int = option(1000, "largest number of words to read of a text; 0: all", minimum=0, maximum=10**9)


@dataclass
class ClassifierTrainerOptions(StreamingTrainerOptions):
    """The trainer of a classifier."""

    monitor: Literal["dev/accuracy", "dev/loss"] = monitor_option("dev/accuracy")


@dataclass
class ClassificationConfig(RunOptions):
    """The configuration of recipe=classify."""

    vocabulary: VocabularyOptions = group(VocabularyOptions)
    model: ClassifierOptions = group(ClassifierOptions)
    loader: ClassifierLoaderOptions = group(ClassifierLoaderOptions)
    optimizer: EncoderOptimizerOptions = group(EncoderOptimizerOptions)
    trainer: ClassifierTrainerOptions = group(ClassifierTrainerOptions)


def check(values: Mapping[str, Any]) -> None:
    """Raise UserError for options that cannot be combined. `values` is the configuration by dotted key."""
    check_sentence_encoder(values)
    check_cross_validation(values)
    check_streaming(values, DATASETS)


RECIPES = {"classify": RecipeSchema(ClassificationConfig, DATASETS, check)}
