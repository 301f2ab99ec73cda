"""Conversion of words to the input arrays of a graph."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from grunlp.data.word_shape import shape


def parse_words(line: str) -> list[str] | None:
    """Parse a line `{"words": [...]}` that contains only strings; return None for any other line, which is a text."""
    try:
        words = json.loads(line)["words"] if line.startswith("{") else None
    except (ValueError, KeyError, RecursionError):
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return [word.encode("utf-8", "replace").decode("utf-8") for word in words]  # unpaired surrogates


class WordEncoder:
    """An encoder from sentences to the inputs of a model that reads words."""

    def __init__(self, model: dict[str, Any]) -> None:
        self.ids = {word: i for i, word in enumerate(model["words"])}
        self.characters = {character: i for i, character in enumerate(model["characters"])}
        self.max_word_length: int = model["max_word_length"]  # the middle of a longer word is cut out

    def __call__(self, sentences: Sequence[list[str]]) -> list[Any]:
        """Return word ids, character ids and shapes of the distinct words, the index of each token, and lengths.

        Id 1 is an unknown word or character.
        """
        num_steps, distinct = max(map(len, sentences)), {"": 0}
        index = [[distinct.setdefault(word, len(distinct)) for word in words] for words in sentences]
        ids = [[self.ids.get(word.lower(), 1) for word in words] for words in sentences]
        half = self.max_word_length // 2
        cut = [word if len(word) <= self.max_word_length else word[:half] + word[-half:] for word in distinct]
        characters = [[self.characters.get(character, 1) for character in word] for word in cut]
        char_ids = pad_rows(characters, max(1, *map(len, characters)))
        shapes = np.array([shape(word) for word in distinct])
        lengths = np.array([len(words) for words in sentences])
        return [pad_rows(ids, num_steps), char_ids, shapes, pad_rows(index, num_steps), lengths]


def pad_rows(rows: Sequence[list[int]], length: int) -> Any:
    """Pad rows with 0 to (rows, length)."""
    return np.array([row + [0] * (length - len(row)) for row in rows], dtype=np.int64).reshape(len(rows), length)
