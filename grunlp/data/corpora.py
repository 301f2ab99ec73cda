"""Named data sets and the user's own files as three splits of examples.

Splits are Hugging Face `datasets`: Arrow files, memory-mapped, so that a corpus larger than memory trains. A
parsed file is kept in the cache of `datasets` under its path, size and time of change, and the code that parsed it.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, List, Value, concatenate_datasets, disable_progress_bars
from datasets.exceptions import DatasetGenerationError

from grunlp.data.demo import demo_examples
from grunlp.data.example import Example
from grunlp.data.leaks import text_key
from grunlp.data.propbank import find_ewt, find_frames
from grunlp.data.readers import read
from grunlp.data.readers.hub import read_hub
from grunlp.errors import GrunlpError

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
SPLITS = ("train", "dev", "test")


@dataclass
class Corpus:
    """Three splits of examples.

    Args:
        name: for the log and the card of the run.
        train, dev: never without a predicate; test may be missing.
        left_out: training sentences left out because they occur in dev or test.
    """

    name: str
    train: Dataset
    dev: Dataset
    test: Dataset | None
    left_out: int


def open_corpus(
    name: str,
    train: str | None,
    dev: str | None,
    test: str | None,
    train_words: str | None,
    dev_words: str | None,
    test_words: str | None,
    format: str | None,
    extra: str | None,
    hub: Mapping[str, str | None],
) -> Corpus:
    """Open the corpus that `configs/data/<name>.yaml` describes.

    Args:
        name: demo, propbank-ewt, hub or files.
        train, dev, test: the files of `files`; test may be None.
        train_words, dev_words, test_words: the words of CoNLL-2005 props that stand apart from them.
        format: of those files; None detects it.
        extra: more training data: `propbank-frames`, or a file in any format.
        hub: of `hub`: path, config, names of the splits (train, dev, test) and columns (words, tags, predicate).

    Raises:
        GrunlpError: a file or split is missing, broken or without a single predicate.
    """
    disable_progress_bars()
    if name == "demo":
        splits = {split: _store(_demo, split=split) for split in SPLITS}
    elif name == "hub":
        splits = _open_hub(hub)
    else:
        files = {"train": (train, train_words), "dev": (dev, dev_words), "test": (test, test_words)}
        if name == "propbank-ewt":
            root = find_ewt()
            files = {split: (str(root / f"{split}.conll.gz"), None) for split in SPLITS}
        splits = {split: open_file(path, words, format) for split, (path, words) in files.items() if path}
    for split in ("train", "dev"):
        if split not in splits:
            there = "a training needs data.train and data.dev; data.test is scored once at the end"
            raise GrunlpError(f"data.{split} is not given", there, f"Add data.{split}=FILE")
        if not any(splits[split]["frames"]):
            there = f"it holds {len(splits[split])} sentences"
            raise GrunlpError(
                f"{name}: no predicate in the {split} split", there, "See python -m grunlp.data check FILE"
            )
    return _without_shared(name, splits, extra)


def _without_shared(name: str, splits: dict[str, Dataset], extra: str | None) -> Corpus:
    train, dev, test = splits["train"], splits["dev"], splits.get("test")
    if extra:
        more = open_file(str(find_frames()) if extra == "propbank-frames" else extra, None, None)
        log.info("%s adds %d sentences to training", extra, len(more))
        train = concatenate_datasets([train, more])
    held_out = {text_key(words) for part in (dev, test) if part is not None for words in part["words"]}
    keep = [i for i, words in enumerate(train["words"]) if text_key(words) not in held_out]
    left_out = len(train) - len(keep)
    log.info("%s: %d training sentences, %d more left out because they occur in dev or test", name, len(keep), left_out)
    return Corpus(name, train.select(keep) if left_out else train, dev, test, left_out)


def open_file(path: str, words: str | None, format: str | None) -> Dataset:
    """One file in any format that `grunlp.data.readers` knows. Arguments as `read` takes them."""
    stamps = [
        f"{Path(p).stat().st_size}-{Path(p).stat().st_mtime_ns}" for p in (path, words) if p and Path(p).is_file()
    ]
    return _store(_file, path=path, words=words, format=format, stamps=stamps)


def _open_hub(hub: Mapping[str, str | None]) -> dict[str, Dataset]:
    for key in ("path", "words", "tags"):
        if not hub[key]:
            there = "a hub data set needs data.hub.path, data.hub.words and data.hub.tags"
            raise GrunlpError(f"data.hub.{key} is not given", there, f"Add data.hub.{key}=...")
    columns = {key: hub[key] for key in ("words", "tags", "predicate", "config")}
    # Its files may change under the same name, so nothing of it is kept but what `datasets` itself keeps.
    stamp = str(time.time_ns())
    return {
        split: _store(_hub, path=hub["path"], split=hub[split], columns=columns, stamp=stamp)
        for split in SPLITS
        if hub[split]
    }


def _demo(split: str, code: str) -> Iterator[Example]:
    return demo_examples(split)


def _file(path: str, words: str | None, format: str | None, stamps: list[str], code: str) -> Iterator[Example]:
    return read(path, format, words)


def _hub(path: str, split: str, columns: dict[str, str | None], stamp: str, code: str) -> Iterator[Example]:
    return read_hub(path, split, columns["words"] or "", columns["tags"] or "", columns["predicate"], columns["config"])


def _store(generate: Callable[..., Iterator[Example]], **arguments: Any) -> Dataset:
    """Arrow of what `generate` yields, from the cache where the same arguments and code made it before."""
    code = hashlib.sha256(b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.rglob("*.py")))).hexdigest()
    try:
        return Dataset.from_generator(generate, features=FEATURES, gen_kwargs={**arguments, "code": code})
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, GrunlpError):
            raise error.__cause__ from None
        raise
