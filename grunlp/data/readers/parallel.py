"""Readers of pairs of texts, and of source texts alone.

Pairs are in two files, where line n of one corresponds to line n of the other, or in one file: JSON objects, one on
each line or in an array, if it begins with one, otherwise a table (`grunlp.data.readers.table`). Empty lines of a
single file are skipped.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from grunlp.data.examples import ParallelExample
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
from grunlp.data.readers.text_lines import (
    Line,
    OnError,
    open_lines,
    parse_json_object,
    raise_error,
    require_file,
)
from grunlp.utils.errors import DataError, UserError

_SIDES = ("source", "target")
_MIN_ROWS = 4  # that show whether the first row differs from the others
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
        *("deutsch", "englisch", "französisch", "spanisch", "anglais", "français", "francais", "allemand", "espagnol"),
        *("español", "espanol", "inglés", "ingles", "francés", "alemán", "italiano", "inglese", "português", "русский"),
        *("английский", "中文", "英文", "英语", "日本語", "英語", "한국어"),
        *("eng", "deu", "ger", "fra", "fre", "spa", "ita"),
        *("por", "rus", "jpn", "kor", "zho", "cmn", "chi", "ara", "nld", "mandarin", "swedish", "vietnamese"),
        *("dutch", "russian", "chinese", "japanese", "arabic", "hindi", "turkish", "korean", "polish", "czech"),
    )
)

PAIR_COLUMNS = _LANGUAGES.union(*_COLUMN_NAMES.values())
"""Names of columns by which a table of pairs is recognised."""


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
    known = PAIR_COLUMNS | {normalized_name(name) for name in names.values() if name is not None}
    head = read_head(path, replace(requested, encoding=encoding), known)
    guesses: list[str] = []
    has_header = _detect_header(head, requested, guesses)
    numbers = _locate_columns(path, head, has_header, names, guesses)
    columns = {role: column_reference(head, has_header, number) for role, number in numbers.items()}
    return replace(head.layout, header=has_header, columns=columns, guesses=tuple(guesses))


def _detect_header(head: HeadRows, requested: FileLayout, guesses: list[str]) -> bool:
    """Return whether the first row names the columns."""
    if requested.header is not None:
        return requested.header
    if any(name is not None and not name.isdecimal() for name in requested.columns.values()):
        return True
    if _has_known_names(head):
        return True
    if len(head.names) == 2 == len(set(head.names)) and set(head.names) <= _LANGUAGES:
        return True
    if len(_named_sides(head)) == 2 or _looks_like_header(head.rows):
        guesses.append("the first line is a header; in a training, data.header=false overrides it")
        return True
    return False


def has_pair_names(head: HeadRows) -> bool:
    """Return whether the first row of a table names a source and a target, or two languages."""
    return _has_known_names(head) or len(_named_sides(head)) == 2


def _has_known_names(head: HeadRows) -> bool:
    return set(named_roles(head.names, _COLUMN_NAMES)) == set(_SIDES)


def language_fields(record: Mapping[str, Any]) -> list[str]:
    """Return the fields of a JSON object that are named by a language and have a text."""
    return [name for name, text in record.items() if name.lower() in _LANGUAGES - {"id"} and isinstance(text, str)]


def _named_sides(head: HeadRows) -> list[int]:
    """Return the columns of source and target, if cells of the first row have their names, or those of languages.

    The names may be parts of the cells: `source_text`, `en-US`, `English sentence`.
    """
    parts = [_name_parts(cell) for cell in head.names]
    sources, targets = (
        [number for number, words in enumerate(parts) if not words.isdisjoint(_COLUMN_NAMES[side])] for side in _SIDES
    )
    sources = [number for number in sources if number not in targets]
    if len(sources) == 1 == len(targets):
        return sources + targets
    languages = {number: words & _LANGUAGES for number, words in enumerate(parts) if words & _LANGUAGES}
    if len(languages) > 2:  # Indonesian and Norwegian, or numbers of rows
        languages = {number: words for number, words in languages.items() if words.isdisjoint(("id", "no"))}
    return list(languages) if len(languages) == 2 and len({*map(frozenset, languages.values())}) == 2 else []


def _name_parts(cell: str) -> set[str]:
    """Return the words of a cell that may name a column. In one with blanks, words of two letters name no language."""
    if not is_name_like(cell):
        return set()
    words = set(re.findall(r"[^\W_]+", cell))
    return {word for word in words if len(word) > 2} if len(cell.split()) > 1 else words


def _looks_like_header(rows: Sequence[list[str]]) -> bool:
    """Return whether two single words, which may be names, are followed by pairs of longer texts."""
    first, others = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    if len(first) != 2 or len(others) < _MIN_ROWS or not all(is_name_like(cell) and cell.isalpha() for cell in first):
        return False
    return all(any(len(cell.split()) >= MAX_NAME_WORDS for cell in row) for row in others)


def _locate_columns(
    path: str, head: HeadRows, has_header: bool, names: Mapping[str, str | None], guesses: list[str]
) -> dict[str, int]:
    """Return the columns of source and target."""
    requested = {side: name for side in _SIDES if (name := names.get(side)) is not None}
    columns = {side: find_column(path, head, has_header, side, name) for side, name in requested.items()}
    known = named_roles(head.names, _COLUMN_NAMES) if has_header else {}
    if len(known) == 2:
        return known | columns
    width = len(head.rows[0])
    named = _named_sides(head) if has_header else []
    filled = [number for number in range(width) if any(row[number : number + 1] > [""] for row in head.rows)]
    if not columns and len(named) == 2:
        columns = dict(zip(_SIDES, named, strict=True))
        if width > 2:
            guesses.append(
                "source and target by the names of their columns; in a training, data.source= and "
                "data.target= override it"
            )
        return columns
    free = [number for number in filled if number not in columns.values()]
    missing = [side for side in _SIDES if side not in columns]
    if len(free) > len(missing) > 0:
        options = " and ".join(f"{side}=COLUMN" for side in missing)
        hint = f"Type {options} (in a training with data. in front), by name or by number from 0"
        details = f"the first line has: {' | '.join(head.rows[0])}"
        message = f"{width} columns, and none is known to be the {' or the '.join(missing)}"
        raise DataError(path, head.number, message, details, hint)
    if len(free) < len(missing):
        free = [find_column(path, head, has_header, side, str(number)) for number, side in enumerate(_SIDES)]
        return dict(zip(_SIDES, free, strict=True)) | columns
    return columns | dict(zip(missing, free, strict=False))


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
    known = {name for words in _COLUMN_NAMES.values() for name in words} | {normalized_name(column or "")}
    head = read_head_like_training(path, trained)
    if head is None or not has_columns(head, [column]):
        head = read_head(path, FileLayout(encoding=encoding), known)
    roles = named_roles(head.names, _COLUMN_NAMES)
    is_named = column is not None and not column.isdecimal() and normalized_name(column) in head.names
    has_header = is_named or set(roles) == {"source", "target"}
    if column is None:
        column = str(roles["source"]) if has_header else "0"
    elif source is None and not is_named:
        if not _has_cells(path, head, trained):
            return None
        if len(head.rows[0]) == 1 and column.isdecimal():
            column = "0"  # sources alone
    find_column(path, head, has_header, "source", column)
    return replace(head.layout, header=has_header, columns={"source": column}, guesses=())


def _has_cells(path: str, head: HeadRows, trained: FileLayout) -> bool:
    """Return whether the lines of a file have cells, rather than a source each.

    A tab shows it, or the suffix of a table. Other separators than commas, which texts have too, show it where each of
    several rows has as many cells as in the training.
    """
    widths = {len(row) for row in head.rows}
    if has_table_suffix(path):
        lines = islice(open_lines(Path(path), encoding=trained.encoding), len(head.rows))
        return len(head.rows[0]) > 1 or (bool(head.layout.quoting) and any(line.text.startswith('"') for line in lines))
    if len(head.rows[0]) == 1 or head.layout.separator in ("tab", "comma"):
        return len(head.rows[0]) > 1 and head.layout.separator == "tab"
    return len(head.rows) > 1 and widths == {trained.width}


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
