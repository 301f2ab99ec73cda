"""Pairs of texts, and texts alone.

Two files side by side, line n of one belonging to line n of the other; or one file, whose first line tells whether it
has an object a line (JSON lines) or columns between tabs. In JSON, a target may be a list: the first is the target, the
others are further references.
"""

import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from grunlp.data.pair import Pair
from grunlp.data.readers.lines import open_lines, require_file
from grunlp.errors import DataError

_NAMES = {"source": ("source", "text"), "target": ("target", "summary")}  # of fields, where none is given


def read_pairs(
    path: str, target_path: str | None, source: str | None, target: str | None, references: str | None
) -> Iterator[Pair]:
    """The pairs of a file, or of two; empty sides come out empty.

    Args:
        path: a file, plain, gz or xz.
        target_path: a file with the targets of the sources in `path`; None: both are in `path`.
        source, target: the column, a number from 0, or the field of JSON, by its name; None: columns 0 and 1, or the
            fields source (or text) and target (or summary). Of two files they mean nothing.
        references: a field with a list of further targets that are as good; None: there is none.

    Raises:
        DataError: a file is missing or broken, or a line is.
    """
    if target_path is not None:
        yield from _side_by_side(Path(path), Path(target_path))
        return
    for number, line in _good_lines(Path(path)):
        if number == 1:
            as_json = line.lstrip().startswith("{")
        if as_json:
            record = _record(path, number, line)
            one, other = (
                _field(path, number, record, key, names) for key, names in (("source", source), ("target", target))
            )
            more = record.get(references, []) if references else []
            if not isinstance(more, list) or not all(isinstance(text, str) for text in more):
                raise DataError(path, number, f"{references} is no list of strings", "it holds further targets")
            yield Pair(id=str(record.get("id", number)), source=one[0], target=other[0], references=other[1:] + more)
        else:
            cells = line.split("\t")
            places = [_column(path, number, name, cells, default) for name, default in ((source, 0), (target, 1))]
            yield Pair(id=str(number), source=cells[places[0]], target=cells[places[1]], references=[])


def read_sources(path: str, source: str | None) -> Iterator[Pair]:
    """The sources of a file, with whatever else a line holds passed over: a line each, or a JSON object each.

    Args:
        path, source: as above; but lines that are no objects are sources as a whole.
    """
    as_json = False
    for number, line in _good_lines(Path(path)):
        if number == 1:
            as_json = line.startswith("{") and line.rstrip().endswith("}")
        if as_json and line.strip():
            record = _record(path, number, line)
            text = _field(path, number, record, "source", source)[0]
            yield Pair(id=str(record.get("id", number)), source=text, target="", references=[])
        else:
            yield Pair(id=str(number), source=line, target="", references=[])


def _good_lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, text, fault in open_lines(path):
        if fault:
            raise DataError(path, number, fault, "expected UTF-8 text")
        yield number, text


def _side_by_side(path: Path, target_path: Path) -> Iterator[Pair]:
    for file in (path, target_path):
        require_file(file)
    number = 0
    for one, other in zip_longest(_good_lines(path), _good_lines(target_path)):
        if one is None or other is None:
            longer, shorter = (path, target_path) if other is None else (target_path, path)
            there = f"{shorter} ends after {number} lines; line n of one belongs to line n of the other"
            raise DataError(longer, number + 1, "the other file has no such line", there, "Check how they were made.")
        number = one[0]
        yield Pair(id=str(number), source=one[1], target=other[1], references=[])


def _record(path: str, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(path, number, f"no JSON ({error})", "expected an object a line") from None
    if not isinstance(record, dict):
        raise DataError(path, number, "no JSON object", 'expected {"source": "...", "target": "..."}')
    return record


def _field(path: str, number: int, record: dict[str, Any], kind: str, name: str | None) -> list[str]:
    """The texts of a field, one at least."""
    names = (name,) if name is not None else _NAMES[kind]
    found = next((key for key in names if key in record), None)
    if found is None:
        there = f"there are: {', '.join(record)}"
        raise DataError(path, number, f"no field {' or '.join(names)}", there, f"Name it: data.{kind}=FIELD")
    texts = record[found] if isinstance(record[found], list) else [record[found]]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise DataError(path, number, f"{found} is neither a text nor a list of texts", "", "Check how it was made.")
    return texts


def _column(path: str, number: int, name: str | None, cells: list[str], default: int) -> int:
    if name is not None and not name.isdecimal():
        there = "columns have no names here, but numbers from 0"
        raise DataError(
            path, number, f"data.source or data.target is {name!r}", there, "Type data.source=0 data.target=1"
        )
    column = default if name is None else int(name)
    if column >= len(cells):
        there = f"{len(cells)} columns between tabs; column {column} was expected"
        raise DataError(path, number, "too few columns", there, "Name them: data.source=0 data.target=1")
    return column
