"""EWT columns: the project's own column format.

Each line has one token: index, form, part of speech, predicate lemma, roleset, then one bracket column for each
predicate, in order of appearance. `_` is an empty cell; a row with a lemma or a roleset is a predicate. Cells are
separated by tabs, or by spaces in a line without tabs.

    # doc = letters/0001
    # sent = letters-0001-01
    1    Anna     NNP   _      _         (ARG0*)   *
    2    forgot   VBD   forget forget.01 (V*)      *
    3    to       TO    _      _         (ARG1*    *
    4    call     VB    call   call.02   *)        (V*)
    5    .        .     _      _         *         *
"""

from collections.abc import Iterator

from grunlp.data.examples import SRLExample
from grunlp.data.readers.column_format import (
    PredicateRow,
    SentenceBlock,
    aligned_rows,
    blank_line_blocks,
    frames_from_brackets,
    predicate_frames,
    require_sequence,
    split_tabs,
)
from grunlp.data.readers.text_lines import Line
from grunlp.utils.errors import DataError

EMPTY_CELL = "_"
FIRST_ROLE_COLUMN = 5  # the first bracket column
_EXPECTED_COLUMNS = "index, form, pos, predicate lemma, roleset and one bracket column a predicate"


def matches(rows: list[str]) -> bool:
    """Return whether most rows begin with a number and have only brackets, or only `_`, after the fifth cell."""
    cells = [split_tabs(row) for row in rows if not row.startswith("#")]
    fitting = [row for row in cells if len(row) >= FIRST_ROLE_COLUMN and row[0].isdecimal() and _is_column_row(row[3:])]
    return 2 * len(fitting) > len(cells)


def _is_column_row(cells: list[str]) -> bool:
    return all("*" in cell for cell in cells[2:]) and (len(cells) > 2 or EMPTY_CELL in cells[:2])


def blocks(lines: Iterator[Line], source: str) -> Iterator[SentenceBlock]:
    """Yield one block for each sentence."""
    return blank_line_blocks(lines, source, comment=("#",))


def parse_predicates(block: SentenceBlock) -> SRLExample:
    """Parse one sentence, whose predicates may all be without a role column. Raises `DataError`."""
    return parse(block, roles=False)


def parse(block: SentenceBlock, roles: bool = True) -> SRLExample:
    """Parse one sentence. Raises `DataError`. roles: whether each predicate must have a role column."""
    rows = aligned_rows(block, split_tabs, FIRST_ROLE_COLUMN, _EXPECTED_COLUMNS)
    require_sequence(block, rows, column=0, start=1)
    for row in rows:
        if "" in row.cells:
            message = f"column {row.cells.index('') + 1} is empty"
            raise DataError(
                block.source, row.line, message, f"expected {_EXPECTED_COLUMNS}", f"write {EMPTY_CELL} in an empty cell"
            )
    predicates = [
        PredicateRow(i, *("" if cell == EMPTY_CELL else cell for cell in row.cells[3:FIRST_ROLE_COLUMN]))
        for i, row in enumerate(rows)
        if row.cells[3:FIRST_ROLE_COLUMN] != [EMPTY_CELL, EMPTY_CELL]
    ]
    pos = [row.cells[2] for row in rows]
    has_roles = roles or len(rows[0].cells) > FIRST_ROLE_COLUMN
    return SRLExample(
        id=block.comment("sent"),
        document=block.comment("doc"),
        words=[row.cells[1] for row in rows],
        pos=pos if any(tag != EMPTY_CELL for tag in pos) else [],
        frames=(
            frames_from_brackets(block, rows, FIRST_ROLE_COLUMN, predicates)
            if has_roles
            else predicate_frames(predicates, len(rows))
        ),
    )
