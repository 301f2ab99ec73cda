"""Tables as files: encodings, separators, rows that do not fit the header."""

import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from grunlp.data.timeseries.layout import DETECT_ALL, TableLayout
from grunlp.data.timeseries.table_file import TableFile, open_table
from grunlp.utils.errors import DataError, UserError


def read(path: Path, content: str | bytes, layout: TableLayout = DETECT_ALL) -> TableFile:
    file = path / "table.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_table(file, layout)


@pytest.mark.parametrize(("separator", "sign"), [("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("pipe", "|")])
def test_cells_stay_text(tmp_path: Path, separator: str, sign: str) -> None:
    table = read(tmp_path, "code,name\n007,NA\n 1e5 ,\n".replace(",", sign))
    assert table.layout.separator == separator
    assert table.texts("code") == ["007", "1e5"] and table.texts("name") == ["NA", ""]


def test_a_line_of_excel_declares_the_separator(tmp_path: Path) -> None:
    table = read(tmp_path, b"\xef\xbb\xbfsep=;\r\nday;y,z\r\n2023-01-01;0,5\r\n")
    assert table.layout.separator == "semicolon" and table.texts("y,z") == ["0,5"]
    assert table.lines.tolist() == [3]


def test_lines_that_end_with_carriage_returns(tmp_path: Path) -> None:
    table = read(tmp_path, "day;y\r2023-01-01;0,5\r2023-01-02;1,5\r")
    assert table.layout.separator == "semicolon" and table.texts("y") == ["0,5", "1,5"]


def test_numbers_beyond_the_range_of_integers_as_text() -> None:
    assert open_table(pd.DataFrame({"y": [1e30, 2.0]}), DETECT_ALL).texts("y") == ["1e+30", "2.0"]


def test_quoted_cells_keep_separators_and_lines(tmp_path: Path) -> None:
    table = read(tmp_path, 'code,name\n1,"a, b\nc"\n\n2,d\n')
    assert table.texts("name") == ["a, b\nc", "d"] and table.lines.tolist() == [3, 5]


def test_a_row_with_more_cells_than_the_header(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)table.csv:3: 3 cells between commas, and the header has 2.*2,5.*quotes"):
        read(tmp_path, "day,y\n2023-01-01,1\n2023-01-02,2,5\n")
    assert read(tmp_path, "day,y\n2023-01-01,1,\n").texts("y") == ["1"], "a separator at the end of the row"


def test_another_separator_than_in_training(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)table.csv:1: the cells are between semicolons.*data.separator is comma"):
        read(tmp_path, "day;y\n2023-01-01;0,5\n", TableLayout(separator="comma"))


def test_columns_without_a_name_and_of_the_same_name(tmp_path: Path) -> None:
    assert list(read(tmp_path, ",y,y\n1,2,3\n").frame) == ["Unnamed: 0", "y", "y.1"]


def test_encodings(tmp_path: Path) -> None:
    text = "day;größe\n2023-01-01;5\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert "größe" in read(tmp_path, text.encode(encoding)).frame
    with pytest.raises(
        DataError, match=r"(?s)csv:1: byte 0xf6 at position 7 is not UTF-8.*iconv.*data\.encoding=cp1252"
    ):
        read(tmp_path, text.encode("cp1252"))
    with pytest.raises(DataError, match=r"data\.encoding=cp1251"):
        read(tmp_path, "день;большой\n2023-01-01;5\n".encode("cp1251"))
    with pytest.raises(DataError, match=r"is not ASCII(?s:.*)data\.encoding=utf-8"):
        read(tmp_path, text.encode(), TableLayout(encoding="ascii"))
    table = read(tmp_path, text.encode("cp1252"), TableLayout(encoding="cp1252"))
    assert "größe" in table.frame and table.layout.encoding == "cp1252"
    with pytest.raises(UserError, match=r"data.encoding=cp12: no such encoding"):
        read(tmp_path, text, TableLayout(encoding="cp12"))


def test_a_capital_suffix(tmp_path: Path) -> None:
    frame = pd.DataFrame({"y": [1.0, 2.0]})
    frame.to_parquet(tmp_path / "T.PARQUET")
    assert open_table(tmp_path / "T.PARQUET", DETECT_ALL).frame.equals(frame)


def test_tables_in_memory() -> None:
    assert open_table(io.StringIO("a,b\n01,2\n"), DETECT_ALL).texts("a") == ["01"]
    with pytest.raises(DataError, match="the table: the table is empty"):
        open_table(io.StringIO("only words"), DETECT_ALL)
    frame = pd.DataFrame({"a": [1.0, None, 3.0], "b": ["x", None, "NA"]})
    table = open_table(frame, DETECT_ALL)
    assert table.texts("a") == ["1", "", "3"] and table.texts("b") == ["x", "", "NA"]
    indexed = frame.set_index(pd.date_range("2023-01-01", periods=3))
    assert "when" in open_table(indexed, TableLayout(time_column="when")).frame


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "the file is empty"),
        ("t.csv", b"a,b\n", "the file is empty"),
        ("t.csv", b'a,b\n1,"open\n', "cannot be read"),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], "cannot be read"),
        ("t.xlsx", b"PK\x03\x04\x14\x00", r"(?s)the file is an Excel workbook or another zip.*Save it as CSV"),
        ("t.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "the file is an old Excel workbook"),
        ("t.csv.bz2", b"BZh91AY&SY", "the file is compressed with bzip2"),
        (
            "t.json",
            b'{"date": {"0": "2024-01-01"}, "y": {"0": 1}}',
            r"(?s)t.json:1: 'date' has several values.*an object",
        ),
        ("t.json", b'{\n"data": [{"date": "2024-01-01"}]}', "t.json:1: 'data' has several values"),
        ("t.json", b'{"\\ud800": "2024-01-01"}\n', "t.json:1: half of a surrogate pair"),
        ("t.json", b'{"date": "2024-01-01"}\n{"date"\n', "(?s)t.json:2: not JSON.*for each row"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16")[:-1], "the file is not UTF-16: truncated data at byte 17"),
        ("t.csv", b"\xff\xfea,b\n1,2\n\n", "the file is not UTF-16: truncated data"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16-le"), r"(?s)as UTF-16.*data.encoding=utf-16-le"),
        ("t.parquet", b"a,b\n1,2\n", "not a Parquet file"),
        ("t.parquet.gz", gzip.compress(b"a,b\n", mtime=0), "not a Parquet file"),
    ],
)
def test_files_of_another_form_are_refused(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        open_table(tmp_path / name, DETECT_ALL)


def test_a_column_that_is_missing_is_guessed() -> None:
    table = open_table(pd.DataFrame({"load": [1.0], "temperature": [2.0]}), DETECT_ALL)
    table.require_column("load")
    table.require_column(None)
    with pytest.raises(DataError, match="no column 'laod'") as caught:
        table.require_column("laod")
    assert caught.value.hint == "Did you mean load?" and "load, temperature" in caught.value.details


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.csv.xz"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress, lzma.compress])
def test_compression_is_that_of_the_content(tmp_path: Path, name: str, compress: Callable[[bytes], bytes]) -> None:
    (tmp_path / name).write_bytes(compress(b"a,b\n1,2\n"))
    assert open_table(tmp_path / name, DETECT_ALL).texts("b") == ["2"]


def test_parquet_is_found_by_its_content(tmp_path: Path) -> None:
    pd.DataFrame({"y": [1.0, 2.0]}).to_parquet(tmp_path / "t.data")
    assert open_table(tmp_path / "t.data", DETECT_ALL).texts("y") == ["1", "2"]


def test_a_byte_order_mark_decides(tmp_path: Path) -> None:
    text = "day;größe\n2023-01-01;5\n"
    for own, other in (("utf-16", "utf-8"), ("utf-8", "utf-16"), ("utf-8-sig", "utf-16"), ("utf-16", "utf-8-sig")):
        table = read(tmp_path, text.encode(own), TableLayout(encoding=other))
        assert table.texts("größe") == ["5"] and table.layout.encoding == own
    assert read(tmp_path, text.encode("utf-16-le"), TableLayout(encoding="utf-16-le")).texts("größe") == ["5"]


def test_json_lines_and_arrays(tmp_path: Path) -> None:
    rows = ['{"date": "2024-01-01", "shop": "007", "y": 1.125, "n": 5}', '{"date": "2024-01-02", "y": 2, "n": null}']
    for content in ("\n".join(rows), f"[{rows[0]},\n{rows[1]}]"):
        table = read(tmp_path, content)
        assert table.texts("shop") == ["007", ""] and table.texts("n") == ["5", ""] and table.lines.tolist() == [1, 2]
        assert table.frame["y"].tolist() == [1.125, 2.0] and table.texts("date")[1] == "2024-01-02"
    large = [2**60 + 1, 10**400, 1e300, None]
    table = read(tmp_path, "\n".join(json.dumps({"y": number}) for number in large))
    assert table.texts("y") == [str(2**60 + 1), str(10**400), "1e+300", ""]


def test_brackets_in_the_header_are_not_json(tmp_path: Path) -> None:
    assert list(read(tmp_path, "[day],[y]\n2023-01-01,5\n").frame) == ["[day]", "[y]"]
