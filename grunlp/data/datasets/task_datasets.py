"""The data sets that a task can be trained on: the user's own files, Hugging Face data sets, and named ones."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from datasets import Dataset, Features

from grunlp.data.datasets.arrow_cache import cached_dataset
from grunlp.data.datasets.corpus import SPLITS
from grunlp.data.datasets.streaming import Shard, StreamingDataset, stream_files
from grunlp.data.file_layout import FileLayout
from grunlp.data.input_manifest import record_input
from grunlp.data.readers.hub import num_shards
from grunlp.utils.errors import UserError

Splits = dict[str, Any]  # of Dataset; the training split may be a StreamingDataset


@dataclass(frozen=True)
class TaskDatasets:
    """Readers of the data sets of one task.

    Args:
        open_file: opens one of the user's files (`data=files`); called with its path, the paths of its companions, and
            the layout that the options request.
        read_hub: yields the examples of a data set of the hub (`data=hub`); called with its name, split, configuration,
            shard, and the values of `hub_columns`.
        hub_features: the columns of these examples.
        hub_columns: options that name the columns to read.
        optional_hub_columns: options that name further columns and may be null.
        file_columns: for each role of a column, the option that names it: {"text": "source"}.
        companions: suffixes of the options that name a second file for each split, such as "target" for
            `data.train_target`.
        detect_layout: detects the layout of a file; called like `open_file`.
        read_file: yields the examples of a training file, for a stream; called with its path, the paths of its
            companions, and its layout. None: files cannot be streamed.
        named: a function for each named data set that opens its splits.
    """

    open_file: Callable[..., Dataset]
    read_hub: Callable[..., Iterator[Any]]
    hub_features: Features
    hub_columns: tuple[str, ...]
    optional_hub_columns: tuple[str, ...] = ()
    file_columns: Mapping[str, str] = field(default_factory=dict)
    companions: tuple[str, ...] = ()
    detect_layout: Callable[..., FileLayout] | None = None
    read_file: Callable[..., Iterator[Any]] | None = None
    named: Mapping[str, Callable[[], Splits]] = field(default_factory=dict)

    def open(self, data: Mapping[str, Any], stream: bool = False) -> Splits:
        """Open the splits of the data set described by a configuration.

        Args:
            data: the group `data`; the options of cross-validation have no effect here.
            stream: make the training split a `StreamingDataset`; files and data sets of the hub can be streamed.

        Raises:
            UserError: an option, a file, a column or a split is missing, or its content is malformed.
        """
        if data["name"] == "files":
            return self._open_files(data, stream)
        if data["name"] == "hub":
            return self._open_hub(data, stream)
        return self.named[data["name"]]()

    def requested_layout(self, data: Mapping[str, Any]) -> FileLayout:
        """Return the parts of the layout of the user's own files that options of the group `data` give."""
        return FileLayout(
            format=data.get("format"),
            encoding=data.get("encoding"),
            separator=data.get("separator"),
            quoting=data.get("quoting"),
            header=data.get("header"),
            columns={role: data.get(option) for role, option in self.file_columns.items()},
            tags=data.get("tag_scheme"),
        )

    def _open_files(self, data: Mapping[str, Any], stream: bool) -> Splits:
        require_options(data, ("train",), "data=files reads your own files", "FILE")
        requested, splits = self.requested_layout(data), Splits()
        for split in filter(data.get, SPLITS):
            paths = [data[split], *(data[f"{split}_{companion}"] for companion in self.companions)]
            if stream and split == "train":
                assert self.detect_layout is not None and self.read_file is not None
                splits[split] = stream_files(self.read_file, paths, self.detect_layout, requested)
            else:
                splits[split] = self.open_file(*paths, requested)
        return splits

    def _open_hub(self, data: Mapping[str, Any], stream: bool) -> Splits:
        needed = ("path", *self.hub_columns)
        names = [f"data.{key}" for key in needed]
        require_options(data, needed, f"data=hub needs {', '.join(names[:-1])} and {names[-1]}", "NAME")
        path, config = data["path"], data["config"]
        record_input(path)
        columns = [data[key] for key in (*self.hub_columns, *self.optional_hub_columns)]
        # the content behind a name on the hub may change, so no copy outlives the process
        cache_dir = tempfile.mkdtemp(prefix="grunlp-")
        atexit.register(shutil.rmtree, cache_dir, ignore_errors=True)
        splits = Splits()
        for split in filter(data.get, SPLITS):
            read = partial(self.read_hub, path, data[split], config)
            if stream and split == "train":
                count = num_shards(path, data[split], config)
                shards = [Shard(f"shard {i + 1}", partial(read, (i, count), *columns)) for i in range(count)]
                splits[split] = StreamingDataset(path, shards)
            else:
                splits[split] = cached_dataset(partial(read, None, *columns), self.hub_features, cache_dir=cache_dir)
        return splits


def generated_splits(generate: Callable[[str], Iterator[Any]], features: Features) -> Splits:
    """Open the splits of a toy data set. `generate` is called with the name of a split and yields its examples."""
    return {split: cached_dataset(partial(generate, split), features) for split in SPLITS}


def require_options(data: Mapping[str, Any], keys: Sequence[str], reason: str, value: str) -> None:
    """Raise UserError if one of the given options of the group `data` is null.

    Args:
        data: the group `data`.
        keys: the options.
        reason: why they are needed.
        value: placeholder for the value in the hint, such as "FILE".
    """
    for key in keys:
        if data[key] is None:
            raise UserError(f"data.{key} is not given", reason, f"Add data.{key}={value}")


def needs_streaming(data: Mapping[str, Any]) -> bool:
    """Return whether the training split is a pattern that matches several files, which can only be streamed."""
    return data["name"] == "files" and data["train"] is not None and not os.path.isfile(data["train"])
