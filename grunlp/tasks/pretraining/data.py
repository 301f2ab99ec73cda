"""Raw text as a corpus of sentences."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset, concatenate_datasets, disable_progress_bars

from grunlp.data.datasets import srl
from grunlp.data.datasets.arrow_cache import cached_dataset
from grunlp.data.datasets.corpus import Corpus, dedup_keys, remove_overlap
from grunlp.data.datasets.file_patterns import glob_absolute_paths
from grunlp.data.datasets.streaming import stream_files
from grunlp.data.datasets.task_datasets import require_options
from grunlp.data.examples import SRLExample
from grunlp.data.file_layout import FileLayout
from grunlp.data.input_manifest import record_layout
from grunlp.data.raw_text import read_raw_text
from grunlp.data.readers.json_records import json_format
from grunlp.data.readers.markup import warn_of_markup
from grunlp.utils.errors import UserError

_DEV_INTERVAL = 100  # without a development set, every hundredth sentence of the text


def open_pretraining_text(data: Mapping[str, Any], stream: bool = False) -> Corpus:
    """Open the text described by a configuration.

    Args:
        data: the group `data`.
        stream: make the training split a `StreamingDataset`; this requires a dev file.

    Raises:
        UserError: a file is missing or malformed.
    """
    disable_progress_bars()
    require_options(data, ("train",), "a pretraining needs text", "FILE_OR_PATTERN")
    layout = FileLayout(format="lines", encoding=data["encoding"] or "utf-8")
    train: Any = (
        stream_files(_read_sentences, [data["train"]], _require_text, layout)
        if stream
        else _open_sentences(data["train"], layout)
    )
    if data["dev"] is not None:
        dev = _open_sentences(data["dev"], layout)
    else:
        rows = range(len(train))
        dev = train.select(rows[::_DEV_INTERVAL])
        train = train.select([i for i in rows if i % _DEV_INTERVAL])
    held_out = dedup_keys(dev)
    if data["exclude_sentences_of"]:
        excluded = srl.open_srl_splits({"name": data["exclude_sentences_of"]})
        held_out |= dedup_keys(excluded["dev"], excluded["test"])
    if not len(dev):
        details = f"train has {len(train)} sentences, too few to leave every {_DEV_INTERVAL}th to dev"
        raise UserError(f"{data['name']}: no sentence in the dev split", details, "Type data.dev=FILE")
    train, num_removed = remove_overlap(data["name"], train, held_out)
    corpus = Corpus(data["name"], train, dev, None, None, num_removed)
    if next(iter(train), None) is None:
        details = f"{corpus.num_removed} sentences were removed because they occur in dev"
        raise UserError(f"{data['name']}: no sentence in the train split", details, "Give other files.")
    return corpus


def _require_text(path: str, layout: FileLayout) -> FileLayout:
    """Return the layout. Raises UserError for JSON; other markup is logged."""
    if json_format(path, layout.encoding) is not None:
        hint = f"Write the texts to a file of lines: jq -r .text {path} > NEW_FILE"
        raise UserError(f"{path} has JSON objects", "recipe=pretrain reads plain text", hint)
    warn_of_markup(path, layout.encoding)
    return layout


def _open_sentences(pattern: str, layout: FileLayout) -> Dataset:
    """Open the sentences of all files that match a pattern."""
    paths = glob_absolute_paths(pattern)
    for path in paths:
        record_layout(path, _require_text(path, layout))
    return concatenate_datasets(
        [cached_dataset(partial(_read_sentences, path, layout), srl.FEATURES, [path]) for path in paths]
    )


def _read_sentences(path: str, layout: FileLayout) -> Iterator[SRLExample]:
    for example in read_raw_text(Path(path), encoding=layout.encoding):
        if example["words"]:
            yield SRLExample(id=example["id"], document="", words=example["words"], pos=[], frames=[])
