"""Safe reading of JSON and YAML in run folders: bounded size and depth, no references, no duplicate keys."""

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import yaml

from grunlp.utils.errors import DataError

MAX_CONFIG_BYTES, MAX_JSON_BYTES = 2**20, 2**28  # of a configuration; of a table of words or numbers
MAX_DEPTH = 32  # of nested objects and lists
# of a JSON file, counted before it is parsed: an empty object takes two bytes in the file and 64 in memory
MAX_CONTAINERS, MAX_VALUES = 2**20, 2**23
MAX_YAML_EVENTS = 2**16
MAX_ENTRIES = 10_000  # number of entries of a run folder that are checked
# Numbers to the base 60, "1:59:59", take quadratic time.
_MAX_NUMBER_LENGTH, _NUMBER_TAGS = 1000, ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_HINT = "Copy the whole folder again, or train again."


def forbid_external_symlinks(folder: Path) -> None:
    """Raise DataError unless a folder contains only files, folders, and symbolic links to targets inside it.

    The target of any other link would be read and written as if it belonged to the run. A folder with more than
    `MAX_ENTRIES` entries is rejected too.
    """
    home = Path(os.path.realpath(folder))
    for count, path in enumerate(iter_entries(folder), start=1):
        if count > MAX_ENTRIES:
            details = f"at most {MAX_ENTRIES} files and folders are checked"
            raise DataError(folder, None, "has too many files for a run folder", details, "Move the other files away.")
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
        if target is not path and not target.is_relative_to(home):
            raise DataError(path, None, "is a link that leads out of the run folder", "a run is self-contained", _HINT)
        if target.exists() and not (target.is_file() or target.is_dir()):
            raise DataError(
                path, None, "is neither a file nor a folder", "a run folder contains only files and folders", _HINT
            )


def iter_entries(folder: Path) -> Iterator[Path]:
    """Yield all files, folders and links below a folder, without following links."""
    pending = [folder]
    while pending:  # a recursion would end at a depth that a file system allows
        parent = pending.pop()
        try:
            entries = sorted(os.scandir(parent), key=lambda entry: entry.name)
        except OSError:  # not readable, so nothing in it is read or written either
            continue
        for entry in entries:
            yield parent / entry.name
            if entry.is_dir(follow_symlinks=False):
                pending.append(parent / entry.name)


def open_regular_file(path: Path) -> IO[bytes]:
    """Open a file of a run for reading, whatever has become of it since its folder was checked.

    Raises:
        DataError: it is a link that leads out of its folder, or anything but a file.
        OSError: it cannot be opened.
    """
    target = os.path.realpath(path)
    if not Path(target).is_relative_to(os.path.realpath(path.parent)):
        raise DataError(path, None, "leads out of the run folder", "a run is self-contained", _HINT)
    # without NONBLOCK, opening a pipe waits for a writer
    descriptor = os.open(target, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DataError(path, None, "cannot be read: it is not a file", "", _HINT)
    return os.fdopen(descriptor, "rb")


def read_text(path: Path, max_bytes: int) -> str:
    """Read a text file. Raises DataError if it is larger than `max_bytes`, missing, no file of its own or not UTF-8."""
    try:
        with open_regular_file(path) as file:
            content = file.read(min(max_bytes, os.fstat(file.fileno()).st_size) + 1)
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
        if text.count("{") + text.count("[") > MAX_CONTAINERS or text.count(",") > MAX_VALUES:
            raise ValueError(f"it has more than {MAX_CONTAINERS} objects and lists, or {MAX_VALUES} values")
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
        seen = set[Any]()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"a key occurs twice: {name!r:.60}")
            seen.add(name)
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
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if count > MAX_YAML_EVENTS:
            raise ValueError(f"it has more than {MAX_YAML_EVENTS} keys and values")
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
        key = self.construct_object(node)
        if not isinstance(key, str):  # many different numbers may have the same hash
            raise ValueError(f"{key!r:.60} is not a valid key")
        return key

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        if len(node.value) > _MAX_NUMBER_LENGTH and node.tag in _NUMBER_TAGS:
            raise ValueError(f"a number of {len(node.value)} digits")
        return super().construct_scalar(node)


_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
