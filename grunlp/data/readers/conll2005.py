"""CoNLL-2005 props (Carreras and Màrquez 2005).

The target column contains the lemma of a predicate or `-`; it is followed by one bracket column for each predicate.
Words are in an earlier column or in a separate file with one token on each line and the same blank lines:

    Anna     -        (A0*)   *
    forgot   forget   (V*)    *
    to       -        (A1*    *
    call     call     *)      (V*)
    .        -        *       *

There may be any columns between word and target, as in the full layout of the shared task (part of speech, parse, named
entities, sense). The first of them without brackets is taken as the part of speech; a column of two-digit senses
directly before the target completes the roleset. In each sentence the target column is the last one without brackets.
There are no comments: `#` is a word. Input of a labeller may lack all bracket columns.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from grunlp.data.examples import SRLExample
from grunlp.data.readers.column_format import (
    PredicateRow,
    SentenceBlock,
    TokenRow,
    aligned_rows,
    blank_line_blocks,
    frames_from_brackets,
    predicate_frames,
    split_whitespace,
)
from grunlp.data.readers.text_lines import Line, open_lines
from grunlp.data.tag_schemes import detect_spelling
from grunlp.data.tags import OUTSIDE
from grunlp.utils.errors import DataError

EMPTY_CELL = "-"
_SENSE = re.compile(r"\d\d|XX")


def join_columns(words: Path, props: Path, encoding: str | None = None) -> Iterator[Line]:
    """Yield the lines of `props`, each with its word before it. Raises `DataError` if the two files do not match."""
    for word, prop in zip_longest(*(open_lines(path, encoding=encoding) for path in (words, props))):
        blank = [line is None or not line.text.strip(" \t") for line in (word, prop)]
        if blank[0] != blank[1]:
            number = (prop or word).number
            ends, goes_on = (words, props) if blank[0] else (props, words)
            raise DataError(props, number, f"the sentence ends in {ends} but goes on in {goes_on}",
                            "words and props have one line a token and blank lines at the same places",
                            "find the first sentence whose two files differ in length")  # fmt: skip
        if prop is None:
            continue  # blank lines at the end of the words file
        if not blank[0] and len(split_whitespace(word.text)) > 1:
            raise DataError(words, word.number, "several columns in a words file", "expected one token on each line",
                            "keep only the column of words")  # fmt: skip
        error, hint = (prop.error, prop.hint) if prop.error else (word.error, word.hint)
        yield prop if blank[0] else Line(prop.number, f"{word.text} {prop.text}", error, hint)


def matches(rows: list[str]) -> bool:
    """Return whether a V opens in a bracket column, or the target column has one lemma for each following column.

    Without following columns, most cells of the target column are empty: input of a labeller.
    """
    if any("(V*" in row for row in rows):
        return True
    cells = [split_whitespace(row) for row in rows]
    if len({len(row) for row in cells}) > 1:
        return False
    target = _target_column(cells)
    num_predicates, num_columns = sum(row[target] != EMPTY_CELL for row in cells), len(cells[0]) - 1 - target
    return num_predicates == num_columns or (target > 0 == num_columns and 2 * num_predicates <= len(cells))


def has_span_tags(rows: list[str]) -> bool:
    """Return whether the last column has span tags besides `-`, such as B-PER: they are not lemmas."""
    last = {split_whitespace(row)[-1] for row in rows} - {EMPTY_CELL, OUTSIDE}
    return bool(last) and detect_spelling(last | {OUTSIDE}) is not None


def blocks(lines: Iterator[Line], source: str) -> Iterator[SentenceBlock]:
    """Yield one block for each sentence."""
    return blank_line_blocks(lines, source)


def parse_predicates(block: SentenceBlock) -> SRLExample:
    """Parse one sentence, whose predicates may all be without a role column. Raises `DataError`."""
    return parse(block, roles=False)


def parse(block: SentenceBlock, roles: bool = True) -> SRLExample:
    """Parse one sentence. Raises `DataError`, also if the props have no words.

    Args:
        block: the lines of the sentence.
        roles: whether each predicate must have a role column.
    """
    rows = aligned_rows(block, split_whitespace, 1, "word, target and one bracket column a predicate")
    target = _target_column([row.cells for row in rows])
    if target == 0:
        raise DataError(block.source, rows[0].line, "props without words", "expected the word in the first column",
                        "give the file of words, one token a line, as words=FILE")  # fmt: skip
    senses = [row.cells[target - 1] for row in rows] if target > 1 else []
    if not all(sense == EMPTY_CELL or _SENSE.fullmatch(sense) for sense in senses):
        senses = []
    predicates = []
    for i, row in enumerate(rows):
        lemma = row.cells[target]
        if lemma != EMPTY_CELL:
            sense = senses[i] if senses else EMPTY_CELL
            predicates.append(PredicateRow(i, lemma, f"{lemma}.{sense}" if sense != EMPTY_CELL else ""))
    return SRLExample(
        id="",
        document="",
        words=[row.cells[0] for row in rows],
        pos=_pos_tags(rows, target - bool(senses)),
        frames=(
            frames_from_brackets(block, rows, target + 1, predicates)
            if roles or target + 1 < len(rows[0].cells)
            else predicate_frames(predicates, len(rows))
        ),
    )


def _target_column(cells: list[list[str]]) -> int:
    """Return the last column in which most cells have no `*`; even in a role column with errors most cells have one."""
    plain = (t for t in range(len(cells[0])) if 2 * sum("*" not in row[t] for row in cells) > len(cells))
    return max(plain, default=0)


def _pos_tags(rows: list[TokenRow], end: int) -> list[str]:
    for column in range(1, end):
        tags = [row.cells[column] for row in rows]
        if not any("*" in tag for tag in tags):
            return tags
    return []
