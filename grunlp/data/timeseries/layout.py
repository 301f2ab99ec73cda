"""The layout of a table of time series: everything that decides how its text becomes times and numbers.

A training settles the layout when it opens its file, from the options that the user typed and the contents of the file;
it logs the layout in a line and stores it in the configuration of the run. Every command that reads a table for the
trained model uses this layout.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Separator = Literal["comma", "semicolon", "tab", "pipe"]
Decimal = Literal["point", "comma"]
Thousands = Literal["none", "comma", "point", "space", "apostrophe"]

ISO_8601 = "ISO8601"
EXCEL = "excel"
UNIX_UNITS = {"unix-s": "s", "unix-ms": "ms", "unix-us": "us", "unix-ns": "ns"}


@dataclass(frozen=True)
class TableLayout:
    """Format of a table. In a request, None is to be detected; in a settled layout, None does not apply.

    Attributes:
        encoding: encoding of the text, as Python names it.
        separator: sign between the cells of a row of CSV.
        decimal: the decimal sign.
        thousands: the sign between groups of digits.
        date_format: directives of `strptime`, with `%q` for a quarter; or ISO8601, excel, unix-s, unix-ms, ...
        day_first: whether the day comes before the month in a date of digits.
        time_zone: zone of the times: an IANA name such as Europe/Berlin, or UTC, or UTC+09:00.
        time_column: column of the times.
        frequency: step of the times, in pandas notation ("h", "D", "MS", ...).
    """

    encoding: str | None = None
    separator: Separator | None = None
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    date_format: str | None = None
    day_first: bool | None = None
    time_zone: str | None = None
    time_column: str | None = None
    frequency: str | None = None

    def describe(self) -> str:
        """Describe the layout in a line."""
        parts = [f"cells between {self.separator}s" if self.separator else "a typed table", self.encoding]
        if self.decimal:
            thousands = f", thousands={self.thousands}" if self.thousands != "none" else ""
            parts.append(f"decimal={self.decimal}{thousands}")
        times = f"times in {self.time_column!r}" + (f" as {self.date_format}" if self.date_format else "")
        zone = self.time_zone or "none"
        return ", ".join(filter(None, [*parts, times, f"time zone {zone}"]))


DETECT_ALL = TableLayout()


def day_comes_first(date_format: str) -> bool | None:
    """Return whether the day comes before the month; None if a format shows it by a name, or by the year before it."""
    day, month = date_format.find("%d"), date_format.find("%m")
    return None if -1 in (day, month) or date_format.startswith(("%Y", "%y")) else day < month


def layout_from_config(data: Mapping[str, Any]) -> TableLayout:
    """Return the layout that the group `data` of a configuration requests."""
    return TableLayout(**{key: data.get(key) for key in asdict(DETECT_ALL)})
