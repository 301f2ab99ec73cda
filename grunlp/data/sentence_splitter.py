"""Sentences of raw English text, by a small fixed rule over its tokens.

A sentence never runs over the end of a line. Within one it ends after a token that is a full stop, a run of ! and ?, or
a run of dots, together with the quotes, brackets and emoticons that follow it, where

1. a blank follows; after a run of dots, or where such signs stand between, no small letter after the blank;
2. or, after a full stop, no blank but a capital, and a word in small letters stands before it (end.The next).

A dot that belongs to its token (Mr. U.S. Inc.) ends a sentence only before a word with a capital that hardly ever goes
on with one (The He It ...). A sentence of more than `MAX_SENTENCE_TOKENS` tokens is cut, behind a comma, semicolon,
colon or dash
where there is one.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from grunlp.data.word_tokenizer import Token, tokenize

MAX_SENTENCE_TOKENS = 200  # tokens; the longest sentence of the English Web Treebank has 159

_CLOSING = re.compile(r"""["'”’»)\]}]+|[<>]?[:;=8][-o^']?[)(\]DPp]|<3|\^_+\^""")
_MAX_CLOSINGS = 5  # at most so many quotes, brackets and emoticons belong to the sentence before
_SENTENCE_STARTERS = re.compile(
    "The|This|That|These|Those|He|She|It|They|We|You|I|In|At|On|But|And|If|When|What|There|My|His|Her|Our|Their"
)
_PAUSE_TOKENS = {",", ";", ":", "-", "--", "–", "—", "..."}


class TokenizedSentence(NamedTuple):
    """The tokens of a sentence, or of a `is_fragment` of one that is too long; offsets count from the start of the
    line."""

    tokens: list[Token]
    is_fragment: bool


def split_sentences(text: str) -> Iterator[TokenizedSentence]:
    """The sentences of one line."""
    tokens = tokenize(text)
    start = 0
    for end in range(1, len(tokens) + 1):
        if end == len(tokens) or _is_boundary(tokens, start, end):
            yield from _split_long(tokens[start:end])
            start = end


def _is_boundary(tokens: list[Token], start: int, end: int) -> bool:
    """Whether a sentence that began at token `start` ends before token `end`."""
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
    part = len(tokens) > MAX_SENTENCE_TOKENS
    while len(tokens) > MAX_SENTENCE_TOKENS:
        pauses = [i for i in range(MAX_SENTENCE_TOKENS // 2, MAX_SENTENCE_TOKENS) if tokens[i].word in _PAUSE_TOKENS]
        end = pauses[-1] + 1 if pauses else MAX_SENTENCE_TOKENS
        yield TokenizedSentence(tokens[:end], part)
        tokens = tokens[end:]
    yield TokenizedSentence(tokens, part)
