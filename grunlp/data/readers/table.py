"""Tables of texts: a row an example, cells between tabs, commas, semicolons or vertical bars.

A file whose name contains `.csv`, in any case, is CSV (RFC 4180): its separator is the one by which all first rows are
equally wide, or whose first row has known names. Other files are separated by tabs where their first line has one, and
their cells are quoted only where the quotes cannot be meant otherwise: whole columns of them, or doubled quotes inside.
A first line such as `sep=;`, as Excel reads it, declares the separator.
"""

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from grunlp.data.file_layout import SEPARATORS, FileLayout, declared_separator
from grunlp.data.readers.text_lines import Line, OnError, open_lines, raise_error
from grunlp.utils.errors import DataError, closest_match

HEAD_ROWS = 200  # by which a layout is detected
MAX_NAME_WORDS = 3  # of the name of a column
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", ",")
_NUM_SHOWN_CHARACTERS = 60


class HeadRows:
    """The first rows of a table.

    Attributes:
        layout: the layout with separator, quoting and width.
        number: number of the first line.
        rows: the cells of the first rows.
    """

    def __init__(self, layout: FileLayout, number: int, rows: Sequence[list[str]]) -> None:
        self.layout, self.number, self.rows = layout, number, rows

    @property
    def names(self) -> list[str]:
        """The cells of the first row, as names."""
        return [normalized_name(cell) for cell in self.rows[0]]


def has_table_suffix(path: str | Path) -> bool:
    """Return whether the name of a file says that it is a table."""
    return not {suffix.lower() for suffix in Path(path).suffixes}.isdisjoint((".csv", ".tsv", ".tab"))


def is_csv(path: str | Path) -> bool:
    """Return whether the name of a file says that its cells are between commas or semicolons."""
    return ".csv" in (suffix.lower() for suffix in Path(path).suffixes)


def normalized_name(cell: str) -> str:
    """Return a cell as the name of a column is compared: without blanks around it, in lower case."""
    return cell.strip().lower()


def is_name_like(cell: str) -> bool:
    """Return whether a cell may name a column: a few words without a number in front or the end of a sentence."""
    cell = cell.strip()
    return 0 < len(cell.split()) <= MAX_NAME_WORDS and not (cell[0].isdigit() or cell.endswith(_SENTENCE_ENDS))


def read_head(path: str, requested: FileLayout, known_names: Collection[str]) -> HeadRows:
    """Read the first rows of a table, and detect its separator and quoting where they are not requested.

    Args:
        path: the file.
        requested: the parts of the layout that are known.
        known_names: names of columns that a header may have, in lower case.

    Raises:
        DataError: the file has no text, or two separators fit.
    """
    filled = (line for line in _lines(path, requested.encoding) if line.text.strip())
    lines = [line for line in islice(filled, HEAD_ROWS + 1) if not line.error]
    if not lines:
        raise DataError(
            path, None, "has no text", "every line is empty, or none could be read", "Check how it was made."
        )
    has_csv_name = is_csv(path)
    separator = (
        requested.separator
        or declared_separator(next(open_lines(Path(path), encoding=requested.encoding)).text)
        or _detect_separator(path, lines, has_csv_name, requested.quoting, known_names)
    )
    quoting = requested.quoting
    if quoting is None:
        quoting = has_csv_name or separator != "tab" or _has_quoted_cells(lines, SEPARATORS[separator])
    layout = replace(requested, format="table", separator=separator, quoting=quoting)
    if quoting and layout.skip_initial_space is None and _has_spaced_quotes(lines, separator):
        layout = replace(layout, skip_initial_space=True)
    rows = _sample_rows(lines, separator, quoting, bool(layout.skip_initial_space))
    if not rows:  # a quote is open, which reading reports with its line
        rows = [lines[0].text.split(SEPARATORS[separator])]
    return HeadRows(replace(layout, width=len(rows[0])), lines[0].number, rows)


def read_head_like_training(path: str, trained: FileLayout) -> HeadRows | None:
    """Read the first rows of a table with the separator and quoting of the training file.

    Args:
        path: the file.
        trained: the layout of the training file.

    Returns:
        the rows; None if the training file was no table, or if this file evidently has another separator: it declares
        one, or it has none of the training and begins with a tab, or is CSV where that of the training is the tab.
    """
    if trained.format != "table" or trained.separator is None:
        return None
    first = next(open_lines(Path(path), encoding=trained.encoding)).text
    if declared_separator(first) not in (None, trained.separator):
        return None
    head = read_head(path, replace(trained, header=None, width=None, columns={}, guesses=()), ())
    if all(len(row) == 1 for row in head.rows):
        has_other = is_csv(path) if trained.separator == "tab" else "\t" in head.rows[0][0]
        return None if has_other else head
    return head


