"""Dropout for sequences: one mask for all steps of a sequence, and dropout of whole words."""

import torch
from torch import Tensor, nn


class VariationalDropout(nn.Module):
    """Dropout of the same features at every step of a sequence (Gal and Ghahramani 2016, §4.1).

    Args:
        p: probability of dropping a feature, in [0, 1).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout must be a probability in [0, 1), got {p}")
        self.p = p

    def forward(self, x: Tensor, rows: Tensor | None = None) -> Tensor:
        """Drop features in training; return x unchanged in evaluation.

        Args:
            x: (B, T, D), or tokens of sequences without padding (N, D).
            rows: (N,) the sequence of each token, ascending.

        Returns:
            a tensor of the shape of x.
        """
        if not self.training or self.p == 0 or not x.numel():
            return x
        batch_size = len(x) if rows is None else int(rows[-1]) + 1
        mask = x.new_empty(batch_size, x.shape[-1]).bernoulli_(1 - self.p).div_(1 - self.p)  # (B, D)
        return x * (mask[:, None] if rows is None else mask[rows])

    def extra_repr(self) -> str:
        """Return the dropout probability for `print(model)`."""
        return f"p={self.p}"


class WordDropout(nn.Module):
    """Replacement of word ids by the unknown id, so that its embedding is trained (Kiperwasser and Goldberg 2016).

    A word with training count n is replaced with probability p / (p + n): rare words often, frequent words hardly ever.

    Args:
        counts: training count of each id; ids with count 0 (padding, unknown) are never replaced.
        p: strength; 0 replaces nothing. The paper uses 0.25.
        unk_id: id of the unknown word.
    """

    rate: Tensor

    def __init__(self, counts: Tensor, p: float, unk_id: int) -> None:
        super().__init__()
        if p < 0:
            raise ValueError(f"word dropout must not be negative, got {p}")
        self.p, self.unk_id = p, unk_id
        counts = counts.float()
        self.register_buffer("rate", torch.where(counts > 0, p / (p + counts), 0.0), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Replace ids, of any shape, in training; return them unchanged in evaluation."""
        if not self.training or self.p == 0:
            return ids
        return ids.masked_fill(torch.rand(ids.shape, device=ids.device) < self.rate[ids], self.unk_id)


class TokenDropout(nn.Module):
    """Replacement of ids by that of the unknown word, all with the same probability (Gal and Ghahramani 2016, §4.2).

    Args:
        p: the probability, in [0, 1).
        unk_id: id of the unknown word.
        num_special: ids below this number are never replaced.
    """

    def __init__(self, p: float, unk_id: int, num_special: int) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"word dropout must be a probability in [0, 1), got {p}")
        self.p, self.unk_id, self.num_special = p, unk_id, num_special

    def forward(self, ids: Tensor) -> Tensor:
        """Replace ids, of any shape, in training; return them unchanged in evaluation."""
        if not self.training or self.p == 0:
            return ids
        is_dropped = torch.rand(ids.shape, device=ids.device) < self.p
        return ids.masked_fill(is_dropped & (ids >= self.num_special), self.unk_id)
