"""Data sets of a task: the user's files, data sets of the hub and named ones, in memory or streamed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, Features, Value

from grunlp.data.datasets.streaming import StreamingDataset
from grunlp.data.datasets.task_datasets import (
    TaskDatasets,
    generated_splits,
    needs_streaming,
    require_options,
)
from grunlp.data.file_layout import FileLayout
from grunlp.utils.errors import UserError

FEATURES = Features({"id": Value("string"), "text": Value("string"), "label": Value("string")})


def read_pairs(path: str, labels: str, layout: FileLayout) -> Iterator[dict[str, str]]:
    prefix = layout.column("text") or ""
    for text, label in zip(Path(path).read_text().split(), Path(labels).read_text().split(), strict=True):
        yield {"id": text, "text": prefix + text, "label": label}


def open_pairs(path: str, labels: str, requested: FileLayout) -> Dataset:
    return Dataset.from_list(list(read_pairs(path, labels, requested)), features=FEATURES)


def detect_layout(path: str, labels: str, requested: FileLayout) -> FileLayout:
    return requested


def read_hub(
    path: str, split: str, config: str | None, shard: Any, text: str, label: str | None
) -> Iterator[dict[str, str]]:
    yield {"id": "", "text": f"{path} {split} {config} {shard} {text}", "label": str(label)}


def generate(split: str) -> Iterator[dict[str, str]]:
    yield from ({"id": "", "text": f"{split} {i}", "label": "x"} for i in range(3))


DATASETS = TaskDatasets(
    open_file=open_pairs, read_hub=read_hub, hub_features=FEATURES, hub_columns=("text",),
    optional_hub_columns=("label",), file_columns={"text": "prefix"}, companions=("labels",),
    detect_layout=detect_layout, read_file=read_pairs,
    named={"toy": lambda: generated_splits(generate, FEATURES)},
)  # fmt: skip


def file_data(folder: Path, *splits: str) -> dict[str, Any]:
    data: dict[str, Any] = {"name": "files", "prefix": ">", "train": None, "dev": None, "test": None}
    data |= {f"{split}_labels": None for split in ("train", "dev", "test")}
    for split in splits:
        for key, words in ((split, f"{split}1 {split}2"), (f"{split}_labels", f"{split}A {split}B")):
            (folder / key).write_text(words)
            data[key] = str(folder / key)
    return data


def test_files_are_opened_with_their_companions_and_options(tmp_path: Path) -> None:
    splits = DATASETS.open(file_data(tmp_path, "train", "dev"))
    assert list(splits) == ["train", "dev"]
    assert splits["dev"][:] == {"id": ["dev1", "dev2"], "text": [">dev1", ">dev2"], "label": ["devA", "devB"]}
    with pytest.raises(UserError, match=r"(?s)data\.train is not given.*Add data\.train=FILE"):
        DATASETS.open(file_data(tmp_path, "dev"))


def test_the_training_split_alone_is_streamed(tmp_path: Path) -> None:
    splits = DATASETS.open(file_data(tmp_path, "train", "dev"), stream=True)
    assert isinstance(splits["train"], StreamingDataset) and isinstance(splits["dev"], Dataset)
    assert [one["text"] for one in splits["train"]] == [">train1", ">train2"]


def test_columns_of_the_hub_are_passed_on(tmp_path: Path) -> None:
    data = {"name": "hub", "path": str(tmp_path), "config": "c", "text": "body", "label": None}
    data |= {"train": "train", "dev": "validation", "test": None}
    splits = DATASETS.open(data)
    assert splits["train"][0] == {"id": "", "text": f"{tmp_path} train c None body", "label": "None"}
    assert splits["dev"]["text"][0].split()[1] == "validation" and "test" not in splits
    with pytest.raises(UserError, match=r"(?s)data\.text is not given.*needs data\.path and data\.text"):
        DATASETS.open({**data, "text": None})


def test_named_data_sets_are_generated_split_by_split() -> None:
    splits = DATASETS.open({"name": "toy"})
    assert list(splits) == ["train", "dev", "test"] and splits["test"]["text"][:] == ["test 0", "test 1", "test 2"]


def test_patterns_of_several_files_need_streaming(tmp_path: Path) -> None:
    (tmp_path / "[a]").write_text("")
    assert needs_streaming({"name": "files", "train": f"{tmp_path}/*"})
    assert not needs_streaming({"name": "files", "train": f"{tmp_path}/[a]"})
    assert not needs_streaming({"name": "files", "train": None}) and not needs_streaming({"name": "hub", "train": "t"})


def test_the_first_missing_option_is_named() -> None:
    require_options({"a": 1, "b": ""}, ("a", "b"), "", "X")
    with pytest.raises(UserError, match=r"(?s)data\.b is not given.*because.*Add data\.b=X"):
        require_options({"a": 1, "b": None, "c": None}, ("a", "b", "c"), "because", "X")
