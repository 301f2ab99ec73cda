"""Options of the recipes srl and finetune. This module imports no heavy library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grunlp.configuration.options import group, option
from grunlp.configuration.schema import RecipeSchema
from grunlp.data.options import (
    DataOptions,
    FrameFiles,
    FrameHub,
    LoaderOptions,
    StreamingLoaderOptions,
    VocabularyOptions,
    WordCountOptions,
)
from grunlp.modules.options import (
    MAX_SIZE,
    Decoder,
    SentenceModelOptions,
    check_label_smoothing,
    check_sentence_encoder,
)
from grunlp.training.options import (
    EncoderOptimizerOptions,
    RunOptions,
    StreamingTrainerOptions,
    TrainerOptions,
    check_cross_validation,
    check_streaming,
    monitor_option,
)
from grunlp.utils.errors import UserError


@dataclass
class ExtraTrainOptions(DataOptions):
    """Cross-validation, training on a fraction of the data, and extra training data."""

    extra_train: str | None = option(
        None, "additional training data for the first epochs: propbank-frames, or a file", content="path or name"
    )


@dataclass
class SRLFiles(FrameFiles, ExtraTrainOptions):
    """The user's own files of sentences with predicates and roles, in any format that `grunlp-data check` reads."""


@dataclass
class SRLHub(FrameHub, ExtraTrainOptions):
    """A hub data set with one predicate in each row: a column of words and one of BIO tags."""


DATASETS: dict[str, type[DataOptions]] = {
    "files": SRLFiles,
    "hub": SRLHub,
    "toy-srl": ExtraTrainOptions,
    "propbank-ewt": ExtraTrainOptions,
}
FINETUNE_DATASETS: dict[str, type[DataOptions]] = {
    "files": FrameFiles,
    "hub": FrameHub,
    "toy-srl": DataOptions,
    "propbank-ewt": DataOptions,
}


@dataclass
class SRLVocabularyOptions(VocabularyOptions):
    """Vocabulary of words and rolesets."""

    use_propbank_frame_files: bool = option(
        False, "include the rolesets of the PropBank frame files, not only those of the training data"
    )


@dataclass
class SRLModelOptions(SentenceModelOptions):
    """The network that finds predicates, their rolesets and their roles."""

    init_from: str | None = option(
        None, "run of recipe=pretrain whose word embeddings and sentence encoder to start from", content="run"
    )
    predicate_size: int = option(128, "size of the embedding of a predicate", minimum=1, maximum=MAX_SIZE)
    predicate_hidden_size: int = option(
        160,
        "units of a recurrent layer that reads the sentence for one predicate, in each direction",
        minimum=1,
        maximum=MAX_SIZE,
    )
    predicate_num_layers: int = option(
        2, "recurrent layers that read the sentence for one predicate", minimum=1, maximum=64
    )
    max_relative_distance: int = option(
        30,
        "distance to the predicate, in tokens, beyond which all distances count as equal",
        minimum=1,
        maximum=MAX_SIZE,
    )
    decoder: Decoder = option("crf", "decoder of the tags of a sentence; crf also trains on whole sequences")
    label_smoothing: float = option(0.0, "label smoothing; requires decoder=viterbi", minimum=0.0, maximum=0.99)
    predicate_loss_weight: float = option(1.0, "weight of the loss of predicate detection", minimum=0.0, maximum=1e6)
    sense_loss_weight: float = option(0.4, "weight of the loss of the rolesets of predicates", minimum=0.0, maximum=1e6)
    pos_tag_loss_weight: float = option(0.3, "weight of the loss of parts of speech", minimum=0.0, maximum=1e6)


@dataclass
class SRLLoaderOptions(StreamingLoaderOptions):
    """Batches of sentences; a sentence counts once for each of its predicates."""

    extra_data_epochs: int = option(
        5, "number of epochs, from the first, that also use data.extra_train", minimum=1, maximum=10**6
    )


@dataclass
class SRLTrainerOptions(StreamingTrainerOptions):
    """The trainer of a role labeller."""

    monitor: Literal["dev/f1", "dev/loss"] = monitor_option("dev/f1")


@dataclass
class SRLConfig(RunOptions):
    """The configuration of recipe=srl."""

    vocabulary: SRLVocabularyOptions = group(SRLVocabularyOptions)
    model: SRLModelOptions = group(SRLModelOptions)
    loader: SRLLoaderOptions = group(SRLLoaderOptions)
    optimizer: EncoderOptimizerOptions = group(EncoderOptimizerOptions)
    trainer: SRLTrainerOptions = group(SRLTrainerOptions)


@dataclass
class FinetuneOptions:
    """Regularization towards the pretrained weights in fine-tuning."""

    layerwise_lr_decay: float = option(
        0.8, "learning rate of a layer as a fraction of that of the layer above", minimum=0.01, maximum=1.0
    )
    frozen_layers: int = option(
        0,
        "layers frozen at first: 1: the embeddings; 2: also the first layer of the encoder; and so on",
        minimum=0,
        maximum=66,
    )
    frozen_epochs: int = option(1, "number of epochs for which layers are frozen", minimum=0, maximum=10**6)
    replay_ratio: float = option(
        2.0, "sentences of the old training data mixed in for each new sentence; 0: none", minimum=0.0, maximum=1e6
    )
    l2_sp: float = option(
        0.0, "weight of the L2 penalty on the distance from the old weights (L2-SP)", minimum=0.0, maximum=1e6
    )


@dataclass
class FinetuneTrainerOptions(TrainerOptions):
    """The trainer of a fine-tuned role labeller."""

    monitor: Literal["dev/f1", "dev/loss"] = monitor_option("dev/f1")


@dataclass
class FinetuneConfig(RunOptions):
    """The configuration of recipe=finetune; its model is that of the run it starts from."""

    init_from: str = option("default", "run folder to start from; default: the bundled model", content="run")
    vocabulary: WordCountOptions = group(WordCountOptions)
    finetune: FinetuneOptions = group(FinetuneOptions)
    loader: LoaderOptions = group(LoaderOptions)
    optimizer: EncoderOptimizerOptions = group(EncoderOptimizerOptions)
    trainer: FinetuneTrainerOptions = group(FinetuneTrainerOptions)


def check_srl(values: Mapping[str, Any]) -> None:
    """Raise UserError for options of recipe=srl that cannot be combined.

    `values` is the configuration by dotted key.
    """
    check_sentence_encoder(values)
    check_label_smoothing(values)
    check_cross_validation(values)
    check_streaming(values, DATASETS)
    if values["loader.stream_buffer_size"] and values["data.extra_train"]:
        raise UserError(
            f"loader.stream_buffer_size={values['loader.stream_buffer_size']} with data.extra_train",
            "extra training data cannot be streamed",
            "Omit data.extra_train=, or type loader.stream_buffer_size=0",
        )


RECIPES = {
    "srl": RecipeSchema(SRLConfig, DATASETS, check_srl),
    "finetune": RecipeSchema(
        FinetuneConfig,
        FINETUNE_DATASETS,
        check_cross_validation,
        inherited={"model": SRLModelOptions},
        trained_on=DATASETS,
    ),
}
