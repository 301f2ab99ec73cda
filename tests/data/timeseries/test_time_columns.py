"""Columns of times: which is chosen, how its times are read, and what is refused."""

import io
from collections.abc import Iterable
from typing import Any

import pandas as pd
import pytest

from grunlp.data.timeseries.layout import TableLayout
from grunlp.data.timeseries.reader import SeriesColumns, read_time_series
from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.utils.errors import DataError, UserError


def read(text: str, **layout: Any) -> TimeSeriesTable:
    columns = SeriesColumns(None, None, (), (), False)
    return read_time_series(io.StringIO(text), columns, TableLayout(**layout), None, None)


def rows(times: Iterable[Any], header: str = "date,y", value: str = "") -> str:
    return "".join([f"{header}\n", *(f"{time},{value or i}\n" for i, time in enumerate(times))])


DAYS = pd.date_range("2023-02-20", periods=40)
MONTHS = pd.date_range("2019-01-01", periods=30, freq="MS")
HOURS = pd.date_range("2023-10-28 20:00", periods=50, freq="h", tz="Europe/Paris")


@pytest.mark.parametrize(
    ("times", "date_format", "frequency"),
    [
        (DAYS.strftime("%d/%m/%Y"), "%d/%m/%Y", "D"),
        (DAYS.strftime("%m/%d/%Y"), "%m/%d/%Y", "D"),
        (DAYS.strftime("%d.%m.%y"), "%d.%m.%y", "D"),
        (DAYS.strftime("%y-%m-%d"), "%y-%m-%d", "D"),
        (DAYS.strftime("%Y%m%d"), "%Y%m%d", "D"),
        (MONTHS.strftime("%b-%y"), "%b-%y", "MS"),
        (MONTHS.strftime("%b %Y"), "%b %Y", "MS"),
        (MONTHS.strftime("%Y%m"), "%Y%m", "MS"),
        (pd.date_range("2023-01-02", periods=9, freq="7D").strftime("%G-W%V"), "%G-W%V", "W-MON"),
        (range(1990, 2000), "%Y", "YS-JAN"),
        (range(44000, 44010), "excel", "D"),
        (range(1_700_000_000, 1_700_036_000, 3600), "unix-s", "h"),
    ],
)
def test_times_in_other_clothes(times: Iterable[Any], date_format: str, frequency: str) -> None:
    table = read(rows(times))
    assert (table.layout.date_format, table.frequency, table.target_names) == (date_format, frequency, ("y",))
    assert len(table.times) == len(list(times)) and table.observed_mask.all()
    assert read(rows(times), date_format=date_format).times.tolist() == table.times.tolist()


def test_an_ambiguous_order_shows_both_readings() -> None:
    text = rows(MONTHS.strftime("%d/%m/%Y"))
    with pytest.raises(DataError) as caught:
        read(text)
    message = str(caught.value)
    assert "the table:2: column 'date': '01/02/2019' may be 2019-02-01 or 2019-01-02" in message
    assert "data.day_first=true or data.day_first=false" in message
    table = read(text, day_first=True)
    assert table.frequency == "MS" and table.layout.date_format == "%d/%m/%Y"
    with pytest.raises(
        DataError, match=r"(?s)steps of the frequency D are missing.*read as %m/%d/%Y.*data.date_format="
    ):
        read(text, day_first=False)


def test_the_rows_that_are_shown_have_two_readings() -> None:
    hours = pd.date_range("2023-01-01", periods=30, freq="h").strftime("%d/%m/%Y %I:%M %p")
    with pytest.raises(DataError) as caught:
        read(rows(hours))
    assert "the table:25: column 'date': '02/01/2023 12:00 AM' may be 2023-01-02 or 2023-02-01" in caught.value.message
    assert "of '02/01/2023 12:00 AM', '02/01/2023 01:00 AM', " in caught.value.details
    assert "%I:%M %p makes 2023-01-02, 2023-01-02 01:00:00, " in caught.value.details


def test_the_zone_is_utc_where_the_times_say_so() -> None:
    times = [f"2023-01-01 {hour:02}:00:00 UTC" for hour in range(9)]
    for layout in ({}, {"date_format": "%Y-%m-%d %H:%M:%S UTC"}):
        table = read(rows(times), **layout)
        assert table.layout.time_zone == "UTC" and table.frequency == "h"
        assert read(rows(times), date_format=table.layout.date_format).layout.time_zone == "UTC"


