"""Collation of pairs of texts into tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from grunlp.data.examples import ParallelExample
from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, TextTokenizer


@dataclass
class ParallelBatch:
    """A batch of B source texts, each with its target text.

    Attributes:
        source: (B, S) token ids, each row ending with END, then padded with PADDING.
        source_lengths: (B,) number of tokens, END included.
        target: (B, T + 1) token ids from START to END, then padded with PADDING.
        target_lengths: (B,) number of tokens to predict, END included.
        target_texts: the B target texts.
    """

    source: Tensor
    source_lengths: Tensor
    target: Tensor
    target_lengths: Tensor
    target_texts: list[str]

    @property
    def decoder_inputs(self) -> Tensor:
        """(B, T) the token that precedes each token to predict."""
        return self.target[:, :-1]

    @property
    def decoder_targets(self) -> Tensor:
        """(B, T) the tokens to predict."""
        return self.target[:, 1:]

    @property
    def target_mask(self) -> Tensor:
        """(B, T) true at tokens, false at padding."""
        steps = torch.arange(self.target.shape[1] - 1, device=self.target.device)
        return steps < self.target_lengths[:, None]

    def to(self, device: torch.device) -> "ParallelBatch":
        """Return the same batch on another device."""
        names = ("source", "source_lengths", "target", "target_lengths")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


class ParallelCollator:
    """A collator that makes a `ParallelBatch` from pairs of texts.

    Args:
        source_tokenizer, target_tokenizer: the tokenizers; the same object if they share a vocabulary.
        max_source_length: largest number of source tokens, the rest is cut off; 0: no limit.
        subword_regularization: probability of splitting a sub-word at random, see `TextTokenizer.sample_segmentation`;
            0 in evaluation.
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
        """Encode and pad pairs in the given order."""
        sources = self.encode_sources([pair["source"] for pair in pairs])
        texts = [pair["target"] for pair in pairs]
        ids = [
            [BOS_ID, *self._sample_segmentation(self.target_tokenizer, row), EOS_ID]
            for row in self.target_tokenizer.encode(texts)
        ]
        return ParallelBatch(*sources, *pad(ids, 1), texts)

    def encode_sources(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the ids (B, S) and lengths (B,) of source texts without targets."""
        ids = self.source_tokenizer.encode(texts)
        if self.max_source_length:
            ids = [row[: self.max_source_length] for row in ids]
        return pad([[*self._sample_segmentation(self.source_tokenizer, row), EOS_ID] for row in ids], 0)

    def _sample_segmentation(self, tokenizer: TextTokenizer, ids: list[int]) -> list[int]:
        return tokenizer.sample_segmentation(ids, self.subword_regularization) if self.subword_regularization else ids


def pad(rows: Sequence[list[int]], drop: int) -> tuple[Tensor, Tensor]:
    """Pad rows with PADDING to (B, longest row); return them and their lengths (B,) minus `drop`."""
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.long)
    longest = int(lengths.max()) if rows else 0
    padded = torch.tensor([row + [PAD_ID] * (longest - len(row)) for row in rows], dtype=torch.long)
    return padded.reshape(len(rows), longest), lengths - drop
