"""Migration of run folders that an earlier version of grunlp wrote to the current format.

`format` in `config.yaml` is the version of the run folder; folders written before it existed have format 0. To change
keys, or another file of the folder, raise FORMAT_VERSION, add a step, and keep a run of the new format under
`tests/formats/`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from grunlp.configuration.paths import flatten_keys
from grunlp.utils.errors import UserError

FORMAT_VERSION = 4

ConfigDict = dict[str, Any]


def stored_format(content: Mapping[str, Any]) -> int:
    """Return the format of a configuration.

    Raises:
        UserError: it is not a number, or belongs to a later version of grunlp.
    """
    version = content.get("format", 0)
    if type(version) is not int or version < 0:
        raise UserError(
            f"format: {version!r:.60}", f"expected a whole number up to {FORMAT_VERSION}", "Copy the folder again."
        )
    if version > FORMAT_VERSION:
        raise UserError(
            f"the run has format {version}, which is newer",
            f"this version of grunlp reads formats up to {FORMAT_VERSION}",
            "Type pip install --upgrade grunlp",
        )
    return version


def migrate(content: ConfigDict) -> ConfigDict:
    """Migrate the content of a `config.yaml` to the current format and remove `format`.

    Raises:
        UserError: as `stored_format`.
    """
    version = stored_format(content)
    content.pop("format", None)
    for step in _MIGRATIONS[version:]:
        step(content)
    return content


# The behaviour of runs of format 0 without a key that was added later.
_DEFAULTS_ADDED_IN_1 = {
    "model.cell": "gru",
    "data.folds": 0,
    "data.fold": 0,
    "data.outer_folds": 0,
    "data.outer_fold": 0,
    "data.share": 1.0,
    "trainer.accumulate": 1,
    "trainer.devices": 1,
    "trainer.num_nodes": 1,
    "trainer.average_last": 0,
    "trainer.save_every": 300.0,
    "trainer.bad_loss": "stop",
}


def _v0_to_v1(content: ConfigDict) -> None:
    """Add the keys that were introduced, one by one, before formats were numbered."""
    _add_missing(content, _DEFAULTS_ADDED_IN_1)
    if content.get("recipe") in ("tag", "classify"):
        _add_missing(content, {"model.shapes": False})
    for data in _trained_on(content):
        _add_missing({"data": data}, {k: v for k, v in _DEFAULTS_ADDED_IN_1.items() if k.startswith("data.")})


def _v1_to_v2(content: ConfigDict) -> None:
    """Add the key for streaming; earlier versions always loaded all data."""
    if content.get("recipe") in ("srl", "tag", "pretrain", "classify", "translate", "summarize"):
        _add_missing(content, {"loader.stream": 0})


_DATASETS_RENAMED_IN_3 = {
    "demo": "toy-srl",
    "waves": "toy-waves",
    "seasons": "toy-series",
    "opinions": "toy-sentiment",
    "headlines": "toy-summaries",
    "reversal": "toy-reversal",
    **dict.fromkeys(("tags", "pairs", "lines", "classes", "series", "text"), "files"),
    **dict.fromkeys(("hub-pairs", "hub-lines", "hub-classes"), "hub"),
}
_DATA_KEYS_RENAMED_IN_3 = {
    "folds": "num_folds",
    "outer_folds": "outer_num_folds",
    "share": "train_fraction",
    "extra": "extra_train",
    "train_words": "train_words_file",
    "dev_words": "dev_words_file",
    "test_words": "test_words_file",
    "without": "exclude_sentences_of",
    "known": "known_covariates",
    "static": "static_covariates",
    "group": "series_id",
    "time": "time_column",
    "calendar": "time_features",
}
_KEYS_RENAMED_IN_3 = {
    "init": "init_from",
    "scores": "metric",
    "vocabulary.frame_files": "vocabulary.use_propbank_frame_files",
    "tokenizer.resplit": "tokenizer.subword_regularization",
    "model.init": "model.init_from",
    "model.characters": "model.char_encoder",
    "model.character_size": "model.char_size",
    "model.shapes": "model.word_shape_features",
    "model.distance": "model.max_relative_distance",
    "model.predicate_weight": "model.predicate_loss_weight",
    "model.sense_weight": "model.sense_loss_weight",
    "model.pos_weight": "model.pos_tag_loss_weight",
    "model.taper": "model.layer_width_ratio",
    "model.tied": "model.tie_embeddings",
    "model.adaptive": "model.adaptive_softmax",
    "model.weight_drop": "model.weight_dropout",
    "model.copy": "model.copy_attention",
    "model.coverage": "model.coverage_loss_weight",
    "model.hidden": "model.mask_probability",
    "model.kind": "model.architecture",
    "model.segment": "model.segment_length",
    "model.normalize": "model.window_normalization",
    "search.alpha": "search.length_penalty",
    "search.block_ngrams": "search.no_repeat_ngram_size",
    "search.min_ratio": "search.min_length_ratio",
    "search.max_ratio": "search.max_length_ratio",
    "search.max_extra": "search.max_length_offset",
    "finetune.old_share": "finetune.replay_ratio",
    "finetune.penalty": "finetune.l2_sp",
    "finetune.layer_decay": "finetune.layerwise_lr_decay",
    "loader.stream": "loader.stream_buffer_size",
    "loader.extra_epochs": "loader.extra_data_epochs",
    "loader.reshuffle": "loader.shuffle_each_epoch",
    "loader.longest": "loader.max_length",
    "loader.longest_source": "loader.max_source_length",
    "loader.longest_target": "loader.max_target_length",
    "loader.cut": "loader.truncate_source",
    "loader.length": "loader.bptt",
    "optimizer.warmup": "optimizer.warmup_fraction",
    "trainer.accumulate": "trainer.accumulate_grad_batches",
    "trainer.average": "trainer.ema_decay",
    "trainer.average_last": "trainer.average_last_epochs",
    "trainer.bad_loss": "trainer.on_nonfinite_loss",
    "trainer.save_every": "trainer.checkpoint_every_seconds",
    "trainer.gradient_clip": "trainer.gradient_clip_val",
    "trainer.limit_batches": "trainer.limit_train_batches",
}
_VALUES_RENAMED_IN_3 = {
    ("model.cell", "gru-before"): "gru-reset-before",
    ("model.architecture", "segmented"): "segrnn",
}


def _v2_to_v3(content: ConfigDict) -> None:
    """Rename keys, data sets and values; split `trainer.limit_batches`; drop keys without an effect."""
    recipe, data = content.get("recipe"), content.get("data")
    if isinstance(data, dict):
        _rename_data(data, str(recipe), keeps_extra=recipe == "srl")
    for number, data in enumerate(_trained_on(content)):
        _rename_data(data, "srl", keeps_extra=number == 0)
    for old, new in _KEYS_RENAMED_IN_3.items():
        parent, name = _parent(content, old)
        if name in parent:
            parent[new.rpartition(".")[2]] = parent.pop(name)
    for (key, old), new in _VALUES_RENAMED_IN_3.items():
        parent, name = _parent(content, key)
        if parent.get(name) == old:
            parent[name] = new
    loader, trainer = content.get("loader"), content.get("trainer")
    if isinstance(loader, dict) and isinstance(trainer, dict) and "stream_buffer_size" in loader:
        trainer["batches_per_epoch"] = trainer.get("limit_train_batches", 0) if loader["stream_buffer_size"] else 0
        if loader["stream_buffer_size"]:
            trainer["limit_train_batches"] = 0


def _rename_data(data: ConfigDict, recipe: str, keeps_extra: bool) -> None:
    if recipe == "tag" and data.get("name") == "files":
        data["name"] = "srl-files"
    else:
        data["name"] = _DATASETS_RENAMED_IN_3.get(str(data.get("name")), data.get("name"))
    for old, new in _DATA_KEYS_RENAMED_IN_3.items():
        if old in data:
            data[new] = data.pop(old)
    if not keeps_extra:
        data.pop("extra_train", None)
    if recipe == "tag" and data["name"] == "hub":
        data.pop("predicate", None)
    if recipe == "pretrain":
        for name in ("num_folds", "fold", "outer_num_folds", "outer_fold", "train_fraction"):
            data.pop(name, None)


# Keys of data=files and data=srl-files that were added in 4, by recipe; null: detected, as before.
_DATA_KEYS_ADDED_IN_4 = {
    **dict.fromkeys(("srl", "finetune", "lm", "pretrain"), ("encoding",)),
    "tag": ("encoding", "tag_scheme"),
    **dict.fromkeys(("classify", "translate", "summarize"), ("encoding", "separator", "quoting", "header")),
    "forecast": (
        *("encoding", "separator", "decimal", "thousands", "date_format", "day_first", "time_zone", "frequency"),
    ),
}


def _v3_to_v4(content: ConfigDict) -> None:
    """Add the keys for the layout of the user's own files, and for the tokenizer of metrics."""
    recipe = str(content.get("recipe"))
    if recipe in ("translate", "summarize"):
        content.setdefault("metric_tokenize")
    data = content.get("data")
    groups = [(recipe, data)] if isinstance(data, dict) else []
    for name, group in [*groups, *(("srl", data) for data in _trained_on(content))]:
        keys = _DATA_KEYS_ADDED_IN_4.get(name, ())
        if group.get("name") == "srl-files":
            keys = keys[:1]
        elif group.get("name") != "files":
            keys = ()
        for key in keys:
            group.setdefault(key)


def _trained_on(content: ConfigDict) -> list[ConfigDict]:
    """Return the data configurations of the earlier trainings of a fine-tuned run."""
    trained_on = content.get("trained_on")
    return [data for data in trained_on if isinstance(data, dict)] if isinstance(trained_on, list) else []


def _parent(content: ConfigDict, key: str) -> tuple[ConfigDict, str]:
    """Return the group that contains a dotted key (empty if it does not exist) and the last part of the key."""
    group, _, name = key.rpartition(".")
    parent = content.get(group) if group else content
    return (parent if isinstance(parent, dict) else {}), name


def _add_missing(content: ConfigDict, values: Mapping[str, Any]) -> None:
    """Add missing values to the groups that exist."""
    present = flatten_keys(content)
    for key, value in values.items():
        parent, name = _parent(content, key)
        if key not in present:
            parent[name] = value


_MIGRATIONS: tuple[Callable[[ConfigDict], None], ...] = (_v0_to_v1, _v1_to_v2, _v2_to_v3, _v3_to_v4)
assert len(_MIGRATIONS) == FORMAT_VERSION
