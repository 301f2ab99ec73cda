"""CoNLL-U with PropBank columns: Universal Propositions 1.0 and 2.0 and other CoNLL-U Plus files.

Cells are separated by tabs. `# global.columns = ...` names the columns
(https://universaldependencies.org/ext-format.html); without it the layout of Universal Propositions 1.0 is read: the
ten columns of CoNLL-U, the roleset in column 11 and one role column for each predicate from column 12, with the role on
the head word of each argument. (Its languages other than English leave out DEPS and MISC: a flag `Y` in column 9, the
roleset in 10, roles from 11.)

    # sent_id = letters-0001-01
    1   Anna     Anna     PROPN  NNP  _  2  nsubj  _  _  _          ARG0  _
    2   forgot   forget   VERB   VBD  _  0  root   _  _  forget.01  V     _
    3   to       to       PART   TO   _  4  mark   _  _  _          _     _
    4   call     call     VERB   VB   _  2  xcomp  _  _  call.02    ARG1  V

Universal Propositions 2.0 has `UP:PRED`, then `UP:ARGHEADS` (`ARG0:1|ARG1:4`) or `UP:ARGSPANS` (`ARG0:1-1|ARG1:3-4`) on
the row of the predicate. Spans come from

* `UP:ARGSPANS` if there are any, with overlaps resolved by `dependency_to_spans.without_overlaps`;
* otherwise the subtrees of the heads, by `dependency_to_spans.subtree_spans`.

The predicate is labelled V if the file does not label it. Multi-word tokens (`3-4`) and empty nodes (`5.1`) are left
out; the part of speech is XPOS, or UPOS if XPOS is empty. Role names are kept as they are (`A0` or `ARG0`).
"""

import re
from collections.abc import Iterator

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.readers.column_format import (
    PredicateRow,
    SentenceBlock,
    TokenRow,
    aligned_rows,
    blank_line_blocks,
    predicate_frames,
    require_sequence,
    split_tabs,
)
from grunlp.data.readers.dependency_to_spans import remove_overlaps, subtree_spans
from grunlp.data.readers.text_lines import Line
from grunlp.data.tags import PREDICATE_LABEL, Span, spans_to_tags
from grunlp.utils.errors import DataError

EMPTY_CELLS = ("_", "")
COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC", "UP:PRED")
UP_COLUMNS = (*COLUMNS[:8], "UP:FLAG", "UP:PRED")
_RANGE_OR_EMPTY_NODE = re.compile(r"\d+[-.]\d+[ \t]")
_INHERITED_COMMENT = re.compile(r"#\s*(newdoc id|global\.columns)\s*=")


def matches(rows: list[str]) -> bool:
    """Return whether columns are named, or most rows have ten cells, a number in column 1 and a head in column 7."""
    if any(row.startswith("# global.columns") for row in rows):
        return True
    cells = [split_tabs(row) for row in rows if not row.startswith("#")]
    fitting = [row for row in cells if len(row) >= 10 and row[0][:1].isdecimal() and re.fullmatch(r"\d+|_", row[6])]
    return 2 * len(fitting) > len(cells)


def blocks(lines: Iterator[Line], source: str) -> Iterator[SentenceBlock]:
    """Yield one block for each sentence, with the document name and the column names that apply to it."""
    inherited: dict[str, Line] = {}
    for block in blank_line_blocks(lines, source, comment=("#",)):
        before = list(inherited.values())
        for line in block.comments:
            match = _INHERITED_COMMENT.match(line.text)
            if match:
                inherited[match[1]] = line
        rows = [line for line in block.rows if not _RANGE_OR_EMPTY_NODE.match(line.text)]
        if rows:
            yield SentenceBlock(source, before + block.comments, rows)


def parse_predicates(block: SentenceBlock) -> SRLExample:
    """Parse one sentence, whose predicates may all be without roles. Raises `DataError`."""
    return parse(block, roles=False)


def parse(block: SentenceBlock, roles: bool = True) -> SRLExample:
    """Parse one sentence. Raises `DataError`. roles: whether the predicates must have columns of roles."""
    columns = tuple(block.comment("global.columns").split())
    rows = aligned_rows(block, split_tabs, len(columns) or 10, " ".join(columns or COLUMNS) + ", role columns")
    columns = columns or (UP_COLUMNS if any(row.cells[8] == "Y" for row in rows) else COLUMNS)
    for needed in ("ID", "FORM"):
        if needed not in columns:
            message = f"no column is named {needed}"
            raise DataError(
                block.source, rows[0].line, message, f"columns: {' '.join(columns)}", "correct # global.columns"
            )
    require_sequence(block, rows, column=columns.index("ID"), start=1)
    cells = {name: [row.cells[i] for row in rows] for i, name in enumerate(columns) if i < len(rows[0].cells)}
    blank = ["_"] * len(rows)
    pos = [
        x if x not in EMPTY_CELLS else u
        for x, u in zip(cells.get("XPOS", blank), cells.get("UPOS", blank), strict=True)
    ]
    return SRLExample(
        id=block.comment("sent_id"),
        document=block.comment("newdoc id"),
        words=cells["FORM"],
        pos=[] if all(tag in EMPTY_CELLS for tag in pos) else pos,
        frames=_frames(block, rows, columns, cells, roles),
    )


