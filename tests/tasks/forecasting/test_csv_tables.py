"""Tables in CSV, and forecasts as records."""

import json

import numpy as np
import pandas as pd
import pytest

from grunlp.tasks.forecasting.csv_tables import forecast_records, parse_csv
from grunlp.utils.errors import UserError


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_that_of_the_first_line(separator: str) -> None:
    frame = parse_csv("time,load\n2024-03-01,1\n2024-03-02,2.5\n".replace(",", separator))
    assert list(frame) == ["time", "load"] and frame["load"].tolist() == [1.0, 2.5]


@pytest.mark.parametrize("text", ["", "\n\n", 'a,b\n1,2\n"open,3\n', "a,b\n1,2,3,4\n1,2\n5,6,7,8,9\n"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="the text is not CSV"):
        parse_csv(text)


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
