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
        assert table.guesses == (f"column {name or 'Unnamed: 0'!r} numbers the rows and is left out; data.targets=",)
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
