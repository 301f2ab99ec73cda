"""EWT columns, the project's own column format.

One token a line: index, form, part of speech, predicate lemma, roleset, then one bracket column a predicate in order
of appearance. `_` stands for nothing; a row with a lemma or a roleset is a predicate. Cells are separated by tabs, or
by blanks in a line without tabs.

    # doc = letters/0001
    # sent = letters-0001-01
    1    Anna     NNP   _      _         (ARG0*)   *
    2    forgot   VBD   forget forget.01 (V*)      *
    3    to       TO    _      _         (ARG1*    *
    4    call     VB    call   call.02   *)        (V*)
    5    .        .     _      _         *         *
"""

from collections.abc import Iterator

from grunlp.data.examples import Example
from grunlp.data.readers.column_format import (
    Block,
    Predicate,
    blank_line_blocks,
    bracket_frames,
    require_sequence,
    split_tabs,
    table,
)
from grunlp.data.readers.text_lines import Line
from grunlp.utils.errors import DataError

NOTHING = "_"
ROLES = 5  # the first bracket column
_EXPECTED = "index, form, pos, predicate lemma, roleset and one bracket column a predicate"


def matches(rows: list[str]) -> bool:
    """Most rows begin with a number and have only brackets after the fifth cell; without any, `_` for a lemma."""
    cells = [split_tabs(row) for row in rows if not row.startswith("#")]
    fitting = [row for row in cells if len(row) >= ROLES and row[0].isdecimal() and _fits(row[3:])]
    return 2 * len(fitting) > len(cells)


def _fits(cells: list[str]) -> bool:
    return all("*" in cell for cell in cells[2:]) and (len(cells) > 2 or NOTHING in cells[:2])


def blocks(lines: Iterator[Line], source: str) -> Iterator[Block]:
    """One block a sentence."""
    return blank_line_blocks(lines, source, comment=("#",))


def parse(block: Block) -> Example:
    """One sentence. Raises `DataError`."""
    rows = table(block, split_tabs, ROLES, _EXPECTED)
    require_sequence(block, rows, column=0, start=1)
    for row in rows:
        if "" in row.cells:
            wrong = f"column {row.cells.index('') + 1} is empty"
            raise DataError(block.source, row.line, wrong, f"expected {_EXPECTED}", f"write {NOTHING} for nothing")
    predicates = [
        Predicate(i, *("" if cell == NOTHING else cell for cell in row.cells[3:ROLES]))
        for i, row in enumerate(rows)
        if row.cells[3:ROLES] != [NOTHING, NOTHING]
    ]
    pos = [row.cells[2] for row in rows]
    return Example(
        id=block.comment("sent"),
        document=block.comment("doc"),
        words=[row.cells[1] for row in rows],
        pos=pos if any(tag != NOTHING for tag in pos) else [],
        frames=bracket_frames(block, rows, ROLES, predicates),
    )
