"""From examples to the tensors of one batch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from grunlp.data.example import Example
from grunlp.data.vocabulary import Vocabulary

IGNORED = -100  # target of a padded step, as torch's cross-entropy expects
_LONGEST_SPELLING = 24  # characters; of a longer word the two ends are read


@dataclass
class Batch:
    """B sentences of at most T tokens with P predicates in all; U spellings of at most C characters.

    words: (B, T) ids of lower-cased words, 0 at padding.
    spellings: (U, C) character ids of the distinct words of this batch; row 0 is padding.
    spelling_index: (B, T) row of `spellings` for each token.
    lengths: (B,) tokens a sentence.
    pos: (B, T) ids of part-of-speech tags, IGNORED at padding and where none is given.
    sentence: (P,) which sentence a predicate belongs to.
    predicate: (P,) its token.
    extra: (P,) whether its sentence is one of `data.extra`.
    tags: (P, T) ids of gold tags, IGNORED at padding and for tags that training never saw.
    """

    words: Tensor
    spellings: Tensor
    spelling_index: Tensor
    lengths: Tensor
    pos: Tensor
    sentence: Tensor
    predicate: Tensor
    extra: Tensor
    tags: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return Batch(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})

    @property
    def predicate_lengths(self) -> Tensor:
        """(P,) tokens of the sentence of each predicate."""
        return self.lengths[self.sentence]


class Collator:
    """Turns a list of examples into a `Batch` by a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def __call__(self, examples: Sequence[Example]) -> Batch:
        """Encode and pad. The order of sentences and of their frames is kept."""
        v = self.vocabulary
        lengths = [len(example["words"]) for example in examples]
        steps = max(lengths, default=0)
        rows: dict[str, int] = {"": 0}
        words, spelling_index, pos = [], [], []
        sentence, predicate, extra, tags = [], [], [], []
        for b, example in enumerate(examples):
            words.append([v.words[word.lower()] for word in example["words"]])
            spelling_index.append([rows.setdefault(word, len(rows)) for word in example["words"]])
            pos.append([v.pos[tag] or IGNORED for tag in example["pos"]])
            for frame in example["frames"]:
                sentence.append(b)
                predicate.append(frame["index"])
                extra.append(bool(example.get("extra")))
                tags.append([v.tags.ids.get(tag, IGNORED) for tag in frame["tags"]])
        return Batch(
            words=_pad(words, steps, 0),
            spellings=self._spell(list(rows)),
            spelling_index=_pad(spelling_index, steps, 0),
            lengths=torch.tensor(lengths, dtype=torch.long),
            pos=_pad(pos, steps, IGNORED),
            sentence=torch.tensor(sentence, dtype=torch.long),
            predicate=torch.tensor(predicate, dtype=torch.long),
            extra=torch.tensor(extra, dtype=torch.bool),
            tags=_pad(tags, steps, IGNORED),
        )

    def _spell(self, words: list[str]) -> Tensor:
        half = _LONGEST_SPELLING // 2
        cut = [word if len(word) <= _LONGEST_SPELLING else word[:half] + word[-half:] for word in words]
        ids = [[self.vocabulary.characters[character] for character in word] for word in cut]
        return _pad(ids, max(1, *map(len, ids)), 0)


def _pad(rows: list[list[int]], length: int, value: int) -> Tensor:
    """(len(rows), length), filled up with `value`."""
    padded = [row + [value] * (length - len(row)) for row in rows]
    return torch.tensor(padded, dtype=torch.long).reshape(len(rows), length)
