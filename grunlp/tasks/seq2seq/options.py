"""Options of the recipes translate and summarize. This module imports no heavy library."""

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
    """The user's own pairs of texts: two parallel files, or one file with a table or JSON objects."""

    train_target: str | None = option(None, "separate file of the targets of train", content="path")
    dev_target: str | None = option(None, "separate file of the targets of dev", content="path")
    test_target: str | None = option(None, "separate file of the targets of test", content="path")
    source: str | None = option(
        None,
        "column of the source by name or by number from 0, or JSON field; null: source or text, otherwise the first "
        "column",
        content="text",
    )
    target: str | None = option(
        None,
        "column of the target by name or by number from 0, or JSON field; null: target or summary, otherwise the "
        "second column",
        content="text",
    )
    references: str | None = option(
        None, "JSON field with a list of further targets that are equally good", content="text"
    )


@dataclass
class ParallelHub(HubOptions):
    """A hub data set with a source and a target in each row."""

    source: str | None = option(
        None, "column of the source; a.b is the field b of the objects in column a; required", content="text"
    )
    target: str | None = option(
        None, "column of the target; a.b is the field b of the objects in column a; required", content="text"
    )


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

    residual: Residual = option("add", "residual connection around each layer")
    embedding_size: int = option(256, "size of a token embedding", minimum=1, maximum=MAX_SIZE)
    decoder_hidden_size: int = option(384, "units of a layer of the decoder", minimum=1, maximum=MAX_SIZE)
    decoder_num_layers: int = option(
        2, "layers of the decoder, including the one below the attention", minimum=1, maximum=64
    )
    layer_norm: bool = option(True, "normalize the output of each layer")
    attention: AttentionKind = option("multihead", "kind of attention of the decoder to the source")
    attention_size: int = option(256, "size of the queries and keys of the attention", minimum=1, maximum=MAX_SIZE)
    heads: int = option(4, "heads of attention=multihead", minimum=1, maximum=4096)
    bridge: Bridge = option("mean", "computation of the first decoder state from the encoder states")
    input_feeding: bool = option(
        False,
        "feed the previous attention vector to the decoder (input feeding); slower, because training is step by step",
    )
    copy_attention: bool = option(False, "copy words of the source (pointer-generator); requires tokenizer.shared=true")
    coverage_loss_weight: float = option(
        0.0, "weight of the coverage loss, for attending to the same words twice", minimum=0.0, maximum=1e6
    )
    word_dropout: float = option(
        0.1, "probability of replacing a token by the unknown token in training", minimum=0.0, maximum=0.999
    )
    input_dropout: float = option(0.2, "dropout of the token embeddings", minimum=0.0, maximum=0.99)
    label_smoothing: float = option(0.1, "label smoothing", minimum=0.0, maximum=0.99)


@dataclass
class Seq2SeqLoaderOptions(StreamingLoaderOptions):
    """Batches of pairs of texts; the length of a pair is that of its longer side."""

    max_source_length: int = option(
        100, "tokens of a source; longer pairs are not trained on; 0: no limit", minimum=0, maximum=10**9
    )
    max_target_length: int = option(
        100, "tokens of a target; longer pairs are not trained on; 0: no limit", minimum=0, maximum=10**9
    )
    truncate_source: bool = option(False, "truncate longer sources to max_source_length, in training and prediction")


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
    """Raise UserError for options that cannot be combined. `values` is the configuration by dotted key."""
    check_cross_validation(values)
    check_streaming(values, DATASETS)
    if values["model.copy_attention"] and not values["tokenizer.shared"]:
        raise UserError(
            "model.copy_attention=true with tokenizer.shared=false",
            "words are copied by their ids, so both sides need the same vocabulary",
            "Type tokenizer.shared=true",
        )
    size, heads = values["model.attention_size"], values["model.heads"]
    if values["model.attention"] == "multihead" and size % heads:
        raise UserError(
            f"model.attention_size={size} with model.heads={heads}",
            "the number of heads must divide the number of features",
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
            f"with metric={metric} the choices are dev/{metric} and dev/loss",
            f"Type trainer.monitor=dev/{metric}",
        )


RECIPES = {
    "translate": RecipeSchema(Seq2SeqConfig, DATASETS, check),
    "summarize": RecipeSchema(Seq2SeqConfig, DATASETS, check),
}
