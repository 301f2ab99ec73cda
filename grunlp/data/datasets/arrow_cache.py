"""A cache of parsed examples, as Arrow files of the library `datasets`."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from datasets import Dataset, Features
from datasets.exceptions import DatasetGenerationError

from grunlp.data.input_manifest import record_input
from grunlp.data.readers.text_lines import require_file
from grunlp.utils.errors import UserError

_PACKAGE_DIR = Path(__file__).parents[2]
_PARSING_CODE = ("data", "tasks")  # folders of the package with the code that parses files


def cached_dataset(
    read: Callable[[], Iterator[Any]],
    features: Features,
    files: Sequence[str | Path | None] = (),
    cache_dir: str | None = None,
) -> Dataset:
    """Return the examples that `read` yields, from the cache unless a file, an argument or the parsing code changed.

    Args:
        read: yields the examples; a module-level function, or a `functools.partial` of one.
        features: the columns of the examples.
        files: the files it reads, recorded as inputs of the training; None is skipped.
        cache_dir: the folder of the cache; None: the cache of `datasets`.

    Raises:
        DataError: a file is missing.
    """
    paths = [Path(path) for path in files if path is not None]
    for path in paths:
        if not path.is_dir():
            require_file(path)
    record_input(*paths)
    stats = [path.stat() for path in paths]
    # a string, because `datasets` treats each item of a list as a shard and would read everything once per item
    fingerprint = " ".join([_code_checksum(), *(f"{stat.st_size}-{stat.st_mtime_ns}" for stat in stats)])
    arguments = {"read": read, "fingerprint": fingerprint}
    try:
        return Dataset.from_generator(_generate, features=features, cache_dir=cache_dir, gen_kwargs=arguments)
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, UserError):
            raise error.__cause__ from None
        raise
    except ValueError as error:  # the library's answer to a generator that yields nothing
        if "corresponds to no data" not in str(error):
            raise
        source = next((str(path) for path in files if path is not None), "the data set")
        details = "it has no line with text, or none below its header"
        raise UserError(f"{source} has no usable example", details, "Check how it was made, or give another.") from None


def _generate(read: Callable[[], Iterator[Any]], fingerprint: str) -> Iterator[Any]:
    yield from read()


@cache
def _code_checksum() -> str:
    """Compute the checksum of all code that may be used to parse a file."""
    modules = sorted(path for folder in _PARSING_CODE for path in (_PACKAGE_DIR / folder).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in modules)).hexdigest()
