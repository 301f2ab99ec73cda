"""Collators that turn sentences into the tensors of a batch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor

from grunlp.data.examples import SRLExample, TaggedSentence
from grunlp.data.vocabulary import Vocabulary
from grunlp.data.word_shape import shape
from grunlp.data.wordpiece_alignment import WordpieceAligner

IGNORE_INDEX = -100  # target of a padded step, as torch's cross-entropy expects
MAX_WORD_LENGTH = 24  # characters; of a longer word the two ends are read


@dataclass
class SentenceBatch:
    """A batch of B sentences of at most T tokens, with U distinct words (case-sensitive) of at most C characters.

    Attributes:
        words: (B, T) ids of the lower-cased words, 0 at padding.
        char_ids: (U, C) character ids of the distinct words of this batch; row 0 is padding.
        word_shapes: (U,) index of the shape of each distinct word in `grunlp.data.word_shape.SHAPES`.
        char_index: (B, T) row of `char_ids` of each token.
        subword_ids: (W, S) ids of the sub-words that a pretrained encoder reads, in windows of at most S; (0, 0)
            without an encoder.
        subword_lengths: (W,) sub-words of each window.
        subword_index: (B, T) first sub-word of each token, counted over all windows; (0, 0) without an encoder.
        lengths: (B,) tokens of each sentence.
    """

    words: Tensor
    char_ids: Tensor
    word_shapes: Tensor
    char_index: Tensor
    subword_ids: Tensor
    subword_lengths: Tensor
    subword_index: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> Self:
        """Return the same batch on another device."""
        return type(self)(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


@dataclass
class SRLBatch(SentenceBatch):
    """A batch of sentences with P predicates in all.

    Attributes:
        sense_candidates: (U, R) ids of the possible rolesets of each distinct word, most frequent first, padded with 0.
        pos: (B, T) ids of part-of-speech tags, IGNORE_INDEX at padding and where there are none.
        is_predicate: (B, T) 1 at predicates, 0 at other tokens; IGNORE_INDEX at padding and in sentences of
            `data.extra_train`, where not all predicates are annotated.
        sentence_index: (P,) the sentence of each predicate.
        predicate_index: (P,) the token of each predicate within its sentence.
        from_extra_corpus: (P,) whether its sentence comes from `data.extra_train`.
        roleset: (P,) id of its gold roleset, 0 if it is missing or unknown.
        tags: (P, T) ids of gold tags, IGNORE_INDEX at padding and for tags that do not occur in training.
    """

    sense_candidates: Tensor
    pos: Tensor
    is_predicate: Tensor
    sentence_index: Tensor
    predicate_index: Tensor
    from_extra_corpus: Tensor
    roleset: Tensor
    tags: Tensor

    @property
    def predicate_lengths(self) -> Tensor:
        """(P,) number of tokens in the sentence of each predicate."""
        return self.lengths[self.sentence_index]

    @property
    def predicate_sense_candidates(self) -> Tensor:
        """(P, R) ids of the possible rolesets of each predicate, padded with 0."""
        return self.sense_candidates[self.char_index[self.sentence_index, self.predicate_index]]

    def replace_predicates(self, sentence_index: Tensor, predicate_index: Tensor) -> "SRLBatch":
        """Return the same sentences with other predicates, whose roles are not known.

        Args:
            sentence_index: (P,) the sentence of each predicate.
            predicate_index: (P,) the token of each predicate within its sentence.
        """
        return replace(
            self,
            sentence_index=sentence_index,
            predicate_index=predicate_index,
            from_extra_corpus=torch.zeros_like(sentence_index, dtype=torch.bool),
            roleset=torch.zeros_like(sentence_index),
            tags=self.words.new_full((len(sentence_index), self.words.shape[1]), IGNORE_INDEX),
        )


@dataclass
class TagBatch(SentenceBatch):
    """A batch of sentences with one tag for each word.

    Attributes:
        tags: (B, T) ids of gold tags, IGNORE_INDEX at padding and for tags that do not occur in training.
    """

    tags: Tensor


class SentenceCollator:
    """Base class of collators that make the tensors of a `SentenceBatch`.

    Args:
        vocabulary: maps strings to ids.
        subword_aligner: splits words into the sub-words of a pretrained encoder; None without an encoder.
    """

    def __init__(self, vocabulary: Vocabulary, subword_aligner: WordpieceAligner | None) -> None:
        self.vocabulary, self.subword_aligner = vocabulary, subword_aligner

    def _encode_tokens(self, sentences: Sequence[list[str]]) -> tuple[dict[str, Tensor], list[str]]:
        """Return the fields of a `SentenceBatch`, and the word that each row of `char_ids` encodes."""
        v = self.vocabulary
        lengths = [len(words) for words in sentences]
        steps = max(lengths, default=0)
        char_rows: dict[str, int] = {"": 0}
        words = [[v.words[word.lower()] for word in sentence] for sentence in sentences]
        char_index = [[char_rows.setdefault(word, len(char_rows)) for word in sentence] for sentence in sentences]
        windows: list[list[int]] = []
        positions: list[list[tuple[int, int]]] = []
        if self.subword_aligner is not None:
            for sentence in sentences:
                subwords = self.subword_aligner.split(sentence)
                positions.append([(len(windows) + window, position) for window, position in subwords.first_subword])
                windows += subwords.windows
        width = max(map(len, windows), default=0)
        subword_index = [[window * width + position for window, position in row] for row in positions]
        tensors = {
            "words": _pad(words, steps, 0),
            "char_ids": self._encode_chars(list(char_rows)),
            "word_shapes": torch.tensor([shape(word) for word in char_rows]),
            "char_index": _pad(char_index, steps, 0),
            "subword_ids": _pad(windows, width, self.subword_aligner.pad_token_id if self.subword_aligner else 0),
            "subword_lengths": torch.tensor([len(window) for window in windows], dtype=torch.long),
            "subword_index": _pad(subword_index, steps if subword_index else 0, 0),
            "lengths": torch.tensor(lengths, dtype=torch.long),
        }
        return tensors, list(char_rows)

    def _encode_chars(self, words: list[str]) -> Tensor:
        half = MAX_WORD_LENGTH // 2
        cut = [word if len(word) <= MAX_WORD_LENGTH else word[:half] + word[-half:] for word in words]
        ids = [[self.vocabulary.characters[character] for character in word] for word in cut]
        return _pad(ids, max(1, *map(len, ids)), 0)


class SRLCollator(SentenceCollator):
    """A collator that makes an `SRLBatch` from a list of examples."""

    def __call__(self, examples: Sequence[SRLExample]) -> SRLBatch:
        """Encode and pad examples, keeping the order of sentences and of their frames."""
        v = self.vocabulary
        tokens, spelled = self._encode_tokens([example["words"] for example in examples])
        steps = tokens["words"].shape[1]
        pos, is_predicate = [], []
        sentence, predicate, extra, roleset, tags = [], [], [], [], []
        for b, example in enumerate(examples):
            pos.append([v.pos[tag] or IGNORE_INDEX for tag in example["pos"]])
            is_predicate.append([IGNORE_INDEX if example.get("from_extra_corpus") else 0] * len(example["words"]))
            for frame in example["frames"]:
                if not example.get("from_extra_corpus"):
                    is_predicate[-1][frame["index"]] = 1
                sentence.append(b)
                predicate.append(frame["index"])
                extra.append(bool(example.get("from_extra_corpus")))
                roleset.append(v.rolesets[frame["roleset"]])
                tags.append([v.tags.ids.get(tag, IGNORE_INDEX) for tag in frame["tags"]])
        candidates = [v.rolesets.candidates(word) for word in spelled]
        return SRLBatch(
            **tokens,
            sense_candidates=_pad(candidates, max(1, *map(len, candidates)), 0),
            pos=_pad(pos, steps, IGNORE_INDEX),
            is_predicate=_pad(is_predicate, steps, IGNORE_INDEX),
            sentence_index=torch.tensor(sentence, dtype=torch.long),
            predicate_index=torch.tensor(predicate, dtype=torch.long),
            from_extra_corpus=torch.tensor(extra, dtype=torch.bool),
            roleset=torch.tensor(roleset, dtype=torch.long),
            tags=_pad(tags, steps, IGNORE_INDEX),
        )


class TagCollator(SentenceCollator):
    """A collator that makes a `TagBatch` from a list of tagged sentences."""

    def __call__(self, examples: Sequence[TaggedSentence]) -> TagBatch:
        """Encode and pad sentences in the given order. The tags of a sentence without `tags` are unknown."""
        tokens, _ = self._encode_tokens([example["words"] for example in examples])
        ids = self.vocabulary.tags.ids
        tags = [[ids.get(tag, IGNORE_INDEX) for tag in example["tags"]] for example in examples]
        return TagBatch(**tokens, tags=_pad(tags, tokens["words"].shape[1], IGNORE_INDEX))


def _pad(rows: list[list[int]], length: int, value: int) -> Tensor:
    """Pad rows with `value` to (len(rows), length)."""
    padded = [row + [value] * (length - len(row)) for row in rows]
    return torch.tensor(padded, dtype=torch.long).reshape(len(rows), length)