def test_two_formats_without_an_order() -> None:
    with pytest.raises(
        DataError, match=r"(?s)'201001' may be .*Type data.date_format='%Y%m' or data.date_format='%y%m%d'"
    ):
        read(rows(["201001", "201002", "201003"]))
    assert read(rows(["202301", "202302"])).layout.date_format == "%Y%m", "there is no month 23"


def test_readings_that_agree_or_run_backwards_are_no_question(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert read(rows(f"01/01/{year}" for year in range(1990, 2000))).frequency == "YS-JAN"
    assert "guessed: data.date_format=%d/%m/%Y" in caplog.text
    times = pd.date_range("2023-01-09", periods=4).strftime("%d/%m/%y")  # year first: 2009-01-23, 2010-01-23, ...
    with pytest.raises(DataError, match="may be"):
        read(rows(times))
    assert read(rows(DAYS.strftime("%d/%m/%y"))).times[0] == DAYS[0].to_datetime64()


@pytest.mark.parametrize(
    ("text", "layout", "message"),
    [
        (rows(range(9), "step,y"), {}, r"(?s)no column contains times.*there are: step, y"),
        (rows(range(9), "step,y"), {"time_column": "step"}, r"(?s)'step': '0' is not a time.*Add a column of times"),
        (rows(range(9)), {}, "'date': '0' is not a time"),
        (
            rows(range(1_700_000_000, 1_700_036_000, 3600), "ts,y"),
            {},
            "(?s)no column contains times.*data.time_column=ts",
        ),
        (rows(DAYS.strftime("%d-%b")), {}, r"(?s)'20-Feb' is not a time.*data.date_format="),
        (rows(DAYS.strftime("%d/%m/%Y")), {"date_format": "%Y-%m-%d"}, "(?s)'20/02/2023' is not.*read as %Y-%m-%d"),
        (rows([*DAYS.strftime("%d/%m/%Y"), "32/03/2023"]), {}, r"(?s)'32/03/2023' is not.*such as '20/02/2023'"),
        (rows([*DAYS.strftime("%d/%m/%Y"), ""]), {}, "column 'date' is empty"),
        (rows(DAYS, "2023-02-19,0"), {}, "(?s)table:1: the first line does not name the columns.*'2023-02-19'"),
        (rows(DAYS, value="0.5").replace("0.5", "1,5", 1), {}, "(?s)table:1: 3 cells.*semicolons between cells"),
        (rows(DAYS), {"frequency": "hourly"}, r"(?s)data.frequency=hourly.*15min"),
        (rows(DAYS), {"frequency": "2D"}, "its times have the frequency D"),
    ],
)
def test_the_text_of_the_file_is_in_the_message(text: str, layout: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read(text, **layout)
    assert "np." not in str(caught.value) and "Timestamp" not in str(caught.value)


def test_a_fixed_offset_is_the_zone() -> None:
    hours = pd.date_range("2023-01-01", periods=30, freq="h")
    table = read(rows(f"{time:%Y-%m-%dT%H:%M:%S}+05:30" for time in hours))
    assert table.layout.time_zone == "UTC+05:30" and table.frequency == "h"
    assert (table.clock_times == hours).all()
    assert read(rows(f"{time:%Y-%m-%dT%H:%M:%S}Z" for time in hours)).layout.time_zone == "UTC"


def test_days_stay_on_their_dates_when_clocks_change() -> None:
    days = pd.date_range("2023-03-10", periods=30, tz="Europe/Paris")
    table = read(rows(time.isoformat() for time in days))
    assert table.frequency == "D" and len(table.times) == 30 and table.observed_mask.all()
    assert (table.clock_times == days.tz_localize(None)).all()
    assert read(rows(time.isoformat() for time in days), time_zone="Europe/Paris").layout.time_zone == "Europe/Paris"


def test_an_hour_that_comes_twice_needs_its_zone() -> None:
    text = rows(HOURS.strftime("%Y-%m-%d %H:%M"))
    with pytest.raises(DataError, match=r"(?s)'2023-10-29 02:00' comes twice.*data.time_zone=Europe/Berlin, for"):
        read(text)
    table = read(text, time_zone="Europe/Paris")
    assert len(table.times) == 50 and table.observed_mask.all() and table.values[:, 0].tolist() == list(range(50))
    assert (table.clock_times == HOURS.tz_localize(None)).all()
    quarters = pd.date_range("2023-10-29", periods=30, freq="15min", tz="Europe/Paris").strftime("%Y-%m-%d %H:%M")
    with pytest.raises(DataError, match=r"(?s)'2023-10-29 02:00' comes after a later time.*data.time_zone="):
        read(rows(quarters))
    assert len(read(rows(quarters), time_zone="Europe/Paris").times) == 30


@pytest.mark.parametrize(
    ("times", "layout", "message"),
    [
        (
            ["2023-03-26 01:00", "2023-03-26 02:00"],
            {"time_zone": "Europe/Paris"},
            "'2023-03-26 02:00' does not exist",
        ),
        (["2023-01-01T00:00Z", "2023-01-01T01:00"], {}, "(?s)'2023-01-01T01:00' has no offset.*'2023-01-01T00:00Z'"),
        (
            ["2023-01-01T00:00+00:07", "2023-01-01T01:00-00:09"],
            {},
            "(?s)no time zone has these.*data.time_zone=",
        ),
        (["2023-01-01", "2023-01-02"], {"time_zone": "Paris"}, r"data.time_zone=Paris: no such time zone"),
    ],
)
def test_zones_that_do_not_fit(times: list[str], layout: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(rows(times), **layout)


def test_typed_times() -> None:
    frame = pd.DataFrame({"date": HOURS, "y": range(50)})
    columns = SeriesColumns(None, None, (), (), False)
    table = read_time_series(frame, columns, TableLayout(), None, None)
    assert table.layout.time_zone == "Europe/Paris" and len(table.times) == 50
    naive = read_time_series(
        frame.assign(date=HOURS.tz_localize(None)), columns, TableLayout(time_zone="Europe/Paris"), None, None
    )
    assert naive.times.tolist() == table.times.tolist()


def test_names_weigh_when_the_time_is_chosen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert read("sku,date,y\n" + "".join(f"{i}-{i},{day:%Y-%m-%d},{i}\n" for i, day in enumerate(DAYS[:9], 1)))
    assert "guessed" not in caplog.text
    table = read("loaded,date,y\n" + "".join(f"2023-05-01,{day:%Y-%m-%d},{i}\n" for i, day in enumerate(DAYS)))
    assert table.layout.time_column == "date" and "guessed: data.time_column=date" in caplog.text


def test_what_was_guessed_is_said_with_its_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    read("date;y\n2023-01-01;1.234\n2023-01-02;5.678\n")
    assert "read as: cells between semicolons" in caplog.text and "guessed: data.decimal=point" in caplog.text
    read(rows(range(44000, 44010)))
    assert "guessed: data.date_format=excel" in caplog.text


def test_an_order_of_day_and_month_without_effect_is_refused() -> None:
    with pytest.raises(DataError, match=r"(?s)data.day_first=true has no effect.*read as ISO8601, such as"):
        read("date,y\n2023-01-01,1\n2023-01-02,2\n", day_first=True)


@pytest.mark.parametrize(
    ("header", "times", "names"),
    [
        ("date,hour,y", [f"2023-01-0{day},{hour}" for day in (1, 2) for hour in range(24)], "'date' and 'hour'"),
        ("date,time,y", [f"2023-01-01,{hour:02}:30" for hour in range(24)], "'date' and 'time'"),
        ("date,hour,y", [f"2023-01-01,{hour:02}00" for hour in range(24)], "'date' and 'hour'"),
        ("Year,Month,y", [f"{2010 + i // 12},{i % 12 + 1}" for i in range(30)], "'Year' and 'Month'"),
        ("year,month,y", [f"{2010 + i // 12},{MONTHS[i]:%b}" for i in range(30)], "'year' and 'month'"),
        ("year,month,day,y", [f"{day:%Y,%m,%d}" for day in DAYS], "'year' and 'month' and 'day'"),
        ("month,day,year,y", [f"{day:%m,%d,%Y}" for day in DAYS], "'year' and 'month' and 'day'"),
    ],
)
def test_times_in_several_columns_are_refused(header: str, times: list[str], names: str) -> None:
    with pytest.raises(DataError, match=rf"(?s)the times are spread over the columns {names}.*Join them"):
        read(rows(times, header))


def test_columns_that_follow_from_the_time_are_not_parts_of_it() -> None:
    text = rows([f"2023-01-{day:02},1" for day in (1, 2, 2, 3)], "date,month,y")
    with pytest.raises(DataError, match=r"(?s)'2023-01-02' comes twice.*data.series_id=COLUMN"):
        read(text)
