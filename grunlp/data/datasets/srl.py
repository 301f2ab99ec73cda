"""Corpora whose sentences have frames."""

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, List, Value, disable_progress_bars

from grunlp.data.datasets.arrow_cache import cached_dataset, file_fingerprints, require_options
from grunlp.data.datasets.corpus import SPLITS, Corpus, dedup_keys, remove_overlap
from grunlp.data.datasets.cross_validation import CROSS_VALIDATION_KEYS, select_fold
from grunlp.data.datasets.streaming import StreamingDataset, is_glob, open_hub_dataset, stream_files
from grunlp.data.examples import SRLExample
from grunlp.data.propbank import FRAMES_FILE, find_ewt, find_frames
from grunlp.data.readers import detect_format, read
from grunlp.data.readers.hub import ShardRef, read_hub
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
    """Open the corpus that a config of the group `data` describes.

    Args:
        data: the keys of `configs/data/<name>.yaml`. All have `name`, and `extra`, more training data:
            `propbank-frames` or a file.
        stream: the training split is to be a `StreamingDataset`.

    Raises:
        UserError: a file or split is missing, broken or without a single predicate.
    """
    disable_progress_bars()
    options = dict(data)
    name, extra = options.pop("name"), options.pop("extra_train", None)
    splits = select_fold(open_srl_splits(name, options, stream), data, document_ids)
    train, dev, test = splits["train"], splits["dev"], splits.get("test")
    held_out = dedup_keys(dev, test)
    train, left_out = remove_overlap(name, train, held_out)
    more = None
    if extra:
        more = open_srl_file(str(find_frames() / FRAMES_FILE) if extra == "propbank-frames" else extra, None, None)
        more, count = remove_overlap(extra, more, held_out)
        more, left_out = more.add_column("extra", [True] * len(more)), left_out + count
    corpus = Corpus(name, train, dev, test, more, left_out)
    for split, examples in (("train", train), ("dev", dev)):
        if not any(examples["frames"]):  # of a stream, read up to the first
            there = f"it holds {len(examples)} sentences"
            there += (
                f"; {corpus.num_removed} were left out because they occur in dev or test" if split == "train" else ""
            )
            raise UserError(f"{name}: no predicate in the {split} split", there, "See: python -m grunlp.data check")
    return corpus


def open_srl_split(data: Mapping[str, Any], split: str) -> Any:
    """Open one split of the corpus that a model was trained on. Raises UserError where there is none."""
    return open_srl_corpus({**data, "extra_train": None}, stream=is_glob(data)).require_split(split)


def open_srl_splits(name: str, options: Mapping[str, Any], stream: bool = False) -> dict[str, Any]:
    """The splits as they lie there.

    Args:
        name: of the data set.
        options: the other keys of its group, but for `extra`; those of folds have no effect.
        stream: as for `open_srl_corpus`, of files and the hub.
    """
    opener = partial(_OPENERS[name], stream=True) if stream else _OPENERS[name]
    return opener(**{key: value for key, value in options.items() if key not in CROSS_VALIDATION_KEYS})


def document_ids(examples: Dataset) -> list[str]:
    """The document of each example."""
    found: list[str] = examples["document"]
    return found


def open_srl_file(path: str, words: str | None, format: str | None) -> Dataset:
    """One file in any format that `grunlp.data.readers` knows. Arguments as `read` takes them."""
    if words is None:
        format = format or detect_format(path)
        log.info("%s: format %s", path, format)
    return cached_dataset(
        _read_file,
        FEATURES,
        path=str(Path(path).resolve()),
        words=words,
        format=format,
        stamps=file_fingerprints(path, words),
    )


def _open_toy() -> dict[str, Dataset]:
    return {split: cached_dataset(_read_toy, FEATURES, split=split) for split in SPLITS}


def _open_ewt() -> dict[str, Dataset]:
    folder = find_ewt()
    return {split: open_srl_file(str(folder / f"{split}.conll.gz"), None, None) for split in SPLITS}


def _open_files(
    train: str | None,
    dev: str | None,
    test: str | None,
    train_words_file: str | None,
    dev_words_file: str | None,
    test_words_file: str | None,
    format: str | None,
    stream: bool = False,
) -> dict[str, Any]:
    require_options("a training needs data.train and data.dev", "FILE", train=train)
    files = zip(SPLITS, (train, dev, test), (train_words_file, dev_words_file, test_words_file), strict=True)
    return {
        split: _stream_file(path, words, format) if stream and split == "train" else open_srl_file(path, words, format)
        for split, path, words in files
        if path
    }


def _stream_file(pattern: str, words: str | None, format: str | None) -> StreamingDataset:
    return stream_files(_read_file, pattern, {"words": words}, format=format)


def _open_hub(
    path: str | None,
    config: str | None,
    words: str | None,
    tags: str | None,
    predicate: str | None,
    train: str,
    dev: str,
    test: str | None,
    stream: bool = False,
) -> dict[str, Any]:
    require_options(
        "a hub data set needs data.path, data.words and data.tags", "NAME", path=path, words=words, tags=tags
    )
    splits = {"train": train, "dev": dev, "test": test}
    columns = {"words": words, "tags": tags, "predicate": predicate}
    return open_hub_dataset(_read_hub, FEATURES, path, splits, stream, config=config, **columns)


_OPENERS: dict[str, Callable[..., dict[str, Dataset]]] = {
    "toy-srl": _open_toy,
    "propbank-ewt": _open_ewt,
    "files": _open_files,
    "srl-files": _open_files,  # of a tagger, whose own files have tags
    "hub": _open_hub,
}


def _read_toy(split: str, code: str) -> Iterator[SRLExample]:
    return toy_srl_examples(split)


def _read_file(path: str, words: str | None, format: str | None, stamps: str, code: str) -> Iterator[SRLExample]:
    return read(path, format, words)


def _read_hub(
    name: str, split: str, words: str, tags: str, predicate: str | None, config: str | None, part: ShardRef, code: str
) -> Iterator[SRLExample]:
    return read_hub(name, split, words, tags, predicate, config, part)
