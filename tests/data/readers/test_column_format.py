"""Column formats: blocks of lines, rows of equal width, and brackets."""

import re

import pytest

from grunlp.data.readers.column_format import (
    OverlapError,
    PredicateRow,
    SentenceBlock,
    aligned_rows,
    blank_line_blocks,
    column_spans,
    frames_from_brackets,
    require_sequence,
    single_line_blocks,
    split_tabs,
    split_whitespace,
)
from grunlp.data.readers.text_lines import Line
from grunlp.data.tags import Span
from grunlp.utils.errors import DataError


def lines(text: str) -> list[Line]:
    return [Line(number, line, "") for number, line in enumerate(text.splitlines(), 1)]


def block(text: str) -> SentenceBlock:
    (one,) = blank_line_blocks(iter(lines(text)), "file")
    return one


def test_blank_lines_end_blocks_and_comments_belong_to_the_next() -> None:
    text = "# only a comment\n\n# id = 1\n\na\nb\n \t\nc\n"
    blocks = list(blank_line_blocks(iter(lines(text)), "file", ("#",)))
    assert [[row.text for row in one.rows] for one in blocks] == [["a", "b"], ["c"]]
    assert blocks[0].comment("id") == "1" and blocks[1].comment("id") == ""
    assert [one.rows[0].text for one in single_line_blocks(iter(lines("a\n\nb\n")), "file")] == ["a", "b"]


def test_only_spaces_and_tabs_separate_columns() -> None:
    assert split_whitespace(" a\u00a0b  c\td ") == ["a\u00a0b", "c", "d"]
    assert split_tabs("a b\tc") == ["a b", "c"] and split_tabs("a b") == ["a", "b"]


def test_a_row_of_another_width_is_named() -> None:
    with pytest.raises(DataError, match=r"file:2: 1 columns where 2 were expected"):
        aligned_rows(block("a b\nc\nd e\n"), split_whitespace, 1, "word tag")


def test_indices_must_count_up() -> None:
    rows = aligned_rows(block("1 a\n3 b\n"), split_whitespace, 2, "")
    with pytest.raises(DataError, match="file:2: index '3' where 2 was expected"):
        require_sequence(block("1 a\n3 b\n"), rows, 0, 1)


def test_brackets_are_spans_and_nested_ones_an_error() -> None:
    good, nested = block("(A0*\n*)\n(V*)\n"), block("(A0*\n(A1*)\n*)\n")
    rows = aligned_rows(good, split_whitespace, 1, "")
    assert column_spans(good, rows, 0) == [Span("A0", 0, 2), Span("V", 2, 3)]
    with pytest.raises(OverlapError, match=re.escape("file:2: column 1: ")):
        column_spans(nested, aligned_rows(nested, split_whitespace, 1, ""), 0)


def test_each_predicate_needs_a_role_column() -> None:
    one = block("a (V*)\nb *\n")
    rows = aligned_rows(one, split_whitespace, 2, "")
    (frame,) = frames_from_brackets(one, rows, 1, [PredicateRow(0, "a", "a.01")])
    assert frame["tags"] == ["B-V", "O"] and frame["index"] == 0
    with pytest.raises(DataError, match="0 predicates but 1 role columns"):
        frames_from_brackets(one, rows, 1, [])
