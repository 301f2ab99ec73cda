"""Columns of numbers: which are chosen, how their numbers are read, and what is refused."""

import io
from typing import Any

import pandas as pd
import pytest

from grunlp.data.timeseries.layout import TableLayout
from grunlp.data.timeseries.reader import SeriesColumns, read_time_series
from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.utils.errors import DataError


def read(text: str, targets: list[str] | None = None, **layout: Any) -> TimeSeriesTable:
    columns = SeriesColumns(targets, None, (), (), False)
    return read_time_series(io.StringIO(text), columns, TableLayout(**layout), None, None)


DAYS = pd.date_range("2023-02-20", periods=40)


def test_an_index_is_left_out_and_said() -> None:
    for name in ("", "index", "Unnamed: 0"):
        text = f"{name},date,y\n" + "".join(f"{i},{day:%Y-%m-%d},{i}\n" for i, day in enumerate(DAYS))
        table = read(text)
        assert table.target_names == ("y",)
        assert table.guesses == (
            f"column {name or 'Unnamed: 0'!r} numbers the rows and is left out unless data.targets names it",
        )
    text = "id,date,y\n" + "".join(f"{i * 2},{day:%Y-%m-%d},{i}\n" for i, day in enumerate(DAYS))
    assert read(text).target_names == ("id", "y"), "it does not number the rows"


def test_numbers_of_one_format() -> None:
    text = "date;a;b\n2023-01-01;1.234,5;7\n2023-01-02;0,25;1.000\n"
    table = read(text)
    assert table.values.tolist() == [[1234.5, 7], [0.25, 1000]]
    assert (table.layout.decimal, table.layout.thousands) == ("comma", "point")
    with pytest.raises(DataError, match=r"(?s)table:1: column 'a': '1.234,5' is not a number"):
        read(text, targets=["a"], decimal="point", thousands="none")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["1,234", "2,345"],
            r"(?s)table:1: column 'y': '1,234' may be 1234 or 1.234.*Type data.decimal=point",
        ),
        (["0,5", "x"], r"(?s)table:2: column 'y': 'x' is not a number.*data.decimal=comma"),
        (["5 %", "6 %", "7"], r"(?s)table:3: column 'y': '7' has not the unit of the others.*%"),
    ],
)
def test_numbers_that_are_refused(cells: list[str], message: str) -> None:
    text = "date;y\n" + "".join(f"{day:%Y-%m-%d};{cell}\n" for day, cell in zip(DAYS, cells, strict=False))
    with pytest.raises(DataError, match=message):
        read(text, targets=["y"])


def column(*cells: object, name: str = "y", **more: str) -> str:
    """A table of days with a column of cells, and others that have one cell in all rows."""
    names = ["date", name, *more]
    rows = [[f"{day:%Y-%m-%d}", str(cell), *more.values()] for day, cell in zip(DAYS, cells, strict=False)]
    return "".join(";".join(row) + "\n" for row in [names, *rows])


def test_points_between_thousands_beside_whole_numbers_are_refused() -> None:
    text = column(996, 998, "1.000", "1.002", "995")
    with pytest.raises(
        DataError,
        match=r"(?s)'1.000' may be 1 or 1000.*data.decimal=point .*or data.decimal=comma data.thousands=point",
    ):
        read(text)
    assert read(text, decimal="comma", thousands="point").values[:, 0].tolist() == [996, 998, 1000, 1002, 995]
    assert read(text, decimal="point", thousands="none").values[2, 0] == 1
    assert read(column(1996, "1.000", 998)).values[1, 0] == 1, "1996 is not written with thousands"
    assert read(column(5, "1.000", "2.5")).values[1, 0] == 1, "2.5 is a decimal"
    table = read(column("1.250", "2.375", n="7"))
    assert table.values[0].tolist() == [1.25, 7] and table.guesses == ("data.decimal=point",)


@pytest.mark.parametrize("mark", ["-", "–", "?", ".", "na", "NA", "n.a.", "N/A", "#N/A", "null", "NULL", "None"])
def test_marks_of_missing_values_are_counted(mark: str, caplog: pytest.LogCaptureFixture) -> None:
    table = read(column(5, mark, mark, mark, 9.5, z="1"))
    assert table.target_names == ("y", "z") and table.observed_mask[:, 0].tolist() == [True, False, False, False, True]
    assert f"column 'y': read as missing: {mark!r} (3 cells)" in caplog.text


def test_columns_with_numbers_that_are_left_out_are_named() -> None:
    table = read(column(5, "sold out", "sold out", "sold out", 9.5, z="1"))
    left_out = (
        "column 'y' has cells that are not numbers, such as 'sold out', and is left out unless data.targets names it"
    )
    assert table.target_names == ("z",) and table.guesses == (left_out,)
    assert (
        read(column("100.5 kWh", "101 kWh", z="1")).guesses[0].startswith("column 'y' has cells that are not numbers")
    )
    with pytest.raises(DataError, match=r"no column contains numbers(?s:.*)'100.5 kWh', and is left out"):
        read(column("100.5 kWh", "101 kWh"))
    with pytest.raises(DataError, match=r"no column contains numbers(?s:.*)'store' has codes.*; column 'y' is empty"):
        read(column("", "", store="007"))


def test_identifiers_are_not_forecast() -> None:
    table = read(column(5, 6, 7, store="0007"))
    assert table.target_names == ("y",)
    assert table.guesses == ("column 'store' has codes, such as '0007', and is left out unless data.targets names it",)
    assert read(column("07", "12", "40", name="dept", y="1")).target_names == ("y",)
    for name in ("storeId", "product_code", "SKU"):
        table = read(column(5, 6, 7, **{name: "41"}))
        assert table.target_names == ("y",) and f"{name!r} has the same number in all rows" in table.guesses[0]
        assert read(column(5, 6, 7, **{name: "41"}), targets=[name]).target_names == (name,)
    assert read(column(5, 6, 7, width="41")).target_names == ("y", "width")


def test_a_number_of_any_length_does_not_number_the_rows() -> None:
    text = f"id,date,y\n{'9' * 30},2023-01-01,1\n{'8' * 30},2023-01-02,2\n"
    assert "y" in read(text).target_names
