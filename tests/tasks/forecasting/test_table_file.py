"""A file of series as a table: columns, numbers, times, and the lines of what is malformed."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grunlp.tasks.forecasting.table_file import TableFile, open_table, read_data_frame
from grunlp.utils.errors import DataError


def table(**columns: list[Any]) -> TableFile:
    return TableFile(Path("t.csv"), pd.DataFrame(columns), first=2)


def test_rows_are_lines(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("\ufefftime;load\n2024-01-01;1\n;\n2024-01-03;3\n;\n\n".encode())
    frame = read_data_frame(tmp_path / "t.csv")
    assert list(frame) == ["time", "load"] and len(frame) == 3, "empty lines within count, those at the end do not"
    opened = open_table(tmp_path / "t.csv")
    assert opened.row_error(2, "m", "t", "h").line == 4
    frame.to_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.parquet.gz").write_bytes(gzip.compress((tmp_path / "t.parquet").read_bytes()))
    for name in ("t.parquet", "t.parquet.gz"):
        assert open_table(tmp_path / name).row_error(2, "m", "t", "h").line == 3
    assert open_table(frame).path == Path("the table")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "the file is empty"),
        ("t.csv", b"a,b\n", "the file is empty"),
        ("t.csv", b"a,b\n\xff,1\n", "cannot be read"),
        ("t.csv.gz", b"a,b\n1,2\n", "cannot be read"),
        ("t.parquet", b"a,b\n1,2\n", "not a Parquet file"),
        ("t.parquet.gz", gzip.compress(b"a,b\n", mtime=0), "not a Parquet file"),
    ],
)
def test_files_of_another_form_are_refused(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_data_frame(tmp_path / name)


def test_columns_of_numbers_are_found() -> None:
    made = table(
        a=[1.5, 2.0, None], b=["1", "2", "x"], c=["u", "v", "1"], d=[True, False, True], e=[1, 2, 3],
        t=list(pd.date_range("2024-01-01", periods=3)),
    )  # fmt: skip
    assert made.numeric_columns(set()) == ["a", "b", "e"] and made.numeric_columns({"a", "b"}) == ["e"]
    np.testing.assert_array_equal(made.numeric_values("a", "a target"), [1.5, 2.0, np.nan])
    with pytest.raises(DataError, match=r"(?s)t\.csv:4: column 'b': 'x' is not a number.*1 of 3 rows") as caught:
        made.numeric_values("b", "a target")
    assert "a target has numbers" in caught.value.details
    with pytest.raises(DataError, match=r"t\.csv:3: .*infinite"):
        table(a=[1.0, np.inf]).numeric_values("a", "a target")
    with pytest.raises(DataError, match="no column contains numbers"):
        table(c=["u", "v"]).numeric_columns(set())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2024-01-01", "2024-02-01"], ["2024-01-01", "2024-02-01"]),
        ([2019, 2020], ["2019-01-01", "2020-01-01"]),
        (["2024-01-01T02:00+02:00", "2024-01-01T03:00+02:00"], ["2024-01-01", "2024-01-01 01:00"]),
    ],
)
def test_times_have_no_zone(values: list[Any], expected: list[str]) -> None:
    name, times = table(when=values).parse_times("when", set())
    assert name == "when" and times.tz is None and list(times) == [pd.Timestamp(one) for one in expected]


def test_the_column_of_times_is_found_or_asked_for() -> None:
    made = table(a=[1.0, 2.0], shop=["x", "y"], day=["2024-01-01", "2024-01-02"])
    assert made.parse_times(None, set())[0] == "day"
    with pytest.raises(DataError, match="no column contains times"):
        made.parse_times(None, {"day"})
    with pytest.raises(DataError, match=r"t\.csv:2: column 'shop': 'x' is not a time"):
        made.parse_times("shop", set())


def test_a_column_that_is_missing_is_guessed() -> None:
    made = table(load=[1.0], temperature=[2.0])
    made.require_column("load")
    made.require_column(None)
    with pytest.raises(DataError, match="no column 'laod'") as caught:
        made.require_column("laod")
    assert caught.value.hint == "Did you mean load?" and "load, temperature" in caught.value.details
