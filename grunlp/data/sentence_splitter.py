"""A splitter of raw English text into sentences, by a small set of rules over its tokens.

A sentence never continues over the end of a line. Within a line it ends after a token that is a full stop, a run of !
and ?, or a run of dots, together with the quotes, brackets and emoticons that follow, if

1. a space follows; after a run of dots, or after such quotes, the next character must not be a lower-case letter;
2. or, after a full stop, a capital follows without a space, and a lower-case word precedes it (end.The next).

A dot that belongs to its token (Mr. U.S. Inc.) ends a sentence only before a capitalized word that usually starts one
(The He It ...). A sentence of more than `LONGEST` tokens is cut, after a comma, semicolon, colon or dash if possible.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from grunlp.data.word_tokenizer import Token, tokenize

MAX_SENTENCE_TOKENS = 200  # tokens; the longest sentence of the English Web Treebank has 159

_CLOSING = re.compile(r"""["'”’»)\]}]+|[<>]?[:;=8][-o^']?[)(\]DPp]|<3|\^_+\^""")
_MAX_CLOSINGS = 5  # quotes, brackets and emoticons that may belong to the sentence before them
_SENTENCE_STARTERS = re.compile(
    "The|This|That|These|Those|He|She|It|They|We|You|I|In|At|On|But|And|If|When|What|There|My|His|Her|Our|Their"
)
_PAUSE_TOKENS = {",", ";", ":", "-", "--", "–", "—", "..."}


class TokenizedSentence(NamedTuple):
    """The tokens of a sentence, or of part number `part` of a sentence that is too long.

    Offsets count from the start of the line.
    """

    tokens: list[Token]
    is_fragment: bool


def split_sentences(text: str) -> Iterator[TokenizedSentence]:
    """Yield the sentences of one line."""
    tokens = tokenize(text)
    start = 0
    for end in range(1, len(tokens) + 1):
        if end == len(tokens) or _is_boundary(tokens, start, end):
            yield from _split_long(tokens[start:end])
            start = end


def _is_boundary(tokens: list[Token], start: int, end: int) -> bool:
    """Return whether a sentence that began at token `start` ends before token `end`."""
    last = end - 1
    while last > max(start, end - _MAX_CLOSINGS) and _CLOSING.fullmatch(tokens[last].word):
        last -= 1
    mark, after = tokens[last].word, tokens[end]
    blank = tokens[end - 1].end < after.start
    if set(mark) <= set("!?") or mark == ".":
        if blank:
            return last == end - 1 or not after.word[0].islower()
        return (
            mark == "." and start < last == end - 1 and after.word[0].isupper() and tokens[last - 1].word[1:].islower()
        )
    if set(mark) <= {".", "…"}:
        return blank and not after.word[0].islower()
    return blank and mark.endswith(".") and last == end - 1 and bool(_SENTENCE_STARTERS.fullmatch(after.word))


def _split_long(tokens: list[Token]) -> Iterator[TokenizedSentence]:
    is_part = len(tokens) > MAX_SENTENCE_TOKENS
    while len(tokens) > MAX_SENTENCE_TOKENS:
        pauses = [i for i in range(MAX_SENTENCE_TOKENS // 2, MAX_SENTENCE_TOKENS) if tokens[i].word in _PAUSE_TOKENS]
        end = pauses[-1] + 1 if pauses else MAX_SENTENCE_TOKENS
        yield TokenizedSentence(tokens[:end], is_part)
        tokens = tokens[end:]
    yield TokenizedSentence(tokens, is_part)
