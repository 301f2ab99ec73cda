"""The columns of numbers of a table: which they are, and how their numbers are written."""

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from grunlp.data.timeseries.number_format import (
    PLAIN,
    Ambiguity,
    NumberColumn,
    NumberFormat,
    has_numbers,
    is_missing,
    list_number_formats,
    settle_number_format,
    strip_unit,
)
from grunlp.data.timeseries.table_file import TableFile
from grunlp.utils.errors import DataError

log = logging.getLogger(__name__)

_MAX_INDEX_DIGITS = 18  # of a 64-bit integer
_INDEX_NAMES = frozenset(("index", "idx", "id", "row", "row_id", "rowid", "rownum", "row_number", "no", "nr", "#"))
_IDENTIFIER = re.compile(
    r"id|code|key|sku|store|shop|item|product|article|customer|station|sensor|device|site|zip|plz|filiale|artikel|kunde"
)
_LEADING_ZERO = re.compile(r"0\d+")
_STARTS_WITH_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:\s?[^\W\d]{1,5})?$")
_FEW = 0.1  # the share of numbers in a column of texts from which its leaving out is mentioned
_TRUTH_VALUES = {"true": 1.0, "false": 0.0}


def is_identifier_name(column: str) -> bool:
    """Return whether the name of a column says that its cells are identifiers."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).lower())
    return any(_IDENTIFIER.fullmatch(word) for word in words)


class NumberReader:
    """The columns of numbers of a table, read in the one format that the table has.

    Args:
        table: the table.
    """

    def __init__(self, table: TableFile) -> None:
        self.table = table
        self.formats = list_number_formats(table.layout.decimal, table.layout.thousands)
        self.columns: dict[str, NumberColumn | None] = {}

    def _column(self, name: str) -> NumberColumn | None:
        """Return the cells of a column of texts; None: it has types."""
        import pandas as pd

        if name not in self.columns:
            is_text = not pd.api.types.is_numeric_dtype(self.table.frame[name])
            self.columns[name] = strip_unit(self.table.texts(name)) if is_text else None
        return self.columns[name]

    def find_numeric_columns(self, exclude: set[str | None]) -> list[str]:
        """Return the unused columns of numbers; a column of numbers with a few words is an error, not text.

        A column that numbers the rows is left out.
        """
        import pandas as pd

        names, left_out = [], []
        for name in self.table.frame:
            values = self.table.frame[name]
            if name in exclude or any(
                is_type(values) for is_type in (pd.api.types.is_bool_dtype, pd.api.types.is_datetime64_any_dtype)
            ):
                continue
            reason = self._reason_to_leave_out(name)
            if reason:
                left_out.append(f"column {name!r} {reason} and is left out unless data.targets names it")
            elif self._is_numeric(name):
                names.append(name)
        if not names:
            empty = [f"column {name!r} is empty" for name in self.table.frame if not any(self.table.texts(name))]
            details = "; ".join([*left_out, *empty]) or f"there are: {', '.join(self.table.frame)}"
            hint = "Type data.targets=COLUMN" + (", or write the numbers without words and units" if left_out else "")
            raise DataError(self.table.path, None, "no column contains numbers", details, hint)
        self.table.guesses += left_out
        return names

    def _is_numeric(self, name: str) -> bool:
        column = self._column(name)
        return bool(self.table.frame[name].notna().any()) if column is None else has_numbers(column, self.formats)

    def _reason_to_leave_out(self, name: str) -> str | None:
        """Return why a column with numbers is not forecast, unless it is named; None: it is forecast, or text."""
        column = self._column(name)
        present = [] if column is None else column.present()
        if not self._is_numeric(name):
            other = next(
                (text for text in present if not has_numbers(NumberColumn([text], "", None), self.formats)), ""
            )
            if other and sum(_STARTS_WITH_NUMBER.match(text) is not None for text in present) > _FEW * len(present):
                return f"has cells that are not numbers, such as {other!r},"
            return None
        if self._numbers_rows(name):
            return "numbers the rows"
        code = next((text for text in present if _LEADING_ZERO.fullmatch(text)), None)
        if code:
            return f"has codes, such as {code!r},"
        texts = set(self.table.texts(name))
        if len(texts) == 1 and len(self.table.frame) > 1 and texts.pop().isdecimal() and is_identifier_name(name):
            return "has the same number in all rows, by its name an identifier,"
        return None

    def _numbers_rows(self, name: str) -> bool:
        """Return whether a column is the index of a table: it has no name, or such a name and consecutive numbers."""
        texts = self.table.texts(name)
        if not all(text.isdecimal() and len(text) <= _MAX_INDEX_DIGITS for text in texts):
            return False
        if name.startswith("Unnamed: "):
            return True
        return name.lower() in _INDEX_NAMES and bool((np.diff(np.array(texts, dtype=np.int64)) == 1).all())

    def settle_format(self, names: Sequence[str]) -> None:
        """Choose the format by the columns that are used.

        Raises:
            DataError: two formats read a cell as different numbers.
        """
        columns = [column for column in map(self._column, names) if column is not None]
        if not columns or len(self.formats) == 1:
            settled = self.formats[0]
        else:
            settled, ambiguity = settle_number_format(columns, self.formats)
            if ambiguity is not None:
                if ambiguity.is_open:
                    raise self._ambiguous_number(names, ambiguity)
                self.table.guesses.append("data.decimal=point")
        self.formats = [settled]
        if columns:
            self.table.layout = replace(self.table.layout, decimal=settled.decimal, thousands=settled.thousands)

    def _ambiguous_number(self, names: Sequence[str], ambiguity: Ambiguity) -> DataError:
        name, row = next(
            (name, column.texts.index(ambiguity.text))
            for name in names
            if (column := self._column(name)) and ambiguity.text in column.texts
        )
        (first, one), (second, other) = ambiguity.readings
        message = f"column {name!r}: {ambiguity.text!r} may be {one:.15g} or {other:.15g}"
        details = f"{_keys(first)} makes it {one:.15g}; {_keys(second)} makes it {other:.15g}"
        return self.table.row_error(row, message, details, f"Type {_keys(first)} or {_keys(second)}")

    def read(self, name: str, role: str) -> NDArray[np.float64]:
        """Return the (R,) numbers of a column, NaN where it is empty. `role`: its part, for messages."""
        column = self._column(name)
        if column is None:
            numbers: NDArray[np.float64] = self.table.frame[name].to_numpy(np.float64, na_value=np.nan)
        else:
            numbers = self._parse(name, role, column)
        endless = np.flatnonzero(np.isinf(numbers))
        if len(endless):
            message, hint = f"column {name!r}: the value is infinite", "Leave the cell empty; missing values are filled"
            raise self.table.row_error(endless[0], message, "numbers must be finite", hint)
        return numbers

    def units(self, names: Sequence[str]) -> dict[str, str]:
        """Return the units of those columns that have one."""
        columns = {name: self._column(name) for name in names}
        return {name: column.unit for name, column in columns.items() if column is not None and column.unit}

    def has_only_numbers(self, name: str) -> bool:
        """Return whether no cell of a column is anything else than a number, not even missing."""
        column = self._column(name)
        return column is None or (column.other_unit is None and not np.isnan(self.formats[0].parse(column.texts)).any())

    def _parse(self, name: str, role: str, column: NumberColumn) -> NDArray[np.float64]:
        """Return the numbers of a column of texts; true and false are 1 and 0."""
        texts = self.table.texts(name)
        if all(text.lower() in _TRUTH_VALUES for text in column.present()):
            return np.array([_TRUTH_VALUES.get(text.lower(), np.nan) for text in column.texts])
        if column.other_unit is not None:
            message = f"column {name!r}: {texts[column.other_unit]!r} has not the unit of the others"
            details = f"most cells of the column have the unit {column.unit}"
            raise self.table.row_error(column.other_unit, message, details, "Write all with one unit, or without.")
        numbers = self.formats[0].parse(column.texts)
        empty = np.flatnonzero(np.isnan(numbers))
        bad = [int(row) for row in empty if not is_missing(column.texts[row])]
        if bad:
            details = f"{role} has numbers; {len(bad)} of {len(texts)} rows of this column do not"
            if self.formats[0] != PLAIN:
                details += f" with {_keys(self.formats[0])}"
            hint = "Correct the cell, leave it empty, or name other columns by data.targets=COLUMN,COLUMN"
            raise self.table.row_error(bad[0], f"column {name!r}: {texts[bad[0]]!r} is not a number", details, hint)
        if marks := Counter(filter(None, (texts[row] for row in empty))):
            shown = ", ".join(f"{mark!r} ({count:,} cells)" for mark, count in marks.most_common())
            log.warning("%s: column %r: read as missing: %s", self.table.path.name, name, shown)
        if column.unit:
            log.info("%s: column %r is in %s", self.table.path.name, name, column.unit)
        return numbers


def _keys(number_format: NumberFormat) -> str:
    return f"data.decimal={number_format.decimal} data.thousands={number_format.thousands}"
