"""Corpora of pairs of texts: a source, and what is to be made of it."""

import logging
from collections.abc import Callable, Iterator, Mapping, Set
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, List, Value, disable_progress_bars

from grunlp.data.datasets.arrow_cache import cached_dataset, file_fingerprints, require_options
from grunlp.data.datasets.corpus import SPLITS, Corpus
from grunlp.data.datasets.cross_validation import select_fold, split_options
from grunlp.data.datasets.public import PublicFile, locate_dataset
from grunlp.data.datasets.streaming import StreamingDataset, is_glob, open_hub_dataset, stream_files
from grunlp.data.deduplication import normalized_text
from grunlp.data.pair import ParallelExample
from grunlp.data.readers.hub import ShardRef, read_hub_pairs
from grunlp.data.readers.parallel import read_parallel
from grunlp.data.toy.reversal import reversal_pairs
from grunlp.data.toy.summarization import summarization_pairs
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

_USER_FILES_EXAMPLE = "data=files data.train=FILE data.dev=FILE"
_COLUMNS = ("source", "target", "references")
_AESLC = ("body", "subject", "annotations")
_MULTI30K = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"
_MULTI30K_FILES = {  # SHA-256 of the text of each
    "train.de.gz": "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72",
    "train.en.gz": "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6",
    "val.de.gz": "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660",
    "val.en.gz": "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227",
    "test_2016_flickr.de.gz": "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16",
    "test_2016_flickr.en.gz": "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182",
}

FEATURES = Features(
    {"id": Value("string"), "source": Value("string"), "target": Value("string"), "references": List(Value("string"))}
)


def open_parallel_corpus(data: Mapping[str, Any], drop_empty_targets: bool, stream: bool = False) -> Corpus:
    """Open the corpus that a config of the group `data` describes.

    Training pairs with an empty side are left out, and so are those that have a text in common with a pair of dev or
    test; the log says how many.

    Args:
        data: the keys of `configs/data/<name>.yaml`.
        drop_empty_targets: whether that holds of sources and of targets with their further references, as in
            translation, or of
            sources alone: of summaries many are "Re: meeting".
        stream: the training split is to be a `StreamingDataset`, of files and the hub.

    Raises:
        UserError: a file or split is missing, broken or has no pairs.
    """
    disable_progress_bars()
    options, folds = split_options(data)
    name = options.pop("name")
    opener = partial(_OPENERS[name], stream=True) if stream else _OPENERS[name]
    splits = select_fold(opener(**options), folds, lambda pairs: pairs["source"])
    train, dev, test = splits["train"], splits["dev"], splits.get("test")
    others = [part for part in (dev, test) if part is not None]
    held_out = {"source": {text for part in others for text in part["source"]}}
    if drop_empty_targets:
        held_out["target"] = {text for part in others for text in part["target"]}
        held_out["target"] |= {text for part in others for texts in part["references"] for text in texts}
    held_out = {side: {normalized_text([text]) for text in texts} - {""} for side, texts in held_out.items()}
    if isinstance(train, StreamingDataset):
        return Corpus(name, train.filter(partial(_is_complete_and_not_held_out, held_out)), dev, test, None, 0)
    whole = len(train)
    train = _drop_empty(name, train)
    if not len(train):
        raise UserError(f"{name}: no training pair with text on both sides", f"{whole} in all", "Give other files.")
    keys = [[normalized_text([text]) in texts for text in train[side]] for side, texts in held_out.items()]
    keep = [i for i, occurs in enumerate(zip(*keys, strict=True)) if not any(occurs)]
    left_out = len(train) - len(keep)
    log.info("%s: %d training pairs, %d more left out because they occur in dev or test", name, len(keep), left_out)
    if not keep:
        raise UserError(f"{name}: all training pairs occur in dev or test", f"{left_out} in all", "Give other files.")
    return Corpus(name, train.select(keep) if left_out else train, dev, test, None, left_out)


def _is_complete_and_not_held_out(held_out: Mapping[str, Set[str]], pair: Mapping[str, Any]) -> bool:
    if not pair["source"].strip() or not pair["target"].strip():
        return False
    return not any(normalized_text([pair[side]]) in keys for side, keys in held_out.items())


def _drop_empty(name: str, train: Dataset) -> Dataset:
    keep: list[int] = []
    empty: list[int] = []
    for i, (source, target) in enumerate(zip(train["source"], train["target"], strict=True)):
        (keep if source.strip() and target.strip() else empty).append(i)
    if empty:
        ids = train.select(empty[:5])["id"]
        log.warning(
            "%s: %d training pairs left out because a side is empty (%s%s)",
            name, len(empty), ", ".join(ids), ", ..." if len(empty) > len(ids) else "",
        )  # fmt: skip
    return train.select(keep) if empty else train


def open_parallel_split(data: Mapping[str, Any], split: str, drop_empty_targets: bool) -> Dataset:
    """One split of the corpus that a run was trained on. Raises UserError where there is none."""
    pairs: Dataset | None = getattr(open_parallel_corpus(data, drop_empty_targets, stream=is_glob(data)), split)
    if pairs is None:
        raise UserError(f"the run has no {split} split", "it was trained without one", "Type input=FILE")
    return pairs


