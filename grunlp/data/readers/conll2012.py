"""CoNLL-2012, the format in which OntoNotes 5 was distributed for the shared task (Pradhan et al. 2012).

The columns, separated by spaces, are document, part, token number from 0, word, part of speech, parse, predicate lemma,
frameset number, word sense, speaker, named entities, one bracket column for each predicate, coreference.

    #begin document (letters/0001); part 000
    letters/0001  0  0  Anna    NNP  (TOP(S(NP*)  -       -   -  -  (PERSON)  (ARG0*)  *     (0)
    letters/0001  0  1  forgot  VBD  (VP*         forget  01  1  -  *         (V*)     *     -
    letters/0001  0  2  to      TO   (S(VP*       -       -   -  -  *         (ARG1*   *     -
    letters/0001  0  3  call    VB   (VP*))))     call    02  2  -  *         *)       (V*)  -
    letters/0001  0  4  .       .    *))          -       -   -  -  *         *        *     -

    #end document

A predicate is the row where the V of its column opens. Lemma and frameset are not enough, because OntoNotes gives both
to words whose roles were not annotated. In input of a labeller, sentences without bracket columns have their predicates
where there is a frameset. The name of the document is kept, the number of its part is not.
"""

from collections.abc import Iterator

from grunlp.data.examples import SRLExample
from grunlp.data.readers.column_format import (
    PredicateRow,
    SentenceBlock,
    TokenRow,
    aligned_rows,
    blank_line_blocks,
    column_frame,
    column_spans,
    predicate_frames,
    require_sequence,
    split_whitespace,
)
from grunlp.data.readers.text_lines import Line
from grunlp.data.tags import PREDICATE_LABEL
from grunlp.utils.errors import DataError

EMPTY_CELL = "-"
FIRST_ROLE_COLUMN = 11  # the first bracket column; coreference comes after the last
_DOCUMENT_MARKERS = ("#begin document", "#end document")
_EXPECTED_COLUMNS = (
    "document, part, number, word, pos, parse, lemma, frameset, sense, speaker, entities, "
    "one bracket column a predicate, coreference"
)


def matches(rows: list[str]) -> bool:
    """Return whether a document begins, or most rows have numbers in columns 2 and 3, brackets in 6 and 11."""
    if any(row.startswith(_DOCUMENT_MARKERS) for row in rows):
        return True
    cells = [split_whitespace(row) for row in rows]
    fitting = [
        row
        for row in cells
        if len(row) > FIRST_ROLE_COLUMN
        and row[1].isdecimal()
        and row[2].isdecimal()
        and "*" in row[5]
        and "*" in row[10]
        and "*" not in "".join(row[6:10])
    ]
    return 2 * len(fitting) > len(rows)


def blocks(lines: Iterator[Line], source: str) -> Iterator[SentenceBlock]:
    """Yield one block for each sentence."""
    return blank_line_blocks(lines, source, comment=_DOCUMENT_MARKERS)


def parse_predicates(block: SentenceBlock) -> SRLExample:
    """Parse one sentence, whose predicates may all be without a role column. Raises `DataError`."""
    example = parse(block)
    if not example["frames"]:
        predicates = []
        for i, row in enumerate(block.rows):
            lemma, frameset = split_whitespace(row.text)[6:8]
            if EMPTY_CELL not in (lemma, frameset):
                predicates.append(PredicateRow(i, lemma, f"{lemma}.{frameset}"))
        example["frames"] = predicate_frames(predicates, len(example["words"]))
    return example


def parse(block: SentenceBlock) -> SRLExample:
    """Parse one sentence. Raises `DataError`."""
    rows = aligned_rows(block, split_whitespace, FIRST_ROLE_COLUMN + 1, _EXPECTED_COLUMNS)
    require_sequence(block, rows, column=2, start=0)
    predicates: dict[int, int] = {}  # token of the predicate → its role column
    for column in range(FIRST_ROLE_COLUMN, len(rows[0].cells) - 1):
        index = _predicate_index(block, rows, column)
        if index in predicates:
            message = f"columns {predicates[index] + 1} and {column + 1} both have their V here"
            details = "each predicate has its own role column"
            raise DataError(block.source, rows[index].line, message, details, "remove one of the two columns")
        predicates[index] = column
    return SRLExample(
        id="",
        document=rows[0].cells[0],
        words=[row.cells[3] for row in rows],
        pos=[row.cells[4] for row in rows],
        frames=[
            column_frame(block, rows, column, PredicateRow(index, *_lemma_and_roleset(rows[index])))
            for index, column in sorted(predicates.items())
        ],
    )


def _predicate_index(block: SentenceBlock, rows: list[TokenRow], column: int) -> int:
    for i, row in enumerate(rows):
        if row.cells[column].startswith(f"({PREDICATE_LABEL}*"):
            return i
    column_spans(block, rows, column)  # a wrong bracket is the more likely cause, and its error is more precise
    raise DataError(block.source, rows[0].line, f"column {column + 1} does not belong to a predicate: it has no (V*",
                    f"expected {_EXPECTED_COLUMNS}", "remove the column, or mark its predicate")  # fmt: skip


def _lemma_and_roleset(row: TokenRow) -> tuple[str, str]:
    lemma, frameset = row.cells[6:8]
    if lemma == EMPTY_CELL:
        return "", ""
    return lemma, f"{lemma}.{frameset}" if frameset != EMPTY_CELL else ""
