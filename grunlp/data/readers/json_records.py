"""Files of JSON objects: one in each line, one after another over several lines each, or all of them in one array."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grunlp.data.readers.text_lines import OnError, open_lines, parse_json_object, raise_error
from grunlp.utils.errors import DataError

JSON_FORMATS = ("json-lines", "json-array", "json-objects")
_ARRAY_START = re.compile(r"\[\s*\{\s*[\"}]")
_OBJECT_START = re.compile(r"\{\s*\"")
_SPACE = re.compile(r"[\s,]*")


def json_format(path: str | Path, encoding: str | None = None) -> str | None:
    """Return the format of a file whose first text begins an object or an array of objects; None for any other file.

    Returns:
        "json-lines" for an object in each line, "json-array" for an array, "json-objects" for objects one after another
        that run over several lines each, as `json.dump(..., indent=2)` writes them.
    """
    texts = (line.text.strip() for line in open_lines(Path(path), encoding=encoding) if line.text.strip())
    first = next(texts, "")
    start, following = first, ""
    while start[:1] in ("[", "{") and len("".join(start.split())) < 3 and (following := next(texts, "")):
        start = f"{start}\n{following}"
    if _ARRAY_START.match(start):
        return "json-array"
    try:
        if isinstance(json.loads(first), dict):
            return "json-lines"
    except (ValueError, RecursionError):
        pass
    if not _OBJECT_START.match(start):
        return None
    following = following or next(texts, "")
    return "json-objects" if following and not following.startswith("{") else "json-lines"


def read_records(
    path: str | Path,
    format: str,
    encoding: str | None = None,
    on_error: OnError = raise_error,
    expected: str = "expected an object a line",
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read the objects of a file, each with its line; empty lines are skipped.

    Args:
        path: plain, gz or xz.
        format: what `json_format` returned.
        encoding: see `open_lines`.
        on_error: called with the error of a malformed line, which is then skipped; by default it is raised.
        expected: the kind of object, for errors.
    """
    if format != "json-lines":
        yield from _read_whole_file(path, format == "json-array", encoding, on_error)
        return
    for line in open_lines(Path(path), encoding=encoding):
        if not line.text.strip():
            continue
        try:
            line.require_text(path)
            record = parse_json_object(path, line.number, line.text, expected)
        except DataError as error:
            on_error(error)
        else:
            yield line.number, record


def _read_whole_file(
    path: str | Path, is_array: bool, encoding: str | None, on_error: OnError
) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = []
    for line in open_lines(Path(path), encoding=encoding):
        line.require_text(path)
        lines.append(line.text)
    text = "\n".join(lines)
    expected = "expected an array of objects" if is_array else "expected objects, one after another"
    decoder, position = json.JSONDecoder(), text.index("[") + 1 if is_array else 0
    number, counted = 1, 0  # the line of the character `counted`
    while True:
        match = _SPACE.match(text, position)
        assert match is not None
        position = match.end()
        number, counted = number + text.count("\n", counted, position), position
        if text[position : position + 1] == "]" if is_array else position == len(text):
            return
        try:
            record, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise DataError(path, number, f"not JSON ({error})", expected) from None
        if isinstance(record, dict):
            yield number, record
        else:
            on_error(DataError(path, number, "not a JSON object", expected, "correct it"))
