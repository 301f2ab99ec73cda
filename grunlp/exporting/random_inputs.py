"""Random examples for the verification of exports."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from grunlp.data.subword_tokenizer import EOS_ID, TextTokenizer
from grunlp.data.vocabulary import Vocabulary

_RANDOM_CHARS = list("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789.,-'%$éß中я\u200d🎉")
_RANDOM_WORD_PROBABILITY = 0.3  # probability of a word of random characters


class TokenizedText(NamedTuple):
    """A text and its token ids, without an end token."""

    ids: list[int]
    text: str


def random_text(tokenizer: TextTokenizer, length: int, rng: np.random.Generator) -> TokenizedText:
    """Draw random tokens and decode them."""
    ids = rng.integers(EOS_ID + 1, len(tokenizer), size=length).tolist()
    return TokenizedText(ids, " ".join(tokenizer.decode(ids).split()))


def random_words(vocabulary: Vocabulary, lengths: Sequence[int], rng: np.random.Generator) -> list[list[str]]:
    """Draw sentences of vocabulary words, some capitalized, mixed with words of random, possibly unknown characters."""
    known = vocabulary.words.items[2:] or ["a"]

    def random_word() -> str:
        if rng.random() < _RANDOM_WORD_PROBABILITY:
            return "".join(rng.choice(_RANDOM_CHARS, size=rng.integers(1, 40 if rng.random() < 0.1 else 8)))
        word = known[min(int(rng.exponential(len(known) / 8)), len(known) - 1)]
        return word.capitalize() if rng.random() < 0.2 else word

    return [[random_word() for _ in range(length)] for length in lengths]
