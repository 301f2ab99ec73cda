"""Times as people write them: which formats a column may have, and the times of its cells."""

import re
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.data.timeseries.layout import EXCEL, ISO_8601, UNIX_UNITS
from grunlp.utils.errors import UserError

_ISO = re.compile(
    r"\d{4}-\d{2}(-\d{2}([T ]\d{2}(:\d{2}(:\d{2}([.,]\d+)?)?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?)?)?|\d{8}T\d{4,6}Z?"
)
_OFFSET = re.compile(r"(?::\d{2}(?:[.,]\d+)?|T\d{2,6})\s*(?:[AaPp][Mm])?\s*(?P<offset>Z|[+-]\d{2}:?(?:\d{2})?)$")
_CLOCK = re.compile(
    r"(?P<join>T|,? +)\d{1,2}:\d{2}(?P<seconds>:\d{2})?(?P<fraction>\.\d+)?"
    r"(?P<half> ?[AaPp][Mm])?(?P<offset> ?(?:Z|[+-]\d{2}:?\d{2}))?$"
)
_UTC = re.compile(r"(?<=[\dMmSfp]) ?(?:UTC|GMT)$")  # after a time of day, or its format
_LAST_MIDNIGHT = re.compile(r"(?<=[T ])24(:00(:00(?:\.0+)?)?)(?![\d:])")
_ZERO_FRACTION, _DECIMAL_COMMA = re.compile(r"(?<=\d)\.0+$"), re.compile(r"(?<=\d),(?=\d+$)")
_TIME_WORDS = frozenset(
    (
        *("date", "datetime", "time", "timestamp", "ds", "day", "month", "year", "week", "quarter", "period", "when"),
        *("hour", "datum", "zeit", "zeitpunkt", "uhrzeit", "tag", "monat", "jahr", "woche", "fecha", "hora", "dia"),
        *("mes", "año", "jour", "mois", "année", "heure", "giorno", "mese", "anno"),
    )
)
_TIME_PART_WORDS = frozenset(
    (
        *(
            "quarter",
            "qtr",
            "month",
            "day",
            "dayofmonth",
            "hour",
            "hr",
            "minute",
            "min",
            "second",
            "sec",
            "time",
            "clock",
        ),
        *("quartal", "monat", "tag", "stunde", "uhrzeit", "zeit", "mois", "jour", "heure", "mes", "dia", "hora"),
        *("mese", "giorno", "ora", "yr", "year", "jahr"),
    )
)
_TIME_PART = re.compile(r"\d{1,2}(\.0+)?|\d{1,2}(:\d{2}){1,2}( ?[ap]m)?|[0-2]\d[0-5]\d|\d{4}", re.IGNORECASE)
_DAY_MONTH_ORDERS = ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y")
_SHORT_YEAR_ORDERS = ("%d{0}%m{0}%y", "%m{0}%d{0}%y", "%y{0}%m{0}%d")
_NAMED_MONTH_ORDERS = (
    *("%d{0}%b{0}%Y", "%b{0}%d{0}%Y", "%b{0}%d, %Y", "%Y{0}%b{0}%d", "%b{0}%Y", "%Y{0}%b", "%b{0}%y"),
    *("%d{0}%b{0}%y", "%b{0}%d{0}%y"),
)
_MONTH = r"\b\d*(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DIGITS_BY_LENGTH = {
    4: ("%Y",),
    5: (EXCEL,),
    6: ("%Y%m", "%y%m%d"),
    8: ("%Y%m%d", "%d%m%Y", "%m%d%Y"),
    12: ("%Y%m%d%H%M",),
    13: ("unix-ms",),
    14: ("%Y%m%d%H%M%S",),
    16: ("unix-us",),
    19: ("unix-ns",),
}
_EXCEL_DAYS = (20_000, 80_000)  # 1954 to 2119


def is_time_name(column: str) -> bool:
    """Return whether the name of a column says that it has times."""
    return any(word in _TIME_WORDS or word.endswith(("date", "time")) for word in _words(column))


def is_time_part_name(column: str) -> bool:
    """Return whether the name of a column says that it has parts of times, such as hours."""
    return not _TIME_PART_WORDS.isdisjoint(_words(column))


