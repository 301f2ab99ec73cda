"""Corpora of sentences with predicates and roles."""

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, List, Value, disable_progress_bars

from grunlp.data.datasets.arrow_cache import cached_dataset
from grunlp.data.datasets.corpus import SPLITS, Corpus, dedup_keys, remove_overlap
from grunlp.data.datasets.cross_validation import select_fold
from grunlp.data.datasets.task_datasets import Splits, TaskDatasets, generated_splits, needs_streaming
from grunlp.data.examples import SRLExample
from grunlp.data.propbank import FRAMES_FILE, find_ewt, find_frames
from grunlp.data.readers import detect_format, read
from grunlp.data.readers.hub import read_hub_frames
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
        extra, num_extra_removed = remove_overlap(extra_train, open_srl_file(path, None, None), held_out)
        extra = extra.add_column("from_extra_corpus", [True] * len(extra))
        num_removed += num_extra_removed
    corpus = Corpus(name, train, dev, test, extra, num_removed)
    for split, examples in (("train", train), ("dev", dev)):
        if not any(examples["frames"]):  # a stream is read up to the first predicate
            details = f"it has {len(examples)} sentences"
            if split == "train":
                details += f"; {corpus.num_removed} were removed because they occur in dev or test"
            raise UserError(f"{name}: no predicate in the {split} split", details, "See: python -m grunlp.data check")
    return corpus


def open_srl_split(data: Mapping[str, Any], split: str) -> Any:
    """Open one split of the corpus that a model was trained on. Raises UserError if there is none."""
    return open_srl_corpus({**data, "extra_train": None}, stream=needs_streaming(data)).require_split(split)


def document_ids(examples: Dataset) -> list[str]:
    """Return the document id of each example."""
    documents: list[str] = examples["document"]
    return documents


def open_srl_file(path: str, words_file: str | None, format: str | None) -> Dataset:
    """Open one file in any format of `grunlp.data.readers`. See `read` there for the arguments."""
    if words_file is None and format is None:
        format = detect_format(path)
        log.info("%s: format %s", path, format)
    path, words_file = str(Path(path).resolve()), str(Path(words_file).resolve()) if words_file else None
    return cached_dataset(partial(_read_file, path, words_file, format), FEATURES, [path, words_file])


def _read_file(path: str, words_file: str | None, format: str | None) -> Iterator[SRLExample]:
    return read(path, format, words_file)


def _open_ewt() -> Splits:
    folder = find_ewt()
    return {split: open_srl_file(str(folder / f"{split}.conll.gz"), None, None) for split in SPLITS}


_DATASETS = TaskDatasets(
    open_file=open_srl_file,
    read_file=_read_file,
    file_options=("format",),
    companions=("words_file",),
    read_hub=read_hub_frames,
    hub_features=FEATURES,
    hub_columns=("words", "tags"),
    optional_hub_columns=("predicate",),
    named={"propbank-ewt": _open_ewt, "toy-srl": partial(generated_splits, toy_srl_examples, FEATURES)},
)
open_srl_splits = _DATASETS.open
