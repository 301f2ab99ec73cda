"""Named data sets and the user's own files as three splits of examples.

Splits are Hugging Face `datasets`: Arrow files, memory-mapped, so that a corpus larger than memory trains. A
parsed file is kept in the cache of `datasets` under its path, size and time of change, and the code that parsed it.
"""

import atexit
import glob
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, List, Value, concatenate_datasets, disable_progress_bars
from datasets.exceptions import DatasetGenerationError

from grunlp.data.demo import demo_examples
from grunlp.data.example import Example, Tagged
from grunlp.data.leaks import text_key
from grunlp.data.propbank import FRAMES_FILE, find_ewt, find_frames
from grunlp.data.raw import read_raw
from grunlp.data.readers import detect, read
from grunlp.data.readers.hub import read_hub, read_hub_tagged
from grunlp.data.readers.tagged import in_iob2, read_tagged
from grunlp.data.schemes import require_same_kind
from grunlp.errors import DataError, GrunlpError

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
TAGGED = Features({name: FEATURES[name] for name in ("id", "document", "words")} | {"tags": List(Value("string"))})
_DEV_EVERY = 100  # of text without a development set, each of so many sentences becomes one of it
SPLITS = ("train", "dev", "test")


@dataclass
class Corpus:
    """Three splits of examples.

    Args:
        name: for the log and the card of the run.
        train, dev: never without a predicate; test may be missing.
        extra: more training data that may be annotated by other rules; its examples say `extra`. None: there is none.
        left_out: training sentences, of `extra` too, left out because they occur in dev or test.
    """

    name: str
    train: Dataset
    dev: Dataset
    test: Dataset | None
    extra: Dataset | None
    left_out: int


def open_corpus(data: Mapping[str, Any]) -> Corpus:
    """Open the corpus that a config of the group `data` describes.

    Args:
        data: the keys of `configs/data/<name>.yaml`. All have `name`, and `extra`, more training data:
            `propbank-frames` or a file.

    Raises:
        GrunlpError: a file or split is missing, broken or without a single predicate.
    """
    disable_progress_bars()
    options = dict(data)
    name, extra = options.pop("name"), options.pop("extra")
    splits = _OPENERS[name](**options)
    train, dev, test = splits["train"], splits["dev"], splits.get("test")
    held_out = {text_key(words) for part in (dev, test) if part is not None for words in part["words"]}
    if name == "text" and options["without"]:
        other = _OPENERS[options["without"]]()
        held_out |= {text_key(words) for part in ("dev", "test") for words in other[part]["words"]}
    train, left_out = leave_out(name, train, held_out)
    more = None
    if extra:
        more = open_file(str(find_frames() / FRAMES_FILE) if extra == "propbank-frames" else extra, None, None)
        more, count = leave_out(extra, more, held_out)
        more, left_out = more.add_column("extra", [True] * len(more)), left_out + count
    for split, examples in (("train", train), ("dev", dev)) if name != "text" else ():
        if not any(examples["frames"]):
            there = f"it holds {len(examples)} sentences"
            there += f"; {left_out} were left out because they occur in dev or test" if split == "train" else ""
            raise GrunlpError(f"{name}: no predicate in the {split} split", there, "See: python -m grunlp.data check")
    return Corpus(name, train, dev, test, more, left_out)


def open_tagged(data: Mapping[str, Any]) -> Corpus:
    """Open the corpus that a config of the group `data` describes, with a tag a word.

    Args:
        data: the keys of `configs/data/<name>.yaml`. Of a corpus with frames, the parts of speech are the tags.

    Raises:
        GrunlpError: a file or split is missing or broken, or has no tags.
    """
    disable_progress_bars()
    options = dict(data)
    name = options.pop("name")
    options.pop("extra", None)
    if name in _TAGGED_OPENERS:
        splits = _TAGGED_OPENERS[name](**options)
    else:
        splits = {split: _pos_as_tags(name, split, part) for split, part in _OPENERS[name](**options).items()}
    train, dev, test = splits["train"], splits["dev"], splits.get("test")
    held_out = {text_key(words) for part in (dev, test) if part is not None for words in part["words"]}
    train, left_out = leave_out(name, train, held_out)
    if not len(train):
        there = f"{left_out} were left out because they occur in dev or test"
        raise GrunlpError(f"{name}: no sentence in the train split", there, "Give other files.")
    for split, part in (("dev", dev), ("test", test)):
        if part is not None:
            require_same_kind(f"{name}: the {split} split", part["tags"], "the training data", train["tags"])
    return Corpus(name, train, dev, test, None, left_out)


def _pos_as_tags(name: str, split: str, examples: Dataset) -> Dataset:
    """A corpus of frames with its parts of speech as tags."""
    if not all(map(any, examples["pos"])):
        there = f"{split}: some sentence has no parts of speech, which recipe=tag would learn"
        raise GrunlpError(f"data={name} has no tags", there, "Type data=tags data.train=FILE data.dev=FILE")
    return examples.remove_columns("frames").rename_column("pos", "tags")