def is_time_part(cell: str) -> bool:
    """Return whether a cell may be a part of a time: a number of up to two digits, a year, clock time or month."""
    return _TIME_PART.fullmatch(cell) is not None or re.fullmatch(_MONTH, cell, re.IGNORECASE) is not None


def _words(column: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).lower())


class ParsedTimes(NamedTuple):
    """Times of cells.

    Attributes:
        times: DatetimeIndex (R,), NaT for a cell that is not a time: instants in UTC where the cell has an offset, else
            clock times.
        offsets: (R,) offsets from UTC in minutes; NaN where the cell has none.
    """

    times: Any
    offsets: NDArray[np.float64]


def candidate_formats(texts: Sequence[str]) -> list[str]:
    """List the formats that cells may have, by the shape of the longest."""
    sample = _UTC.sub("Z", max(texts, key=len))
    if _ISO.fullmatch(sample):
        return [ISO_8601]
    clock = _CLOCK.search(sample)
    dates = _date_formats(sample[: clock.start()] if clock else sample)
    return [date + _clock_format(clock) for date in dates] if clock else dates


def _clock_format(clock: re.Match[str]) -> str:
    """Return the format of a time of day."""
    hours = "%I:%M" if clock["half"] else "%H:%M"
    seconds = (":%S" if clock["seconds"] else "") + (".%f" if clock["fraction"] else "")
    half = re.sub("[AaPp][Mm]", "%p", clock["half"] or "")
    offset = (" " if (clock["offset"] or "").startswith(" ") else "") + "%z" if clock["offset"] else ""
    return clock["join"] + hours + seconds + half + offset


