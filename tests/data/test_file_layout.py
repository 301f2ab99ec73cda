"""Layouts of files: described in a line, and stored as JSON."""

import pytest

from grunlp.data.file_layout import FileLayout, layout_from_json

TABLE = FileLayout(
    format="table",
    encoding="cp1252",
    separator="comma",
    quoting=True,
    header=True,
    width=2,
    columns={"text": "review", "label": None},
    guesses=("the first line is a header",),
)


def test_a_layout_is_stored_and_read_back() -> None:
    assert layout_from_json(TABLE.to_json()) == TABLE
    assert layout_from_json(FileLayout(format="lines", encoding="utf-8").to_json()) == FileLayout("lines", "utf-8")


def test_a_layout_is_described_in_a_line() -> None:
    expected = "table, cells between commas, quoted cells, a header, text: column review, cp1252"
    assert TABLE.describe() == f"{expected} (guessed: the first line is a header)"


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"path": "x"},
        {"header": "yes"},
        {"columns": {"text": 3}},
        {"separator": "letter"},
        {"guesses": [1]},
        {"columns": {"text": "9" * 5000}},
        None,
    ],
)
def test_other_json_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="layout"):
        layout_from_json(wrong)
