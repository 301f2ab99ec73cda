"""JSON and YAML of run folders, read as data: bounded in size and depth, without references, nothing named twice."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from grunlp.utils.errors import DataError

MAX_CONFIG_BYTES, MAX_JSON_BYTES = 2**20, 2**28  # bytes of a file of settings, and of a table of words or numbers
MAX_DEPTH = 32  # objects and lists within each other
MAX_ENTRIES = 10_000  # files of a run folder that are looked at
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_HINT = "Copy the whole folder again, or train anew."


def forbid_external_symlinks(folder: Path) -> None:
    """Raise DataError unless all that lies in a folder and below is a file or folder, or a link that stays within.

    A link that leads elsewhere would be read, and written, as though it were of the run.
    """
    home = Path(os.path.realpath(folder))
    for path in islice(_iter_entries(folder), MAX_ENTRIES):
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(home):
            raise DataError(path, None, "leads out of the run folder", "a run is complete in itself", _HINT)
        if target.exists() and not (target.is_file() or target.is_dir()):
            raise DataError(path, None, "is neither file nor folder", "a run has no others", _HINT)


def _iter_entries(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder, followlinks=False):
        yield from (Path(place) / name for name in (*folders, *files))


def read_text(path: Path, max_bytes: int) -> str:
    """The text of a file of `max_bytes` bytes at most. Raises DataError where it is larger, missing or not UTF-8."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise DataError(path, None, "is too large", f"{max_bytes} bytes are the most", _HINT)
        return content.decode("utf-8")
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror or error}", "", _HINT) from None
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"byte {error.start} is not UTF-8", "expected text", _HINT) from None


def read_json(path: Path, max_bytes: int = MAX_JSON_BYTES, require_finite: bool = True) -> Any:
    """The contents of a JSON file.

    Args:
        path: of the file.
        max_bytes: bytes it may have.
        require_finite: refuse numbers that are none or endless.

    Raises:
        DataError: as `read_text`; or it is no JSON, is deeper than `MAX_DEPTH`, has a key twice or half a character.
    """
    text = read_text(path, max_bytes)
    try:
        content = json.loads(
            text, object_pairs_hook=_reject_duplicate_keys, parse_constant=_reject_constant if require_finite else float
        )
        _check_depth(content, MAX_DEPTH)
        if _LONE_SURROGATE.search(text):  # half a character can be spelt, and no file can hold it
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise DataError(path, None, f"no JSON of grunlp: {error}", "", _HINT) from None
    return content


def read_yaml(path: Path) -> dict[str, Any]:
    """The settings of a YAML file: groups of plain values.

    Raises:
        DataError: as `read_text`; or it is no such YAML: it has anchors, tags, `${...}`, a key twice, or keys that are
            no words.
    """
    text = read_text(path, MAX_CONFIG_BYTES)
    try:
        _check_aliases(text)
        content = yaml.load(text, Loader=_Loader)
        if not isinstance(content, dict):
            raise ValueError("it has no keys")
        _check_types(content)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise DataError(path, None, f"no settings of grunlp: {' '.join(str(error).split())}", "", _HINT) from None
    return content


def _reject_duplicate_keys(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"a key stands there twice: {next(name for name in names if names.count(name) > 1)!r:.60}")
    return found


def _reject_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _check_depth(content: Any, depth: int) -> None:
    if not isinstance(content, dict | list):
        return
    if not depth:
        raise ValueError("it is too deep")
    for part in content.values() if isinstance(content, dict) else content:
        if isinstance(part, dict | list):
            _check_depth(part, depth - 1)


def _check_aliases(text: str) -> None:
    """Raise ValueError for YAML that is deep, or refers to something: before it is put together, which is recursive."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ValueError("it has anchors or tags")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError("it is too deep")


def _check_types(content: Any) -> None:
    """Raise ValueError for keys that are no words, and values that stand for others."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if not isinstance(key, str):
                raise ValueError(f"{key!r:.60} is no name of a key")
            _check_types(value)
    elif isinstance(content, list):
        for value in content:
            _check_types(value)
    elif isinstance(content, str) and "${" in content:
        raise ValueError(f"{content!r:.60} stands for another value")
    elif not isinstance(content, str | int | float | None):
        raise ValueError(f"{content!r:.60} is no plain value")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader that takes no key twice, and for which a date is a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise ValueError("it merges groups")
        return _reject_duplicate_keys(
            [(self._key(key), self.construct_object(value, deep=True)) for key, value in node.value]
        )

    def _key(self, node: yaml.Node) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise ValueError("a key is no word")
        return self.construct_object(node)


_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
