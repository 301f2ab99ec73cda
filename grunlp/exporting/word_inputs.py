"""What networks that read words have in common when they are exported."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grunlp.data.collate import LONGEST_SPELLING, Tokens
from grunlp.data.vocabulary import Vocabulary
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.utils.errors import GrunlpError

INPUTS: Mapping[str, Sequence[str | int]] = {
    "words": ("B", "T"),
    "spellings": ("U", "C"),
    "shapes": ("U",),
    "spelling_index": ("B", "T"),
    "lengths": ("B",),
}
PARTS = ("grunlp.data.word_shape", "word_inputs")
SENTENCES = ("grunlp.data.word_tokenizer", "grunlp.data.sentence_splitter", "sentences", "viterbi")
LINE = 'a text, or {"words": ["She", "left", "."]} for words as they are'

_ODD = list("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789.,-'%$éß中я\u200d🎉")
_STRANGE = 0.3  # share of drawn words that are made of such signs


def require_no_encoder(encoder: SentenceEncoder) -> None:
    """Raise GrunlpError for what has a pretrained encoder."""
    if encoder.pretrained is not None:
        there = "its pretrained encoder reads windows of sub-words, which the exported script cannot make"
        raise GrunlpError("a network over model.encoder= cannot be exported", there, "Type run=DIR of one without.")


def arrays_of(tokens: Tokens) -> tuple[Tensor, ...]:
    """The inputs of a batch."""
    return tuple(getattr(tokens, name) for name in INPUTS)


def tokens_of(words: Tensor, spellings: Tensor, shapes: Tensor, spelling_index: Tensor, lengths: Tensor) -> Tokens:
    """The batch of inputs."""
    nothing = words.new_zeros(0, 0)
    return Tokens(words, spellings, shapes, spelling_index, nothing, words.new_zeros(0), nothing, lengths)


def tables_of(vocabulary: Vocabulary) -> dict[str, Any]:
    """What the script knows of a vocabulary's words."""
    return {
        "words": vocabulary.words.items,
        "characters": vocabulary.characters.items,
        "longest_spelling": LONGEST_SPELLING,
    }


def rules_of(start: Tensor, moves: Tensor, end: Tensor) -> dict[str, Any]:
    """Scores of first tags, of moves and of last tags as JSON, which has no infinity: null."""
    given = {"start": start, "moves": moves, "end": end}
    return {name: _without_infinity(part.detach().tolist()) for name, part in given.items()}


def _without_infinity(part: Any) -> Any:
    return [_without_infinity(one) for one in part] if isinstance(part, list) else None if np.isinf(part) else part


def draw_words(vocabulary: Vocabulary, lengths: Sequence[int], random: np.random.Generator) -> list[list[str]]:
    """Sentences of random words: of the vocabulary, some with a capital, and of signs that may be unknown."""
    known = vocabulary.words.items[2:] or ["a"]

    def one() -> str:
        if random.random() < _STRANGE:
            return "".join(random.choice(_ODD, size=random.integers(1, 40 if random.random() < 0.1 else 8)))
        word = known[min(int(random.exponential(len(known) / 8)), len(known) - 1)]
        return word.capitalize() if random.random() < 0.2 else word

    return [[one() for _ in range(length)] for length in lengths]


def to_numpy(tensors: Sequence[Tensor]) -> list[Any]:
    """As the graphs take them."""
    return [one.detach().numpy() for one in tensors]


def to_tensors(arrays: Sequence[Any]) -> list[Tensor]:
    """As Torch takes what graphs give."""
    return [torch.from_numpy(one) for one in arrays]
