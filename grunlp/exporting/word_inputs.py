"""What networks that read words have in common when they are exported."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grunlp.data.collate import MAX_WORD_LENGTH, SentenceBatch
from grunlp.data.vocabulary import Vocabulary
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.utils.errors import UserError

WORD_INPUT_AXES: Mapping[str, Sequence[str | int]] = {
    "words": ("B", "T"),
    "char_ids": ("U", "C"),
    "word_shapes": ("U",),
    "char_index": ("B", "T"),
    "lengths": ("B",),
}
WORD_MODULES = ("grunlp.data.word_shape", "word_inputs")
SENTENCE_MODULES = ("grunlp.data.word_tokenizer", "grunlp.data.sentence_splitter", "sentences", "viterbi")
INPUT_LINE_DESCRIPTION = 'a text, or {"words": ["She", "left", "."]} for words as they are'

_RANDOM_CHARS = list("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789.,-'%$éß中я\u200d🎉")
_RANDOM_WORD_PROBABILITY = 0.3  # share of drawn words that are made of such signs


def reject_pretrained_encoder(encoder: SentenceEncoder) -> None:
    """Raise UserError for what has a pretrained encoder."""
    if encoder.pretrained is not None:
        there = "its pretrained encoder reads windows of sub-words, which the exported script cannot make"
        raise UserError("a network over model.encoder= cannot be exported", there, "Type run=DIR of one without.")


def to_arrays(batch: SentenceBatch) -> tuple[Tensor, ...]:
    """The inputs of a batch."""
    return tuple(getattr(batch, name) for name in WORD_INPUT_AXES)


def from_arrays(words: Tensor, char_ids: Tensor, shapes: Tensor, char_index: Tensor, lengths: Tensor) -> SentenceBatch:
    """The batch of inputs."""
    nothing = words.new_zeros(0, 0)
    return SentenceBatch(words, char_ids, shapes, char_index, nothing, words.new_zeros(0), nothing, lengths)


def vocabulary_tables(vocabulary: Vocabulary) -> dict[str, Any]:
    """What the script knows of a vocabulary's words."""
    return {
        "words": vocabulary.words.items,
        "characters": vocabulary.characters.items,
        "longest_spelling": MAX_WORD_LENGTH,
    }


def transition_tables(start: Tensor, transitions: Tensor, end: Tensor) -> dict[str, Any]:
    """Scores of first tags, of moves and of last tags as JSON, which has no infinity: null."""
    given = {"start": start, "moves": transitions, "end": end}
    return {name: _without_infinity(part.detach().tolist()) for name, part in given.items()}


def _without_infinity(value: Any) -> Any:
    return [_without_infinity(one) for one in value] if isinstance(value, list) else None if np.isinf(value) else value


def random_words(vocabulary: Vocabulary, lengths: Sequence[int], rng: np.random.Generator) -> list[list[str]]:
    """Sentences of random words: of the vocabulary, some with a capital, and of signs that may be unknown."""
    known = vocabulary.words.items[2:] or ["a"]

    def one() -> str:
        if rng.random() < _RANDOM_WORD_PROBABILITY:
            return "".join(rng.choice(_RANDOM_CHARS, size=rng.integers(1, 40 if rng.random() < 0.1 else 8)))
        word = known[min(int(rng.exponential(len(known) / 8)), len(known) - 1)]
        return word.capitalize() if rng.random() < 0.2 else word

    return [[one() for _ in range(length)] for length in lengths]


def to_numpy(tensors: Sequence[Tensor]) -> list[Any]:
    """As the graphs take them."""
    return [one.detach().numpy() for one in tensors]


def to_tensors(arrays: Sequence[Any]) -> list[Tensor]:
    """As Torch takes what graphs give."""
    return [torch.from_numpy(one) for one in arrays]
