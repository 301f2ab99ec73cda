"""Corpora of sentences with predicates and roles."""

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, List, Value, disable_progress_bars

from grunlp.data.datasets.arrow_cache import cached_dataset
from grunlp.data.datasets.corpus import (
    SPLITS,
    Corpus,
    dedup_keys,
    remove_overlap,
    require_two_labels,
    warn_unknown_labels,
)
from grunlp.data.datasets.cross_validation import select_fold
from grunlp.data.datasets.task_datasets import Splits, TaskDatasets, generated_splits, needs_streaming
from grunlp.data.examples import SRLExample
from grunlp.data.file_layout import FileLayout
from grunlp.data.input_manifest import record_layout
from grunlp.data.propbank import FRAMES_FILE, find_ewt, find_frames
from grunlp.data.readers import detect_format, read
from grunlp.data.readers.hub import read_hub_frames
from grunlp.data.tags import OUTSIDE
from grunlp.data.toy import toy_srl_examples
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

FEATURES = Features(
    {
        "id": Value("string"),
        "document": Value("string"),
        "words": List(Value("string")),
        "pos": List(Value("string")),
        "frames": List(
            {
                "index": Value("int32"),
                "lemma": Value("string"),
                "roleset": Value("string"),
                "tags": List(Value("string")),
            }
        ),
    }
)


def open_srl_corpus(data: Mapping[str, Any], stream: bool = False) -> Corpus:
    """Open the corpus described by a configuration.

    Args:
        data: the group `data`.
        stream: make the training split a `StreamingDataset`.

    Raises:
        UserError: a file or split is missing, malformed or has no predicate.
    """
    disable_progress_bars()
    name, extra_train = data["name"], data.get("extra_train")
    splits = select_fold(open_srl_splits(data, stream), data, document_ids)
    dev, test = splits["dev"], splits.get("test")
    held_out = dedup_keys(dev, test)
    train, num_removed = remove_overlap(name, splits["train"], held_out)
    extra = None
    if extra_train:
        path = str(find_frames() / FRAMES_FILE) if extra_train == "propbank-frames" else extra_train
        extra, num_extra_removed = remove_overlap(extra_train, open_srl_file(path, None, FileLayout()), held_out)
        extra = extra.add_column("from_extra_corpus", [True] * len(extra))
        num_removed += num_extra_removed
    corpus = Corpus(name, train, dev, test, extra, num_removed)
    for split, examples in (("train", train), ("dev", dev)):
        if not any(examples["frames"]):  # a stream is read up to the first predicate
            details = f"it has {len(examples)} sentences"
            if split == "train":
                details += f"; {corpus.num_removed} were removed because they occur in dev or test"
            raise UserError(f"{name}: no predicate in the {split} split", details, "See: python -m grunlp.data check")
    if not stream:
        known = set(_tags_of_frames(train))
        require_two_labels(name, "tag of a role", known - {OUTSIDE}, "Give files with roles besides the predicates.")
        for split, examples in (("dev", dev), ("test", test)):
            if examples is not None:
                warn_unknown_labels(f"{name}: the {split} split", "tags of roles", _tags_of_frames(examples), known)
    return corpus


def _tags_of_frames(examples: Dataset) -> Iterator[str]:
    return (tag for frames in examples["frames"] for frame in frames for tag in frame["tags"])


def open_srl_split(data: Mapping[str, Any], split: str) -> Any:
    """Open one split of the corpus that a model was trained on. Raises UserError if there is none."""
    return open_srl_corpus({**data, "extra_train": None}, stream=needs_streaming(data)).require_split(split)


def document_ids(examples: Dataset) -> list[str]:
    """Return the document id of each example."""
    documents: list[str] = examples["document"]
    return documents


def open_srl_file(path: str, words_file: str | None, requested: FileLayout) -> Dataset:
    """Open one file in any format of `grunlp.data.readers`.

    Args:
        path: the file.
        words_file: the words of CoNLL-2005 props.
        requested: format and encoding; null: detected, and UTF-8.
    """
    layout = _detect_layout(path, words_file, requested)
    record_layout(path, layout)
    path, words_file = str(Path(path).resolve()), str(Path(words_file).resolve()) if words_file else None
    return cached_dataset(partial(_read_file, path, words_file, layout), FEATURES, [path, words_file])


def _detect_layout(path: str, words_file: str | None, requested: FileLayout) -> FileLayout:
    format, encoding = requested.format, requested.encoding or "utf-8"
    if format is None:
        format = detect_format(path, encoding) if words_file is None else "conll2005"
    return FileLayout(format=format, encoding=encoding)


def _read_file(path: str, words_file: str | None, layout: FileLayout) -> Iterator[SRLExample]:
    return read(path, layout.format, words_file, encoding=layout.encoding)


def _open_ewt() -> Splits:
    folder = find_ewt()
    return {split: open_srl_file(str(folder / f"{split}.conll.gz"), None, FileLayout()) for split in SPLITS}


_DATASETS = TaskDatasets(
    open_file=open_srl_file,
    detect_layout=_detect_layout,
    read_file=_read_file,
    companions=("words_file",),
    read_hub=read_hub_frames,
    hub_features=FEATURES,
    hub_columns=("words", "tags"),
    optional_hub_columns=("predicate",),
    named={"propbank-ewt": _open_ewt, "toy-srl": partial(generated_splits, toy_srl_examples, FEATURES)},
)
open_srl_splits = _DATASETS.open
