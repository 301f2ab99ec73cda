"""Functions that the column formats share: lines to blocks, blocks to rows, bracket columns to frames."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from grunlp.data.examples import Frame
from grunlp.data.readers.text_lines import Line
from grunlp.data.tags import PREDICATE_LABEL, Span, brackets_to_spans, spans_to_tags
from grunlp.utils.errors import DataError

_COMMENT = re.compile(r"#\s*(?P<key>[^=]*?)\s*=\s*(?P<value>.*?)\s*$")


class OverlapError(DataError):
    """Raised for a span that opens inside another of the same predicate."""


class SentenceBlock(NamedTuple):
    """The lines of one sentence: comments, and at least one row."""

    source: str
    comments: list[Line]
    rows: list[Line]

    def comment(self, key: str) -> str:
        """Return the value of the last comment `# key = value`, or the empty string."""
        matches = (_COMMENT.match(line.text) for line in reversed(self.comments))
        return next((match["value"] for match in matches if match and match["key"] == key), "")

    def require_text(self) -> None:
        """Raise `DataError` for the first line that is not UTF-8 text."""
        for line in (*self.comments, *self.rows):
            line.require_text(self.source)


class TokenRow(NamedTuple):
    """One token line of a block, split into cells."""

    line: int
    cells: list[str]


class PredicateRow(NamedTuple):
    """A row that is a predicate: the index of its token in the sentence, its lemma and its roleset."""

    position: int
    lemma: str
    roleset: str


def blank_line_blocks(lines: Iterator[Line], source: str, comment: tuple[str, ...] = ()) -> Iterator[SentenceBlock]:
    """Yield the blocks between blank lines.

    Lines that start with one of `comment` are comments; comments that are followed by a blank line belong to the next
    block.
    """
    comments: list[Line] = []
    rows: list[Line] = []
    for line in lines:
        if not line.text.strip(" \t"):
            if rows:
                yield SentenceBlock(source, comments, rows)
                comments, rows = [], []
        elif line.text.startswith(comment):
            comments.append(line)
        else:
            rows.append(line)
    if rows:
        yield SentenceBlock(source, comments, rows)


def single_line_blocks(lines: Iterator[Line], source: str) -> Iterator[SentenceBlock]:
    """Yield one block for each line that is not blank."""
    return (SentenceBlock(source, [], [line]) for line in lines if line.text.strip(" \t"))


def split_whitespace(text: str) -> list[str]:
    """Split at spaces and tabs. Other Unicode spaces may be part of a word, so `str.split` would be wrong."""
    return re.split(r"[ \t]+", text.strip(" \t"))


def split_tabs(text: str) -> list[str]:
    """Split at tabs, or at spaces if the line has no tab."""
    return text.split("\t") if "\t" in text else split_whitespace(text)


def aligned_rows(
    block: SentenceBlock, split: Callable[[str], list[str]], minimum: int, expected: str
) -> list[TokenRow]:
    """Return the rows of a block, which must all have the most common width.

    Raises `DataError` for a missing or extra column.
    """
    rows = [TokenRow(line.number, split(line.text)) for line in block.rows]
    width = max(minimum, Counter(len(row.cells) for row in rows).most_common(1)[0][0])
    for row in rows:
        if len(row.cells) != width:
            details = f"the sentence has {width} columns: {expected}"
            raise DataError(block.source, row.line, f"{len(row.cells)} columns where {width} were expected", details,
                            "add or remove cells so that all rows of a sentence are equally wide")  # fmt: skip
    return rows


def require_sequence(block: SentenceBlock, rows: Sequence[TokenRow], column: int, start: int) -> None:
    """Raise `DataError` unless the cells of `column` count up from `start`."""
    for expected, row in enumerate(rows, start):
        if row.cells[column] != str(expected):
            raise DataError(block.source, row.line, f"index {row.cells[column]!r} where {expected} was expected",
                            f"tokens of a sentence are numbered from {start}",
                            "look for a missing row, or a missing blank line between sentences")  # fmt: skip


def column_spans(block: SentenceBlock, rows: Sequence[TokenRow], column: int) -> list[Span]:
    """Return the spans of one bracket column. Raises `DataError` with the line of a wrong bracket."""
    try:
        return brackets_to_spans([row.cells[column] for row in rows])
    except ValueError as error:
        cell, _, problem = str(error).removeprefix("cell ").partition(": ")
        problem = re.sub(r"cell (\d+)", lambda match: f"line {rows[int(match[1])].line}", problem)
        kind = OverlapError if "opens inside" in problem else DataError
        raise kind(block.source, rows[int(cell)].line, f"column {column + 1}: {problem}",
                   "a role column has (ROLE* ... *) with * between, and no span inside another",
                   "correct the brackets of this column") from error  # fmt: skip


def frames_from_brackets(
    block: SentenceBlock, rows: Sequence[TokenRow], first: int, predicates: Sequence[PredicateRow]
) -> list[Frame]:
    """Return the frames of the role columns from column `first` on; the k-th column belongs to the k-th predicate.

    Raises:
        DataError: there are more or fewer role columns than predicates, a bracket is wrong, or a column has its V at
            another predicate.
    """
    columns = len(rows[0].cells) - first
    if columns != len(predicates):
        at = rows[predicates[columns].position] if columns < len(predicates) else rows[0]
        raise DataError(block.source, at.line, f"{len(predicates)} predicates but {columns} role columns",
                        f"each predicate has one role column, from column {first + 1} on, in order of appearance",
                        "add the missing column, or unmark the predicate")  # fmt: skip
    return [column_frame(block, rows, column, predicate) for column, predicate in enumerate(predicates, first)]


def predicate_frames(predicates: Sequence[PredicateRow], length: int) -> list[Frame]:
    """Return frames in which the predicate alone is tagged, of a sentence with `length` words: input of a labeller."""
    return [
        Frame(
            index=index,
            lemma=lemma,
            roleset=roleset,
            tags=spans_to_tags([Span(PREDICATE_LABEL, index, index + 1)], length),
        )
        for index, lemma, roleset in predicates
    ]


def column_frame(block: SentenceBlock, rows: Sequence[TokenRow], column: int, predicate: PredicateRow) -> Frame:
    """Return the frame of one predicate from its bracket column. Raises `DataError`."""
    index, lemma, roleset = predicate
    spans = column_spans(block, rows, column)
    _require_predicate_span(block, rows, column, index, spans)
    return Frame(index=index, lemma=lemma, roleset=roleset, tags=spans_to_tags(spans, len(rows)))


def _require_predicate_span(
    block: SentenceBlock, rows: Sequence[TokenRow], column: int, index: int, spans: Sequence[Span]
) -> None:
    """Raise `DataError` unless a column has at most one V, which, with its C-V, covers the predicate."""
    verbs = [span for span in spans if span.label == PREDICATE_LABEL]
    hint = "check the order of the role columns"
    if len(verbs) > 1:
        lines = " and ".join(f"line {rows[verb.start].line}" for verb in verbs)
        raise DataError(block.source, rows[verbs[1].start].line, f"two predicates claim column {column + 1}: {lines}",
                        "each predicate has its own role column, with one V", hint)  # fmt: skip
    pieces = [span for span in spans if span.label in (PREDICATE_LABEL, f"C-{PREDICATE_LABEL}")]
    if verbs and not any(span.start <= index < span.end for span in pieces):
        message = f"column {column + 1} has its V here, but belongs to the predicate of line {rows[index].line}"
        details = "role columns are in the order in which their predicates appear"
        raise DataError(block.source, rows[verbs[0].start].line, message, details, hint)
