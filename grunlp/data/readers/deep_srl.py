"""`words ||| tags` lines, as deep_srl reads them (He et al. 2017).

Each line has one predicate: its index from 0, the words, `|||`, and one BIO tag for each word. Without the index, the
predicate is the token tagged B-V. Consecutive lines with the same words are one sentence.

    1 Anna forgot to call . ||| B-ARG0 B-V B-ARG1 I-ARG1 O
    3 Anna forgot to call . ||| O O O B-V O
"""

import re

from grunlp.data.examples import SRLExample
from grunlp.data.readers.column_format import SentenceBlock, split_whitespace
from grunlp.data.readers.merge_frames import frame_from_tags
from grunlp.utils.errors import DataError

SEPARATOR = "|||"


def matches(rows: list[str]) -> bool:
    """Return whether most lines contain the separator."""
    return 2 * sum(SEPARATOR in split_whitespace(row) for row in rows) > len(rows)


def parse(block: SentenceBlock) -> SRLExample:
    """Parse the sentence on one line, with at most one frame. Raises `DataError`."""
    (line,) = block.rows
    cells = split_whitespace(line.text)
    expected, hint = "expected INDEX WORD WORD ... ||| TAG TAG ...", "look for a lost word, tag or bar"
    if cells.count(SEPARATOR) != 1:
        raise DataError(block.source, line.number, f"{cells.count(SEPARATOR)} separators {SEPARATOR}", expected, hint)
    words, tags = cells[: cells.index(SEPARATOR)], cells[cells.index(SEPARATOR) + 1 :]
    index = None
    if len(words) == len(tags) + 1 and re.fullmatch(r"\d{1,9}", words[0]):
        index, words = int(words[0]), words[1:]
    if not words:
        raise DataError(block.source, line.number, "no words", expected, hint)
    try:
        frame = frame_from_tags(tags, len(words), index)
    except ValueError as error:
        raise DataError(block.source, line.number, str(error), expected, hint) from error
    return SRLExample(id="", document="", words=words, pos=[], frames=[frame] if frame else [])
