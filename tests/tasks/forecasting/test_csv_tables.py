"""Times and rows of forecasts as text."""

import json

import numpy as np
import pandas as pd

from grunlp.tasks.forecasting.csv_tables import forecast_records, format_times


def forecasts(times: list[str]) -> pd.DataFrame:
    count = len(times)
    return pd.DataFrame({
        "time": pd.to_datetime(times, format="mixed"), "series": "a", "target": "load", "forecast": [1 / 3] * count,
        "lower": [np.nan] * count, "upper": [123456789.0] * count,
    })  # fmt: skip


def test_records_are_rounded_and_have_no_nan() -> None:
    (record,) = forecast_records(forecasts(["2024-03-01"]))
    assert record == {
        "time": "2024-03-01", "series": "a", "target": "load",
        "forecast": 0.333333, "lower": None, "upper": 123457000.0,
    }  # fmt: skip
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_hours_are_written_where_one_time_has_them() -> None:
    times = [record["time"] for record in forecast_records(forecasts(["2024-03-01", "2024-03-01 06:00"]))]
    assert times == ["2024-03-01 00:00:00", "2024-03-01 06:00:00"]


def test_times_with_a_zone_have_their_offset() -> None:
    days = pd.date_range("2024-03-30", periods=2, tz="Europe/Madrid")
    assert format_times(days) == ["2024-03-30 00:00:00+01:00", "2024-03-31 00:00:00+01:00"]
    hours = pd.date_range("2024-03-31 01:00", periods=2, freq="h", tz="Europe/Madrid")
    assert format_times(hours) == ["2024-03-31 01:00:00+01:00", "2024-03-31 03:00:00+02:00"]
