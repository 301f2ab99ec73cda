"""Raw text, one sentence a line, as examples whose predicates are guessed from their form."""

from collections.abc import Callable, Container, Iterator
from pathlib import Path

from grunlp.data.bio import OUTSIDE, PREDICATE
from grunlp.data.example import Example, Frame
from grunlp.data.readers.lines import open_lines
from grunlp.data.tokens import tokenize
from grunlp.errors import DataError


def read_raw(path: Path, predicates: Container[str], on_error: Callable[[DataError], None]) -> Iterator[Example]:
    """One example a line; an empty line gives an empty one, so that outputs and lines keep step.

    Args:
        path: plain text, gz or xz.
        predicates: lower-cased words that count as predicates wherever they stand.
        on_error: called with a line that is not text, which is then left out.

    Yields:
        examples with `text` and `offsets`; their id is `line-N`, their frames have only the predicate tagged.
    """
    for number, text, fault in open_lines(path):
        if fault:
            on_error(DataError(path, number, fault, "expected UTF-8 text"))
            continue
        tokens = tokenize(text)
        words = [token.word for token in tokens]
        yield Example(
            id=f"line-{number}",
            document="",
            words=words,
            pos=[],
            frames=[given_predicate(i, len(words)) for i, word in enumerate(words) if word.lower() in predicates],
            text=text,
            offsets=[(token.start, token.end) for token in tokens],
        )


def given_predicate(index: int, length: int) -> Frame:
    """A frame that says where the predicate is and nothing of its roles."""
    tags = [OUTSIDE] * length
    tags[index] = f"B-{PREDICATE}"
    return Frame(index=index, lemma="", roleset="", tags=tags)
