"""Examples that readers yield, as Arrow files in a cache."""

import atexit
import glob
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset, Features
from datasets.exceptions import DatasetGenerationError

from grunlp.data.input_manifest import record_input
from grunlp.utils.errors import DataError, UserError

_PACKAGE = Path(__file__).parents[2]


def cached_dataset(
    generate: Callable[..., Iterator[Any]], features: Features, cache_dir: str | None = None, **arguments: Any
) -> Dataset:
    """Arrow of what `generate` yields, from the cache where the same arguments and code made it before.

    Args:
        generate: is called with `arguments` and `code`, which only serves to tell versions apart.
        features: the columns of what it yields.
        cache_dir: the folder; None is that of `datasets`.
    """
    modules = sorted(path for folder in ("data", "tasks") for path in (_PACKAGE / folder).rglob("*.py"))
    code = hashlib.sha256(b"".join(path.read_bytes() for path in modules)).hexdigest()
    try:
        return Dataset.from_generator(
            generate, features=features, cache_dir=cache_dir, gen_kwargs={**arguments, "code": code}
        )
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, UserError):
            raise error.__cause__ from None
        raise


def file_fingerprints(*paths: str | Path | None) -> str:
    """Size and time of change of each file that is there: what tells a changed file from the cached one."""
    record_input(*paths)
    stats = [Path(path).stat() for path in paths if path is not None and Path(path).is_file()]
    # no list: `datasets` would take its items for shards, and read everything once for each
    return " ".join(f"{stat.st_size}-{stat.st_mtime_ns}" for stat in stats)


def glob_absolute_paths(pattern: str) -> list[str]:
    """As `glob_files`, as whole paths."""
    return [str(Path(path).resolve()) for path in glob_files(pattern)]


def glob_files(pattern: str) -> list[str]:
    """The files that a pattern stands for, in the order of their names. pattern: a file, or one as shells write them.

    Raises:
        UserError: there is none.
    """
    if os.path.isdir(pattern):
        raise UserError(f"{pattern} is a folder", "files are read", f"Type '{pattern}/*' for all of it.")
    paths = [pattern] if os.path.isfile(pattern) else sorted(filter(os.path.isfile, glob.glob(pattern, recursive=True)))
    if not paths:
        raise UserError(f"{pattern}: no such file", "a file, or a pattern as shells write them", "Check the path.")
    return paths


def raise_error(error: DataError) -> None:
    """What a reader that could leave out bad lines calls where none may be missing."""
    raise error


def load_hub_dataset(
    generate: Callable[..., Iterator[Any]],
    features: Features,
    path: str | None,
    splits: Mapping[str, str | None],
    **columns: str | None,
) -> dict[str, Dataset]:
    """Splits of a hub data set. What lies under a name may change, so no copy outlives the process.

    Args:
        generate, features: as above; `generate` is called with `name`, `split`, `columns` and `part`, which is None.
        path: its name.
        splits: what it calls each of ours; None: it has none.
        columns: which of its columns are read, and `config`.
    """
    record_input(path)
    cache = tempfile.mkdtemp(prefix="grunlp-")
    atexit.register(shutil.rmtree, cache, ignore_errors=True)
    return {
        split: cached_dataset(generate, features, cache, name=path, split=part, part=None, **columns)
        for split, part in splits.items()
        if part
    }


def require_options(there: str, what: str, **keys: str | None) -> None:
    """Raise for the first key of the group `data` that is not given."""
    for key, value in keys.items():
        if value is None:
            raise UserError(f"data.{key} is not given", there, f"Add data.{key}={what}")
