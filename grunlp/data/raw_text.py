"""Raw text as examples, one for each sentence, without frames."""

import logging
from collections.abc import Iterator
from pathlib import Path

from grunlp.data.examples import SRLExample
from grunlp.data.readers.text_lines import Line, OnError, open_lines, raise_error
from grunlp.data.sentence_splitter import MAX_SENTENCE_TOKENS, split_sentences
from grunlp.utils.errors import DataError

log = logging.getLogger(__name__)


def read_raw_text(path: Path, on_error: OnError = raise_error, encoding: str | None = None) -> Iterator[SRLExample]:
    """Read the sentences of a file; an empty line yields an empty sentence, so that every line has a prediction.

    Args:
        path: plain text, gz or xz.
        on_error: called with the error of a line that is not text, which is then skipped; by default it is raised.
        encoding: the encoding of the text; None: UTF-8.

    Yields:
        Examples with `text`, `offsets` and `source_position`. The id of the first sentence of line N is `line-N`, that
        of the second `line-N.2`.
    """
    for line in open_lines(path, encoding=encoding):
        try:
            yield from examples_from_line(path, line)
        except DataError as error:
            on_error(error)


def examples_from_line(path: Path, line: Line) -> Iterator[SRLExample]:
    """Yield the sentences of one line of a file. Raises DataError if the line is not text."""
    line.require_text(path)
    return split_raw_line(line.text, line.number)


def examples_from_text(text: str) -> Iterator[SRLExample]:
    """Yield the sentences of a text, as `read_raw_text` does; an empty text yields one empty sentence."""
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        yield from split_raw_line(line.removesuffix("\r"), number)


def split_raw_line(text: str, line: int) -> Iterator[SRLExample]:
    """Yield the sentences of one line, as `read_raw_text` does. `line` is its number, from 1."""
    message = False
    for k, (tokens, is_part) in enumerate([*split_sentences(text)] or [([], False)], start=1):
        start, end = (tokens[0].start, tokens[-1].end) if tokens else (0, 0)
        if is_part and not message:
            log.warning("line %d: a sentence of more than %d tokens is read in parts", line, MAX_SENTENCE_TOKENS)
            message = True
        yield SRLExample(
            id=f"line-{line}" + (f".{k}" if k > 1 else ""),
            document="",
            words=[token.word for token in tokens],
            pos=[],
            frames=[],
            text=text[start:end],
            offsets=[(token.start - start, token.end - start) for token in tokens],
            source_position=(line, start),
        )
