"""Safe reading of JSON and YAML in run folders: bounded size and depth, no references, no duplicate keys."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from grunlp.utils.errors import DataError

MAX_CONFIG_BYTES, MAX_JSON_BYTES = 2**20, 2**28  # of a configuration; of a table of words or numbers
MAX_DEPTH = 32  # of nested objects and lists
MAX_ENTRIES = 10_000  # number of entries of a run folder that are checked
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_HINT = "Copy the whole folder again, or train again."


def forbid_external_symlinks(folder: Path) -> None:
    """Raise DataError unless a folder contains only files, folders, and symbolic links to targets inside it.

    The target of any other link would be read and written as if it belonged to the run.
    """
    home = Path(os.path.realpath(folder))
    for path in islice(_iter_entries(folder), MAX_ENTRIES):
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(home):
            raise DataError(path, None, "is a link that leads out of the run folder", "a run is self-contained", _HINT)
        if target.exists() and not (target.is_file() or target.is_dir()):
            raise DataError(
                path, None, "is neither a file nor a folder", "a run folder contains only files and folders", _HINT
            )


def _iter_entries(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, followlinks=False):
        yield from (Path(parent) / name for name in (*folders, *files))


def read_text(path: Path, max_bytes: int) -> str:
    """Read a text file. Raises DataError if it is larger than `max_bytes`, missing or not UTF-8."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise DataError(path, None, "is too large", f"the limit is {max_bytes} bytes", _HINT)
        return content.decode("utf-8")
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror or error}", "", _HINT) from None
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"byte {error.start} is not UTF-8", "expected text", _HINT) from None


def read_json(path: Path, max_bytes: int = MAX_JSON_BYTES, require_finite: bool = True) -> Any:
    """Read a JSON file.

    Args:
        path: the file.
        max_bytes: largest size of the file.
        require_finite: whether to reject NaN and infinity.

    Raises:
        DataError: as for `read_text`; also if the file is not JSON, is nested deeper than `MAX_DEPTH`, or has duplicate
            keys or lone surrogates.
    """
    text = read_text(path, max_bytes)
    try:
        content = json.loads(
            text, object_pairs_hook=_reject_duplicate_keys, parse_constant=_reject_constant if require_finite else float
        )
        _check_depth(content, MAX_DEPTH)
        if _LONE_SURROGATE.search(text):  # JSON can escape it, but UTF-8 cannot encode it
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise DataError(path, None, f"not a JSON file of grunlp: {error}", "", _HINT) from None
    return content


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of nested mappings with plain values.

    Raises:
        DataError: as for `read_text`; also if the file has anchors, tags, `${...}`, duplicate keys, or keys that are
            not strings.
    """
    text = read_text(path, MAX_CONFIG_BYTES)
    try:
        _check_aliases(text)
        content = yaml.load(text, Loader=_Loader)
        if not isinstance(content, dict):
            raise ValueError("it has no keys")
        _check_types(content)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise DataError(
            path, None, f"not a configuration of grunlp: {' '.join(str(error).split())}", "", _HINT
        ) from None
    return content


def _reject_duplicate_keys(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"a key occurs twice: {next(name for name in names if names.count(name) > 1)!r:.60}")
    return content


def _reject_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


def _check_depth(content: Any, depth: int) -> None:
    if not isinstance(content, dict | list):
        return
    if not depth:
        raise ValueError("it is too deep")
    for item in content.values() if isinstance(content, dict) else content:
        if isinstance(item, dict | list):
            _check_depth(item, depth - 1)


def _check_aliases(text: str) -> None:
    """Raise ValueError for deeply nested YAML or for references, before it is composed, which is recursive."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ValueError("it has anchors or tags")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError("it is too deep")


def _check_types(content: Any) -> None:
    """Raise ValueError for keys that are not strings, and for values that refer to other values."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if not isinstance(key, str):
                raise ValueError(f"{key!r:.60} is not a valid key")
            _check_types(value)
    elif isinstance(content, list):
        for value in content:
            _check_types(value)
    elif isinstance(content, str) and "${" in content:
        raise ValueError(f"{content!r:.60} refers to another value")
    elif not isinstance(content, str | int | float | None):
        raise ValueError(f"{content!r:.60} is not a plain value")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe YAML loader that rejects duplicate keys and reads dates as strings."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise ValueError("it merges groups")
        return _reject_duplicate_keys(
            [(self._key(key), self.construct_object(value, deep=True)) for key, value in node.value]
        )

    def _key(self, node: yaml.Node) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise ValueError("a key is not a string")
        return self.construct_object(node)


_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
