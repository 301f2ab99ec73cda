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

from grunlp.data.datasets.arrow_cache import matching_files, stamps, store_hub
from grunlp.data.input_manifest import note
from grunlp.data.readers.hub import count_parts
from grunlp.utils.errors import GrunlpError

log = logging.getLogger(__name__)

_TELL_EVERY = 5.0  # seconds between two lines in the log


class Stream:
    """A training split. One goes through it as through a list, and through one of its columns as `stream["words"]`;
    each time that reads everything once, in order, and says in the log how far it has come.

    Args:
        name: for the log.
        generate: yields the examples of a part; a function of a module, as other processes call it too.
        parts: the arguments of each.
        keep: says whether an example takes part; None keeps all.
    """

    def __init__(
        self,
        name: str,
        generate: Callable[..., Iterator[Any]],
        parts: Sequence[Mapping[str, Any]],
        keep: Callable[[Any], bool] | None = None,
    ) -> None:
        self.name, self.generate, self.parts, self.keep = name, generate, list(parts), keep
        self._counts: tuple[int, int] | None = None  # examples that take part and others, when all have been read

    def keeping(self, keep: Callable[[Any], bool]) -> "Stream":
        """The same of which fewer examples take part."""
        assert self.keep is None
        return Stream(self.name, self.generate, self.parts, keep)

    def reading(self, generate: Callable[..., Iterator[Any]], **arguments: Any) -> "Stream":
        """The same parts read by another function, which is told more of them."""
        return Stream(self.name, generate, [{**part, **arguments} for part in self.parts], self.keep)

    def __iter__(self) -> Iterator[Any]:
        kept = left_out = 0
        told = time.monotonic()
        for example in _examples(self.parts, self.generate):
            if self.keep is None or self.keep(example):
                kept += 1
                yield example
            else:
                left_out += 1
            if time.monotonic() - told > _TELL_EVERY:
                told = time.monotonic()
                log.info("%s: %d training examples read", self.name, kept + left_out)
        if self._counts is None:
            said = "%s: %d training examples, %d more left out because they occur in dev or test, or are empty"
            log.info(said, self.name, kept, left_out)
        self._counts = kept, left_out

    @property
    def column_names(self) -> list[str]:
        """Of its first example."""
        return list(next(_examples(self.parts, self.generate)))

    def __getitem__(self, column: str) -> Iterator[Any]:
        return (example[column] for example in self)

    def __len__(self) -> int:
        """How many take part; they are read where they never were."""
        return self._count()[0]

    @property
    def left_out(self) -> int:
        """How many do not."""
        return self._count()[1]

    def _count(self) -> tuple[int, int]:
        if self._counts is None:
            for _ in self:
                pass
        assert self._counts is not None
        return self._counts

    def share(self, reader: int, readers: int, number: int, seed: int) -> IterableDataset:
        """What one of several readers has of a pass, those too that do not take part.

        Args:
            reader: which, counted from 0.
            number: of the pass; each has the parts in another order.
            seed: of these orders.
        """
        order = np.random.default_rng([seed, number]).permutation(len(self.parts))
        arguments = {"parts": [self.parts[part] for part in order], "generate": self.generate}
        examples = IterableDataset.from_generator(_examples, gen_kwargs=arguments)
        if len(self.parts) >= readers:
            return examples.shard(readers, reader, contiguous=False)
        return split_dataset_by_node(examples, reader, readers)


def stream_files(
    generate: Callable[..., Iterator[Any]],
    pattern: str,
    beside: Mapping[str, str | None],
    **arguments: Any,
) -> Stream:
    """The examples of all files that a pattern stands for.

    Args:
        generate: is called with `path`, the keys of `beside`, `arguments`, and `stamps` and `code`, as by `store`.
        beside: patterns of files that belong to the others, as many, in the order of their names; None: there are none.

    Raises:
        GrunlpError: there are no files, or other numbers of them.
    """
    files: dict[str, Sequence[str | None]] = {"path": matching_files(pattern)}
    for key, other in beside.items():
        files[key] = matching_files(other) if other else [None] * len(files["path"])
        if len(files[key]) != len(files["path"]):
            there = f"{pattern} stands for {len(files['path'])}, {other} for {len(files[key])}"
            raise GrunlpError("files side by side, but not as many", there, "Give each file the one beside it.")
    rows = [dict(zip(files, paths, strict=True)) for paths in zip(*files.values(), strict=True)]
    return Stream(
        pattern, generate, [{**row, **arguments, "stamps": stamps(*row.values()), "code": ""} for row in rows]
    )


def names_many(data: Mapping[str, Any]) -> bool:
    """Whether the training split of a group `data` can only be streamed: a pattern stands for its files."""
    train = data.get("train")
    return data["name"] in ("files", "tags", "pairs", "classes") and train is not None and not os.path.isfile(train)


def open_hub(
    generate: Callable[..., Iterator[Any]],
    features: Features,
    path: str | None,
    splits: Mapping[str, str | None],
    stream: bool,
    *,
    config: str | None,
    **columns: str | None,
) -> dict[str, Dataset | Stream]:
    """Splits of a hub data set, as `store_hub` gives them.

    Args:
        generate, features, path, splits, config, columns: as for `store_hub`; `generate` is called with `part`, too.
        stream: the training split is to be a `Stream`.
    """
    stored = {split: name for split, name in splits.items() if not (stream and split == "train")}
    found: dict[str, Dataset | Stream] = {**store_hub(generate, features, path, stored, config=config, **columns)}
    if stream:
        note(path)
        assert path is not None and splits["train"] is not None
        same = {"name": path, "split": splits["train"], "config": config, **columns, "code": ""}
        count = count_parts(path, splits["train"], config)
        found["train"] = Stream(path, generate, [{**same, "part": (i, count)} for i in range(count)])
    return found


def _examples(parts: Sequence[Mapping[str, Any]], generate: Callable[..., Iterator[Any]]) -> Iterator[Any]:
    """Of several parts; before their ids stands which they are of."""
    for part in parts:
        place = f"{Path(part['path']).name}:" if "path" in part else f"part {part['part'][0] + 1}:"
        for example in generate(**part):
            example["id"] = place + example["id"]
            yield example
