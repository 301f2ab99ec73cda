"""Pairs of texts as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from grunlp.data.pair import ParallelExample
from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, TextTokenizer


@dataclass
class ParallelBatch:
    """B sources, each with its target.

    source: (B, S) ids, EOS_ID last, then PAD_ID. source_lengths: (B,) with EOS_ID.
    target: (B, T + 1) ids between BOS_ID and EOS_ID, then PAD_ID. target_lengths: (B,) words to be told, EOS_ID
        included.
    target_texts: the targets as they were given, B of them.
    """

    source: Tensor
    source_lengths: Tensor
    target: Tensor
    target_lengths: Tensor
    target_texts: list[str]

    @property
    def decoder_inputs(self) -> Tensor:
        """(B, T) the word before each that is to be told."""
        return self.target[:, :-1]

    @property
    def decoder_targets(self) -> Tensor:
        """(B, T) the words that are to be told."""
        return self.target[:, 1:]

    @property
    def target_mask(self) -> Tensor:
        """(B, T) which of them are no padding."""
        steps = torch.arange(self.target.shape[1] - 1, device=self.target.device)
        return steps < self.target_lengths[:, None]

    def to(self, device: torch.device) -> "ParallelBatch":
        """The same batch on another device."""
        names = ("source", "source_lengths", "target", "target_lengths")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


class ParallelCollator:
    """Turns pairs of texts into a `ParallelBatch`.

    Args:
        source, target: tokenizers; the same object where they share a vocabulary.
        max_source_length: tokens after which a source is cut; 0 cuts none.
        subword_regularization: probability of a piece to be split anew, see `TextTokenizer.sample_segmentation`; 0 in
            evaluation.
    """

    def __init__(
        self,
        source_tokenizer: TextTokenizer,
        target_tokenizer: TextTokenizer,
        max_source_length: int,
        subword_regularization: float,
    ) -> None:
        self.source_tokenizer, self.target_tokenizer = source_tokenizer, target_tokenizer
        self.max_source_length, self.subword_regularization = max_source_length, subword_regularization

    def __call__(self, pairs: Sequence[ParallelExample]) -> ParallelBatch:
        """Encode and pad, in the order given."""
        sources = self.encode_sources([pair["source"] for pair in pairs])
        texts = [pair["target"] for pair in pairs]
        ids = [
            [BOS_ID, *self._sample_segmentation(self.target_tokenizer, row), EOS_ID]
            for row in self.target_tokenizer.encode(texts)
        ]
        return ParallelBatch(*sources, *pad(ids, 1), texts)

    def encode_sources(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """(B, S) ids and (B,) lengths of sources alone."""
        ids = self.source_tokenizer.encode(texts)
        if self.max_source_length:
            ids = [row[: self.max_source_length] for row in ids]
        return pad([[*self._sample_segmentation(self.source_tokenizer, row), EOS_ID] for row in ids], 0)

    def _sample_segmentation(self, tokenizer: TextTokenizer, ids: list[int]) -> list[int]:
        return tokenizer.sample_segmentation(ids, self.subword_regularization) if self.subword_regularization else ids


def pad(rows: Sequence[list[int]], drop: int) -> tuple[Tensor, Tensor]:
    """(B, longest) filled up with PAD_ID, and (B,) lengths less a number."""
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.long)
    longest = int(lengths.max()) if rows else 0
    padded = torch.tensor([row + [PAD_ID] * (longest - len(row)) for row in rows], dtype=torch.long)
    return padded.reshape(len(rows), longest), lengths - drop
