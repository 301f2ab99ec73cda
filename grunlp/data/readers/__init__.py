"""Readers of sentences with predicates and roles in any format: `read(path)` yields examples.

`grunlp.data.examples` describes the examples; the module of each format describes that format. The format is detected
from the first sentences of the file, never from its name:

| format     | criterion |
|------------|------|
| json-flat  | lines are JSON objects with `tags` |
| json-predicates | lines are JSON objects whose frames have no `tags`: input of a labeller, not training data |
| json-lines | lines are JSON objects |
| words-tags | lines contain `|||` |
| conll2012  | `#begin document`, or numbers in columns 2 and 3 and brackets in columns 6 and 11 |
| conllu     | `# global.columns`, or ten or more columns with a number first and a head in column 7 |
| columns    | a number first, only bracket cells after column 5 |
| conll2005  | a column of lemmas and `-`, not of span tags, followed by as many bracket columns as it has lemmas |

In formats with BIO tags an `I-X` may follow neither `B-X` nor `I-X`. This is not a reading error: scorers define its
meaning, and `grunlp.data check` counts it. It cannot occur in bracket formats.
"""

import logging
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from grunlp.data.examples import SRLExample
from grunlp.data.readers import conll2005, conll2012, conllu, deep_srl, json_lines, merge_frames, propbank_columns
from grunlp.data.readers.column_format import SentenceBlock, single_line_blocks
from grunlp.data.readers.text_lines import Line, OnError, open_lines, raise_error, require_file
from grunlp.utils.errors import DataError, UserError, closest_match

__all__ = ["FORMATS", "detect_format", "read", "read_srl_line", "read_srl_with_lines"]

_log = logging.getLogger(__name__)
_HEAD_BLOCKS, _HEAD_LINES = 5, 1000  # a file whose first sentence is malformed is detected by the next ones


class CorpusFormat(NamedTuple):
    """The functions that detect, split and parse a format.

    Attributes:
        matches: returns whether the lines up to a blank line are in this format.
        split_blocks: splits lines into blocks, one for each sentence.
        parse: converts a block to an example, or raises `DataError`.
        one_frame_per_block: whether a block has one predicate, so that blocks with equal words must be merged.
        has_roles: whether the format has roles, not only predicates.
        parse_predicates: also parses sentences whose predicates have no roles, as input to a labeller; None: same as
            `parse`.
    """

    matches: Callable[[list[str]], bool]
    split_blocks: Callable[[Iterator[Line], str], Iterator[SentenceBlock]]
    parse: Callable[[SentenceBlock], SRLExample]
    one_frame_per_block: bool = False
    has_roles: bool = True
    parse_predicates: Callable[[SentenceBlock], SRLExample] | None = None


FORMATS = {
    "json-flat": CorpusFormat(
        json_lines.matches_flat, single_line_blocks, json_lines.parse_flat, one_frame_per_block=True
    ),
    "json-predicates": CorpusFormat(
        json_lines.matches_predicates, single_line_blocks, json_lines.parse_predicates, has_roles=False
    ),
    "json-lines": CorpusFormat(json_lines.matches, single_line_blocks, json_lines.parse),
    "words-tags": CorpusFormat(deep_srl.matches, single_line_blocks, deep_srl.parse, one_frame_per_block=True),
    "conll2012": CorpusFormat(
        conll2012.matches, conll2012.blocks, conll2012.parse, parse_predicates=conll2012.parse_predicates
    ),
    "conllu": CorpusFormat(conllu.matches, conllu.blocks, conllu.parse, parse_predicates=conllu.parse_predicates),
    "columns": CorpusFormat(
        propbank_columns.matches,
        propbank_columns.blocks,
        propbank_columns.parse,
        parse_predicates=propbank_columns.parse_predicates,
    ),
    "conll2005": CorpusFormat(
        conll2005.matches, conll2005.blocks, conll2005.parse, parse_predicates=conll2005.parse_predicates
    ),
}
"""Every format, in the order in which they are tried."""


def read(
    path: str | Path,
    format: str | None = None,
    words: str | Path | None = None,
    on_error: OnError = raise_error,
    require_roles: bool = True,
    encoding: str | None = None,
) -> Iterator[SRLExample]:
    """Read the sentences of a file, one in memory at a time.

    Args:
        path: a text file, plain, gz or xz.
        format: a key of FORMATS; None: detected from the first sentences.
        words: the separate file of the words of CoNLL-2005 props, one token a line.
        on_error: called with each error; its sentence is skipped. By default the first error is raised.
        require_roles: reject a format that has only the positions of predicates.
        encoding: the encoding of the text; None: UTF-8.

    Raises:
        UserError: immediately, for an unknown format.
        DataError: immediately for a file that does not exist, and while reading for malformed input, unless `on_error`
            is given.
    """
    return (example for _, example in read_srl_with_lines(path, format, words, on_error, require_roles, encoding))


