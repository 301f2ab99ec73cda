"""Files of JSON objects: one in each line, or all of them in one array."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grunlp.data.readers.text_lines import OnError, open_lines, parse_json_object, raise_error
from grunlp.utils.errors import DataError

JSON_FORMATS = ("json-lines", "json-array")
_ARRAY_START = re.compile(r"\s*\[\s*\{\s*[\"}]")
_SPACE = re.compile(r"[\s,]*")


def json_format(path: str | Path, encoding: str | None = None) -> str | None:
    """Return "json-lines" or "json-array" for a file whose first text begins an object or an array of objects."""
    texts = (line.text for line in open_lines(Path(path), encoding=encoding) if line.text.strip())
    first = next(texts, "")
    if _ARRAY_START.match(first + (next(texts, "") if first.strip() == "[" else "")):
        return "json-array"
    try:
        is_object = isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        is_object = first.lstrip().startswith('{"')
    return "json-lines" if is_object else None


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
        format: "json-lines" or "json-array".
        encoding: see `open_lines`.
        on_error: called with the error of a malformed line, which is then skipped; by default it is raised.
        expected: the kind of object, for errors.
    """
    if format == "json-array":
        yield from _read_array(path, encoding, on_error)
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


def _read_array(path: str | Path, encoding: str | None, on_error: OnError) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = []
    for line in open_lines(Path(path), encoding=encoding):
        line.require_text(path)
        lines.append(line.text)
    text = "\n".join(lines)
    decoder, position = json.JSONDecoder(), text.index("[") + 1
    number, counted = 1, 0  # the line of the character `counted`
    while True:
        match = _SPACE.match(text, position)
        assert match is not None
        position = match.end()
        number, counted = number + text.count("\n", counted, position), position
        if text[position : position + 1] == "]":
            return
        try:
            record, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise DataError(path, number, f"not JSON ({error})", "expected an array of objects") from None
        if isinstance(record, dict):
            yield number, record
        else:
            on_error(DataError(path, number, "not a JSON object", "expected an array of objects", "correct it"))
