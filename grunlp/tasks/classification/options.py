"""Options of recipe=classify. Imports nothing heavy."""

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
    """The user's own texts or measurements with a class each.

    Texts are JSON lines, a JSON array, or tables, as CSV or between tabs; measurements are .npz or .parquet.
    """

    source: str | None = option(
        None,
        "column or field of the text, or array; null: text, sentence, review, ... or x, values; else by its content",
        content="text",
    )
    label: str | None = option(
        None,
        "column, field or array of the class; null: label, class, sentiment, ... or y; else by its content",
        content="text",
    )


@dataclass
class LabelledHub(HubOptions):
    """A hub data set with a text and a class a row."""

    source: str | None = option(None, "column of the text; needed", content="text")
    label: str | None = option(None, "column of the class; needed", content="text")


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

    word_shape_features: bool = option(False, "of texts: read capitals and digits of a word as a feature of their own")
    layer_width_ratio: float = option(
        1.0, "of measurements: units of a layer as a multiple of those of the layer below", minimum=0.01, maximum=100.0
    )
    bidirectional: bool = option(True, "of measurements: read in both directions, as texts always are")
    standardize: bool = option(True, "of measurements: scale each feature to mean 0 and standard deviation 1")
    pooling: Pooling = option("max", "how the states of all steps become one vector")
    label_smoothing: float = option(0.1, "label smoothing", minimum=0.0, maximum=0.99)


@dataclass
class ClassifierLoaderOptions(StreamingLoaderOptions):
    """Batches of sequences of about the same length."""

    max_length: int = option(1000, "words of a text to read; 0: all", minimum=0, maximum=10**9)


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
    """Raise UserError for options that cannot be combined. `values`: the configuration by dotted key."""
    check_sentence_encoder(values)
    check_cross_validation(values)
    check_streaming(values, DATASETS)


RECIPES = {"classify": RecipeSchema(ClassificationConfig, DATASETS, check)}