def _date_formats(date: str) -> list[str]:
    """List the formats that a date may have, by its shape."""
    from pandas.tseries.api import guess_datetime_format

    if re.fullmatch(r"\d+([.,]\d+)?", date):
        return _digit_formats(date)
    if parts := re.fullmatch(r"(\d{1,4})([/.\- ])(\d{1,2})\2(\d{1,4})", date):
        if len(parts[1]) == 4:
            return ["%Y{0}%m{0}%d".format(parts[2])]
        orders = _DAY_MONTH_ORDERS if len(parts[4]) == 4 else _SHORT_YEAR_ORDERS
        return [order.format(parts[2]) for order in orders]
    if parts := re.fullmatch(r"(\d{4})([/.\- ])\d{1,2}|\d{1,2}([/.\- ])\d{4}", date):
        return [f"%Y{parts[2]}%m" if parts[1] else f"%m{parts[3]}%Y"]
    if parts := re.fullmatch(r"\d{4}(-?)W\d{2}((-?)[1-7])?", date):
        return [f"%G{parts[1]}W%V" + (f"{parts[3]}%u" if parts[2] else "")]
    if parts := re.fullmatch(r"\d{4}([-/ ]?)Q[1-4]|Q[1-4]([-/ ]?)\d{4}", date):
        return [f"%Y{parts[1]}Q%q" if parts[1] is not None else f"Q%q{parts[2]}%Y"]
    if parts := re.fullmatch(r"\d{4}([-/ ]?)M\d{2}", date):
        return [f"%Y{parts[1]}M%m"]
    month = re.search(_MONTH, date, re.IGNORECASE)
    if not month or not re.search(r"\d", date):
        return []
    directive = "%b" if len(month["month"]) == len(month[0].lstrip("0123456789")) else "%B"
    joins = sorted({"", *re.findall(r"[^\w]", date)})
    named = [order.format(join).replace("%b", directive) for join in joins for order in _NAMED_MONTH_ORDERS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        guesses = [guess_datetime_format(date, dayfirst=day_first) for day_first in (True, False)]
    return list(dict.fromkeys([*named, *filter(None, guesses)]))


def _digit_formats(text: str) -> list[str]:
    """List the formats of a time that is a number."""
    whole, _, fraction = text.replace(",", ".").partition(".")
    fraction = fraction.rstrip("0")
    if len(whole) == 10:
        return ["%Y%m%d%H"] if text[:2] in ("19", "20") and not fraction else ["unix-s"]
    formats = _DIGITS_BY_LENGTH.get(len(whole), ())
    return [one for one in formats if not fraction or one == EXCEL]


def is_number_format(date_format: str) -> bool:
    """Return whether the times of a format are numbers."""
    return date_format == EXCEL or date_format in UNIX_UNITS or re.fullmatch(r"(%[YymdHMS])+", date_format) is not None


def parse_times(texts: Sequence[str], date_format: str) -> ParsedTimes:
    """Parse cells. Raises UserError if the format is not one."""
    import pandas as pd

    codes, unique = pd.factorize(np.asarray(texts, dtype=object))
    unique, date_format = [_UTC.sub("Z", text) for text in unique], _UTC.sub("%z", date_format)
    next_days = [_LAST_MIDNIGHT.search(text) is not None for text in unique]
    unique = [_LAST_MIDNIGHT.sub(r"00\1", text) for text in unique]
    if is_number_format(date_format):
        unique = [_ZERO_FRACTION.sub("", _DECIMAL_COMMA.sub(".", text)) for text in unique]
    found = [_OFFSET.search(text) for text in unique]
    offsets = np.array([_offset_minutes(match["offset"]) if match else np.nan for match in found])
    cells = pd.Series(unique, dtype=object)
    if date_format in UNIX_UNITS or date_format == EXCEL:
        times, offsets = _parse_counts(cells, date_format)
    else:
        times = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
        for one in _shorter_formats(date_format):
            rest = times.isna()
            if rest.any():
                times[rest] = _parse_with(cells[rest], one)
        if any(next_days):
            times += pd.to_timedelta(np.array(next_days, dtype=int), unit="D")
    return ParsedTimes(pd.DatetimeIndex(times).take(codes), offsets[codes])


def _offset_minutes(text: str) -> float:
    if text == "Z":
        return 0.0
    digits = text[1:].replace(":", "").ljust(4, "0")
    return (-1 if text[0] == "-" else 1) * (60.0 * int(digits[:2]) + int(digits[2:]))


def _shorter_formats(date_format: str) -> list[str]:
    """List a format, and without its fraction, seconds and clock: cells may leave out what is zero."""
    if date_format == ISO_8601:
        return [date_format]
    clock = re.search(r"(T|,? +)%[HI]", date_format)
    shorter = [date_format.replace(".%f", ""), date_format.replace(".%f", "").replace(":%S", "")]
    return list(dict.fromkeys([date_format, *shorter, *([date_format[: clock.start()]] if clock else [])]))


def _parse_with(cells: Any, date_format: str) -> Any:
    """Parse cells with a format of `strptime` or ISO 8601; NaT for those without it. Offsets are applied."""
    import pandas as pd

    if "%q" in date_format:
        cells = cells.str.replace(r"Q([1-4])", lambda match: f"Q{3 * int(match[1]) - 2:02}", regex=True)
        date_format = date_format.replace("%q", "%m")
    if "%V" in date_format and "%u" not in date_format:
        cells, date_format = cells + " 1", f"{date_format} %u"
    try:
        times = pd.to_datetime(cells, format=date_format, errors="coerce", utc=True)
    except ValueError as error:
        details = f"expected directives of strptime, such as %d/%m/%Y, or {', '.join([ISO_8601, EXCEL, *UNIX_UNITS])}"
        raise UserError(f"data.date_format={date_format}: {error}", details, "Correct it, or leave it out.") from None
    times = times.dt.tz_localize(None)
    if "%Y" in date_format:  # as digits of other things, such as codes
        times = times.where((times.dt.year > 1000) & (times.dt.year < 3000))
    return times


def _parse_counts(cells: Any, date_format: str) -> tuple[Any, NDArray[np.float64]]:
    """Parse seconds since 1970, or the like, which are instants, or days of Excel, which are clock times."""
    import pandas as pd

    numbers = pd.to_numeric(cells, errors="coerce")
    if date_format == EXCEL:
        days = numbers.where(numbers.between(*_EXCEL_DAYS))
        seconds = (days * 86_400).round()
        times = pd.to_datetime(seconds, unit="s", origin="1899-12-30", errors="coerce")
        return times, np.full(len(cells), np.nan)
    unit = UNIX_UNITS[date_format]
    numbers = numbers.where(numbers < 2.0**63)
    whole = numbers.astype("Int64") if (numbers.dropna() % 1 == 0).all() else numbers
    return pd.to_datetime(whole, unit=unit, errors="coerce"), np.zeros(len(cells))
