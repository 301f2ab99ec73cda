"""Options of the recipes translate and summarize. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grunlp.configuration.options import group, option
from grunlp.configuration.schema import RecipeSchema
from grunlp.data.options import DataOptions, HubOptions, StreamingLoaderOptions, TableFiles, TokenizerOptions
from grunlp.decoding.options import SearchOptions
from grunlp.modules.options import MAX_SIZE, AttentionKind, RecurrentOptions, Residual
from grunlp.training.options import (
    OptimizerOptions,
    RunOptions,
    StreamingTrainerOptions,
    check_cross_validation,
    check_streaming,
    monitor_option,
)
from grunlp.utils.errors import UserError

Bridge = Literal["zero", "last", "mean", "attention"]
TextMetric = Literal["bleu", "rouge"]
MetricTokenizer = Literal["13a", "intl", "zh", "char", "ja-mecab", "ko-mecab", "none"]


@dataclass
class ParallelFiles(TableFiles):
    """The user's own pairs of texts: two files side by side, or one with a table or JSON objects."""

    train_target: str | None = option(None, "targets of train, where they are in a file of their own", content="path")
    dev_target: str | None = option(None, "targets of dev, likewise", content="path")
    test_target: str | None = option(None, "targets of test, likewise", content="path")
    source: str | None = option(
        None, "column by name or number from 0, or field of JSON; null: source or text, else the first", content="text"
    )
    target: str | None = option(None, "likewise; null: target or summary, else the second", content="text")
    references: str | None = option(
        None, "field of JSON with a list of further targets that are as good", content="text"
    )


@dataclass
class ParallelHub(HubOptions):
    """A hub data set with a source and a target a row."""

    source: str | None = option(
        None, "column of the source; a.b is the field b of a column a of objects; needed", content="text"
    )
    target: str | None = option(None, "column of the target, likewise; needed", content="text")


DATASETS: dict[str, type[DataOptions]] = {
    "files": ParallelFiles,
    "hub": ParallelHub,
    "toy-reversal": DataOptions,
    "toy-summaries": DataOptions,
    "multi30k-de-en": DataOptions,
    "multi30k-en-de": DataOptions,
    "aeslc": DataOptions,
}


@dataclass
class Seq2SeqTokenizerOptions(TokenizerOptions):
    """The tokenizers of source and target, trained on the training data."""

    shared: bool = option(True, "use one vocabulary for source and target")
    subword_regularization: float = option(
        0.0, "probability of splitting a sub-word at random in training", minimum=0.0, maximum=0.99
    )


@dataclass
class Seq2SeqOptions(RecurrentOptions):
    """The encoder, the attention and the decoder."""

    residual: Residual = option("add", "connection around each layer")
    embedding_size: int = option(256, "size of a token embedding", minimum=1, maximum=MAX_SIZE)
    decoder_hidden_size: int = option(384, "units of a layer of the decoder", minimum=1, maximum=MAX_SIZE)
    decoder_num_layers: int = option(
        2, "layers of the decoder, the one below the attention included", minimum=1, maximum=64
    )
    layer_norm: bool = option(True, "normalize the output of each layer")
    attention: AttentionKind = option("multihead", "how the decoder reads the source")
    attention_size: int = option(256, "size of its queries and keys", minimum=1, maximum=MAX_SIZE)
    heads: int = option(4, "heads of attention=multihead", minimum=1, maximum=4096)
    bridge: Bridge = option("mean", "how the first state of the decoder is made from the states of the encoder")
    input_feeding: bool = option(
        False, "give the decoder its previous attention vector as input; slower, one step at a time"
    )
    copy_attention: bool = option(False, "copy words of the source (pointer-generator); needs tokenizer.shared")
    coverage_loss_weight: float = option(
        0.0, "weight of the loss of attending to the same words twice", minimum=0.0, maximum=1e6
    )
    word_dropout: float = option(
        0.1, "probability of reading a token as unknown in training", minimum=0.0, maximum=0.999
    )
    input_dropout: float = option(0.2, "dropout of the token embeddings", minimum=0.0, maximum=0.99)
    label_smoothing: float = option(0.1, "label smoothing", minimum=0.0, maximum=0.99)


@dataclass
class Seq2SeqLoaderOptions(StreamingLoaderOptions):
    """Batches of pairs, a pair counted by its longer side."""

    max_source_length: int = option(
        100, "tokens; longer pairs are not trained on; 0: no limit", minimum=0, maximum=10**9
    )
    max_target_length: int = option(100, "likewise", minimum=0, maximum=10**9)
    truncate_source: bool = option(False, "read longer sources up to max_source_length, in training and prediction")


@dataclass
class Seq2SeqTrainerOptions(StreamingTrainerOptions):
    """The trainer of a sequence-to-sequence model."""

    monitor: Literal["dev/bleu", "dev/rouge", "dev/loss"] = monitor_option("dev/bleu")


@dataclass
class Seq2SeqConfig(RunOptions):
    """The configuration of the recipes translate and summarize."""

    metric: TextMetric = option("bleu", "score of the texts: bleu (with chrF) for translations, rouge for summaries")
    metric_tokenize: MetricTokenizer | None = option(
        None,
        "how metrics split texts: the tokenizers of sacreBLEU for bleu, char for rouge too; null: by the script, 13a "
        "and words, but zh or char where the references are written without blanks",
    )
    tokenizer: Seq2SeqTokenizerOptions = group(Seq2SeqTokenizerOptions)
    model: Seq2SeqOptions = group(Seq2SeqOptions)
    search: SearchOptions = group(SearchOptions)
    loader: Seq2SeqLoaderOptions = group(Seq2SeqLoaderOptions)
    optimizer: OptimizerOptions = group(OptimizerOptions)
    trainer: Seq2SeqTrainerOptions = group(Seq2SeqTrainerOptions)


def check(values: Mapping[str, Any]) -> None:
    """Raise UserError for options that cannot be combined. `values`: the configuration by dotted key."""
    check_cross_validation(values)
    check_streaming(values, DATASETS)
    if values["model.copy_attention"] and not values["tokenizer.shared"]:
        raise UserError(
            "model.copy_attention=true with tokenizer.shared=false",
            "words are copied by their ids, which both sides must share",
            "Type tokenizer.shared=true",
        )
    size, heads = values["model.attention_size"], values["model.heads"]
    if values["model.attention"] == "multihead" and size % heads:
        raise UserError(
            f"model.attention_size={size} with model.heads={heads}",
            "heads share the features evenly",
            f"Type model.heads={2 - size % 2}",
        )
    if values["search.nbest"] > values["search.beam"]:
        raise UserError(
            f"search.nbest={values['search.nbest']}",
            f"a beam of {values['search.beam']} finds at most {values['search.beam']} texts",
            f"Type search.beam={values['search.nbest']}",
        )
    monitor, metric, tokenize = values["trainer.monitor"], values["metric"], values["metric_tokenize"]
    if metric == "rouge" and tokenize not in (None, "char"):
        details = "ROUGE counts words, or, in scripts without blanks, characters"
        raise UserError(f"metric_tokenize={tokenize} with metric=rouge", details, "Type metric_tokenize=char, or null")
    if monitor not in ("dev/loss", f"dev/{metric}"):
        raise UserError(
            f"trainer.monitor={monitor}",
            f"with metric={metric} there are: dev/{metric}, dev/loss",
            f"Type trainer.monitor=dev/{metric}",
        )


RECIPES = {
    "translate": RecipeSchema(Seq2SeqConfig, DATASETS, check),
    "summarize": RecipeSchema(Seq2SeqConfig, DATASETS, check),
}
