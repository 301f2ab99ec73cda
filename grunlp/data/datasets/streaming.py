"""Training examples that are read as they are needed: never all in memory, and nothing of them in a cache.

A split that is streamed has parts, its files mostly, and is read in passes. Several readers share a pass: where there
are at least as many parts as readers each takes whole parts, otherwise all read all parts and take an example in turn.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, Features, IterableDataset
from datasets.distributed import split_dataset_by_node

from grunlp.data.datasets.arrow_cache import file_fingerprints, glob_absolute_paths, load_hub_dataset
from grunlp.data.input_manifest import record_input
from grunlp.data.readers.hub import num_shards
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

_LOG_INTERVAL = 5.0  # seconds between two lines in the log


class StreamingDataset:
    """A training split. One goes through it as through a list, and through one of its columns as `stream["words"]`;
    each time that reads everything once, in order, and says in the log how far it has come.

    Args:
        name: for the log.
        generate: yields the examples of a part; a function of a module, as other processes call it too.
        shards: the arguments of each.
        predicate: says whether an example takes part; None keeps all.
    """

    def __init__(
        self,
        name: str,
        generate: Callable[..., Iterator[Any]],
        shards: Sequence[Mapping[str, Any]],
        predicate: Callable[[Any], bool] | None = None,
    ) -> None:
        self.name, self.generate, self.shards, self.predicate = name, generate, list(shards), predicate
        self._counts: tuple[int, int] | None = None  # examples that take part and others, when all have been read

    def filter(self, predicate: Callable[[Any], bool]) -> "StreamingDataset":
        """The same of which fewer examples take part."""
        assert self.predicate is None
        return StreamingDataset(self.name, self.generate, self.shards, predicate)

    def with_reader(self, generate: Callable[..., Iterator[Any]], **arguments: Any) -> "StreamingDataset":
        """The same parts read by another function, which is told more of them."""
        return StreamingDataset(self.name, generate, [{**part, **arguments} for part in self.shards], self.predicate)

    def __iter__(self) -> Iterator[Any]:
        kept = left_out = 0
        told = time.monotonic()
        for example in _iter_shards(self.shards, self.generate):
            if self.predicate is None or self.predicate(example):
                kept += 1
                yield example
            else:
                left_out += 1
            if time.monotonic() - told > _LOG_INTERVAL:
                told = time.monotonic()
                log.info("%s: %d training examples read", self.name, kept + left_out)
        if self._counts is None:
            said = "%s: %d training examples, %d more left out because they occur in dev or test, or are empty"
            log.info(said, self.name, kept, left_out)
        self._counts = kept, left_out

    @property
    def column_names(self) -> list[str]:
        """Of its first example."""
        return list(next(_iter_shards(self.shards, self.generate)))

    def __getitem__(self, column: str) -> Iterator[Any]:
        return (example[column] for example in self)

    def __len__(self) -> int:
        """How many take part; they are read where they never were."""
        return self._count_examples()[0]

    @property
    def num_removed(self) -> int:
        """How many do not."""
        return self._count_examples()[1]

    def _count_examples(self) -> tuple[int, int]:
        if self._counts is None:
            for _ in self:
                pass
        assert self._counts is not None
        return self._counts

    def shard(self, reader_index: int, num_readers: int, pass_number: int, seed: int) -> IterableDataset:
        """What one of several readers has of a pass, those too that do not take part.

        Args:
            reader_index: which, counted from 0.
            pass_number: of the pass; each has the parts in another order.
            seed: of these orders.
        """
        order = np.random.default_rng([seed, pass_number]).permutation(len(self.shards))
        arguments = {"parts": [self.shards[part] for part in order], "generate": self.generate}
        examples = IterableDataset.from_generator(_iter_shards, gen_kwargs=arguments)
        if len(self.shards) >= num_readers:
            return examples.shard(num_readers, reader_index, contiguous=False)
        return split_dataset_by_node(examples, reader_index, num_readers)


def stream_files(
    generate: Callable[..., Iterator[Any]],
    pattern: str,
    companion_columns: Mapping[str, str | None],
    **arguments: Any,
) -> StreamingDataset:
    """The examples of all files that a pattern stands for.

    Args:
        generate: is called with `path`, the keys of `companion_columns`, `arguments`, and `stamps` and `code`, as by
            `store`.
        companion_columns: patterns of files that belong to the others, as many, in the order of their names; None:
            there are none.

    Raises:
        UserError: there are no files, or other numbers of them.
    """
    files: dict[str, Sequence[str | None]] = {"path": glob_absolute_paths(pattern)}
    for key, other in companion_columns.items():
        files[key] = glob_absolute_paths(other) if other else [None] * len(files["path"])
        if len(files[key]) != len(files["path"]):
            there = f"{pattern} stands for {len(files['path'])}, {other} for {len(files[key])}"
            raise UserError("files side by side, but not as many", there, "Give each file the one beside it.")
    rows = [dict(zip(files, paths, strict=True)) for paths in zip(*files.values(), strict=True)]
    return StreamingDataset(
        pattern,
        generate,
        [{**row, **arguments, "stamps": file_fingerprints(*row.values()), "code": ""} for row in rows],
    )


def is_glob(data: Mapping[str, Any]) -> bool:
    """Whether the training split of a group `data` can only be streamed: a pattern stands for its files."""
    train = data.get("train")
    return data["name"] in ("files", "srl-files") and train is not None and not os.path.isfile(train)


def open_hub_dataset(
    generate: Callable[..., Iterator[Any]],
    features: Features,
    path: str | None,
    splits: Mapping[str, str | None],
    stream: bool,
    *,
    config: str | None,
    **columns: str | None,
) -> dict[str, Dataset | StreamingDataset]:
    """Splits of a hub data set, as `load_hub_dataset` gives them.

    Args:
        generate, features, path, splits, config, columns: as for `load_hub_dataset`; `generate` is called with `part`,
        too.
        stream: the training split is to be a `StreamingDataset`.
    """
    stored = {split: name for split, name in splits.items() if not (stream and split == "train")}
    found: dict[str, Dataset | StreamingDataset] = {
        **load_hub_dataset(generate, features, path, stored, config=config, **columns)
    }
    if stream:
        record_input(path)
        assert path is not None and splits["train"] is not None
        same = {"name": path, "split": splits["train"], "config": config, **columns, "code": ""}
        count = num_shards(path, splits["train"], config)
        found["train"] = StreamingDataset(path, generate, [{**same, "part": (i, count)} for i in range(count)])
    return found


def _iter_shards(shards: Sequence[Mapping[str, Any]], generate: Callable[..., Iterator[Any]]) -> Iterator[Any]:
    """Of several parts; before their ids stands which they are of."""
    for part in shards:
        place = f"{Path(part['path']).name}:" if "path" in part else f"part {part['part'][0] + 1}:"
        for example in generate(**part):
            example["id"] = place + example["id"]
            yield example