def open_split(data: Mapping[str, Any], split: str, tagged: bool) -> Dataset:
    """One split of the corpus that a run was trained on.

    Args:
        data: the group `data` of the run's config.
        split: train, dev or test.
        tagged: whether with tags, for a tagger; otherwise with frames.

    Raises:
        GrunlpError: as `open_corpus`; or the corpus has no such split.
    """
    examples: Dataset | None = getattr((open_tagged if tagged else open_corpus)({**data, "extra": None}), split)
    if examples is None:
        raise GrunlpError(f"the run has no {split} split", "it was trained without one", "Type input=FILE")
    return examples


def leave_out(name: str, examples: Dataset, held_out: Set[str]) -> tuple[Dataset, int]:
    """The examples whose text is not among `held_out`, and how many others there were."""
    keep = [i for i, words in enumerate(examples["words"]) if text_key(words) not in held_out]
    left_out = len(examples) - len(keep)
    log.info("%s: %d training sentences, %d more left out because they occur in dev or test", name, len(keep), left_out)
    return (examples.select(keep) if left_out else examples), left_out


def open_file(path: str, words: str | None, format: str | None) -> Dataset:
    """One file in any format that `grunlp.data.readers` knows. Arguments as `read` takes them."""
    if words is None:
        format = format or detect(path)
        log.info("%s: format %s", path, format)
    stats = [Path(file).stat() for file in (path, words) if file is not None and Path(file).is_file()]
    stamps = [f"{stat.st_size}-{stat.st_mtime_ns}" for stat in stats]
    return _store(_file, FEATURES, path=str(Path(path).resolve()), words=words, format=format, stamps=stamps)


def _open_demo() -> dict[str, Dataset]:
    return {split: _store(_demo, FEATURES, split=split) for split in SPLITS}


def _open_ewt() -> dict[str, Dataset]:
    folder = find_ewt()
    return {split: open_file(str(folder / f"{split}.conll.gz"), None, None) for split in SPLITS}


def _open_files(
    train: str | None,
    dev: str | None,
    test: str | None,
    train_words: str | None,
    dev_words: str | None,
    test_words: str | None,
    format: str | None,
) -> dict[str, Dataset]:
    _require(
        "a training needs data.train and data.dev; data.test is scored once at the end", "FILE", train=train, dev=dev
    )
    files = zip(SPLITS, (train, dev, test), (train_words, dev_words, test_words), strict=True)
    return {split: open_file(path, words, format) for split, path, words in files if path}


def _require(there: str, what: str, **keys: str | None) -> None:
    """Raise for the first key of the group `data` that is not given."""
    for key, value in keys.items():
        if value is None:
            raise GrunlpError(f"data.{key} is not given", there, f"Add data.{key}={what}")


def _passing_cache() -> str:
    """For hub data: what lies under a name may change, so no copy outlives the process."""
    cache = tempfile.mkdtemp(prefix="grunlp-")
    atexit.register(shutil.rmtree, cache, ignore_errors=True)
    return cache


def _open_hub(
    path: str | None,
    config: str | None,
    words: str | None,
    tags: str | None,
    predicate: str | None,
    train: str,
    dev: str,
    test: str | None,
) -> dict[str, Dataset]:
    _require("a hub data set needs data.path, data.words and data.tags", "NAME", path=path, words=words, tags=tags)
    assert path is not None and words is not None and tags is not None
    cache = _passing_cache()
    columns = {"words": words, "tags": tags, "predicate": predicate, "config": config}
    names = zip(SPLITS, (train, dev, test), strict=True)
    return {split: _store(_hub, FEATURES, cache, name=path, split=part, **columns) for split, part in names if part}


def _open_tag_files(
    train: str | None, dev: str | None, test: str | None, words: str | None, tags: str | None
) -> dict[str, Dataset]:
    _require(
        "a training needs data.train and data.dev; data.test is scored once at the end", "FILE", train=train, dev=dev
    )
    splits = {split: path for split, path in zip(SPLITS, (train, dev, test), strict=True) if path}
    return {split: open_tag_file(path, words, tags) for split, path in splits.items()}


def open_gold_tags(data: Mapping[str, Any], path: str) -> Dataset:
    """A file of tagged sentences for the tagger that was trained on `data`, read as that was."""
    name = data["name"]
    if name not in _TAGGED_OPENERS:
        try:
            format = detect(path)
        except DataError:  # no format of frames
            return open_tag_file(path, None, None)
        return _pos_as_tags(name, path, open_file(path, None, format))
    words, tags = (data["words"], data["tags"]) if name == "tags" else (None, None)
    return open_tag_file(path, words, tags)


