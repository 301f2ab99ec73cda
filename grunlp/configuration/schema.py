"""What the values of a configuration must be: kinds, choices, bounds. Says so in three parts when they are not."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grunlp.utils.errors import UserError, closest_match

# Words a key may take. Signatures say the same as Literals, tables as their keys; a test holds them together, so that
# checking imports nothing heavy.
CHOICES: dict[str, tuple[str, ...]] = {
    "model.characters": ("cnn", "gru", "none"),
    "model.residual": ("none", "add", "highway"),
    "model.decoder": ("viterbi", "crf"),
    "model.cell": ("gru", "gru-reset-before", "lstm", "rnn", "mingru"),
    "model.attention": ("additive", "dot", "multihead"),
    "model.pooling": ("last", "max", "mean", "attention"),
    "model.bridge": ("zero", "last", "mean", "attention"),
    "model.kind": ("recursive", "direct", "segmented"),
    "model.normalize": ("none", "last", "revin"),
    "model.output": ("point", "gaussian", "quantiles"),
    "model.loss": ("mse", "mae"),
    "tokenizer.kind": ("bpe", "unigram", "word", "character"),
    "search.normalization": ("length", "gnmt"),
    "scores": ("bleu", "rouge"),
    "trainer.monitor": ("dev/f1", "dev/accuracy", "dev/bleu", "dev/rouge", "dev/loss"),
    "trainer.accelerator": ("auto", "cpu", "gpu", "mps"),
    "trainer.precision": ("auto", "32-true", "16-mixed", "bf16-mixed", "64-true"),
    "trainer.bad_loss": ("stop", "skip"),
    "data.format": (
        "json-flat",
        "json-predicates",
        "json-lines",
        "words-tags",
        "conll2012",
        "columns",
        "conllu",
        "conll2005",
    ),
    "data.without": ("propbank-ewt",),
    "split": ("train", "dev", "test"),
    "predicates": ("auto", "given", "found"),
    "scheme": ("iob2", "iob1", "bioes"),
    "style": ("auto", "text", "json"),
    "to": ("onnx", "pt2"),
    "match": ("parameters", "time", "none"),
}

SEQ2SEQ_RECIPES = ("translate", "summarize")  # recipes whose networks write texts

# The data sets that each recipe learns from. The first is for files of one's own, and is meant where such are named.
SRL_DATASETS = ("files", "hub", "demo", "propbank-ewt")
PARALLEL_DATASETS = ("pairs", "hub-pairs", "reversal", "headlines", "multi30k-de-en", "multi30k-en-de", "aeslc")
DATASETS_BY_RECIPE = {
    "srl": SRL_DATASETS,
    "finetune": SRL_DATASETS,
    "pretrain": ("text",),
    "tag": (*SRL_DATASETS, "tags", "wnut17"),
    "translate": PARALLEL_DATASETS,
    "summarize": PARALLEL_DATASETS,
    "lm": ("lines", "hub-lines", "tinyshakespeare", "demo"),
    "classify": ("classes", "hub-classes", "polarity", "opinions", "waves"),
    "forecast": ("series", "seasons", "etth1", "weather", "stocks"),
}

# Of these, those whose training split can be read as a stream.
STREAMABLE = {
    "srl": ("files", "hub"),
    "tag": ("tags", "hub"),
    "pretrain": ("text",),
    "classify": ("classes", "hub-classes"),
    "translate": ("pairs", "hub-pairs"),
    "summarize": ("pairs", "hub-pairs"),
}

MODEL_PRESETS = {"stack64-32": "classify", "segrnn": "forecast"}  # of networks, `model=NAME`: the recipe of each

AUTO_VALUES = {"trainer.devices": "auto"}  # numbers in whose place a word may stand

OPTIONAL = ("data.test",)  # words that may be taken away: a data set need not have a test split

_SIZE, PROBABILITY, _LOSS_WEIGHT = (1, 65_536), (0.0, 0.99), (0.0, 1e6)
_DURATION_SECONDS = (0.1, 86_400.0)

# Bounds by the last part of a key: (least, most), both allowed. Every number has one.
BOUNDS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "folds": (0, 1000),
    "fold": (0, 999),
    "share": (0.001, 1.0),
    "outer_folds": (0, 1000),
    "outer_fold": (0, 999),
    "seeds": (1, 1000),
    "jobs": (0, 1024),
    "trials": (0, 10**6),
    "min_count": (1, 10**9),
    "max_vectors": (0, 10**9),
    "word_size": _SIZE,
    "character_size": (2, 65_536),
    "hidden_size": _SIZE,
    "num_layers": (1, 64),
    "predicate_size": _SIZE,
    "predicate_hidden_size": _SIZE,
    "predicate_num_layers": (1, 64),
    "distance": _SIZE,
    "input_dropout": PROBABILITY,
    "dropout": PROBABILITY,
    "word_dropout": _LOSS_WEIGHT,
    "embedding_size": _SIZE,
    "decoder_hidden_size": _SIZE,
    "decoder_num_layers": (1, 64),
    "attention_size": _SIZE,
    "heads": (1, 4096),
    "coverage": _LOSS_WEIGHT,
    "taper": (0.01, 100.0),
    "longest": (0, 10**9),
    "resplit": PROBABILITY,
    "size": (5, 10**7),
    "beam": (1, 1000),
    "nbest": (1, 1000),
    "alpha": (0.0, 10.0),
    "coverage_penalty": _LOSS_WEIGHT,
    "block_ngrams": (0, 1000),
    "min_ratio": (0.0, 1000.0),
    "max_ratio": (0.0, 1000.0),
    "max_extra": (0, 10**6),
    "max_length": (1, 10**6),
    "longest_source": (0, 10**9),
    "longest_target": (0, 10**9),
    "hidden": (0.01, 0.99),
    "weight_drop": PROBABILITY,
    "length": (1, 10**6),
    "temperature": (1e-6, 1e6),
    "top_k": (0, 10**9),
    "top_p": (1e-6, 1.0),
    "history": (1, 10**6),
    "horizon": (1, 10**6),
    "season": (0, 10**6),
    "train_rows": (0.0, 1e9),
    "dev_rows": (0.0, 1e9),
    "test_rows": (0.0, 1e9),
    "segment": (1, 10**6),
    "batch_size": (1, 10**6),
    "dynamic_rate": (0.0, 1e3),
    "dynamic_decay": (0.0, 1.0),
    "dynamic_length": (1, 10**6),
    "label_smoothing": PROBABILITY,
    "predicate_weight": _LOSS_WEIGHT,
    "sense_weight": _LOSS_WEIGHT,
    "pos_weight": _LOSS_WEIGHT,
    "batch_tokens": (1, 10**9),
    "num_workers": (0, 256),
    "stream": (0, 10**9),
    "learning_rate": (0.0, 100.0),
    "encoder_learning_rate": (0.0, 100.0),
    "weight_decay": (0.0, 100.0),
    "warmup": (0.0, 1.0),
    "max_epochs": (1, 10**6),
    "extra_epochs": (1, 10**6),
    "layer_decay": (0.01, 1.0),
    "frozen_layers": (0, 66),
    "frozen_epochs": (0, 10**6),
    "old_share": (0.0, 1e6),
    "penalty": _LOSS_WEIGHT,
    "patience": (1, 10**6),
    "gradient_clip": (0.0, 1e9),
    "average": (0.0, 0.999999),
    "average_last": (0, 1000),
    "limit_batches": (0, 10**9),
    "port": (0, 65_535),
    "processes": (-1, 256),
    "max_connections": (1, 10**5),
    "max_header_bytes": (1024, 10**7),
    "max_headers": (8, 10**5),
    "max_body_bytes": (1, 10**9),
    "max_texts": (1, 10**6),
    "max_characters": (1, 10**9),
    "max_tokens": (1, 10**9),
    "max_prompt": (1, 10**9),
    "max_queue": (1, 10**9),
    "max_streams": (1, 10**5),
    "head_seconds": _DURATION_SECONDS,
    "body_seconds": _DURATION_SECONDS,
    "answer_seconds": _DURATION_SECONDS,
    "send_seconds": _DURATION_SECONDS,
    "stop_seconds": _DURATION_SECONDS,
    "accumulate": (1, 10**6),
    "devices": (1, 4096),
    "num_nodes": (1, 65_536),
    "save_every": (0, 10**9),
    "workers": (1, 65_536),
    "shard_lines": (1, 10**9),
}

_VALUE_TYPES: dict[type, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    float: ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    str: ("a word or path", lambda value: isinstance(value, str)),
    type(None): ("a word, a path or null", lambda value: value is None or isinstance(value, str)),
}


def check_value(key: str, value: Any, default: Any) -> None:
    """Check the kind, the choice and the bounds of one value.

    Args:
        key: dotted, "model.hidden_size".
        value: what the user typed, as parsed.
        default: what it replaces; the value must be of its kind, and a word where the default is None.

    Raises:
        UserError: it is not.
    """
    what, fits = _VALUE_TYPES[type(default)]
    advice = f"Type {key}={'null' if default is None else default}"
    if (value is None and key in OPTIONAL) or (key in AUTO_VALUES and value == AUTO_VALUES[key]):
        return
    if not fits(value):
        raise UserError(f"{key}={value}: wrong type", f"expected {what}", advice)
    if key in CHOICES and value is not None:
        check_choice(key, value, CHOICES[key])
    least, most = BOUNDS.get(key.rpartition(".")[2], (float("-inf"), float("inf")))
    if isinstance(value, int | float) and not least <= value <= most:
        raise UserError(f"{key}={value} is out of bounds", f"it lies from {least} to {most}", advice)


def check_choice(key: str, value: str, choices: Sequence[str]) -> None:
    """Raise unless `value` is among `choices`, naming them and the nearest."""
    if value not in choices:
        guess = closest_match(value, choices)
        advice = f"Did you mean {key}={guess}?" if guess else f"Type {key}={choices[0]}, for example."
        raise UserError(f"{key}={value}: no such choice", f"there are: {', '.join(choices)}", advice)


def check_combination(values: Mapping[str, Any]) -> None:
    """Raise for values that are good alone and cannot be combined. `values`: dotted keys, as `config.keys` gives."""
    if values.get("model.decoder") == "crf" and values["model.label_smoothing"] > 0:
        there = "the likelihood of a whole sequence has no labels to smooth"
        raise UserError(
            "model.decoder=crf with model.label_smoothing",
            there,
            "Type model.label_smoothing=0.0, or model.decoder=viterbi",
        )
    if values.get("data.extra") and values["recipe"] != "srl":
        there = "data.extra is for recipe=srl alone"
        raise UserError(f"recipe={values['recipe']} with data.extra", there, "Leave it out.")
    recipe, data = values["recipe"], values["data.name"]
    if data not in DATASETS_BY_RECIPE[recipe]:
        others = ", ".join(name for name, sets in DATASETS_BY_RECIPE.items() if data in sets)
        there = f"it learns from data={', '.join(DATASETS_BY_RECIPE[recipe])}; data={data} is for recipe={others}"
        way = f"Type data={DATASETS_BY_RECIPE[recipe][0]}, or recipe={others.partition(',')[0]}"
        raise UserError(f"recipe={recipe} with data={data}", there, way)
    _check_cross_validation(values)
    if values.get("loader.stream"):
        _check_streaming(values)
    if recipe == "lm":
        _check_language_model(values)
    if recipe == "forecast":
        _check_forecaster(values)
    if values["recipe"] in SEQ2SEQ_RECIPES:
        _check_seq2seq(values)
    elif values["trainer.monitor"] in ("dev/bleu", "dev/rouge"):
        there = f"recipe={values['recipe']} writes no texts"
        raise UserError(f"trainer.monitor={values['trainer.monitor']}", there, "Type trainer.monitor=dev/loss")
    elif (values["trainer.monitor"] == "dev/accuracy") > (recipe == "classify"):
        raise UserError("trainer.monitor=dev/accuracy", "only a classifier has it", "Type trainer.monitor=dev/loss")
    elif recipe == "classify" and values["trainer.monitor"] == "dev/f1":
        raise UserError("trainer.monitor=dev/f1", "a classifier has dev/accuracy", "Type trainer.monitor=dev/accuracy")
    if values.get("model.characters") == "gru" and values["model.character_size"] % 2:
        there = "its two directions share them evenly"
        raise UserError("model.characters=gru with an odd model.character_size", there, "Add 1 to it.")


def check_optional_dependencies(values: Mapping[str, Any]) -> None:
    """Raise for values that need what is not installed."""
    if values["trainer.wandb"] and importlib.util.find_spec("wandb") is None:
        raise UserError("trainer.wandb=true", "the package wandb is not installed", "Type pip install wandb")


def _check_cross_validation(values: Mapping[str, Any]) -> None:
    """The same for cross-validation."""
    folds, fold, outer = values["data.folds"], values["data.fold"], values["data.outer_folds"]
    if folds and values["recipe"] == "pretrain":
        raise UserError("recipe=pretrain with data.folds", "it has no score to validate", "Leave it out.")
    if values["data.share"] < 1 and values["recipe"] == "pretrain":
        raise UserError("recipe=pretrain with data.share", "it takes all text", "Leave it out, or give fewer files.")
    if folds in (1, 2) or (folds and fold >= folds):
        there = "one fold is for test, the next for dev, the others for training; the first is data.fold=0"
        raise UserError(
            f"data.folds={folds} with data.fold={fold}", there, "Type data.folds=5 data.fold=0, for example."
        )
    if outer and (not folds or outer == 1 or values["data.outer_fold"] >= outer):
        there = "one of two outer folds or more is left out, and data.folds parts the rest; the first is 0"
        wrong = f"data.outer_folds={outer} with data.outer_fold={values['data.outer_fold']} and data.folds={folds}"
        raise UserError(wrong, there, "Type data.outer_folds=5 data.outer_fold=0 data.folds=5, for example.")


def _check_streaming(values: Mapping[str, Any]) -> None:
    """The same for a training split that is read as a stream."""
    recipe, data = values["recipe"], values["data.name"]
    wrong = f"loader.stream={values['loader.stream']}"
    if data not in STREAMABLE[recipe]:
        there = f"recipe={recipe} streams data={', '.join(STREAMABLE[recipe])}; others are read whole"
        raise UserError(f"{wrong} with data={data}", there, "Type loader.stream=0")
    if not values["trainer.limit_batches"]:
        there = "a stream has no end: an epoch is so many batches of each process, after which dev is scored"
        raise UserError(
            f"{wrong} without trainer.limit_batches", there, "Type trainer.limit_batches=1000, for example."
        )
    if values["data.folds"] or values["data.share"] < 1:
        there = "folds and shares are drawn from all examples at once"
        raise UserError(f"{wrong} with data.folds or data.share", there, "Leave them out.")
    if values.get("data.extra"):
        there = "data.extra is mixed in whole"
        raise UserError(f"{wrong} with data.extra", there, "Leave it out.")
    if not values["loader.reshuffle"]:
        there = "each pass has another order of files, each buffer one of batches"
        raise UserError(f"{wrong} with loader.reshuffle=false", there, "Type loader.stream=0")
    if recipe == "pretrain" and values["data.dev"] is None:
        there = "no sentences are taken from a stream for it"
        raise UserError(f"{wrong} without data.dev", there, "Add data.dev=FILE")


def _check_seq2seq(values: Mapping[str, Any]) -> None:
    """The same for recipes whose networks write texts."""
    if values["model.copy"] and not values["tokenizer.shared"]:
        there = "words are copied by their ids, which both sides must share"
        raise UserError("model.copy=true with tokenizer.shared=false", there, "Type tokenizer.shared=true")
    _check_word_dropout(values)
    size, heads = values["model.attention_size"], values["model.heads"]
    if values["model.attention"] == "multihead" and size % heads:
        there = "heads share the features evenly"
        raise UserError(
            f"model.attention_size={size} with model.heads={heads}", there, f"Type model.heads={2 - size % 2}"
        )
    if values["search.nbest"] > values["search.beam"]:
        there = f"a beam of {values['search.beam']} finds as many texts at most"
        raise UserError(f"search.nbest={values['search.nbest']}", there, f"Type search.beam={values['search.nbest']}")
    if values["trainer.monitor"] not in ("dev/loss", f"dev/{values['scores']}"):
        there = f"with scores={values['scores']} there are: dev/{values['scores']}, dev/loss"
        way = f"Type trainer.monitor=dev/{values['scores']}"
        raise UserError(f"trainer.monitor={values['trainer.monitor']}", there, way)


def _check_language_model(values: Mapping[str, Any]) -> None:
    """The same for language models."""
    _check_word_dropout(values)
    if values["model.adaptive"] and values["model.tied"]:
        there = "it has a table for each part of the vocabulary"
        raise UserError("model.adaptive=true with model.tied=true", there, "Type model.tied=false")
    if values["model.adaptive"] and values["model.embedding_size"] < 16:
        there = "its last part has a sixteenth of them"
        raise UserError(
            f"model.adaptive=true with model.embedding_size={values['model.embedding_size']}",
            there,
            "Type model.embedding_size=16, or more",
        )
    if values["trainer.monitor"] != "dev/loss":
        there = "a language model has dev/loss alone"
        raise UserError(f"trainer.monitor={values['trainer.monitor']}", there, "Type trainer.monitor=dev/loss")


def _check_forecaster(values: Mapping[str, Any]) -> None:
    """The same for forecasters."""
    kind, output, size = values["model.kind"], values["model.output"], values["model.hidden_size"]
    if kind == "segmented" and values["model.segment"] > values["data.history"]:
        wrong = f"model.segment={values['model.segment']} with data.history={values['data.history']}"
        way = f"Type model.segment={max(1, values['data.history'] // 4)}"
        raise UserError(wrong, "the history is cut into segments", way)
    if kind == "segmented" and size % 2:
        there = "half of the features say which segment is asked for, half which channel"
        raise UserError(f"model.kind=segmented with model.hidden_size={size}", there, "Add 1 to it.")
    if output == "quantiles" and kind == "recursive":
        there = "it goes on from its own forecast, and a quantile is none"
        raise UserError("model.kind=recursive with model.output=quantiles", there, "Type model.output=gaussian")
    if output == "quantiles":
        parse_quantiles(values["model.quantiles"])
    if values["trainer.monitor"] != "dev/loss":
        there = "a forecaster has dev/loss alone"
        raise UserError(f"trainer.monitor={values['trainer.monitor']}", there, "Type trainer.monitor=dev/loss")


def parse_quantiles(text: str) -> list[float]:
    """The levels between commas. Raises UserError unless they rise and lie between 0 and 1."""
    try:
        levels = [float(level) for level in text.split(",")]
    except ValueError:
        levels = []
    if 0.5 not in levels or levels != sorted(set(levels)) or not 0 < levels[0] <= levels[-1] < 1:
        there = "levels between commas, rising, above 0 and below 1, 0.5 among them: it is the forecast"
        raise UserError(f"model.quantiles={text}", there, "Type model.quantiles=0.1,0.5,0.9")
    return levels


def _check_word_dropout(values: Mapping[str, Any]) -> None:
    """Raise where the word dropout of a recipe that takes it as a probability is none."""
    if values["model.word_dropout"] >= 1:
        there = "it is a probability here, from 0 to below 1"
        raise UserError(f"model.word_dropout={values['model.word_dropout']}", there, "Type model.word_dropout=0.1")


def unknown_key(key: str, known: Sequence[str]) -> UserError:
    """The error for a key that does not exist, with its neighbours and the nearest one."""
    if key == "loader.stream":
        there = (
            f"recipe={', '.join(STREAMABLE)} read streams; lm reads the rows of a text side by side, others all at once"
        )
        return UserError("this recipe has no loader.stream", there, "Leave it out.")
    parent = key.rpartition(".")[0]
    siblings = [name for name in known if name.rpartition(".")[0] == parent] or list(known)
    last = {name.rpartition(".")[2]: name for name in known}
    guess = closest_match(key, known) or last.get(closest_match(key.rpartition(".")[2], last) or "")
    advice = f"Did you mean {guess}?" if guess else "--help lists every key."
    return UserError(f"unknown key {key}", f"there are: {', '.join(sorted(siblings))}", advice)