def read_srl_with_lines(
    path: str | Path,
    format: str | None = None,
    words: str | Path | None = None,
    on_error: OnError = raise_error,
    require_roles: bool = True,
    encoding: str | None = None,
) -> Iterator[tuple[int, SRLExample]]:
    """Read sentences as `read` does, each with the one-based number of the line of its first token."""
    if words is not None and format is None:
        format = "conll2005"
    if format is not None and format not in FORMATS:
        near = closest_match(format, FORMATS)
        hint = f"did you mean {near}?" if near else "leave the format out to have it detected"
        raise UserError(f"unknown format {format!r}", f"formats: {', '.join(FORMATS)}", hint)
    if words is not None and format != "conll2005":
        hint = "leave out the words file, or the format"
        raise UserError(f"a words file with format {format}", "only conll2005 has a separate file of words", hint)
    for file in (path, words) if words is not None else (path,):
        require_file(Path(file))
    words = Path(words) if words is not None else None
    return _examples(Path(path), format, words, on_error, require_roles, encoding)


def read_srl_line(path: str | Path, line: Line, format: str) -> Iterator[SRLExample]:
    """Read the sentence on one line, in a format with one sentence on each line; a blank line yields nothing.

    Raises:
        DataError: the line is malformed.
    """
    for block in single_line_blocks(iter([line]), str(path)):
        block.require_text()
        yield FORMATS[format].parse(block)


def detect_format(path: str | Path, encoding: str | None = None) -> str:
    """Return the format of a file, a key of FORMATS. Raises `DataError` if none matches."""
    return _detect_and_replay(Path(path), open_lines(Path(path), encoding=encoding))[0]


def _examples(
    path: Path, format: str | None, words: Path | None, on_error: OnError, require_roles: bool, encoding: str | None
) -> Iterator[tuple[int, SRLExample]]:
    try:
        lines = open_lines(path, encoding=encoding) if words is None else conll2005.join_columns(words, path, encoding)
        if format is None:
            format, lines = _detect_and_replay(path, lines)
            _log.info("%s: format %s", path, format)
        if require_roles and not FORMATS[format].has_roles:
            details = f"format {format} only has the positions of predicates"
            raise DataError(path, None, "no roles", details, "add the tags of each frame")
        parse_predicates = None if require_roles else FORMATS[format].parse_predicates
        numbered = _parse(FORMATS[format], parse_predicates or FORMATS[format].parse, lines, path, on_error)
        yield from (
            merge_frames.merge_frames_of_same_sentence(numbered) if FORMATS[format].one_frame_per_block else numbered
        )
    except DataError as error:
        on_error(error)


def _parse(
    corpus_format: CorpusFormat,
    parse: Callable[[SentenceBlock], SRLExample],
    lines: Iterator[Line],
    path: Path,
    on_error: OnError,
) -> Iterator[tuple[int, SRLExample]]:
    block = None
    for block in corpus_format.split_blocks(lines, str(path)):
        try:
            block.require_text()
            example = parse(block)
        except DataError as error:
            on_error(error)
        else:
            yield block.rows[0].number, example
    if block is None:
        raise _empty_file_error(path)


def _empty_file_error(path: Path) -> DataError:
    return DataError(path, None, "has no sentences", "expected at least one", "check how it was made")


def _detect_and_replay(path: Path, lines: Iterator[Line]) -> tuple[str, Iterator[Line]]:
    """Return the format, and the lines with the inspected ones put back."""
    head: list[Line] = []
    blocks: list[list[str]] = [[]]
    for line in lines:
        head.append(line)
        if line.text.strip(" \t"):
            blocks[-1].append(line.text)
        elif blocks[-1]:
            blocks.append([])
        if len(blocks) > _HEAD_BLOCKS or len(head) == _HEAD_LINES:
            break
    is_tagged = conll2005.has_span_tags([row for block in blocks for row in block])
    for block in filter(None, blocks):
        for name, form in FORMATS.items():
            if form.matches(block) and not (name == "conll2005" and is_tagged):
                return name, chain(head, lines)
    if not any(blocks):
        raise _empty_file_error(path)
    first = next(line for line in head if line.text.strip(" \t"))
    raise DataError(path, first.number, "the format is not recognised", f"formats: {', '.join(FORMATS)}",
                    "see the examples in grunlp/data/readers, or name the format")  # fmt: skip
