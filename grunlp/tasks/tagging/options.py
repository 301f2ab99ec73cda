"""Options of recipe=tag. This module imports no heavy library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from grunlp.configuration.options import group, option
from grunlp.configuration.schema import RecipeSchema
from grunlp.data.options import (
    DataOptions,
    FileOptions,
    FrameFiles,
    HubOptions,
    StreamingLoaderOptions,
    VocabularyOptions,
)
from grunlp.modules.options import Decoder, SentenceModelOptions, check_label_smoothing, check_sentence_encoder
from grunlp.training.options import (
    EncoderOptimizerOptions,
    RunOptions,
    StreamingTrainerOptions,
    check_cross_validation,
    check_streaming,
    monitor_option,
)


@dataclass
class TaggedFiles(FileOptions):
    """The user's own files with one tag for each word: columns, CoNLL-U or JSON lines; spans in any scheme."""

    words: str | None = option(
        None,
        "column of the words by number from 0 or by name; null: the first; FORM in CoNLL-U; words or tokens in JSON",
        content="text",
    )
    tags: str | None = option(
        None,
        "column of the tags by number or by name; null: the last; UPOS in CoNLL-U; tags or *_tags in JSON",
        content="text",
    )
    tag_scheme: Literal["io", "plain"] | None = option(
        None,
        "io: neighbours with the same bare tag, PER PER say, are one span; plain: tags stay as they are written; null: "
        "bare tags label words, and span tags are converted to B-PER",
    )


@dataclass
class TaggedHub(HubOptions):
    """A hub data set with one sentence in each row: a column of words and one of tags."""

    words: str | None = option(None, "column of the words; required", content="text")
    tags: str | None = option(None, "column of the tags; required", content="text")


@dataclass
class PartsOfSpeech(FrameFiles):
    """The parts of speech in the user's own files of predicates and roles."""

    streamable: ClassVar[bool] = False


DATASETS: dict[str, type[DataOptions]] = {
    "files": TaggedFiles,
    "hub": TaggedHub,
    "srl-files": PartsOfSpeech,
    "toy-srl": DataOptions,
    "propbank-ewt": DataOptions,
    "wnut17": DataOptions,
}


@dataclass
class TaggerOptions(SentenceModelOptions):
    """The network that tags every word."""

    init_from: str | None = option(
        None, "run whose sentence encoder to start from; default: the bundled model", content="run"
    )
    word_shape_features: bool = option(True, "add a feature for the capitals and digits of a word")
    decoder: Decoder = option("crf", "decoder of the tags of a sentence; crf also trains on whole sequences")
    label_smoothing: float = option(0.0, "label smoothing; requires decoder=viterbi", minimum=0.0, maximum=0.99)


@dataclass
class TaggerTrainerOptions(StreamingTrainerOptions):
    """The trainer of a tagger."""

    monitor: Literal["dev/f1", "dev/loss"] = monitor_option("dev/f1")


@dataclass
class TaggingConfig(RunOptions):
    """The configuration of recipe=tag."""

    vocabulary: VocabularyOptions = group(VocabularyOptions)
    model: TaggerOptions = group(TaggerOptions)
    loader: StreamingLoaderOptions = group(StreamingLoaderOptions)
    optimizer: EncoderOptimizerOptions = group(EncoderOptimizerOptions)
    trainer: TaggerTrainerOptions = group(TaggerTrainerOptions)


def check(values: Mapping[str, Any]) -> None:
    """Raise UserError for options that cannot be combined. `values` is the configuration by dotted key."""
    check_sentence_encoder(values)
    check_label_smoothing(values)
    check_cross_validation(values)
    check_streaming(values, DATASETS)


RECIPES = {"tag": RecipeSchema(TaggingConfig, DATASETS, check)}
