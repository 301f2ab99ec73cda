"""The column of times of a table: which it is, and the format and the zone of its times."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.data.timeseries.layout import EXCEL, day_comes_first
from grunlp.data.timeseries.table_file import TableFile
from grunlp.data.timeseries.time_format import (
    ParsedTimes,
    candidate_formats,
    is_number_format,
    is_time_name,
    is_time_part,
    is_time_part_name,
    parse_times,
)
from grunlp.data.timeseries.time_zone import (
    find_zones_by_offsets,
    from_clock_times,
    name_fixed_offset,
    require_time_zone,
)
from grunlp.utils.errors import DataError

_SAMPLE = 50  # cells that are tried first


def find_time_column(table: TableFile, exclude: set[str | None]) -> str:
    """Return the column of times: one whose name says so before others, texts before numbers.

    Raises:
        DataError: no column contains times.
    """
    import pandas as pd

    texts, numbers = [], []
    for name in table.frame:
        column = table.frame[name]
        if name in exclude or pd.api.types.is_bool_dtype(column):
            continue
        if pd.api.types.is_datetime64_any_dtype(column):
            texts.append(name)
        elif formats := _sample_formats(table, name):
            if not is_number_format(formats[0]):
                texts.append(name)
            elif is_time_name(name):
                numbers.append(name)
    found = sorted(texts, key=lambda name: not is_time_name(name)) or numbers
    if found:
        if len(found) > 1 or not texts:
            table.guesses.append(f"data.time_column={found[0]}")
        return found[0]
    raise _no_times(table, exclude)


def find_time_parts(table: TableFile, time: str) -> list[str]:
    """Find the columns that have the rest of the times, such as the hour where a column has the dates.

    Their names say so, and their short numbers, clock times or names of months change while the time does not.
    """
    times = table.texts(time)
    num_times, parts = len(set(times)), []
    for name in table.frame if num_times < len(times) else ():
        cells = table.texts(name)
        if (
            name != time
            and is_time_part_name(name)
            and all(map(is_time_part, set(cells)))
            and len(set(zip(times, cells, strict=True))) > num_times
        ):
            parts.append(str(name))
    return parts


def _no_times(table: TableFile, exclude: set[str | None]) -> DataError:
    """Return the error for a table without a column that has times."""
    names = [name for name in table.frame if name not in exclude]
    named = next(filter(is_time_name, names), None)
    date_format = table.layout.date_format
    if named is not None and any(texts := table.texts(named)):
        row = next(row for row, text in enumerate(texts) if text)
        return _not_a_time(table, named, texts, row, date_format)
    details = f"there are: {', '.join(table.frame)}"
    possible = None if date_format else next((name for name in names if _sample_formats(table, name)), None)
    hint = f"Type data.time_column={possible or 'COLUMN'}"
    if possible is None:
        hint += ", and data.date_format= with directives of strptime, or add a column of times, such as 2024-01-31"
    return DataError(table.path, None, "no column contains times", details, hint)


def _sample_formats(table: TableFile, name: str) -> list[str]:
    """Return the formats that most of the first cells of a column have."""
    cells = list(dict.fromkeys(filter(None, table.texts(name))))[:_SAMPLE]
    if not cells:
        return []
    formats = [table.layout.date_format] if table.layout.date_format else candidate_formats(cells)
    return [one for one in formats if parse_times(cells, one).times.notna().mean() > 0.5]


def read_times(table: TableFile, name: str, series: NDArray[np.int64]) -> Any:
    """Return the times of a column as a DatetimeIndex, and settle their format and zone.

    Args:
        table: the table.
        name: name of the column.
        series: (R,) the series of each row.

    Returns:
        instants in UTC if the layout of the table has a time zone now, else clock times.

    Raises:
        DataError: a cell is not a time, or may be several.
    """
    import pandas as pd

    table.layout = replace(table.layout, time_column=name)
    column = table.frame[name]
    if pd.api.types.is_datetime64_any_dtype(column):
        return _read_typed_times(table, name, series)
    texts = table.texts(name)
    parsed = _settle_date_format(table, name, texts, series)
    bad = np.flatnonzero(parsed.times.isna())
    if len(bad):
        raise _not_a_time(table, name, texts, int(bad[0]), table.layout.date_format)
    if parse_times([name], str(table.layout.date_format)).times.notna()[0]:
        message, hint = "the first line does not name the columns", "Add a first line, such as time,value"
        raise DataError(table.path, 1, message, f"it has the time {name!r}", hint)
    return _settle_time_zone(table, name, texts, parsed, series)


def _not_a_time(table: TableFile, name: str, texts: Sequence[str], row: int, date_format: str | None) -> DataError:
    """Return the error for a cell that is not a time."""
    if not texts[row]:
        return table.row_error(row, f"column {name!r} is empty", "it has the time of the row", "Fill it.")
    message = f"column {name!r}: {texts[row]!r} is not a time"
    if not date_format:
        details = "its cells are in no format that is known"
        if re.fullmatch(r"-?\d+", texts[row]):
            details = "it is in no format that is known; whole numbers that count steps are not times"
            return table.row_error(row, message, details, "Add a column of times, such as 2024-01-31, to the file.")
        hint = "Type data.date_format= with directives of strptime, such as %d/%m/%Y, or write times like 2024-01-31."
        return table.row_error(row, message, details, hint)
    other = next((text for text in texts if text and parse_times([text], date_format).times.notna()[0]), "")
    details = f"times are read as {date_format}" + (f", such as {other!r}" if other else "")
    hint = "Write it like the others, or remove it." if other else "Correct data.date_format=, or the times."
    return table.row_error(row, message, details, hint)


def _read_typed_times(table: TableFile, name: str, series: NDArray[np.int64]) -> Any:
    """Return the times of a column that has them as such."""
    import pandas as pd

    times = pd.DatetimeIndex(table.frame[name])
    empty = np.flatnonzero(times.isna())
    if len(empty):
        raise _not_a_time(table, name, [""] * len(times), int(empty[0]), None)
    if times.tz is None:
        parsed = ParsedTimes(times, np.full(len(times), np.nan))
    else:
        clock = times.tz_localize(None)
        instants = times.tz_convert("UTC").tz_localize(None)
        zone = str(times.tz)
        if table.layout.time_zone is None and "/" in zone:
            table.layout = replace(table.layout, time_zone=zone)
        parsed = ParsedTimes(instants, np.asarray((clock - instants).total_seconds() / 60))
    return _settle_time_zone(table, name, [str(time) for time in table.frame[name]], parsed, series)


def _settle_date_format(table: TableFile, name: str, texts: Sequence[str], series: NDArray[np.int64]) -> ParsedTimes:
    """Parse the cells of a column in the format that all of them have."""
    cells = list(dict.fromkeys(filter(None, texts)))
    if table.layout.date_format:
        return parse_times(texts, table.layout.date_format)
    formats = (
        [one for one in candidate_formats(cells[:_SAMPLE]) if _agrees(one, table.layout.day_first)] if cells else []
    )
    readings = {one: parse_times(texts, one) for one in formats}
    counts = {one: int(parsed.times.notna().sum()) for one, parsed in readings.items()}
    best = [one for one in formats if counts[one] == max(counts.values()) > 0]
    if not best:
        row = next((row for row, text in enumerate(texts) if text), 0)
        raise _not_a_time(table, name, texts, row, None)
    best = [one for one in best if _in_order(readings[one].times, series)] or best
    for other in best[1:]:
        differs = np.flatnonzero(readings[best[0]].times != readings[other].times)
        if len(differs):
            pair = {one: readings[one].times for one in (best[0], other)}
            raise _ambiguous_times(table, name, texts, differs, pair)
    if best[0] == EXCEL or len(best) > 1:
        table.guesses.append(f"data.date_format={best[0]}")
    if table.layout.day_first is not None and day_comes_first(best[0]) is None:
        message = f"data.day_first={str(table.layout.day_first).lower()} has no effect"
        details = f"times in column {name!r} are read as {best[0]}, such as {cells[0]!r}"
        raise DataError(table.path, None, message, details, "Leave data.day_first out, or type data.date_format=")
    table.layout = replace(table.layout, date_format=best[0], day_first=day_comes_first(best[0]))
    return readings[best[0]]


def _agrees(date_format: str, day_first: bool | None) -> bool:
    """Return whether a format may have the given order of day and month."""
    return day_first is None or day_comes_first(date_format) in (None, day_first)


def _in_order(times: Any, series: NDArray[np.int64]) -> bool:
    """Return whether the times of each series increase."""
    order = np.argsort(series, kind="stable")
    steps, same = np.diff(times.to_numpy()[order]), np.diff(series[order]) == 0
    return bool((steps[same] > np.timedelta64(0)).all())


def _ambiguous_times(
    table: TableFile, name: str, texts: Sequence[str], rows: NDArray[np.int64], readings: dict[str, Any]
) -> DataError:
    """Return the error for rows that two formats read as different times."""
    row, cells = int(rows[0]), ", ".join(repr(texts[row]) for row in rows[:3])
    shown = {one: ", ".join(map(_without_midnight, times[rows[:3]])) for one, times in readings.items()}
    details = f"of {cells} " + "; ".join(f"{one} makes {times}" for one, times in shown.items())
    first, second = (_without_midnight(times[row]) for times in readings.values())
    formats = list(readings)
    if formats[0].replace("%d", "%-").replace("%m", "%d").replace("%-", "%m") == formats[1]:
        hint = "Type data.day_first=true or data.day_first=false"
    else:
        hint = " or ".join(f"data.date_format={one!r}" for one in formats)
        hint = f"Type {hint}"
    message = f"column {name!r}: {texts[row]!r} may be {first} or {second}"
    return table.row_error(row, message, details, hint)


def _without_midnight(time: Any) -> str:
    return str(time).removesuffix(" 00:00:00")


def _settle_time_zone(
    table: TableFile, name: str, texts: Sequence[str], parsed: ParsedTimes, series: NDArray[np.int64]
) -> Any:
    """Return times as they are stored, and settle their zone: that of the layout, else that of their offsets."""
    zone, times, has_offset = table.layout.time_zone, parsed.times, ~np.isnan(parsed.offsets)
    if zone is not None:
        require_time_zone(zone)
    if not has_offset.any():
        if zone is None:
            return times
        stored = from_clock_times(times, zone, _is_first_occurrence(times, series))
        missing = np.flatnonzero(stored.isna())
        if len(missing):
            message = f"column {name!r}: {texts[missing[0]]!r} does not exist in {zone}"
            raise table.row_error(
                missing[0], message, "clocks were set forward over it", "Correct the cell, or data.time_zone="
            )
        return stored
    if not has_offset.all():
        row = int(np.flatnonzero(~has_offset)[0])
        message = f"column {name!r}: {texts[row]!r} has no offset from UTC"
        other = texts[int(np.flatnonzero(has_offset)[0])]
        raise table.row_error(row, message, f"others have one, such as {other!r}", "Write all with an offset.")
    offsets = parsed.offsets.astype(np.int64)
    if zone is None:
        zone = (
            name_fixed_offset(int(offsets[0])) if len(set(offsets)) == 1 else _guess_zone(table, name, times, offsets)
        )
    table.layout = replace(table.layout, time_zone=zone)
    return times


def _is_first_occurrence(times: Any, series: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (R,) whether a clock time occurs for the first time in its series."""
    import pandas as pd

    return ~pd.DataFrame({"series": series, "time": times}).duplicated().to_numpy()


def _guess_zone(table: TableFile, name: str, times: Any, offsets: NDArray[np.int64]) -> str:
    """Return the first zone that has the offsets of the times."""
    zone = next(find_zones_by_offsets(times, offsets), None)
    if zone is None:
        row = int(np.flatnonzero(offsets != offsets[0])[0])
        message = f"column {name!r}: the offset from UTC changes to that of {table.texts(name)[row]!r}"
        hint = "Name the zone in which to forecast: data.time_zone=UTC, for example"
        raise table.row_error(row, message, "no time zone has these offsets", hint)
    table.guesses.append(f"data.time_zone={zone}")
    return zone
