"""Reader of texts with classes: JSON objects, one on each line or in an array, or the rows of a table.

The layout of a file is detected first (`detect_layout`): from its first rows, and from the names of its columns if its
first row has names. `grunlp.data.readers.table` describes tables.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from grunlp.data.examples import LabeledText, class_label
from grunlp.data.file_layout import FileLayout
from grunlp.data.readers.json_records import JSON_FORMATS, json_format, read_records
from grunlp.data.readers.table import (
    MAX_NAME_WORDS,
    HeadRows,
    column_reference,
    columns_by_number,
    find_column,
    has_columns,
    has_table_suffix,
    is_name_like,
    named_roles,
    normalized_name,
    read_head,
    read_head_like_training,
    read_rows,
)
from grunlp.data.readers.text_lines import OnError, raise_error
from grunlp.data.word_tokenizer import tokenize
from grunlp.utils.errors import DataError

_DEFAULT_COLUMNS = {"text": ("text", "sentence", "source"), "label": ("label", "class", "category")}
"""Names that a file is searched for, where none is given; one of them in the first row makes it a header."""

_FURTHER_COLUMNS = {
    "text": (
        *_DEFAULT_COLUMNS["text"],
        *("review", "comment", "tweet", "message", "content", "body", "document", "question", "query", "utterance"),
        *("headline", "description", "review_text", "text_a", "title"),
    ),
    "label": (
        *_DEFAULT_COLUMNS["label"],
        *("labels", "sentiment", "target", "intent", "topic", "emotion", "polarity", "rating", "stars", "score", "tag"),
        *("gold_label", "label_text", "y"),
    ),
}
"""The same, with names that a text may have too: the first row must have one of either role to be a header."""

CLASS_COLUMNS = frozenset(name for names in _FURTHER_COLUMNS.values() for name in names)
"""Names of columns by which a table of texts with classes is recognised."""

_MIN_ROWS_TO_JUDGE = 10  # rows from which on columns may be found to be swapped
_INDEX_COLUMNS = ("", "id", "idx", "index", "nr", "no", "number", "unnamed: 0")
_ROLES = {"text": "source", "label": "label"}  # the option of each role


def read_labeled_texts(
    path: str, layout: FileLayout, on_error: OnError = raise_error, labels: bool = True
) -> Iterator[LabeledText]:
    """Read and tokenize the texts of a file; empty lines are skipped.

    Args:
        path: a file, plain, gz or xz.
        layout: what `detect_layout` returned.
        on_error: called with the error of a malformed line, which is then skipped; by default it is raised.
        labels: whether each text must have a label.
    """
    for number, fields in _iter_fields(path, layout, on_error):
        try:
            yield _example(path, number, fields, labels)
        except DataError as error:
            on_error(error)


def detect_layout(path: str, requested: FileLayout, labels: bool = True) -> FileLayout:
    """Detect how a file is read.

    Args:
        path: the file.
        requested: the parts that are known. Its columns `text` and `label` are names or numbers from 0; None: the
            column or field with a known name, else the one that looks like it.
        labels: whether the file must have a column of classes.

    Raises:
        DataError: the file is missing or empty, has no such column, or could be read in two ways.
    """
    encoding = requested.encoding or "utf-8"
    format = json_format(path, encoding)
    if format is not None:
        columns = {role: requested.column(role) for role in _ROLES}
        return FileLayout(format=format, encoding=encoding, columns=columns)
    known = CLASS_COLUMNS | {normalized_name(name) for name in requested.columns.values() if name is not None}
    head = read_head(path, replace(requested, encoding=encoding), known)
    guesses: list[str] = []
    has_header = _detect_header(head, requested, guesses)
    numbers = _locate_columns(path, head, has_header, requested, labels, guesses)
    columns = {role: column_reference(head, has_header, column) for role, column in numbers.items()}
    return replace(head.layout, header=has_header, columns=columns, guesses=tuple(guesses))


def detect_layout_like_training(
    path: str, trained: FileLayout | None, text: str | None, label: str | None = None, labels: bool = True
) -> FileLayout:
    """Detect how a file is read for a trained model: by the columns of its training, unless the user names others.

    Args:
        path: the file.
        trained: the layout of the training file; None if it is not known.
        text: the column or field of the text that the user named.
        label: the column or field of the class that the user named.
        labels: whether the file must have a column of classes.

    Raises:
        DataError: as `detect_layout`, and for a file that lacks a column of the training.
    """
    trained = trained or FileLayout()
    encoding = trained.encoding or "utf-8"
    is_json = json_format(path, encoding) is not None
    same_kind = trained.format is None or is_json == (trained.format in JSON_FORMATS)
    columns = {role: trained.column(role) if same_kind else None for role in _ROLES}
    columns |= {role: name for role, name in (("text", text), ("label", label)) if name is not None}
    if not labels:
        del columns["label"]
    header = trained.header if same_kind and not (text or label) else None
    requested = FileLayout(encoding=encoding, header=header, columns=columns)
    head = None if is_json else read_head_like_training(path, trained)
    if head is not None:
        if header is False and not labels and all(len(row) == 1 for row in head.rows):
            requested = replace(requested, columns={"text": "0"})  # texts alone
        if has_columns(head, requested.columns.values()):
            dialect = head.layout
            requested = replace(requested, separator=dialect.separator, quoting=dialect.quoting)
    return detect_layout(path, requested, labels)


def layout_for_prediction(
    path: str, trained: FileLayout | None, text: str | None, classes: Collection[str] = ()
) -> FileLayout | None:
    """Detect how a file of texts to classify is read; None: each line is a text.

    Args:
        path: the file.
        trained: the layout of the training file; None if it is not known.
        text: the column or field that the user named.
        classes: the classes of the model, which distinguish rows of a table without a header from texts.

    Raises:
        DataError: the file is a table or has JSON objects, without the column of the training.
    """
    encoding = None if trained is None else trained.encoding
    is_table = text is not None or has_table_suffix(path) or json_format(path, encoding) is not None
    head = None if is_table or trained is None else read_head_like_training(path, trained)
    if head is not None and trained is not None:
        if trained.header:
            is_table = normalized_name(str(trained.column("text"))) in head.names
        else:
            is_table = {len(row) for row in head.rows} == {trained.width} and (
                trained.separator == "tab" or _has_classes(head, trained, classes)
            )
        if not is_table and trained.separator == "tab" and len(head.rows[0]) > 1:
            is_table = True  # lacks the column of the training, which settling reports
    return detect_layout_like_training(path, trained, text, labels=False) if is_table else None


def _has_classes(head: HeadRows, trained: FileLayout, classes: Collection[str]) -> bool:
    """Return whether the column of the class, in a table without a header, has classes of the model in each row."""
    column = int(trained.column("label") or 0)
    return column < len(head.rows[0]) and all(class_label(row[column]) in classes for row in head.rows)


def are_probably_swapped(labels: Sequence[str]) -> bool:
    """Return whether most texts have a class of their own, so that texts and classes are probably swapped."""
    return len(labels) >= _MIN_ROWS_TO_JUDGE and 2 * len(set(labels)) > len(labels)


def has_class_fields(record: Mapping[str, Any], role: str) -> bool:
    """Return whether a JSON object has a field with a known name for a role, "text" or "label"."""
    return not record.keys().isdisjoint(_DEFAULT_COLUMNS[role])


def json_text_field(path: str, layout: FileLayout) -> str | None:
    """Return the field of the text in a file of JSON objects: that of the layout, or the known one of its first object.

    None: it has no known one.
    """
    if layout.column("text") is not None:
        return layout.column("text")
    record = next(read_records(path, str(layout.format), layout.encoding, lambda error: None), (0, {}))[1]
    return next((name for name in _DEFAULT_COLUMNS["text"] if name in record), None)


def _detect_header(head: HeadRows, requested: FileLayout, guesses: list[str]) -> bool:
    """Return whether the first row names the columns."""
    if requested.header is not None:
        return requested.header
    if any(column is not None and not column.isdecimal() for column in requested.columns.values()):
        return True
    if named_roles(head.names, _DEFAULT_COLUMNS) or _has_known_names(head):
        return True
    if _looks_like_header(head.rows) or _has_names_of_both_roles(head.rows):
        guesses.append("the first line is a header; in a training, data.header=false overrides it")
        return True
    return False


def has_class_names(head: HeadRows) -> bool:
    """Return whether the first row of a table names a text and a class."""
    return _has_known_names(head) or _has_names_of_both_roles(head.rows)


def _has_known_names(head: HeadRows) -> bool:
    return set(named_roles(head.names, _FURTHER_COLUMNS)) == set(_ROLES)


def _has_names_of_both_roles(rows: Sequence[list[str]]) -> bool:
    """Return whether the first row names a text and a class; a class of the rows below is not such a name."""
    named = _columns_with_names(rows[0])
    texts = named["text"]
    labels = {i for i in named["label"] if all(rows[0][i] not in row[i : i + 1] for row in rows[1:])}
    return bool(texts and labels) and len(texts | labels) > 1


def _columns_with_names(first: Sequence[str]) -> dict[str, set[int]]:
    """Return for each role the columns with one of its known names among a few words."""
    columns: dict[str, set[int]] = {role: set() for role in _ROLES}
    for number, cell in enumerate(first):
        words = re.findall(r"\w+", normalized_name(cell).replace("_", " ")) if is_name_like(cell) else []
        for role, names in _FURTHER_COLUMNS.items():
            if not set(names).isdisjoint(words):
                columns[role].add(number)
    return columns


def _looks_like_header(rows: Sequence[list[str]]) -> bool:
    """Return whether short names are followed by a column of texts, and one of recurring classes or of numbers."""
    first, others = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    if len(others) < 4 or len(first) < 2 or len(set(first)) < len(first):
        return False
    if not all(map(is_name_like, first)):
        return False
    columns = list(zip(*others, strict=True))
    texts = [sum(len(cell.split()) for cell in column) >= MAX_NAME_WORDS * len(column) for column in columns]
    classes = [
        name not in column and (min(Counter(column).values()) > 1 or all(map(_is_number, column)))
        for name, column in zip(first, columns, strict=True)
    ]
    return any(texts) and any(is_class and not is_text for is_class, is_text in zip(classes, texts, strict=True))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _locate_columns(
    path: str, head: HeadRows, has_header: bool, requested: FileLayout, labels: bool, guesses: list[str]
) -> dict[str, int]:
    """Return the columns of the text and the label; a file without labels may have no second one."""
    columns: dict[str, int] = {}
    width = len(head.rows[0])
    known = named_roles(head.names, _FURTHER_COLUMNS) if has_header else {}
    for role in _ROLES:
        name = requested.column(role)
        if name is not None:
            columns[role] = find_column(path, head, has_header, _ROLES[role], name)
        elif role in known:
            columns[role] = known[role]
    if has_header:
        named = _columns_with_names(head.rows[0])
        for role, other in (("text", "label"), ("label", "text")):
            found = named[role] - named[other] - {*columns.values()}
            if role not in columns and len(found) == 1 and (labels or role == "text"):
                (columns[role],) = found
                guesses.append(
                    f"the {role} by the name of its column; in a training, data.{_ROLES[role]}= overrides it"
                )
    free = [column for column in range(width) if column not in columns.values()]
    if has_header and len(free) + len(columns) > 2:
        free = [column for column in free if head.names[column] not in _INDEX_COLUMNS]
    missing = [role for role in _ROLES if role not in columns]
    if "text" not in missing and not labels:
        return columns
    if missing and len(free) > len(missing) and (labels or "text" in missing):
        details = f"the first line has: {', '.join(head.rows[0])}"
        hint = " and ".join(f"{_ROLES[role]}=COLUMN (in a training data.{_ROLES[role]}=COLUMN)" for role in missing)
        hint = f"Type {hint}, by name or by number from 0"
        raise DataError(path, head.number, f"{width} columns, none of them named {' or '.join(missing)}", details, hint)
    if len(missing) == 2 and len(free) == 2:
        columns |= dict(zip(("label", "text"), free, strict=True))
        body = [row for row in head.rows[has_header:] if len(row) == width]
        if body and _is_label_like(body, free[1], free[0]):
            columns = {"label": free[1], "text": free[0]}
        if not has_header:
            options = f"data.source={columns['text']} data.label={columns['label']}"
            guesses.append(f"which column is the text, by its content; in a training, {options} says so")
    elif missing and free:
        columns[missing[0]] = free[0]
    return {role: columns[role] for role in _ROLES if role in columns}


def _is_label_like(rows: list[list[str]], column: int, other: int) -> bool:
    """Return whether a column looks more like classes than another: shorter, and without more different values."""
    values, others = [row[column] for row in rows], [row[other] for row in rows]
    words, other_words = (sum(len(cell.split()) for cell in cells) for cells in (values, others))
    return words < other_words and len(set(values)) <= len(set(others))


def _iter_fields(path: str, layout: FileLayout, on_error: OnError) -> Iterator[tuple[int, Any]]:
    """Yield line number and fields of each example."""
    if layout.format in JSON_FORMATS:
        expected = 'expected {"text": "...", "label": "..."}'
        for number, record in read_records(path, str(layout.format), layout.encoding, on_error, expected):
            try:
                yield number, _record_fields(path, number, record, layout)
            except DataError as error:
                on_error(error)
        return
    columns = columns_by_number(path, read_head(path, layout, ()), layout)
    for number, cells in read_rows(path, layout, on_error):
        yield number, {role: cells[column] for role, column in columns.items() if column < len(cells)}


def _example(path: str, number: int, fields: Mapping[str, Any], labels: bool) -> LabeledText:
    if "text" not in fields:
        raise DataError(
            path,
            number,
            "no text",
            f"there are: {', '.join(fields) or 'no fields'}",
            "Type source=NAME (data.source=NAME in training).",
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


def _record_fields(path: str, number: int, record: Mapping[str, Any], layout: FileLayout) -> dict[str, Any]:
    fields = {}
    for role, option in _ROLES.items():
        name = layout.column(role)
        key = next((key for key in ((name,) if name else _DEFAULT_COLUMNS[role]) if key in record), None)
        if key is not None:
            fields[role] = record[key]
        elif name or role == "text":
            details = f"there are: {', '.join(record)}"
            missing = name or " or ".join(_DEFAULT_COLUMNS[role])
            raise DataError(path, number, f"no field {missing}", details, f"Type {option}=FIELD")
    if not isinstance(fields["text"], str):
        raise DataError(path, number, "the text is not a string", f"it is {type(fields['text']).__name__}")
    if isinstance(fields.get("label"), list | dict):
        raise DataError(path, number, "the class is not a string or a number", "each text has one class")
    return {**fields, "id": record.get("id", number)}
