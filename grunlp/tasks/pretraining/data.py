"""Raw text as a corpus of sentences."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset, concatenate_datasets, disable_progress_bars

from grunlp.data.datasets import srl
from grunlp.data.datasets.arrow_cache import matching_files, refuse, require_given, stamps, store
from grunlp.data.datasets.corpus import Corpus, keys_of, leave_out
from grunlp.data.datasets.streaming import stream_files
from grunlp.data.examples import Example
from grunlp.data.raw_text import read_raw

_DEV_EVERY = 100  # of text without a development set, each of so many sentences becomes one of it


def open_text(data: Mapping[str, Any], stream: bool = False) -> Corpus:
    """Open the text that a config of the group `data` describes.

    Args:
        data: the keys of `configs/data/text.yaml`.
        stream: the training split is to be a `Stream`; dev must be given.

    Raises:
        GrunlpError: a file is missing or broken.
    """
    disable_progress_bars()
    require_given("a pretraining needs text", "FILE_OR_PATTERN", train=data["train"])
    dev = data["dev"]
    train: Any = stream_files(_text, data["train"], {}) if stream else _open_texts(data["train"])
    if dev is not None:
        dev = _open_texts(dev)
    else:
        rows = range(len(train))
        dev = train.select(rows[::_DEV_EVERY])
        train = train.select([i for i in rows if i % _DEV_EVERY])
    held_out = keys_of(dev)
    if data["without"]:
        other = srl.open_splits(data["without"], {})
        held_out |= keys_of(other["dev"], other["test"])
    train, left_out = leave_out(data["name"], train, held_out)
    return Corpus(data["name"], train, dev, None, None, left_out)


def _open_texts(pattern: str) -> Dataset:
    """The sentences of all files that a pattern stands for."""
    parts = [store(_text, srl.FEATURES, path=path, stamps=stamps(path)) for path in matching_files(pattern)]
    return concatenate_datasets(parts)


def _text(path: str, stamps: str, code: str) -> Iterator[Example]:
    for example in read_raw(Path(path), refuse):
        if example["words"]:
            yield Example(id=example["id"], document="", words=example["words"], pos=[], frames=[])
