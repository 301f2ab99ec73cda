"""Tables of series: what is read, filled and refused."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grunlp.data.timeseries.layout import DETECT_ALL, TableLayout
from grunlp.data.timeseries.reader import read_time_series
from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.utils.errors import DataError
from tests.data.timeseries.random_series import columns


def read(path: Path, text: str, layout: TableLayout = DETECT_ALL, **given: Any) -> TimeSeriesTable:
    file = path / "table.csv"
    file.write_text(text)
    return read_time_series(file, columns(**given), layout, None, None)


HOURS = "when,a,b\n2024-01-01 00:00,1,10\n2024-01-01 01:00,,20\n2024-01-01 04:00,3,30\n2024-01-01 05:00,4,40\n"
HOURS += "2024-01-01 06:00,5,50\n"


@pytest.mark.parametrize("name", ["t.csv.gz", "t.parquet", "t.parquet.gz", "indexed.parquet"])
def test_other_formats_hold_the_same(tmp_path: Path, name: str) -> None:
    plain = read(tmp_path, HOURS)
    if name.endswith("csv.gz"):
        (tmp_path / name).write_bytes(gzip.compress(HOURS.replace(",", ";").encode()))
    else:
        frame = pd.read_csv(tmp_path / "table.csv", parse_dates=["when"])
        frame = frame.set_index("when") if name.startswith("indexed") else frame
        frame.to_parquet(tmp_path / "plain")
        content = (tmp_path / "plain").read_bytes()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    other = read_time_series(tmp_path / name, columns(), DETECT_ALL, None, None)
    np.testing.assert_array_equal(plain.values, other.values)
    assert (plain.times == other.times).all() and plain.target_names == other.target_names


LONG = "shop,day,units,price,kind\nx,2024-01-01,1,5,big\ny,2024-01-01,7,5,small\nx,2024-01-02,2,6,big\n"
LONG += "y,2024-01-02,8,5,small\nx,2024-01-03,3,5,big\nx,2024-01-04,,7,big\n"


def test_long_form(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        LONG,
        series_id="shop",
        targets=["units"],
        known_covariates=["price"],
        static_covariates=["kind"],
        calendar_features=True,
    )
    assert table.series_names == ("x", "y") and table.starts.tolist() == [0, 4, 6]
    assert table.values[:, 0].tolist() == [1, 2, 3, 3, 7, 8] and table.num_future_rows.tolist() == [1, 0]
    assert table.static_covariate_names == ("kind=big", "kind=small") and table.static_covariates.tolist() == [
        [1, 0],
        [0, 1],
    ]
    assert (
        table.covariate_names[0] == "price"
        and table.num_user_covariates == 1
        and "weekday sin" in table.covariate_names
    )
    assert "hour sin" not in table.covariate_names, "it does not vary by day"
    assert table.known_covariates[:, 0].tolist() == [5, 6, 5, 7, 5, 5]
    assert table.series_index.tolist() == [0, 0, 0, 0, 1, 1]


DAYS = "day,a\n" + "".join(f"2024-01-{day:02},{day}\n" for day in range(1, 11))


@pytest.mark.parametrize(
    ("text", "given", "line", "wrong", "there_is", "to_type"),
    [
        (DAYS.replace("01-05,", "01-15,"), {}, 7, "'2024-01-06' comes after", "line 6", "Sort the file"),
        (DAYS.replace("01-05,", "01-04,"), {}, 6, "'2024-01-04' comes twice", "line 5", "data.series_id="),
        (DAYS.replace(",7", ",seven"), {"targets": ["a"]}, 8, "'a': 'seven' is not a number", "1 of 10", "Correct"),
        (DAYS.replace(",7", ",seven"), {}, 8, "'a': 'seven' is not a number", "1 of 10 rows", "data.targets"),
        (DAYS.replace("2024-01-03", "soon"), {}, 4, "'day': 'soon' is not a time", "2024-01-01", "Write it like"),
        (DAYS.replace(",9", ",inf"), {}, 10, "'a': the value is infinite", "finite", "Leave the cell empty"),
        ("day,a\n2024-01-01,x\n2024-01-02,y\n", {}, None, "no column contains numbers", "day, a", "data.targets="),
        ("n,a\n1,2\n", {}, None, "no column contains times", "n, a", "data.time_column=COLUMN"),
        ("", {}, None, "the file is empty", "", "Save it as CSV"),
        ("day,a\n", {}, None, "the file is empty", "no row", "Save it as CSV"),
        (DAYS, {"targets": ["b"]}, None, "no column 'b'", "day, a", "Use a column name"),
        (DAYS, {"layout": TableLayout(time_column="dya")}, None, "no column 'dya'", "day, a", "Did you mean day?"),
        (DAYS, {"known_covariates": ["a"], "targets": ["a"]}, None, "'a' has two roles", "", "one role"),
        (HOURS.replace("04:00", "03:30"), {}, 4, "'2024-01-01 03:30' is off the grid", "frequency h", "Resample"),
        (HOURS.replace("2024", "0224", 1), {}, 3, "is far from the time before it", "have to be filled", "Correct"),
        ("day,a\n2024-01-01,1\n", {}, 2, "a single time is not a series", "two times", "longer"),
        (LONG, {"series_id": "shop", "static_covariates": ["price"]}, 4, "'price': '6' after", "not change", "known"),
        (LONG.replace("y,2024-01-02", ",2024-01-02"), {"series_id": "shop"}, 5, "'shop' is empty", "names", "Fill it"),
    ],
)  # fmt: skip
def test_what_is_refused(
    tmp_path: Path, text: str, given: dict[str, Any], line: int | None, wrong: str, there_is: str, to_type: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, text, **given)
    assert caught.value.line == line and "table.csv" in caught.value.message
    assert wrong in caught.value.message and there_is in caught.value.details and to_type in caught.value.hint


def test_identifiers_stay_text(tmp_path: Path) -> None:
    shops = ("007", "NA", "1e5", "7.0")
    text = "shop,day,y\n" + "".join(f"{shop},2023-01-0{day},1\n" for shop in shops for day in (1, 2))
    assert read(tmp_path, text, series_id="shop").series_names == shops
    codes = text.replace("y\n", "y,code\n", 1).replace(",1\n", ",1,0A1\n")
    assert read(tmp_path, codes, series_id="shop", static_covariates=["code"]).static_covariate_names == ("code=0A1",)


def test_a_series_without_a_measurement(tmp_path: Path) -> None:
    text = "shop,day,y\na,2023-01-01,1\na,2023-01-02,2\nb,2023-01-01,\nb,2023-01-02,\n"
    with pytest.raises(DataError, match=r"(?s)table.csv:4: column 'y' has no measurement of b.*all 2 rows"):
        read(tmp_path, text, series_id="shop")


def test_a_grid_that_is_mostly_empty_needs_its_frequency(tmp_path: Path) -> None:
    hours = pd.date_range("2023-01-02", periods=240, freq="h")
    text = "hour,y\n" + "".join(f"{hour},1\n" for hour in hours if hour.hour in (9, 10, 11, 14, 15))
    with pytest.raises(DataError, match=r"(?s)173 of 223 steps of the frequency h are missing.*data.frequency=h if"):
        read(tmp_path, text)
    assert len(read(tmp_path, text, TableLayout(frequency="h")).times) == 223
    days = "day,y\n2023-01-01,1\n2023-01-02,2\n2023-01-03,3\n"
    with pytest.raises(DataError, match="its times have the frequency D"):
        read(tmp_path, days, TableLayout(frequency="h"))


def test_an_empty_line_moves_no_line_number(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"table.csv:6: column 'day'"):
        read(tmp_path, DAYS.replace("2024-01-05,5", ","))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_time_series(tmp_path / "none.csv", columns(), DETECT_ALL, None, None)
