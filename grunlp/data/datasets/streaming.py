"""Streaming of training examples, which are neither all held in memory nor copied to a cache.

A streamed split consists of shards, mostly files, and is read in passes. Several readers share a pass: with at least as
many shards as readers, each reads whole shards; otherwise all read all shards and take every n-th example.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from datasets import IterableDataset
from datasets.distributed import split_dataset_by_node

from grunlp.data.datasets.file_patterns import glob_absolute_paths
from grunlp.data.file_layout import FileLayout
from grunlp.data.input_manifest import record_input, record_layout
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

_LOG_INTERVAL = 5.0  # seconds


class Shard(NamedTuple):
    """A part of a streamed split that can be read independently.

    Attributes:
        name: prefix of the ids of its examples, for instance a file name.
        read: yields its examples; must be picklable, because it is sent to other processes.
    """

    name: str
    read: Callable[[], Iterator[Any]]


class StreamingDataset:
    """A training split that is read in order each time it is iterated, whole or by one column (`dataset["words"]`).

    Args:
        name: the name of the split, for the log.
        shards: the shards of the split.
        convert: a function that is applied to each example.
        predicate: a function that returns true for the examples to keep; None keeps all.
    """

    def __init__(
        self,
        name: str,
        shards: Sequence[Shard],
        convert: Callable[[Any], Any] | None = None,
        predicate: Callable[[Any], bool] | None = None,
    ) -> None:
        self.name, self.shards, self.convert, self.predicate = name, list(shards), convert, predicate
        self._counts: tuple[int, int] | None = None  # examples kept and removed, known after the first full pass

    def map(self, convert: Callable[[Any], Any]) -> "StreamingDataset":
        """Return a stream that also applies `convert` to each example, before the filter."""
        assert self.convert is None
        return StreamingDataset(self.name, self.shards, convert, self.predicate)

    def filter(self, predicate: Callable[[Any], bool]) -> "StreamingDataset":
        """Return the same stream without the examples for which `predicate` is false."""
        assert self.predicate is None
        return StreamingDataset(self.name, self.shards, self.convert, predicate)

    def __iter__(self) -> Iterator[Any]:
        kept = removed = 0
        logged = time.monotonic()
        for example in _iter_shards(self.shards, self.convert):
            if self.predicate is None or self.predicate(example):
                kept += 1
                yield example
            else:
                removed += 1
            if time.monotonic() - logged > _LOG_INTERVAL:
                logged = time.monotonic()
                log.info("%s: %d training examples read", self.name, kept + removed)
        if self._counts is None:
            log.info(
                "%s: %d training examples; %d removed because they occur in dev or test, or are empty",
                self.name, kept, removed,
            )  # fmt: skip
        self._counts = kept, removed

    @property
    def column_names(self) -> list[str]:
        """Names of the columns of the first example."""
        return list(next(_iter_shards(self.shards, self.convert)))

    def __getitem__(self, column: str) -> Iterator[Any]:
        return (example[column] for example in self)

    def __len__(self) -> int:
        """Count the examples that are kept; reads all of them the first time."""
        return self._count_examples()[0]

    @property
    def num_removed(self) -> int:
        """Number of examples that the filter removes; reads all of them the first time."""
        return self._count_examples()[1]

    def _count_examples(self) -> tuple[int, int]:
        if self._counts is None:
            for _ in self:
                pass
        assert self._counts is not None
        return self._counts

    def shard(self, reader_index: int, num_readers: int, pass_number: int, seed: int) -> IterableDataset:
        """Return the part of a pass that one of several readers reads, unfiltered.

        Args:
            reader_index: the number of the reader, from 0.
            num_readers: number of readers that share the pass.
            pass_number: the number of the pass; the order of shards differs between passes.
            seed: the random seed of these orders.
        """
        order = np.random.default_rng([seed, pass_number]).permutation(len(self.shards))
        arguments = {"shards": [self.shards[index] for index in order], "convert": self.convert}
        examples = IterableDataset.from_generator(_iter_shards, gen_kwargs=arguments)
        if len(self.shards) >= num_readers:
            return examples.shard(num_readers, reader_index, contiguous=False)
        return split_dataset_by_node(examples, reader_index, num_readers)


def stream_files(
    read: Callable[..., Iterator[Any]],
    patterns: Sequence[str | None],
    detect: Callable[..., FileLayout],
    requested: FileLayout,
) -> StreamingDataset:
    """Stream the examples of all files that match a pattern.

    Args:
        read: yields the examples of one file; called with one path for each of `patterns`, then the layout.
        patterns: a pattern of the files, then one for each kind of companion file, which must match equally many files
            in the same order; None: there are no such companions. See `glob_files`.
        detect: detects the layout of a file; called with the same paths, then `requested`.
        requested: the known parts of the layouts.

    Raises:
        UserError: there are no files, the number of companions differs from that of files, or the first file cannot be
            read.
    """
    pattern, files = str(patterns[0]), glob_absolute_paths(str(patterns[0]))
    columns: list[Sequence[str | None]] = [files]
    for companion in patterns[1:]:
        columns.append(glob_absolute_paths(companion) if companion else [None] * len(files))
        if len(columns[-1]) != len(files):
            counts = f"{pattern} matches {len(files)} files, {companion} matches {len(columns[-1])}"
            raise UserError(
                "the numbers of files and of companion files differ", counts, "Give one companion for each file."
            )
    paths = list(zip(*columns, strict=True))
    record_layout(files[0], detect(*paths[0], requested))
    record_input(*(path for group in paths for path in group))
    shards = [
        Shard(Path(files[i]).name, partial(_read_file, read, detect, group, requested)) for i, group in enumerate(paths)
    ]
    return StreamingDataset(pattern, shards)


def _read_file(
    read: Callable[..., Iterator[Any]],
    detect: Callable[..., FileLayout],
    paths: Sequence[str | None],
    requested: FileLayout,
) -> Iterator[Any]:
    """Read a file of a stream; its layout is settled when it is its turn."""
    yield from read(*paths, detect(*paths, requested))


def _iter_shards(shards: Sequence[Shard], convert: Callable[[Any], Any] | None) -> Iterator[Any]:
    """Yield the examples of several shards, with the name of the shard prefixed to their ids."""
    for shard in shards:
        for example in shard.read():
            example["id"] = f"{shard.name}:{example['id']}"
            yield example if convert is None else convert(example)
