"""Reader of texts with classes: JSON lines, tab-separated columns, or, in `.csv` files, comma-separated columns.

The first line may contain the names of the columns; it must do so if a column is selected by name.
"""

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from grunlp.data.examples import LabeledText, class_label
from grunlp.data.readers.text_lines import OnError, open_lines, parse_json_object, raise_error
from grunlp.data.word_tokenizer import tokenize
from grunlp.utils.errors import DataError

# where none is given
_DEFAULT_COLUMNS = {"text": ("text", "sentence", "source"), "label": ("label", "class", "category")}


def read_labeled_texts(
    path: str, text: str | None, label: str | None, on_error: OnError = raise_error, labels: bool = True
) -> Iterator[LabeledText]:
    """Read and tokenize the texts of a file; empty lines are skipped.

    Args:
        path: a file, plain, gz or xz.
        text: the JSON field or the column of the text, by name or by number from 0; None: the one named `text`,
            `sentence` or `source`, otherwise column 1 of two, or the only column.
        label: the JSON field or the column of the label; None: the one named `label`, `class` or `category`, otherwise
            column 0 of two.
        on_error: called with the error of a malformed line, which is then skipped; by default it is raised.
        labels: whether each text must have a label.
    """
    columns: dict[str, int] | None = None
    for number, row in _non_empty_rows(path, on_error):
        try:
            if isinstance(row, str):
                fields = _parse_json_line(path, number, row, text, label)
            else:
                if columns is None:
                    columns, is_head = _locate_columns(path, number, row, text, label)
                    if is_head:
                        continue
                fields = {kind: row[column] for kind, column in columns.items() if column < len(row)}
            yield _example(path, number, fields, labels)
        except DataError as error:
            on_error(error)


def _non_empty_rows(path: str, on_error: OnError) -> Iterator[tuple[int, str | list[str]]]:
    """Yield the line number and content of non-empty lines: the line itself for JSON, or the cells of its columns."""
    lines = _decoded_lines(path, on_error)
    first = next(lines, None)
    if first is None:
        return
    lines = chain([first], lines)
    if first[1].lstrip().startswith("{"):
        yield from lines
    elif ".csv" in Path(path).suffixes:
        last = [0]  # the current line of the reader; a quoted cell may extend over several

        def texts() -> Iterator[str]:
            for number, text in lines:
                last[0] = number
                yield f"{text}\n"

        csv.field_size_limit(2**31 - 1)
        try:
            for cells in csv.reader(texts(), strict=True):
                yield last[0], cells
        except csv.Error as error:
            raise DataError(
                path, last[0], f"not valid CSV ({error})", "a quotation mark may be missing", "Correct the line."
            ) from None
    else:
        for number, text in lines:
            yield number, text.split("\t")


def _decoded_lines(path: str, on_error: OnError) -> Iterator[tuple[int, str]]:
    for number, text, fault in open_lines(Path(path)):
        if fault:
            on_error(DataError(path, number, fault, "expected UTF-8 text"))
        elif text.strip():
            yield number, text


def _example(path: str, number: int, fields: dict[str, Any], labels: bool) -> LabeledText:
    if "text" not in fields:
        raise DataError(
            path,
            number,
            "no text",
            f"there are: {', '.join(fields) or 'no fields'}",
            "Type source=NAME, or data.text=NAME in training.",
        )
    name = class_label(fields.get("label"))
    if labels and not name:
        raise DataError(
            path,
            number,
            "no class",
            "each text needs one",
            "Correct the line, or type label=NAME (data.label=NAME in training).",
        )
    words = [token.word for token in tokenize(str(fields["text"]))]
    return LabeledText(id=str(fields.get("id", number)), document="", words=words, label=name)


def _parse_json_line(path: str, number: int, line: str, text: str | None, label: str | None) -> dict[str, Any]:
    record = parse_json_object(path, number, line, 'expected {"text": "...", "label": "..."}')
    fields = {}
    for kind, name in (("text", text), ("label", label)):
        key = next((key for key in ((name,) if name else _DEFAULT_COLUMNS[kind]) if key in record), None)
        if key is not None:
            fields[kind] = record[key]
        elif name or kind == "text":
            details = f"there are: {', '.join(record)}"
            raise DataError(
                path, number, f"no field {name or ' or '.join(_DEFAULT_COLUMNS[kind])}", details, f"Type {kind}=NAME"
            )
    if not isinstance(fields["text"], str):
        raise DataError(path, number, "the text is not a string", f"it is {type(fields['text']).__name__}")
    if isinstance(fields.get("label"), list | dict):
        raise DataError(path, number, "the class is not a string or a number", "each text has one class")
    return {**fields, "id": record.get("id", number)}


def _locate_columns(
    path: str, number: int, cells: list[str], text: str | None, label: str | None
) -> tuple[dict[str, int], bool]:
    """Return the columns of text and label, and whether the first line contains the names of columns."""
    names = [cell.strip().lower() for cell in cells]
    requested = {"text": text, "label": label}
    named = {kind: name for kind, name in requested.items() if name is not None and not name.isdecimal()}
    is_head = (
        bool(named)
        or any(name in _DEFAULT_COLUMNS["text"] for name in names)
        or any(n in _DEFAULT_COLUMNS["label"] for n in names)
    )
    columns: dict[str, int] = {}
    for kind, name in requested.items():
        wanted = _DEFAULT_COLUMNS[kind] if name is None else (name.lower(),)
        if name is not None and name.isdecimal():
            columns[kind] = int(name)
        elif is_head and any(name_wanted in names for name_wanted in wanted):
            columns[kind] = next(names.index(name_wanted) for name_wanted in wanted if name_wanted in names)
        elif name is not None:
            raise DataError(path, number, f"no column {name!r}", f"there are: {', '.join(cells)}", f"Type {kind}=NAME")
    if not is_head and text is None and len(cells) > 2:
        details = "the first line names no column text or label"
        raise DataError(path, number, f"{len(cells)} columns", details, "Select two of them by number or name.")
    if "text" not in columns and len(cells) - len(columns) >= 1:
        free = [column for column in range(len(cells)) if column not in columns.values()]
        if "label" not in columns and len(free) > 1:
            columns["label"] = free.pop(0)
        columns["text"] = free[0]
    if "label" not in columns and len(cells) > 1:
        columns["label"] = next(column for column in range(len(cells)) if column != columns["text"])
    return columns, is_head
