"""Raw text as a corpus of sentences."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset, concatenate_datasets, disable_progress_bars

from grunlp.data.datasets import srl
from grunlp.data.datasets.arrow_cache import (
    cached_dataset,
    file_fingerprints,
    glob_absolute_paths,
    raise_error,
    require_options,
)
from grunlp.data.datasets.corpus import Corpus, dedup_keys, remove_overlap
from grunlp.data.datasets.streaming import stream_files
from grunlp.data.examples import SRLExample
from grunlp.data.raw_text import read_raw_text

_DEV_INTERVAL = 100  # of text without a development set, each of so many sentences becomes one of it


def open_pretraining_text(data: Mapping[str, Any], stream: bool = False) -> Corpus:
    """Open the text that a config of the group `data` describes.

    Args:
        data: the keys of `configs/data/text.yaml`.
        stream: the training split is to be a `Stream`; dev must be given.

    Raises:
        GrunlpError: a file is missing or broken.
    """
    disable_progress_bars()
    require_options("a pretraining needs text", "FILE_OR_PATTERN", train=data["train"])
    dev = data["dev"]
    train: Any = stream_files(_read_sentences, data["train"], {}) if stream else _open_sentences(data["train"])
    if dev is not None:
        dev = _open_sentences(dev)
    else:
        rows = range(len(train))
        dev = train.select(rows[::_DEV_INTERVAL])
        train = train.select([i for i in rows if i % _DEV_INTERVAL])
    held_out = dedup_keys(dev)
    if data["exclude_sentences_of"]:
        other = srl.open_srl_splits(data["exclude_sentences_of"], {})
        held_out |= dedup_keys(other["dev"], other["test"])
    train, left_out = remove_overlap(data["name"], train, held_out)
    return Corpus(data["name"], train, dev, None, None, left_out)


def _open_sentences(pattern: str) -> Dataset:
    """The sentences of all files that a pattern stands for."""
    parts = [
        cached_dataset(_read_sentences, srl.FEATURES, path=path, stamps=file_fingerprints(path))
        for path in glob_absolute_paths(pattern)
    ]
    return concatenate_datasets(parts)


def _read_sentences(path: str, stamps: str, code: str) -> Iterator[SRLExample]:
    for example in read_raw_text(Path(path), raise_error):
        if example["words"]:
            yield SRLExample(id=example["id"], document="", words=example["words"], pos=[], frames=[])