def has_columns(head: HeadRows, columns: Iterable[str | None]) -> bool:
    """Return whether a table has the columns, each a name or a number from 0, or None for any."""
    width = len(head.rows[0])
    return all(
        name is None or normalized_name(name) in head.names or (name.isdecimal() and int(name) < width)
        for name in columns
    )


def read_rows(path: str, layout: FileLayout, on_error: OnError = raise_error) -> Iterator[tuple[int, list[str]]]:
    """Read the rows of a table that have a cell with text, the header left out.

    Args:
        path: the file.
        layout: a settled layout.
        on_error: called with the error of a malformed line, which is then skipped; by default it is raised.

    Yields:
        the number of the last line of a row, and its cells.
    """
    is_first = True
    for number, cells in _split_rows(path, layout, on_error):
        if is_first and layout.header:
            is_first = False
            continue
        is_first = False
        if len(cells) > 1 and not any(cell.strip() for cell in cells):  # as spreadsheets write below the last row
            continue
        if layout.width is not None and len(cells) > layout.width:
            width = "the header has" if layout.header else "the first row has"
            details = f"{width} {layout.width}, between {layout.separator}s: {_show(cells)}"
            on_error(DataError(path, number, f"{len(cells)} cells", details, _more_cells_hint(layout)))
        else:
            yield number, cells


def _more_cells_hint(layout: FileLayout) -> str:
    if layout.quoting:
        return f'Enclose a text with a {layout.separator} in it in double quotes: "..."'
    return (
        f"Take the {layout.separator} out of the text, or enclose such texts in quotes and train with data.quoting=true"
    )


def _show(cells: Sequence[str]) -> str:
    text = " | ".join(cells)
    return text if len(text) <= _NUM_SHOWN_CHARACTERS else f"{text[: _NUM_SHOWN_CHARACTERS - 1]}…"


def _lines(path: str, encoding: str | None) -> Iterator[Line]:
    """Yield the lines of a table, without one that declares the separator."""
    for number, line in enumerate(open_lines(Path(path), encoding=encoding)):
        if not (number == 0 and declared_separator(line.text)):
            yield line


def _split_rows(path: str, layout: FileLayout, on_error: OnError) -> Iterator[tuple[int, list[str]]]:
    separator = SEPARATORS[layout.separator or "tab"]
    last = [0]  # the line that the reader has come to: a cell between quotes may run over several

    def texts() -> Iterator[str]:
        for line in _lines(path, layout.encoding):
            try:
                line.require_text(path)
            except DataError as error:
                on_error(error)
                continue
            last[0] = line.number
            yield line.text

    if not layout.quoting:
        for text in texts():
            if text.strip():
                yield last[0], text.split(separator)
        return
    csv.field_size_limit(2**31 - 1)
    skips = bool(layout.skip_initial_space)
    rows = csv.reader(
        (f"{text}\n" for text in texts()), delimiter=separator, strict=True, skipinitialspace=skips
    )  # an empty line may be part of a quoted cell, so that the reader must see it
    try:
        for cells in rows:
            if cells and not (len(cells) == 1 and cells[0].isspace()):
                yield last[0], cells
    except csv.Error as error:
        details = "a quote may be open; cells with quotes are enclosed in quotes, and their own are doubled"
        hint = "Correct the line, or train with data.quoting=false where quotes are part of the text."
        raise DataError(path, last[0], f"not {layout.separator}-separated cells ({error})", details, hint) from None


def _has_spaced_quotes(lines: Sequence[Line], separator: str) -> bool:
    """Return whether there are blanks before quoted cells, and rows can be split so that they are left out."""
    cells = [cell for row in _sample_rows(lines, separator, True) for cell in row]
    if not any(cell.startswith(" ") and cell.lstrip(" ").startswith('"') for cell in cells):
        return False
    texts = (f"{line.text}\n" for line in lines)
    try:
        return bool(list(csv.reader(texts, delimiter=SEPARATORS[separator], strict=True, skipinitialspace=True)))
    except csv.Error:
        return False


