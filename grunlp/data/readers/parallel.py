"""Readers of pairs of texts, and of source texts alone.

Pairs are in two files, where line n of one corresponds to line n of the other, or in one file: JSON objects, one on
each line or in an array, if it begins with one, otherwise a table (`grunlp.data.readers.table`). Empty lines of a
single file are skipped.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from grunlp.data.examples import ParallelExample
from grunlp.data.file_layout import FileLayout
from grunlp.data.readers.json_records import JSON_FORMATS, json_format, read_records
from grunlp.data.readers.table import (
    column_reference,
    columns_by_number,
    find_column,
    has_table_suffix,
    named_roles,
    normalized_name,
    read_head,
    read_rows,
)
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
_COLUMN_NAMES = {  # names in a header, which must have one of each
    "source": ("source", "src", "input", "text", "document", "article", "body", "original", "question"),
    "target": (
        *("target", "tgt", "trg", "output", "summary", "translation", "title", "headline", "highlights", "subject"),
        *("reference", "answer"),
    ),
}
_LANGUAGES = frozenset(
    (
        *("ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu"),
        *("id", "it", "ja", "ko", "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "sw", "ta"),
        *("th", "tr", "uk", "ur", "vi", "zh", "english", "german", "french", "spanish", "italian", "portuguese"),
        *("dutch", "russian", "chinese", "japanese", "arabic", "hindi", "turkish", "korean", "polish", "czech"),
    )
)


def detect_pair_layout(path: str, target_path: str | None, requested: FileLayout) -> FileLayout:
    """Detect how the pairs of a file, or of two, are read.

    Args:
        path: a file, plain, gz or xz.
        target_path: a file with the targets, if `path` has only the sources; None: both are in `path`.
        requested: the known parts of the layout. Its columns are `source`, a column by name or by number from 0, or a
            JSON field (None: the one with a known name, otherwise the first column); `target` (None: the one with a
            known name, otherwise the second column); and `references`, a JSON field with a list of further, equally
            good targets.

    Raises:
        DataError: a file is missing or empty, has no such column, or could be read in two ways.
        UserError: a column or field is named that the files do not have.
    """
    encoding = requested.encoding or "utf-8"
    names = requested.columns
    if target_path is not None:
        if any(names.values()):
            details = "each file has one side"
            raise UserError("names of columns, but two parallel files", details, "Omit source, target and references.")
        return FileLayout(format="lines", encoding=encoding)
    format = json_format(path, encoding)
    if format is not None:
        return FileLayout(format=format, encoding=encoding, columns=names)
    if references := names.get("references"):
        details = "the columns of a table have one target each"
        raise UserError(f"references={references}, but {path} is not JSON", details, "Omit references=.")
    known = {name for words in _COLUMN_NAMES.values() for name in words} | _LANGUAGES
    known |= {normalized_name(name) for name in names.values() if name is not None}
    head = read_head(path, replace(requested, encoding=encoding), known)
    roles = named_roles(head.names, _COLUMN_NAMES)
    has_header = requested.header
    if has_header is None:
        has_header = (
            any(name is not None and not name.isdecimal() for name in names.values())
            or set(roles) == {"source", "target"}
            or (len(head.names) == 2 == len(set(head.names)) and set(head.names) <= _LANGUAGES)
        )
    columns = {}
    for number, role in enumerate(("source", "target")):
        name = names.get(role)
        if name is None and not (has_header and len(roles) == 2):
            name = str(number)
        number = roles[role] if name is None else find_column(path, head, has_header, role, name)
        columns[role] = column_reference(head, has_header, number)
    return replace(head.layout, header=has_header, columns=columns)


def read_parallel(
    path: str, target_path: str | None, layout: FileLayout, on_error: OnError = raise_error
) -> Iterator[ParallelExample]:
    """Read the pairs of texts of one file, or of two; an empty text remains empty.

    Args:
        path: a file, plain, gz or xz.
        target_path: a file with the targets, if `path` has only the sources; None: both are in `path`.
        layout: what `detect_pair_layout` returned, or, to read sources alone, such a layout without a target.
        on_error: called with the error of a malformed line of a single file, which is then skipped; by default it is
            raised.

    Raises:
        DataError: a file is missing or malformed, or no line has the references.
    """
    if target_path is not None:
        yield from _read_two_files(Path(path), Path(target_path), layout.encoding)
    elif layout.format in JSON_FORMATS:
        yield from _read_json(path, layout, on_error)
    else:
        yield from _read_table(path, layout, on_error)


def _read_json(path: str, layout: FileLayout, on_error: OnError) -> Iterator[ParallelExample]:
    references, further = layout.column("references"), 0
    for number, record in read_records(path, str(layout.format), layout.encoding, on_error):
        try:
            (source_text,) = _field_texts(path, number, record, "source", layout.column("source"))
            targets = _field_texts(path, number, record, "target", layout.column("target"))
            if references and references in record:
                further += 1
                targets += _field_texts(path, number, record, "references", references) if record[references] else []
        except DataError as error:
            on_error(error)
            continue
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


def _read_table(path: str, layout: FileLayout, on_error: OnError) -> Iterator[ParallelExample]:
    columns = columns_by_number(path, read_head(path, layout, ()), layout)
    for number, cells in read_rows(path, layout, on_error):
        try:
            for role, column in columns.items():
                if column >= len(cells):
                    details = f"{len(cells)} columns between {layout.separator}s; column {column} is the {role}"
                    hint = "Correct the line, or give source and target by number"
                    raise DataError(path, number, "too few columns", details, hint)
        except DataError as error:
            on_error(error)
            continue
        texts = {role: cells[column] for role, column in columns.items()}
        yield ParallelExample(id=str(number), source=texts["source"], target=texts.get("target", ""), references=[])


def detect_source_layout(path: str, trained: FileLayout | None, source: str | None) -> FileLayout | None:
    """Detect how a file of sources is read for a trained model; None: each line is a source.

    Args:
        path: the file.
        trained: the layout of the training file, or of what its options request; None if nothing is known.
        source: the column or field that the user named.

    Raises:
        DataError: the file is a table without the column of the training.
    """
    trained = trained or FileLayout()
    encoding = trained.encoding or "utf-8"
    format = json_format(path, encoding)
    if format is not None:
        same_kind = trained.format in (None, *JSON_FORMATS)
        field = source or (trained.column("source") if same_kind else None)
        return FileLayout(format=format, encoding=encoding, columns={"source": field})
    was_table = trained.format == "table"
    column = source or (trained.column("source") if was_table else None)
    if column is None and not has_table_suffix(path):
        return None
    as_trained = was_table and source is None
    request = replace(trained, header=None, width=None, columns={}) if as_trained else FileLayout(encoding=encoding)
    known = {name for words in _COLUMN_NAMES.values() for name in words} | {normalized_name(column or "")}
    head = read_head(path, request, known)
    roles = named_roles(head.names, _COLUMN_NAMES)
    is_named = column is not None and not column.isdecimal() and normalized_name(column) in head.names
    has_header = is_named or set(roles) == {"source", "target"}
    if column is None:
        column = str(roles["source"]) if has_header else "0"
    elif source is None and not is_named:
        is_table = len(head.rows[0]) > 1 and (head.layout.separator == "tab" or has_table_suffix(path))
        if not is_table:
            return None
    find_column(path, head, has_header, "source", column)
    return replace(head.layout, header=has_header, columns={"source": column}, guesses=())


def read_sources(
    path: str, source: str | None, on_error: OnError = raise_error, encoding: str | None = None
) -> Iterator[ParallelExample]:
    """Read the source texts of a file of JSON objects or plain lines.

    Args:
        path: a file, plain, gz or xz. An empty line is an empty source.
        source: the JSON field, as in `detect_pair_layout`.
        on_error: called with the error of a malformed line, which is then skipped; by default it is raised.
        encoding: see `open_lines`.
    """
    format = json_format(path, encoding)
    if format in ("json-array", "json-objects"):
        yield from read_json_sources(path, FileLayout(format, encoding, columns={"source": source}), on_error)
        return
    for line in open_lines(Path(path), encoding=encoding):
        try:
            yield read_source(path, line, format is not None, source)
        except DataError as error:
            on_error(error)


def read_json_sources(path: str, layout: FileLayout, on_error: OnError = raise_error) -> Iterator[ParallelExample]:
    """Read the sources of JSON objects, one a line or in an array."""
    for number, record in read_records(path, str(layout.format), layout.encoding, on_error):
        try:
            (text,) = _field_texts(path, number, record, "source", layout.column("source"))
        except DataError as error:
            on_error(error)
        else:
            yield ParallelExample(id=str(record.get("id", number)), source=text, target="", references=[])


def read_source(path: str, line: Line, as_json: bool, source: str | None) -> ParallelExample:
    """Read the source text of one line of a file. Raises DataError if the line is malformed."""
    line.require_text(path)
    number, text = line.number, line.text
    if not as_json or not text.strip():
        return ParallelExample(id=str(number), source=text, target="", references=[])
    record = parse_json_object(path, number, text)
    (source_text,) = _field_texts(path, number, record, "source", source)
    return ParallelExample(id=str(record.get("id", number)), source=source_text, target="", references=[])


def _decoded_lines(path: Path, encoding: str | None) -> Iterator[tuple[int, str]]:
    for line in open_lines(path, encoding=encoding):
        line.require_text(path)
        yield line.number, line.text


def _read_two_files(path: Path, target_path: Path, encoding: str | None) -> Iterator[ParallelExample]:
    for file in (path, target_path):
        require_file(file)
    number = 0
    for source, target in zip_longest(_decoded_lines(path, encoding), _decoded_lines(target_path, encoding)):
        if source is None or target is None:
            longer, shorter = (path, target_path) if target is None else (target_path, path)
            details = f"{shorter} ends after {number} lines; line n of one belongs to line n of the other"
            raise DataError(
                longer, number + 1, "the other file has fewer lines", details, "Check how the files were made."
            )
        number = source[0]
        yield ParallelExample(id=str(number), source=source[1], target=target[1], references=[])


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
