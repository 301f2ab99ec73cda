"""A file of time series as a table: its cells as text, and the lines they are on."""

import codecs
import csv
import io
import lzma
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from grunlp.data.file_layout import SEPARATORS, declared_separator
from grunlp.data.readers.json_records import json_format, read_records
from grunlp.data.readers.text_lines import decompress, describe_undecodable_byte
from grunlp.data.timeseries.layout import Separator, TableLayout
from grunlp.utils.error_translation import wrap_library_errors
from grunlp.utils.errors import DataError, UserError, closest_match

if TYPE_CHECKING:
    import pandas as pd

_IN_MEMORY = Path("the table")  # in place of the path, in messages
_ADVICE = "Save it as CSV with the names of the columns in the first line, or as Parquet."
_PARQUET, _PARQUET_NAME = b"PAR1", re.compile(r"\.(parquet|pq)(\.(gz|xz))?$", re.IGNORECASE)
_REFUSED_KINDS = (  # first bytes, kind and advice
    (b"PK\x03\x04", "an Excel workbook or another zip archive", f"Unpack it. {_ADVICE}"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", _ADVICE),
    (b"SQLite format 3", "an SQLite database", _ADVICE),
    (b"BZh", "compressed with bzip2", "Decompress it: bunzip2 FILE"),
    (b"(\xb5/\xfd", "compressed with Zstandard", "Decompress it: unzstd FILE"),
)
_WIDE_ENCODINGS = ("utf-16", "utf_16", "utf16", "utf-32", "utf_32", "utf32")
_HEAD_BYTES = 1024  # in which the text begins
_SURROGATE = re.compile("[\ud800-\udfff]")
_JSON_ROW = 'expected an object for each row, such as {"date": "2024-01-31", "value": 5}'
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class TableFile:
    """A data frame and the line of each of its rows. The cells of CSV are texts; other tables have types.

    Args:
        path: the path of the file, for errors.
        frame: its rows.
        lines: (R,) the line of each row; in a table without lines, its number from 1.
        layout: how it is read, as far as it is settled; readers of columns settle the rest.

    Attributes:
        guesses: what was guessed, each with the option that overrides it.
    """

    def __init__(self, path: Path, frame: "pd.DataFrame", lines: NDArray[np.int64], layout: TableLayout) -> None:
        self.path, self.frame, self.lines, self.layout = path, frame.rename(columns=str), lines, layout
        self.guesses: list[str] = []
        self._texts: dict[str, list[str]] = {}

    def row_error(self, row: int, message: str, details: str, hint: str) -> DataError:
        """Return the error for a row of the frame, with its line."""
        return DataError(self.path, int(self.lines[row]), message, details, hint)

    def require_column(self, name: str | None) -> None:
        """Raise DataError unless the column exists."""
        if name is not None and name not in self.frame:
            guess = closest_match(name, self.frame)
            hint = f"Did you mean {guess}?" if guess else "Use a column name from the first line of the file."
            raise DataError(self.path, None, f"no column {name!r}", f"there are: {', '.join(self.frame)}", hint)

    def texts(self, name: str) -> list[str]:
        """Return the cells of a column as the file has them; those that a typed table lacks are empty."""
        if name not in self._texts:
            self._texts[name] = _column_texts(self.frame[name])
        return self._texts[name]


def _column_texts(column: "pd.Series") -> list[str]:
    """Return the cells of a column as text; whole numbers, floats if some are missing, without fraction."""
    import pandas as pd

    if pd.api.types.is_float_dtype(column) and ((column % 1 == 0) & (column.abs() < 2.0**63) | column.isna()).all():
        column = column.astype("Int64")
    missing = column.isna().tolist()
    return ["" if is_missing else str(cell).strip() for cell, is_missing in zip(column.tolist(), missing, strict=True)]


def open_table(source: "str | Path | io.StringIO | pd.DataFrame", layout: TableLayout) -> TableFile:
    """Open a file, or a table in memory as text in CSV or as a data frame.

    Raises:
        DataError: the file is missing, empty or malformed.
    """
    if isinstance(source, io.StringIO):
        return _parse_csv(_IN_MEMORY, source.getvalue(), layout)
    if not isinstance(source, str | Path):
        return _typed_table(_IN_MEMORY, source, layout)
    path = Path(source)
    if not path.is_file():
        raise DataError(
            path, None, "no such file", "expected a file of series in CSV, JSON Lines or Parquet", "Check the path."
        )
    content = _read_bytes(path)
    if content.startswith(_PARQUET) or _PARQUET_NAME.search(path.name):
        import pandas as pd

        with wrap_library_errors(path, "not a Parquet file", _ADVICE):
            frame = pd.read_parquet(io.BytesIO(content))
        return _typed_table(path, frame, layout)
    for magic, kind, advice in _REFUSED_KINDS:
        if content.startswith(magic):
            raise DataError(path, None, f"the file is {kind}", "expected CSV, JSON Lines or Parquet", advice)
    encoding = _find_encoding(content, layout.encoding)
    start = content[:_HEAD_BYTES].removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if start in (b"{", b"["):
        if format := json_format(path):
            return _read_json(path, format, layout)
        if start == b"{":
            raise DataError(path, None, "the file is JSON in another form", _JSON_ROW, _ADVICE)
    return _parse_csv(path, _decode(path, content, encoding), replace(layout, encoding=encoding))


def _read_bytes(path: Path) -> bytes:
    """Return the content of a file, decompressed."""
    try:
        with path.open("rb") as file, decompress(file) as stream:
            return stream.read()
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DataError(path, None, f"cannot be read: {error}", "", _ADVICE) from None


def _find_encoding(content: bytes, encoding: str | None) -> str:
    """Return the encoding of a text: that of its byte order mark, else the given one, else UTF-8.

    UTF-16 or UTF-32 cannot be that of a table without a byte 0, because signs such as commas and digits have one.
    """
    marked = next((name for mark, name in _BYTE_ORDER_MARKS.items() if content.startswith(mark)), None)
    if encoding is None or (encoding.lower().startswith(_WIDE_ENCODINGS) and 0 not in content):
        encoding = "utf-8"
    return marked or encoding


def _read_json(path: Path, format: str, layout: TableLayout) -> TableFile:
    """Read JSON objects, one for each row, whose numbers have types."""
    import pandas as pd

    rows = list(read_records(path, format, expected=_JSON_ROW))
    if not rows:
        raise DataError(path, None, "the file has no row", _JSON_ROW, _ADVICE)
    for line, record in rows:
        nested = next((key for key, value in record.items() if isinstance(value, dict | list)), None)
        if nested is not None:
            raise DataError(path, line, f"{nested!r} has several values", _JSON_ROW, _ADVICE)
        if any(isinstance(text, str) and _SURROGATE.search(text) for text in chain(record, record.values())):
            raise DataError(path, line, "half of a surrogate pair is not text", _JSON_ROW, "Remove it.")
    names = dict.fromkeys(key for _, record in rows for key in record)
    columns = {name: _json_column([record.get(name) for _, record in rows]) for name in names}
    return TableFile(path, pd.DataFrame(columns), np.array([line for line, _ in rows]), layout)


def _json_column(values: Sequence[Any]) -> "pd.Series":
    """Return the values of a column, as floats if all are numbers that floats can represent."""
    import pandas as pd

    present = [value for value in values if value is not None]
    is_numeric = all(type(value) is float or (type(value) is int and abs(value) <= 2**53) for value in present)
    return pd.Series(values, dtype=float if present and is_numeric else object)


def _decode(path: Path, content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
        if 4 * text.count("\0") > len(text):
            details, hint = f"the file is read as {encoding}", "Type its encoding: data.encoding=utf-16-le, for example"
            raise DataError(path, None, "has as many NUL bytes as UTF-16", details, hint)
        return text
    except LookupError:
        details = "expected the name of an encoding, as Python has it: utf-8, cp1252, utf-16"
        raise UserError(f"data.encoding={encoding}: no such encoding", details, "Correct it.") from None
    except UnicodeDecodeError as error:
        if encoding.lower().startswith(_WIDE_ENCODINGS):  # whose bytes 10 are not the ends of lines
            message = f"the file is not {encoding.upper()}: {error.reason} at byte {error.start + 1}"
            raise DataError(path, None, message, "it may be incomplete", _ADVICE) from None
        number = content.count(b"\n", 0, error.start) + 1
        first = content.rfind(b"\n", 0, error.start) + 1
        line = content[first:].partition(b"\n")[0]
        message, hint = describe_undecodable_byte(line, error.start - first, encoding)
        raise DataError(path, number, message, f"the file is read as {encoding}", hint.format(path=path)) from None


def _typed_table(path: Path, frame: "pd.DataFrame", layout: TableLayout) -> TableFile:
    """Make a table of a data frame; an index of times, which Parquet stores separately, becomes a column."""
    import pandas as pd

    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.name is None:
        frame = frame.rename_axis(layout.time_column or "index")
    frame = frame.reset_index(drop=isinstance(frame.index, pd.RangeIndex))
    return TableFile(path, frame, np.arange(1, len(frame) + 1), layout)


def _parse_csv(path: Path, text: str, layout: TableLayout) -> TableFile:
    """Parse CSV; all cells are texts."""
    text = text.removeprefix("\ufeff")
    first = _first_line(text)
    declared = cast("Separator | None", declared_separator(first))
    if declared:
        text = text.replace(first, "", 1)  # an empty line in its place, so that lines keep their numbers
    separator = layout.separator or declared or _detect_separator(text)
    rows, lines = [], []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=SEPARATORS[separator], strict=True)
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(path, reader.line_num, f"cannot be read: {error}", "", _ADVICE) from None
    while len(rows) > 1 and not any(rows[-1]):
        rows.pop()
    if len(rows) < 2:
        details = "it has no row after the names of its columns" if rows else ""
        raise DataError(path, None, f"the {'table' if path == _IN_MEMORY else 'file'} is empty", details, _ADVICE)
    if path == _IN_MEMORY:
        lines = [line - 1 for line in lines]  # rows, from 1, as of a data frame
    names = _column_names(rows[0])
    if len(names) == 1 and (other := _detect_separator(text)) != separator:
        message, details = (
            f"the cells are between {other}s",
            f"data.separator is {separator}, as in the training of a model",
        )
        raise DataError(path, 1, message, details, f"Save the table with {separator}s between its cells.")
    for i, row in enumerate(rows):
        if len(row) > len(names):
            if any(row[len(names) :]):
                raise _extra_cells_error(path, lines[i], row, len(names), separator)
            del row[len(names) :]
    return make_text_table(path, rows, lines, replace(layout, separator=separator))


def make_text_table(path: Path, rows: Sequence[list[str]], lines: Sequence[int], layout: TableLayout) -> TableFile:
    """Make a table of texts.

    Args:
        path: the file, for errors.
        rows: the names of the columns, then the cells of each row; cells that a row lacks at its end are empty.
        lines: the line of each.
        layout: how the table was read.
    """
    import pandas as pd

    names = _column_names(rows[0])
    cells = [[*row, *[""] * (len(names) - len(row))][: len(names)] for row in rows[1:]]
    return TableFile(path, pd.DataFrame(cells, columns=names, dtype=object), np.array(lines[1 : len(rows)]), layout)


def _detect_separator(text: str) -> Separator:
    """Return the separator that divides the first line into the most cells."""
    first = _first_line(text.lstrip("\r\n"))
    names: tuple[Separator, ...] = get_args(Separator)
    return max(names, key=lambda name: _count_cells(first, SEPARATORS[name]))


def _first_line(text: str) -> str:
    return next(io.StringIO(text, newline=""), "").rstrip("\r\n")


def _count_cells(line: str, sign: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=sign), []))
    except csv.Error:
        return 0


def _column_names(header: Sequence[str]) -> list[str]:
    """Return unique names of columns, those without one named as by pandas."""
    names: dict[str, None] = {}
    for i, name in enumerate(header):
        name = name.strip() or f"Unnamed: {i}"
        number, unique = 0, name
        while unique in names:
            number += 1
            unique = f"{name}.{number}"
        names[unique] = None
    return list(names)


def _extra_cells_error(path: Path, line: int, row: Sequence[str], count: int, separator: Separator) -> DataError:
    """Return the error for a row with more cells than the header."""
    message = f"{len(row)} cells between {separator}s, and the header has {count}"
    hint = 'Enclose a cell that contains the separator in quotes: "..."'
    if separator == "comma":
        hint += "; with decimal commas, put semicolons between cells"
    return DataError(path, line, message, f"the row is {SEPARATORS[separator].join(row)[:80]!r}", f"{hint}.")