def open_parallel_file(
    path: str, target_path: str | None, source: str | None, target: str | None, references: str | None
) -> Dataset:
    """One file of pairs, or two side by side. Arguments as `read_parallel` takes them."""
    files = (str(Path(path).resolve()), str(Path(target_path).resolve()) if target_path else None)
    names = {"source": source, "target": target, "references": references}
    return cached_dataset(
        _read_file, FEATURES, path=files[0], target_path=files[1], stamps=file_fingerprints(*files), **names
    )


def _open_files(
    train: str | None,
    dev: str | None,
    test: str | None,
    train_target: str | None,
    dev_target: str | None,
    test_target: str | None,
    source: str | None,
    target: str | None,
    references: str | None,
    stream: bool = False,
) -> dict[str, Any]:
    require_options("a training needs data.train and data.dev", "FILE", train=train)
    files = zip(SPLITS, (train, dev, test), (train_target, dev_target, test_target), strict=True)
    columns = (source, target, references)
    return {
        split: (_stream_file if stream and split == "train" else open_parallel_file)(path, other, *columns)
        for split, path, other in files
        if path
    }


def _stream_file(
    path: str, target_path: str | None, source: str | None, target: str | None, references: str | None
) -> StreamingDataset:
    columns = {"source": source, "target": target, "references": references}
    return stream_files(_read_file, path, {"target_path": target_path}, **columns)


def _open_hub(
    path: str | None,
    config: str | None,
    source: str | None,
    target: str | None,
    train: str,
    dev: str,
    test: str | None,
    stream: bool = False,
) -> dict[str, Any]:
    there = "a hub data set needs data.path, data.source and data.target"
    require_options(there, "NAME", path=path, source=source, target=target)
    splits = {"train": train, "dev": dev, "test": test}
    return open_hub_dataset(_read_hub, FEATURES, path, splits, stream, source=source, target=target, config=config)


def _open_toy(generate: Callable[..., Iterator[ParallelExample]]) -> dict[str, Dataset]:
    """A demonstration, made by rules."""
    return {split: cached_dataset(generate, FEATURES, split=split) for split in SPLITS}


def _open_multi30k(source: str, target: str) -> dict[str, Dataset]:
    inside = "train, val and test_2016_flickr, each .de.gz and .en.gz, a sentence a line"
    home = "github.com/multi30k/dataset (data/task1/raw)"
    files = [PublicFile(name, f"{_MULTI30K}/{name}", sha256) for name, sha256 in _MULTI30K_FILES.items()]
    name, licence = f"multi30k-{source}-{target}", "for research, not for commerce"
    folder = locate_dataset(name, "multi30k", inside, home, _USER_FILES_EXAMPLE, files, licence)
    stems = {"train": "train", "dev": "val", "test": "test_2016_flickr"}
    sides = {split: [str(folder / f"{stem}.{side}.gz") for side in (source, target)] for split, stem in stems.items()}
    return {split: open_parallel_file(one, other, None, None, None) for split, (one, other) in sides.items()}


def _open_aeslc() -> dict[str, Dataset]:
    inside = "train, dev and test.jsonl.gz, an object a line with body, subject and annotations"
    folder = locate_dataset("aeslc", "aeslc", inside, "github.com/ryanzhumich/AESLC", _USER_FILES_EXAMPLE)
    return {split: open_parallel_file(str(folder / f"{split}.jsonl.gz"), None, *_AESLC) for split in SPLITS}


def text_columns(data: Mapping[str, Any]) -> dict[str, str | None]:
    """What the data of a run call source, target and references; None where that is left to the reader."""
    if data["name"] == "aeslc":
        return dict(zip(_COLUMNS, _AESLC, strict=True))
    return {column: data.get(column) if data["name"] == "files" else None for column in _COLUMNS}


_OPENERS: dict[str, Callable[..., dict[str, Dataset]]] = {
    "files": _open_files,
    "hub": _open_hub,
    "toy-reversal": lambda: _open_toy(_read_toy_reversal),
    "toy-summaries": lambda: _open_toy(_read_toy_summaries),
    "multi30k-de-en": lambda: _open_multi30k("de", "en"),
    "multi30k-en-de": lambda: _open_multi30k("en", "de"),
    "aeslc": _open_aeslc,
}


def _read_file(
    path: str,
    target_path: str | None,
    source: str | None,
    target: str | None,
    references: str | None,
    stamps: str,
    code: str,
) -> Iterator[ParallelExample]:
    return read_parallel(path, target_path, source, target, references)


def _read_hub(
    name: str, split: str, source: str, target: str, config: str | None, part: ShardRef, code: str
) -> Iterator[ParallelExample]:
    return read_hub_pairs(name, split, source, target, config, part)


def _read_toy_reversal(split: str, code: str) -> Iterator[ParallelExample]:
    return reversal_pairs(split)


def _read_toy_summaries(split: str, code: str) -> Iterator[ParallelExample]:
    return summarization_pairs(split)
