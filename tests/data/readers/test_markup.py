"""Files whose lines are not running text are recognised, and running text is not taken for them."""

import logging
from pathlib import Path

import pytest

from grunlp.data.readers.markup import detect_markup, has_tagged_words, warn_of_markup


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "Anna B-PER\nsings O\n\nAnd O\nhums O\n", "rows of a word and its tags"),
        ("a.txt", "Anna sings .\nIt rains again\nThe day is over\nNo\n", None),
        ("a.txt", "Anna B-PER\nsings O\n", None),  # two lines of two words may be text
        ("a.txt", '[\n  {\n    "text": "Rain"\n  }\n]\n', "JSON objects"),
        ("a.csv", "text,label\nRain again,n\nSun,p\nSnow,n\n", "the rows of a table"),
    ],
)
def test_markup_is_told_from_text(name: str, content: str, expected: str | None, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    assert detect_markup(tmp_path / name) == expected


def test_a_warning_names_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.txt").write_text("Anna B-PER\nsings O\n" * 3)
    with caplog.at_level(logging.WARNING):
        warn_of_markup(tmp_path / "a.txt")
    assert "a.txt looks like rows of a word and its tags" in caplog.text


def test_columns_with_a_tag_for_each_row_are_not_tagged_words() -> None:
    assert has_tagged_words(["a X", "b X", "c Y", "d Y"])
    assert not has_tagged_words(["a q", "b r", "c s", "d t"])
    assert not has_tagged_words(["a X", "b c X"])
