"""From examples to the tensors of one batch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor

from grunlp.data.examples import Example, Tagged
from grunlp.data.vocabulary import Vocabulary
from grunlp.data.word_shape import shape
from grunlp.data.wordpiece_alignment import Pieces

IGNORED = -100  # target of a padded step, as torch's cross-entropy expects
LONGEST_SPELLING = 24  # characters; of a longer word the two ends are read


@dataclass
class Tokens:
    """B sentences of at most T tokens; U distinct spellings of at most C characters.

    words: (B, T) ids of lower-cased words, 0 at padding.
    spellings: (U, C) character ids of the distinct words of this batch; row 0 is padding.
    shapes: (U,) index in `grunlp.data.word_shape.SHAPES` of each.
    spelling_index: (B, T) row of `spellings` for each token.
    pieces: (W, S) ids of the sub-words that a pretrained encoder reads, in windows of at most S; (0, 0) without one.
    piece_lengths: (W,) sub-words of each window.
    piece_index: (B, T) the first piece of each token, counted over all windows; (0, 0) without one.
    lengths: (B,) tokens a sentence.
    """

    words: Tensor
    spellings: Tensor
    shapes: Tensor
    spelling_index: Tensor
    pieces: Tensor
    piece_lengths: Tensor
    piece_index: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> Self:
        """The same batch on another device."""
        return type(self)(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


@dataclass
class FrameBatch(Tokens):
    """Sentences with P predicates in all.

    candidates: (U, R) ids of the rolesets each spelling may have, likeliest first, 0 beyond them.
    pos: (B, T) ids of part-of-speech tags, IGNORED at padding and where none is given.
    is_predicate: (B, T) 1 where a frame is, else 0; IGNORED at padding and in sentences of `data.extra`, whose frames
        are not all their predicates.
    sentence: (P,) which sentence a predicate belongs to.
    predicate: (P,) its token.
    extra: (P,) whether its sentence is one of `data.extra`.
    roleset: (P,) id of its gold roleset, 0 where that is not given or not known.
    tags: (P, T) ids of gold tags, IGNORED at padding and for tags that training never saw.
    """

    candidates: Tensor
    pos: Tensor
    is_predicate: Tensor
    sentence: Tensor
    predicate: Tensor
    extra: Tensor
    roleset: Tensor
    tags: Tensor

    @property
    def predicate_lengths(self) -> Tensor:
        """(P,) tokens of the sentence of each predicate."""
        return self.lengths[self.sentence]

    @property
    def predicate_candidates(self) -> Tensor:
        """(P, R) ids of the rolesets each predicate may have, 0 beyond them."""
        return self.candidates[self.spelling_index[self.sentence, self.predicate]]

    def with_predicates(self, sentence: Tensor, predicate: Tensor) -> "FrameBatch":
        """The same sentences with other predicates, of whose roles nothing is known. Arguments: (P,) each."""
        return replace(
            self,
            sentence=sentence,
            predicate=predicate,
            extra=torch.zeros_like(sentence, dtype=torch.bool),
            roleset=torch.zeros_like(sentence),
            tags=self.words.new_full((len(sentence), self.words.shape[1]), IGNORED),
        )


@dataclass
class TagBatch(Tokens):
    """Sentences with a tag a word.

    tags: (B, T) ids of gold tags, IGNORED at padding and for tags that training never saw.
    """

    tags: Tensor


class Collator:
    """Turns sentences into the tensors of `Tokens`; its kinds add what a task is told.

    Args:
        vocabulary: gives the ids.
        pieces: splits words into what a pretrained encoder reads; None without one.
    """

    def __init__(self, vocabulary: Vocabulary, pieces: Pieces | None) -> None:
        self.vocabulary, self.pieces = vocabulary, pieces

    def _tokens(self, sentences: Sequence[list[str]]) -> tuple[dict[str, Tensor], list[str]]:
        """The fields of `Tokens`, and the word of each row of `spellings`."""
        v = self.vocabulary
        lengths = [len(words) for words in sentences]
        steps = max(lengths, default=0)
        rows: dict[str, int] = {"": 0}
        words = [[v.words[word.lower()] for word in sentence] for sentence in sentences]
        spelling_index = [[rows.setdefault(word, len(rows)) for word in sentence] for sentence in sentences]
        windows: list[list[int]] = []
        places: list[list[tuple[int, int]]] = []
        if self.pieces is not None:
            for sentence in sentences:
                split = self.pieces.split(sentence)
                places.append([(len(windows) + window, place) for window, place in split.places])
                windows += split.windows
        width = max(map(len, windows), default=0)
        piece_index = [[window * width + place for window, place in row] for row in places]
        tensors = {
            "words": _pad(words, steps, 0),
            "spellings": self._spell(list(rows)),
            "shapes": torch.tensor([shape(word) for word in rows]),
            "spelling_index": _pad(spelling_index, steps, 0),
            "pieces": _pad(windows, width, self.pieces.padding if self.pieces is not None else 0),
            "piece_lengths": torch.tensor([len(window) for window in windows], dtype=torch.long),
            "piece_index": _pad(piece_index, steps if piece_index else 0, 0),
            "lengths": torch.tensor(lengths, dtype=torch.long),
        }
        return tensors, list(rows)

    def _spell(self, words: list[str]) -> Tensor:
        half = LONGEST_SPELLING // 2
        cut = [word if len(word) <= LONGEST_SPELLING else word[:half] + word[-half:] for word in words]
        ids = [[self.vocabulary.characters[character] for character in word] for word in cut]
        return _pad(ids, max(1, *map(len, ids)), 0)


class FrameCollator(Collator):
    """Turns a list of examples into a `FrameBatch`."""

    def __call__(self, examples: Sequence[Example]) -> FrameBatch:
        """Encode and pad. The order of sentences and of their frames is kept."""
        v = self.vocabulary
        tokens, spelled = self._tokens([example["words"] for example in examples])
        steps = tokens["words"].shape[1]
        pos, is_predicate = [], []
        sentence, predicate, extra, roleset, tags = [], [], [], [], []
        for b, example in enumerate(examples):
            pos.append([v.pos[tag] or IGNORED for tag in example["pos"]])
            is_predicate.append([IGNORED if example.get("extra") else 0] * len(example["words"]))
            for frame in example["frames"]:
                if not example.get("extra"):
                    is_predicate[-1][frame["index"]] = 1
                sentence.append(b)
                predicate.append(frame["index"])
                extra.append(bool(example.get("extra")))
                roleset.append(v.rolesets[frame["roleset"]])
                tags.append([v.tags.ids.get(tag, IGNORED) for tag in frame["tags"]])
        candidates = [v.rolesets.candidates(word) for word in spelled]
        return FrameBatch(
            **tokens,
            candidates=_pad(candidates, max(1, *map(len, candidates)), 0),
            pos=_pad(pos, steps, IGNORED),
            is_predicate=_pad(is_predicate, steps, IGNORED),
            sentence=torch.tensor(sentence, dtype=torch.long),
            predicate=torch.tensor(predicate, dtype=torch.long),
            extra=torch.tensor(extra, dtype=torch.bool),
            roleset=torch.tensor(roleset, dtype=torch.long),
            tags=_pad(tags, steps, IGNORED),
        )


class TagCollator(Collator):
    """Turns a list of tagged sentences into a `TagBatch`."""

    def __call__(self, examples: Sequence[Tagged]) -> TagBatch:
        """Encode and pad, in the order given. A sentence without `tags` has none that are known."""
        tokens, _ = self._tokens([example["words"] for example in examples])
        ids = self.vocabulary.tags.ids
        tags = [[ids.get(tag, IGNORED) for tag in example["tags"]] for example in examples]
        return TagBatch(**tokens, tags=_pad(tags, tokens["words"].shape[1], IGNORED))


def _pad(rows: list[list[int]], length: int, value: int) -> Tensor:
    """(len(rows), length), filled up with `value`."""
    padded = [row + [value] * (length - len(row)) for row in rows]
    return torch.tensor(padded, dtype=torch.long).reshape(len(rows), length)
