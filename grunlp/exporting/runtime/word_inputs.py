"""Words as arrays."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from grunlp.data.word_shape import shape


def parse_words(line: str) -> list[str] | None:
    """The words of a line {"words": [...]}, all of them strings; None of any other, which is a text."""
    try:
        words = json.loads(line)["words"] if line.startswith("{") else None
    except (ValueError, KeyError, RecursionError):
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return [word.encode("utf-8", "replace").decode("utf-8") for word in words]  # halves of surrogate pairs


class WordEncoder:
    """Makes the inputs of a network that reads words."""

    def __init__(self, model: dict[str, Any]) -> None:
        self.ids = {word: i for i, word in enumerate(model["words"])}
        self.characters = {character: i for i, character in enumerate(model["characters"])}
        self.max_word_length: int = model["longest_spelling"]  # characters; of a longer word the two ends are read

    def __call__(self, sentences: Sequence[list[str]]) -> list[Any]:
        """Ids of words, spellings, shapes of these, the spelling of each word, lengths. Id 1 is what is not known."""
        steps, rows = max(map(len, sentences)), {"": 0}
        index = [[rows.setdefault(word, len(rows)) for word in words] for words in sentences]
        ids = [[self.ids.get(word.lower(), 1) for word in words] for words in sentences]
        half = self.max_word_length // 2
        cut = [word if len(word) <= self.max_word_length else word[:half] + word[-half:] for word in rows]
        spelled = [[self.characters.get(character, 1) for character in word] for word in cut]
        shapes = np.array([shape(word) for word in rows])
        lengths = np.array([len(words) for words in sentences])
        return [
            pad_rows(ids, steps),
            pad_rows(spelled, max(1, *map(len, spelled))),
            shapes,
            pad_rows(index, steps),
            lengths,
        ]


def pad_rows(rows: Sequence[list[int]], length: int) -> Any:
    """(rows, length) filled up with 0."""
    return np.array([row + [0] * (length - len(row)) for row in rows], dtype=np.int64).reshape(len(rows), length)
