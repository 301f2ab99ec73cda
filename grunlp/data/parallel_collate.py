"""Pairs of texts as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from grunlp.data.pair import Pair
from grunlp.data.subword_tokenizer import END, PADDING, START, TextTokenizer


@dataclass
class PairBatch:
    """B sources, each with its target.

    source: (B, S) ids, END last, then PADDING. source_lengths: (B,) with END.
    target: (B, T + 1) ids between START and END, then PADDING. target_lengths: (B,) words to be told, END included.
    texts: the targets as they were given, B of them.
    """

    source: Tensor
    source_lengths: Tensor
    target: Tensor
    target_lengths: Tensor
    texts: list[str]

    @property
    def inputs(self) -> Tensor:
        """(B, T) the word before each that is to be told."""
        return self.target[:, :-1]

    @property
    def outputs(self) -> Tensor:
        """(B, T) the words that are to be told."""
        return self.target[:, 1:]

    @property
    def real(self) -> Tensor:
        """(B, T) which of them are no padding."""
        steps = torch.arange(self.target.shape[1] - 1, device=self.target.device)
        return steps < self.target_lengths[:, None]

    def to(self, device: torch.device) -> "PairBatch":
        """The same batch on another device."""
        names = ("source", "source_lengths", "target", "target_lengths")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


class PairCollator:
    """Turns pairs of texts into a `PairBatch`.

    Args:
        source, target: tokenizers; the same object where they share a vocabulary.
        longest_source: tokens after which a source is cut; 0 cuts none.
        resplit: probability of a piece to be split anew, see `TextTokenizer.resplit`; 0 in evaluation.
    """

    def __init__(self, source: TextTokenizer, target: TextTokenizer, longest_source: int, resplit: float) -> None:
        self.source, self.target = source, target
        self.longest_source, self.resplit = longest_source, resplit

    def __call__(self, pairs: Sequence[Pair]) -> PairBatch:
        """Encode and pad, in the order given."""
        sources = self.sources([pair["source"] for pair in pairs])
        texts = [pair["target"] for pair in pairs]
        ids = [[START, *self._resplit(self.target, row), END] for row in self.target.encode(texts)]
        return PairBatch(*sources, *pad(ids, 1), texts)

    def sources(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """(B, S) ids and (B,) lengths of sources alone."""
        ids = self.source.encode(texts)
        if self.longest_source:
            ids = [row[: self.longest_source] for row in ids]
        return pad([[*self._resplit(self.source, row), END] for row in ids], 0)

    def _resplit(self, tokenizer: TextTokenizer, ids: list[int]) -> list[int]:
        return tokenizer.resplit(ids, self.resplit) if self.resplit else ids


def pad(rows: Sequence[list[int]], less: int) -> tuple[Tensor, Tensor]:
    """(B, longest) filled up with PADDING, and (B,) lengths less a number."""
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.long)
    longest = int(lengths.max()) if rows else 0
    padded = torch.tensor([row + [PADDING] * (longest - len(row)) for row in rows], dtype=torch.long)
    return padded.reshape(len(rows), longest), lengths - less
