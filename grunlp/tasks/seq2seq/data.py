"""Corpora of pairs of texts: a source, and the target to generate from it."""

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, List, Value, disable_progress_bars

from grunlp.data.datasets.arrow_cache import cached_dataset
from grunlp.data.datasets.corpus import SPLITS, Corpus
from grunlp.data.datasets.cross_validation import select_fold
from grunlp.data.datasets.public import PublicFile, locate_dataset
from grunlp.data.datasets.streaming import StreamingDataset
from grunlp.data.datasets.task_datasets import (
    Splits,
    TaskDatasets,
    generated_splits,
    needs_streaming,
)
from grunlp.data.deduplication import normalized_text
from grunlp.data.file_layout import FileLayout
from grunlp.data.input_manifest import record_layout
from grunlp.data.readers.hub import read_hub_pairs
from grunlp.data.readers.json_records import JSON_FORMATS, json_format
from grunlp.data.readers.parallel import detect_pair_layout, read_parallel
from grunlp.data.readers.table import has_columns, read_head_like_training
from grunlp.data.toy.reversal import reversal_pairs
from grunlp.data.toy.summarization import summarization_pairs
from grunlp.runs.layout import run_layout
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

_USER_FILES_EXAMPLE = "data=files data.train=FILE data.dev=FILE"
_COLUMNS = ("source", "target", "references")
_AESLC_COLUMNS = ("body", "subject", "annotations")
_MULTI30K_URL = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"
_MULTI30K_SHA256 = {  # of the text of each file
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


def open_parallel_corpus(data: Mapping[str, Any], compare_targets: bool, stream: bool = False) -> Corpus:
    """Open the corpus described by a configuration.

    Training pairs with an empty side and those that share a text with a pair of dev or test are removed; their numbers
    are logged.

    Args:
        data: the group `data`.
        compare_targets: whether pairs that share a target or a reference are also removed, as in translation; otherwise
            only those that share a source, because many summaries are equal, such as "Re: meeting".
        stream: make the training split a `StreamingDataset`.

    Raises:
        UserError: a file or split is missing, malformed or has no pairs.
    """
    disable_progress_bars()
    name = data["name"]
    splits = select_fold(_DATASETS.open(data, stream), data, lambda pairs: pairs["source"])
    train, dev, test = splits["train"], splits["dev"], splits.get("test")
    held_out = _held_out_texts([pairs for pairs in (dev, test) if pairs is not None], compare_targets)
    if isinstance(train, StreamingDataset):
        return Corpus(name, train.filter(partial(_is_complete_and_not_held_out, held_out)), dev, test, None, 0)
    num_pairs = len(train)
    train = _drop_empty(name, train)
    if not len(train):
        details = f"{num_pairs} in all"
        raise UserError(f"{name}: no training pair with text on both sides", details, "Give other files.")
    keep = [i for i, pair in enumerate(train.select_columns([*held_out])) if not _is_held_out(held_out, pair)]
    num_removed = len(train) - len(keep)
    log.info("%s: %d training pairs; %d removed because they occur in dev or test", name, len(keep), num_removed)
    if not keep:
        details = f"{num_removed} in all"
        raise UserError(f"{name}: all training pairs occur in dev or test", details, "Give other files.")
    return Corpus(name, train.select(keep) if num_removed else train, dev, test, None, num_removed)


def _held_out_texts(others: Sequence[Dataset], compare_targets: bool) -> dict[str, Set[str]]:
    """Return the normalized texts of dev and test that a training pair may not contain, for each side."""
    held_out = {"source": {text for pairs in others for text in pairs["source"]}}
    if compare_targets:
        held_out["target"] = {text for pairs in others for text in pairs["target"]}
        held_out["target"] |= {text for pairs in others for texts in pairs["references"] for text in texts}
    return {side: {normalized_text([text]) for text in texts} - {""} for side, texts in held_out.items()}


def _is_complete_and_not_held_out(held_out: Mapping[str, Set[str]], pair: Mapping[str, Any]) -> bool:
    return bool(pair["source"].strip() and pair["target"].strip()) and not _is_held_out(held_out, pair)


def _is_held_out(held_out: Mapping[str, Set[str]], pair: Mapping[str, Any]) -> bool:
    return any(normalized_text([pair[side]]) in texts for side, texts in held_out.items())


def _drop_empty(name: str, train: Dataset) -> Dataset:
    """Remove pairs with an empty side and log their ids."""
    keep: list[int] = []
    empty: list[int] = []
    for i, (source, target) in enumerate(zip(train["source"], train["target"], strict=True)):
        (keep if source.strip() and target.strip() else empty).append(i)
    if empty:
        ids = train.select(empty[:5])["id"]
        log.warning(
            "%s: %d training pairs removed because a side is empty (%s%s)",
            name, len(empty), ", ".join(ids), ", ..." if len(empty) > len(ids) else "",
        )  # fmt: skip
    return train.select(keep) if empty else train


def open_parallel_split(data: Mapping[str, Any], split: str, compare_targets: bool) -> Any:
    """Open one split of the corpus that a run was trained on. Raises UserError if there is none."""
    return open_parallel_corpus(data, compare_targets, stream=needs_streaming(data)).require_split(split)


def open_parallel_file(path: str, target_path: str | None, requested: FileLayout) -> Dataset:
    """Open one file of pairs, or two parallel files. Arguments as for `detect_pair_layout`."""
    layout = detect_pair_layout(path, target_path, requested)
    record_layout(path, layout)
    path, target_path = str(Path(path).resolve()), str(Path(target_path).resolve()) if target_path else None
    return cached_dataset(partial(read_parallel, path, target_path, layout), FEATURES, [path, target_path])


def open_gold_pairs(
    trained: FileLayout, path: str, target_path: str | None, columns: Mapping[str, str | None]
) -> Dataset:
    """Open a file of pairs, or two side by side, for a trained model.

    Args:
        trained: what `trained_layout` returned.
        path: the file.
        target_path: the file of the targets of its sources, if they have one of their own.
        columns: source, target and references that the user named; None: as in the training.
    """
    encoding = trained.encoding
    if target_path is not None:
        return open_parallel_file(path, target_path, FileLayout(encoding=encoding, columns=columns))
    is_json = json_format(path, encoding) is not None
    same_kind = trained.format is None or is_json == (trained.format in JSON_FORMATS)
    defaults = trained.columns if same_kind else {}
    names = {role: columns.get(role) or defaults.get(role) for role in _COLUMNS}
    header = trained.header if same_kind and not any(columns.values()) else None
    requested = FileLayout(encoding=encoding, header=header, columns=names)
    head = None if is_json else read_head_like_training(path, trained)
    if head is not None and has_columns(head, (names["source"], names["target"])):
        requested = replace(requested, separator=head.layout.separator, quoting=head.layout.quoting)
    return open_parallel_file(path, None, requested)


def trained_layout(run: Path, data: Mapping[str, Any]) -> FileLayout:
    """Return how the training file of a run was read, or what is known of it from its configuration."""
    layout = run_layout(run)
    if layout is not None:
        return layout
    return _DATASETS.requested_layout(data) if data["name"] == "files" else FileLayout(columns=text_columns(data))


def text_columns(data: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the names of source, target and references in the data of a run; None: the reader detects the column."""
    if data["name"] == "aeslc":
        return dict(zip(_COLUMNS, _AESLC_COLUMNS, strict=True))
    return {column: data[column] if data["name"] == "files" else None for column in _COLUMNS}


def _open_multi30k(source: str, target: str) -> Splits:
    expected = "train, val and test_2016_flickr, each .de.gz and .en.gz, a sentence a line"
    homepage = "github.com/multi30k/dataset (data/task1/raw)"
    files = [PublicFile(name, f"{_MULTI30K_URL}/{name}", sha256) for name, sha256 in _MULTI30K_SHA256.items()]
    name, license_name = f"multi30k-{source}-{target}", "for research, not for commerce"
    folder = locate_dataset(name, "multi30k", expected, homepage, _USER_FILES_EXAMPLE, files, license_name)
    stems = {"train": "train", "dev": "val", "test": "test_2016_flickr"}
    return {
        split: open_parallel_file(
            str(folder / f"{stem}.{source}.gz"), str(folder / f"{stem}.{target}.gz"), FileLayout()
        )
        for split, stem in stems.items()
    }


def _open_aeslc() -> Splits:
    expected = "train, dev and test.jsonl.gz, an object a line with body, subject and annotations"
    folder = locate_dataset("aeslc", "aeslc", expected, "github.com/ryanzhumich/AESLC", _USER_FILES_EXAMPLE)
    requested = FileLayout(columns=dict(zip(_COLUMNS, _AESLC_COLUMNS, strict=True)))
    return {split: open_parallel_file(str(folder / f"{split}.jsonl.gz"), None, requested) for split in SPLITS}


_DATASETS = TaskDatasets(
    open_file=open_parallel_file,
    detect_layout=detect_pair_layout,
    read_file=read_parallel,
    file_columns={column: column for column in _COLUMNS},
    companions=("target",),
    read_hub=read_hub_pairs,
    hub_features=FEATURES,
    hub_columns=("source", "target"),
    named={
        "toy-reversal": partial(generated_splits, reversal_pairs, FEATURES),
        "toy-summaries": partial(generated_splits, summarization_pairs, FEATURES),
        "multi30k-de-en": partial(_open_multi30k, "de", "en"),
        "multi30k-en-de": partial(_open_multi30k, "en", "de"),
        "aeslc": _open_aeslc,
    },
)
