"""Formats of times: which a cell may have, and what is read by them."""

import numpy as np
import pandas as pd
import pytest

from grunlp.data.timeseries.time_format import (
    candidate_formats,
    is_number_format,
    is_time_name,
    is_time_part,
    is_time_part_name,
    parse_times,
)
from grunlp.utils.errors import UserError


@pytest.mark.parametrize(
    ("cell", "date_format", "time"),
    [
        ("2023-05-06", "ISO8601", "2023-05-06"),
        ("2023-05-06T07:08:09.5", "ISO8601", "2023-05-06 07:08:09.5"),
        ("17.05.2023", "%d.%m.%Y", "2023-05-17"),
        ("05/17/2023 3:04 PM", "%m/%d/%Y %I:%M %p", "2023-05-17 15:04"),
        ("2023/5/7 03:04", "%Y/%m/%d %H:%M", "2023-05-07 03:04"),
        ("17/05/39", "%d/%m/%y", "2039-05-17"),
        ("05/2023", "%m/%Y", "2023-05-01"),
        ("Mar 2023", "%b %Y", "2023-03-01"),
        ("Mar-23", "%b-%y", "2023-03-01"),
        ("March 2023", "%B %Y", "2023-03-01"),
        ("7 Mar 2023", "%d %b %Y", "2023-03-07"),
        ("Mar 7 2023", "%b %d %Y", "2023-03-07"),
        ("07MAR2023", "%d%b%Y", "2023-03-07"),
        ("Tue, 07 Mar 2023", "%a, %d %b %Y", "2023-03-07"),
        ("20230507", "%Y%m%d", "2023-05-07"),
        ("202305", "%Y%m", "2023-05-01"),
        ("1995", "%Y", "1995-01-01"),
        ("2023-W07", "%G-W%V", "2023-02-13"),
        ("2023W07", "%GW%V", "2023-02-13"),
        ("2023-W07-3", "%G-W%V-%u", "2023-02-15"),
        ("2023Q3", "%YQ%q", "2023-07-01"),
        ("Q3 2023", "Q%q %Y", "2023-07-01"),
        ("Q3/2023", "Q%q/%Y", "2023-07-01"),
        ("2023M07", "%YM%m", "2023-07-01"),
        ("2023-M07", "%Y-M%m", "2023-07-01"),
        ("20230507.0", "%Y%m%d", "2023-05-07"),
        ("1683417600.0", "unix-s", "2023-05-07"),
        ("45053,5", "excel", "2023-05-07 12:00"),
        ("2023-05-06 24:00", "ISO8601", "2023-05-07"),
        ("2023-05-31T24:00:00", "ISO8601", "2023-06-01"),
        ("17.05.2023 24:00", "%d.%m.%Y %H:%M", "2023-05-18"),
        ("2023-05-06 07:08:09 UTC", "ISO8601", "2023-05-06 07:08:09"),
        ("17.05.2023 07:08 GMT", "%d.%m.%Y %H:%M%z", "2023-05-17 07:08"),
        ("45053", "excel", "2023-05-07"),
        ("45053.5", "excel", "2023-05-07 12:00"),
        ("1683417600", "unix-s", "2023-05-07"),
        ("1683417600000", "unix-ms", "2023-05-07"),
        ("2023050713", "%Y%m%d%H", "2023-05-07 13:00"),
    ],
)
def test_one_format_of_those_that_a_cell_may_have_reads_it(cell: str, date_format: str, time: str) -> None:
    formats = candidate_formats([cell])
    assert date_format in formats
    assert parse_times([cell], date_format).times[0] == pd.Timestamp(time)
    readings = {one: parse_times([cell], one).times[0] for one in formats}
    assert {time for time in readings.values() if not pd.isna(time)} == {pd.Timestamp(time)}, readings


@pytest.mark.parametrize("cell", ["1-1", "apple", "12,5", "3.5", "24-Jan", "", "7", "2023-13-01T", "May be 3 of them"])
def test_other_cells_are_not_times(cell: str) -> None:
    assert all(pd.isna(parse_times([cell], one).times[0]) for one in candidate_formats([cell]))


def test_cells_may_leave_out_what_is_zero() -> None:
    cells = ["01.02.2023", "01.02.2023 06:00", "01.02.2023 06:00:30", "soon"]
    times = parse_times(cells, "%d.%m.%Y %H:%M:%S").times
    assert [str(time) for time in times] == ["2023-02-01 00:00:00", "2023-02-01 06:00:00", "2023-02-01 06:00:30", "NaT"]


def test_offsets() -> None:
    cells = ["2023-02-01T06:00+05:30", "2023-02-01 06:00:00-08", "2023-02-01T06:00:00Z", "2023-02-01 06:00"]
    parsed = parse_times(cells, "ISO8601")
    np.testing.assert_array_equal(parsed.offsets, [330, -480, 0, np.nan])
    assert [time.hour + time.minute / 60 for time in parsed.times] == [0.5, 14, 6, 6]
    assert np.isnan(parse_times(["01-01-2024"], "%d-%m-%Y").offsets).all(), "a year is not an offset"


def test_a_format_that_is_not_one() -> None:
    with pytest.raises(UserError, match=r"(?s)date_format=%Q.*directives of strptime.*unix-s"):
        parse_times(["x"], "%Q")


def test_names_of_times() -> None:
    names = ["date", "orderDate", "Time (UTC)", "timestamp", "DATUM", "start_time"]
    assert all(map(is_time_name, names)) and not any(map(is_time_name, ["sku", "y", "candidates", "data"]))


def test_parts_of_times() -> None:
    assert all(map(is_time_part_name, ["hour", "Month", "day_of_month", "startHour", "Stunde", "Uhrzeit"]))
    assert not any(map(is_time_part_name, ["store", "y", "value", "birthday"]))
    assert all(map(is_time_part, ["1", "23", "7.0", "08:00", "8:00 PM", "0800", "2023", "Jan", "march"]))
    assert not any(map(is_time_part, ["", "101", "2.5", "2023-01-01", "Janet's", "a"]))


def test_formats_that_are_numbers() -> None:
    assert all(map(is_number_format, ["%Y", "%Y%m%d", "excel", "unix-ms"]))
    assert not any(map(is_number_format, ["%d/%m/%Y", "ISO8601", "%b %Y"]))


def test_a_count_of_seconds_beyond_all_times() -> None:
    times = parse_times(["18446744073709551615", "1700000000"], "unix-s").times
    assert times[0] is pd.NaT and str(times[1]) == "2023-11-14 22:13:20"


def test_utc_by_its_name_is_an_offset() -> None:
    cells = ["2023-02-01 06:00:00 UTC", "2023-02-01 07:00:00UTC", "2023-02-01 08:00:00 GMT", "2023-02-01 09:00:00"]
    for date_format in ("ISO8601", "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S%z"):
        parsed = parse_times(cells[:3], date_format)
        assert [time.hour for time in parsed.times] == [6, 7, 8] and (parsed.offsets == 0).all()
    assert np.isnan(parse_times(cells, "ISO8601").offsets[3])
