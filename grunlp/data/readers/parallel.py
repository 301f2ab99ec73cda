"""Readers of pairs of texts, and of source texts alone.

Pairs are in two files, where line n of one corresponds to line n of the other, or in one file: JSON lines if its first
line is an object, otherwise tab-separated columns. Empty lines of a single file are skipped.
"""

import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from grunlp.data.examples import ParallelExample
from grunlp.data.readers.text_lines import (
    Line,
    OnError,
    open_lines,
    parse_json_object,
    raise_error,
    require_file,
)
from grunlp.utils.errors import DataError, UserError

_DEFAULT_FIELDS = {"source": ("source", "text"), "target": ("target", "summary")}  # names of fields, if none is given


def read_parallel(
    path: str, target_path: str | None, source: str | None, target: str | None, references: str | None
) -> Iterator[ParallelExample]:
    """Read the pairs of texts of one file, or of two; an empty text remains empty.

    Args:
        path: a file, plain, gz or xz.
        target_path: a file with the targets, if `path` has only the sources; None: both are in `path`.
        source: the column of the sources, by number from 0, or their JSON field, by name; None: column 0, or the field
            `source` or `text`.
        target: the column or field of the targets; None: column 1, or the field `target` or `summary`. If its value is
            a list, the first text is the target, and the others are further references.
        references: a JSON field with a list of further, equally good targets; None: there are none.

    Raises:
        DataError: a file is missing or malformed, or no line has `references`.
        UserError: a column or field is named that the files do not have.
    """
    if target_path is not None:
        if source or target or references:
            details = "each file has one side"
            raise UserError("names of columns, but two parallel files", details, "Omit source, target and references.")
        yield from _read_two_files(Path(path), Path(target_path))
        return
    as_json, further = None, 0
    for number, line in _decoded_lines(Path(path)):
        if not line.strip():
            continue
        if as_json is None:
            as_json = _looks_like_json_object(line)
            if references and not as_json:
                details = "tab-separated columns have one target each"
                raise UserError(f"references={references}, but {path} is not JSON", details, "Omit references=.")
        if not as_json:
            yield _parse_tab_separated(path, number, source, target, line)
            continue
        record = parse_json_object(path, number, line)
        (source_text,) = _field_texts(path, number, record, "source", source)
        targets = _field_texts(path, number, record, "target", target)
        if references and references in record:
            further += 1
            targets += _field_texts(path, number, record, "references", references) if record[references] else []
        yield ParallelExample(
            id=str(record.get("id", number)), source=source_text, target=targets[0], references=targets[1:]
        )
    if references and not further:
        raise DataError(
            path,
            None,
            f"no line has a field {references}",
            "it must contain further targets",
            "Type another references=.",
        )


def read_sources(path: str, source: str | None, on_error: OnError = raise_error) -> Iterator[ParallelExample]:
    """Read the source texts of a file of JSON lines or plain lines.

    The file is JSON lines if its first non-empty line is an object.

    Args:
        path: a file, plain, gz or xz. An empty line is an empty source.
        source: the JSON field, as in `read_parallel`.
        on_error: called with the error of a malformed line, which is then skipped; by default it is raised.
    """
    as_json = None
    for line in open_lines(Path(path)):
        if as_json is None and line.text.strip():
            as_json = _looks_like_json_object(line.text)
        try:
            yield read_source(path, line, bool(as_json), source)
        except DataError as error:
            on_error(error)


def has_json_lines(path: str) -> bool:
    """Return whether `read_sources` reads the lines of a file as JSON objects. Raises the same DataError."""
    first = next((line.text for line in open_lines(Path(path)) if line.text.strip()), "")
    return _looks_like_json_object(first)


def read_source(path: str, line: Line, as_json: bool, source: str | None) -> ParallelExample:
    """Read the source text of one line of a file. Raises DataError if the line is malformed."""
    number, text, fault = line
    if fault:
        raise DataError(path, number, fault, "expected UTF-8 text")
    if not as_json or not text.strip():
        return ParallelExample(id=str(number), source=text, target="", references=[])
    record = parse_json_object(path, number, text)
    (source_text,) = _field_texts(path, number, record, "source", source)
    return ParallelExample(id=str(record.get("id", number)), source=source_text, target="", references=[])


def _decoded_lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, text, fault in open_lines(path):
        if fault:
            raise DataError(path, number, fault, "expected UTF-8 text")
        yield number, text


def _read_two_files(path: Path, target_path: Path) -> Iterator[ParallelExample]:
    for file in (path, target_path):
        require_file(file)
    number = 0
    for source, target in zip_longest(_decoded_lines(path), _decoded_lines(target_path)):
        if source is None or target is None:
            longer, shorter = (path, target_path) if target is None else (target_path, path)
            details = f"{shorter} ends after {number} lines; line n of one belongs to line n of the other"
            raise DataError(
                longer, number + 1, "the other file has fewer lines", details, "Check how the files were made."
            )
        number = source[0]
        yield ParallelExample(id=str(number), source=source[1], target=target[1], references=[])


def _looks_like_json_object(line: str) -> bool:
    """Return whether a line is, or was intended to be, a JSON object; a plain text may also begin with a brace."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return line.lstrip().startswith('{"')


def _field_texts(path: str, number: int, record: dict[str, Any], role: str, name: str | None) -> list[str]:
    """Return the texts of a field: exactly one for a source, at least one for other roles."""
    names = (name,) if name is not None else _DEFAULT_FIELDS[role]
    key_found = next((key for key in names if key in record), None)
    if key_found is None:
        details = f"there are: {', '.join(record)}"
        hint = f"Name it by {role}=FIELD, in a training by data.{role}=FIELD"
        raise DataError(path, number, f"no field {' or '.join(names)}", details, hint)
    texts = record[key_found] if isinstance(record[key_found], list) and role != "source" else [record[key_found]]
    if not texts or not all(isinstance(text, str) for text in texts):
        details = "it is to be a text" if role == "source" else "it is to be a text or a list of texts"
        raise DataError(path, number, f"{key_found} is not a text", details, "Check how it was made.")
    for text in texts:
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            raise DataError(
                path, number, f"{key_found} has a lone surrogate", "an escape \\ud8.. without its second half"
            )
    return texts


def _parse_tab_separated(path: str, number: int, source: str | None, target: str | None, line: str) -> ParallelExample:
    cells, texts = line.split("\t"), []
    for key, name, default in (("source", source, 0), ("target", target, 1)):
        if name is not None and not name.isdecimal():
            details = "columns have no names here, but numbers from 0"
            raise DataError(
                path, number, f"{key}={name!r} is not a column number", details, "Give source and target by number."
            )
        column = default if name is None else int(name)
        if column >= len(cells):
            details = f"{len(cells)} columns between tabs; column {column} was expected for the {key}"
            raise DataError(path, number, "too few columns", details, "Give source and target by number.")
        texts.append(cells[column])
    return ParallelExample(id=str(number), source=texts[0], target=texts[1], references=[])