def _frames(
    block: SentenceBlock, rows: list[TokenRow], columns: tuple[str, ...], cells: dict[str, list[str]], roles: bool
) -> list[Frame]:
    name = next((name for name in ("UP:PRED", "UP:PREDS") if name in cells), "")
    rolesets = cells.get(name, [])
    predicates = [i for i, roleset in enumerate(rolesets) if roleset not in EMPTY_CELLS]
    lemmas = cells.get("LEMMA", [""] * len(rows))
    if not roles and name and columns[-1] == name and len(rows[0].cells) == len(columns):
        return predicate_frames([PredicateRow(i, lemmas[i], rolesets[i]) for i in predicates], len(rows))
    if "UP:ARGSPANS" in columns:
        spans = [_parse_span_roles(block, rows[i], cells["UP:ARGSPANS"][i], i, len(rows)) for i in predicates]
    elif "UP:ARGHEADS" in columns:
        labels = [_parse_head_roles(block, rows[i], cells["UP:ARGHEADS"][i], len(rows)) for i in predicates]
        spans = _subtree_spans(block, rows, columns, predicates, labels)
    else:
        first = columns.index(name) + 1 if name else len(rows[0].cells)
        labels = _role_columns(block, rows, first, predicates)
        spans = _subtree_spans(block, rows, columns, predicates, labels)
    return [
        Frame(index=i, lemma=lemmas[i], roleset=rolesets[i], tags=spans_to_tags(of_frame, len(rows)))
        for i, of_frame in zip(predicates, spans, strict=True)
    ]


def _role_columns(
    block: SentenceBlock, rows: list[TokenRow], first: int, predicates: list[int]
) -> list[dict[int, str]]:
    """Return the labels of head words, one dictionary for each predicate.

    An unused column may follow: in Universal Propositions, sentences without predicates have one.
    """
    width = max(len(rows[0].cells) - first, 0)
    unused = all(row.cells[-1] in EMPTY_CELLS for row in rows)
    if width != len(predicates) and not (unused and width == len(predicates) + 1):
        at = rows[predicates[width]] if width < len(predicates) else rows[0]
        raise DataError(block.source, at.line, f"{len(predicates)} predicates but {width} role columns",
                        f"each predicate has one role column, from column {first + 1} on, in order of appearance",
                        "add the missing column, or remove the roleset")  # fmt: skip
    return [
        {i: row.cells[column] for i, row in enumerate(rows) if row.cells[column] not in EMPTY_CELLS}
        for column in range(first, first + len(predicates))
    ]


def _parse_head_roles(block: SentenceBlock, row: TokenRow, cell: str, length: int) -> dict[int, str]:
    """Parse `ARG0:1|ARG1:4` to `{0: "ARG0", 3: "ARG1"}`."""
    matches = re.findall(r"(?:^|\|)([^|\s]+):(\d{1,9})(?=\||$)", cell)
    heads = {int(number) - 1: label for label, number in matches}
    _require_all_parsed(block, row, cell, len(matches), [(i, i + 1) for i in heads], length, "ARG0:1|ARG1:4")
    return heads


def _parse_span_roles(block: SentenceBlock, row: TokenRow, cell: str, predicate: int, length: int) -> list[Span]:
    """Parse `ARG0:1-1|ARG1:3-4` to `[Span("ARG0", 0, 1), Span("ARG1", 2, 4)]`, add V, and resolve overlaps."""
    matches = re.findall(r"(?:^|\|)([^|\s]+):(\d{1,9})-(\d{1,9})(?=\||$)", cell)
    spans = [Span(label, int(start) - 1, int(end)) for label, start, end in matches]
    _require_all_parsed(block, row, cell, len(matches), [span[1:] for span in spans], length, "ARG0:1-1|ARG1:3-4")
    if all(span.label != PREDICATE_LABEL for span in spans):
        spans.append(Span(PREDICATE_LABEL, predicate, predicate + 1))
    return remove_overlaps(spans, length)


def _require_all_parsed(
    block: SentenceBlock,
    row: TokenRow,
    cell: str,
    found: int,
    positions: list[tuple[int, int]],
    length: int,
    shape: str,
) -> None:
    expected = 0 if cell in EMPTY_CELLS else cell.count("|") + 1
    if found != expected or any(not 0 <= start < end <= length for start, end in positions):
        message = f"arguments {cell!r} cannot be read"
        details = f"expected {shape} or _, with tokens from 1 to {length}"
        raise DataError(block.source, row.line, message, details, "correct the cell")


def _subtree_spans(
    block: SentenceBlock,
    rows: list[TokenRow],
    columns: tuple[str, ...],
    predicates: list[int],
    labels: list[dict[int, str]],
) -> list[list[Span]]:
    if not predicates:
        return []
    if "HEAD" not in columns:
        details = "argument heads become spans by their subtrees"
        raise DataError(block.source, rows[0].line, "no column is named HEAD", details, "add HEAD or UP:ARGSPANS")
    heads = _heads(block, rows, columns.index("HEAD"))
    return [subtree_spans(of_frame, i, heads) for i, of_frame in zip(predicates, labels, strict=True)]


def _heads(block: SentenceBlock, rows: list[TokenRow], column: int) -> list[int]:
    """Return the head of each token, -1 for a root. Raises `DataError` for a missing head or a cycle."""
    heads = []
    for row in rows:
        cell = row.cells[column]
        if not re.fullmatch(r"\d{1,9}", cell) or int(cell) > len(rows):
            expected = f"expected 0 or a token from 1 to {len(rows)}"
            raise DataError(
                block.source, row.line, f"head {cell!r} is not a token", expected, "correct the HEAD column"
            )
        heads.append(int(cell) - 1)
    for i, row in enumerate(rows):
        ancestor, steps = i, 0
        while ancestor >= 0 and steps <= len(rows):
            ancestor, steps = heads[ancestor], steps + 1
        if ancestor >= 0:
            message = "the heads above this token go round in a circle"
            raise DataError(block.source, row.line, message, "the heads must form a tree", "correct the HEAD column")
    return heads