def open_tag_file(path: str, words: str | None, tags: str | None) -> Dataset:
    """One file of tagged sentences. Arguments as `read_tagged` takes them."""
    stats = [Path(path).stat()] if Path(path).is_file() else []
    stamps = [f"{stat.st_size}-{stat.st_mtime_ns}" for stat in stats]
    return _store(_tagged, TAGGED, path=str(Path(path).resolve()), words=words, tags=tags, stamps=stamps)


def _open_tagged_hub(
    path: str | None,
    config: str | None,
    words: str | None,
    tags: str | None,
    predicate: str | None,
    train: str,
    dev: str,
    test: str | None,
) -> dict[str, Dataset]:
    if predicate is not None:
        raise GrunlpError("data.predicate with recipe=tag", "a tagger knows no predicates", "Leave it out.")
    _require("a hub data set needs data.path, data.words and data.tags", "NAME", path=path, words=words, tags=tags)
    cache = _passing_cache()
    columns = {"words": words, "tags": tags, "config": config}
    names = zip(SPLITS, (train, dev, test), strict=True)
    return {
        split: _store(_tagged_hub, TAGGED, cache, name=path, split=part, **columns) for split, part in names if part
    }


def _open_wnut() -> dict[str, Dataset]:
    folder = Path(os.environ.get("GRUNLP_DATA", "")) / "wnut17"
    if not os.environ.get("GRUNLP_DATA") or not folder.is_dir():
        there = "it is looked for in $GRUNLP_DATA/wnut17: train, dev and test.conll.gz, a token and its tag a line"
        way = "Get it from github.com/leondz/emerging_entities_17, or type data=tags data.train=FILE data.dev=FILE"
        raise GrunlpError("data=wnut17: no such folder", there, way)
    return {split: open_tag_file(str(folder / f"{split}.conll.gz"), None, None) for split in SPLITS}


def _open_text(train: str | None, dev: str | None, without: str | None) -> dict[str, Dataset]:
    if train is None:
        raise GrunlpError("data.train is not given", "a pretraining needs text", "Add data.train=FILE_OR_PATTERN")
    texts = _open_texts(train)
    if dev is not None:
        return {"train": texts, "dev": _open_texts(dev)}
    rows = range(len(texts))
    kept = [i for i in rows if i % _DEV_EVERY]
    return {"train": texts.select(kept), "dev": texts.select(rows[::_DEV_EVERY])}


def _open_texts(pattern: str) -> Dataset:
    """The sentences of all files that a pattern stands for."""
    paths = sorted(glob.glob(pattern))
    if not paths:
        raise GrunlpError(f"{pattern}: no such file", "a file, or a pattern as shells write them", "Check the path.")
    parts = []
    for path in paths:
        stat = Path(path).stat()
        stamps = [f"{stat.st_size}-{stat.st_mtime_ns}"]
        parts.append(_store(_text, FEATURES, path=str(Path(path).resolve()), stamps=stamps))
    return concatenate_datasets(parts)


_TAGGED_OPENERS: dict[str, Callable[..., dict[str, Dataset]]] = {
    "tags": _open_tag_files,
    "hub": _open_tagged_hub,
    "wnut17": _open_wnut,
}
_OPENERS: dict[str, Callable[..., dict[str, Dataset]]] = {
    "demo": _open_demo,
    "propbank-ewt": _open_ewt,
    "files": _open_files,
    "hub": _open_hub,
    "text": _open_text,
}


def _demo(split: str, code: str) -> Iterator[Example]:
    return demo_examples(split)


def _file(path: str, words: str | None, format: str | None, stamps: list[str], code: str) -> Iterator[Example]:
    return read(path, format, words)


def _text(path: str, stamps: list[str], code: str) -> Iterator[Example]:
    def refuse(error: DataError) -> None:
        raise error

    for example in read_raw(Path(path), refuse):
        if example["words"]:
            yield Example(id=example["id"], document="", words=example["words"], pos=[], frames=[])


def _hub(
    name: str, split: str, words: str, tags: str, predicate: str | None, config: str | None, code: str
) -> Iterator[Example]:
    return read_hub(name, split, words, tags, predicate, config)


def _tagged(path: str, words: str | None, tags: str | None, stamps: list[str], code: str) -> Iterator[Tagged]:
    yield from read_tagged(path, words, tags)


def _tagged_hub(name: str, split: str, words: str, tags: str, config: str | None, code: str) -> Iterator[Tagged]:
    yield from in_iob2(name, list(read_hub_tagged(name, split, words, tags, config)))


def _store(
    generate: Callable[..., Iterator[Any]], features: Features, cache: str | None = None, **arguments: Any
) -> Dataset:
    """Arrow of what `generate` yields, from the cache where the same arguments and code made it before."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    code = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    try:
        return Dataset.from_generator(
            generate, features=features, cache_dir=cache, gen_kwargs={**arguments, "code": code}
        )
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, GrunlpError):
            raise error.__cause__ from None
        raise
