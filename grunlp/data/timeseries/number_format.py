"""Numbers as people write them: decimal comma, thousands, currencies, per cent."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from grunlp.data.timeseries.layout import Decimal, Thousands

_MISSING = frozenset(
    (
        *("", "-", "--", "–", "—", "?", ".", "na", "n/a", "n.a.", "nan", "-nan", "null", "none", "<na>", "#n/a", "#na"),
        *("#n/a n/a", "1.#ind", "1.#qnan", "-1.#ind", "-1.#qnan"),
    )
)
"""Marks of a missing value in lower case: those of `pandas.read_csv`, and those that people write."""

_SIGNS: dict[Decimal, str] = {"point": ".", "comma": ","}
_GROUPS: dict[Thousands, str] = {"comma": ",", "point": r"\.", "space": "[ \u00a0\u2009\u202f]", "apostrophe": "['’]"}
_UNIT = r"[%‰$€£¥₹₽₩]|R\$|kr\.?|zł|Fr\.?|[A-Z]{3}"
_NUMBER_WITH_UNIT = re.compile(
    rf"(?P<sign>[+-]?)(?P<before>{_UNIT})?\s*(?P<number>[+-]?[\d.,].*?)\s*(?P<after>{_UNIT})?"
)


def is_missing(cell: str) -> bool:
    """Return whether a cell of a column of numbers is empty or has a mark of a missing value."""
    return cell.lower() in _MISSING


class NumberFormat(NamedTuple):
    """A decimal sign and a sign between thousands."""

    decimal: Decimal
    thousands: Thousands

    def pattern(self) -> re.Pattern[str]:
        """Return the pattern of a number."""
        fraction, group = re.escape(_SIGNS[self.decimal]), _GROUPS.get(self.thousands)
        whole = r"\d+"
        if group:  # groups of three digits, in India also of two
            whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{group}\d{{2,3}})*{group}\d{{3}})"
        return re.compile(rf"[+-]?(?:{whole}(?:{fraction}\d*)?|{fraction}\d+)(?:[eE][+-]?\d+)?")

    def parse(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the (N,) numbers, NaN where a text is missing or not a number."""
        import pandas as pd

        if self == PLAIN:
            series = pd.Series(["" if is_missing(text) else text for text in texts], dtype=object)
            return np.asarray(pd.to_numeric(series, errors="coerce"), dtype=np.float64)
        pattern, group, sign = self.pattern(), _GROUPS.get(self.thousands), _SIGNS[self.decimal]
        numbers = np.full(len(texts), np.nan)
        for i, text in enumerate(texts):
            if pattern.fullmatch(text):
                numbers[i] = float((re.sub(group, "", text) if group else text).replace(sign, "."))
        return numbers


PLAIN = NumberFormat("point", "none")


def list_number_formats(decimal: Decimal | None, thousands: Thousands | None) -> list[NumberFormat]:
    """List the formats that agree with the given signs, the plain one first."""
    formats = (NumberFormat(sign, group) for sign in get_args(Decimal) for group in get_args(Thousands))
    return [
        one
        for one in formats
        if decimal in (None, one.decimal) and thousands in (None, one.thousands) and one.decimal != one.thousands
    ]


class NumberColumn(NamedTuple):
    """The cells of a column without the unit that most of them have, a currency or per cent.

    Attributes:
        texts: the cells.
        unit: the unit, or "".
        other_unit: the first row whose cell has another unit or none; None: there is no such row.
    """

    texts: list[str]
    unit: str
    other_unit: int | None

    @property
    def mixes_whole_numbers(self) -> bool:
        """True if the column has numbers with a point and whole numbers below 1000, so that 1.000 may be a thousand."""
        present = [text.lstrip("+-") for text in self.present()]
        whole = [text for text in present if text.isdecimal()]
        return bool(whole) and max(map(len, whole)) <= 3 and any("." in text for text in present)

    def present(self) -> list[str]:
        """Return the cells that are not missing."""
        return [text for text in self.texts if not is_missing(text)]


def strip_unit(cells: Sequence[str]) -> NumberColumn:
    """Remove the unit that most cells of a column have."""
    cells = [cell.strip().replace("\u2212", "-") for cell in cells]
    if not np.isnan(PLAIN.parse([cell for cell in cells if not is_missing(cell)])).any():
        return NumberColumn(cells, "", None)
    matches = [None if is_missing(cell) else _NUMBER_WITH_UNIT.fullmatch(cell) for cell in cells]
    units = [match and (match["before"], match["after"]) for match in matches]
    counts = Counter(filter(None, units))
    unit = counts.most_common(1)[0][0] if counts else (None, None)
    if unit == (None, None):
        return NumberColumn(cells, "", None)
    texts = [
        match["sign"] + match["number"] if match and own == unit else cell
        for cell, match, own in zip(cells, matches, units, strict=True)
    ]
    other = next((row for row, own in enumerate(units) if own and own != unit), None)
    return NumberColumn(texts, " and ".join(filter(None, unit)), other)


class Ambiguity(NamedTuple):
    """A cell that two formats read as different numbers.

    Attributes:
        text: the cell.
        readings: the two formats with their numbers.
        is_open: whether neither format is the likely one.
    """

    text: str
    readings: list[tuple[NumberFormat, float]]
    is_open: bool


def settle_number_format(
    columns: Sequence[NumberColumn], formats: Sequence[NumberFormat]
) -> tuple[NumberFormat, Ambiguity | None]:
    """Find the format that reads the most cells of columns of numbers, the plain one if it is among several.

    Where 1.000 may be 1 or 1000, the plain format is the likely one, because files have decimal points by custom. No
    format is likely in a column that also has whole numbers below 1000: decimals of one length all have three digits.

    Returns:
        the format, and a cell that another format reads differently, if that one reads as many cells.
    """
    columns = sorted(columns, key=lambda column: not column.mixes_whole_numbers)
    texts = [text for column in columns for text in column.present() if not text.isdecimal()]
    if len(formats) == 1 or not texts:
        return formats[0], None
    thousands = NumberFormat("comma", "point").pattern()
    if formats[0] == PLAIN and np.isfinite(PLAIN.parse(texts)).all():
        formats = formats if all(thousands.fullmatch(text) for text in texts) else formats[:1]
    values = {one: one.parse(texts) for one in formats}
    counts = {one: int(np.isfinite(numbers).sum()) for one, numbers in values.items()}
    best = [one for one in formats if counts[one] == max(counts.values())]
    for other in best[1:]:
        first, second = values[best[0]], values[other]
        differs = np.flatnonzero((first != second) & np.isfinite(first) & np.isfinite(second))
        if len(differs):
            row = differs[0]
            is_open = best[0] != PLAIN or columns[0].mixes_whole_numbers
            readings = [(best[0], float(first[row])), (other, float(second[row]))]
            return best[0], Ambiguity(texts[row], readings, is_open)
    return best[0], None


def has_numbers(column: NumberColumn, formats: Sequence[NumberFormat]) -> bool:
    """Return whether most cells that are not missing are numbers in one of the formats."""
    present = column.present()
    return bool(present) and any(float(np.isnan(one.parse(present)).mean()) < 0.5 for one in formats)