def _sample_rows(
    lines: Sequence[Line], separator: str, quoting: bool, skip_initial_space: bool = False
) -> list[list[str]]:
    """Split the first lines into rows, as far as they can be; the last row may be cut off."""
    if not quoting:
        return [line.text.split(SEPARATORS[separator]) for line in lines]
    rows: list[list[str]] = []
    csv.field_size_limit(2**31 - 1)
    with suppress(csv.Error):
        texts = (f"{line.text}\n" for line in lines)
        delimiter, skips = SEPARATORS[separator], skip_initial_space
        rows.extend(csv.reader(texts, delimiter=delimiter, strict=True, skipinitialspace=skips))
    return rows


def _detect_separator(
    path: str, lines: Sequence[Line], is_csv: bool, quoting: bool | None, known_names: Collection[str]
) -> str:
    if not is_csv and "\t" in lines[0].text:
        return "tab"
    samples = {
        name: rows
        for name in (("comma", "semicolon", "tab", "pipe") if is_csv else ("comma", "semicolon", "pipe"))
        if (rows := _sample_rows(lines, name, quoting is not False)) and len(rows[0]) > 1
    }
    for name, rows in samples.items():
        if sum(normalized_name(cell) in known_names for cell in rows[0]) >= (1 if is_csv else len(rows[0])):
            return name
    if not is_csv:
        return "tab"
    fitting = [name for name, rows in samples.items() if all(len(row) == len(rows[0]) for row in rows)]
    if len(fitting) > 1:
        readings = "; ".join(f"between {name}s: {_show(samples[name][0])}" for name in fitting)
        hint = (
            f"Train with data.separator={fitting[0]} or data.separator={fitting[1]}; other commands follow the training"
        )
        raise DataError(path, lines[0].number, f"{' or '.join(fitting)}: both separate its cells", readings, hint)
    return fitting[0] if fitting else "comma"


def _has_quoted_cells(lines: Sequence[Line], separator: str) -> bool:
    """Return whether quotes enclose cells: all of a column, or with doubled quotes inside, and none otherwise."""
    rows = [line.text.split(separator) for line in lines]
    starting = [cell for row in rows for cell in row if cell.startswith('"')]
    if not starting or not all(_is_quoted(cell) for cell in starting):
        return False
    columns = [[row[i] for row in rows if i < len(row)] for i in range(len(rows[0]))]
    return any('""' in cell[1:-1] for cell in starting) or any(
        len(column) > 2 and all(map(_is_quoted, column[1:])) for column in columns
    )


def _is_quoted(cell: str) -> bool:
    return len(cell) >= 2 and cell[0] == cell[-1] == '"' and '"' not in cell[1:-1].replace('""', "")


def find_column(path: str, head: HeadRows, has_header: bool, role: str, requested: str) -> int:
    """Return the number of a column that the user has named or numbered.

    Raises:
        DataError: there is no such column.
    """
    if requested.isdecimal() and not (has_header and normalized_name(requested) in head.names):
        if int(requested) >= len(head.rows[0]):
            details = f"{len(head.rows[0])} columns, numbered from 0; column {requested} was expected for the {role}"
            hint = f"Name it by {role}=NAME_OR_NUMBER, in a training by data.{role}=NAME_OR_NUMBER"
            raise DataError(path, head.number, "too few columns", details, hint)
        return int(requested)
    if normalized_name(requested) not in head.names:
        near = closest_match(requested, head.rows[0])
        option = f"{role}= (data.{role}= in a training)"
        hint = f"Did you mean {near}? Type {option}" if near else f"Type {option} with one of these, or a number from 0"
        raise DataError(path, head.number, f"no column {requested!r}", f"there are: {', '.join(head.rows[0])}", hint)
    return head.names.index(normalized_name(requested))


def column_reference(head: HeadRows, has_header: bool, column: int) -> str:
    """Return how a settled layout refers to a column: by its name where it has one of its own, else by its number."""
    name = head.names[column] if has_header else ""
    return (
        head.rows[0][column].strip() if name and head.names.count(name) == 1 and not name.isdecimal() else str(column)
    )


def columns_by_number(path: str, head: HeadRows, layout: FileLayout) -> dict[str, int]:
    """Return the numbers of the columns of a settled layout."""
    return {
        role: find_column(path, head, bool(layout.header), role, column)
        for role, column in layout.columns.items()
        if column is not None
    }


def named_roles(names: Sequence[str], roles: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return for each role the column that has the first of its known names; roles without one are left out.

    Names are compared with underscores for blanks and hyphens.
    """
    names, found = [re.sub(r"[\s-]+", "_", name) for name in names], {}
    for role, known in roles.items():
        name = next((name for name in known if name in names), None)
        if name is not None:
            found[role] = names.index(name)
    return found
