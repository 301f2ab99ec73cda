"""Dropout that suits sequences: one mask for all time steps, and whole words replaced."""

import torch
from torch import Tensor, nn


class VariationalDropout(nn.Module):
    """Drops the same features at every step of a sequence (Gal and Ghahramani 2016, §4.1).

    Args:
        p: probability of a feature to be dropped, in [0, 1).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout is a probability in [0, 1), got {p}")
        self.p = p

    def forward(self, x: Tensor, rows: Tensor | None = None) -> Tensor:
        """Drop features; the identity when evaluating.

        Args:
            x: (B, T, D), or (N, D) tokens of sequences without padding.
            rows: (N,) the sequence of each token, in rising order.

        Returns:
            of the shape of x.
        """
        if not self.training or self.p == 0 or not x.numel():
            return x
        batch = len(x) if rows is None else int(rows[-1]) + 1
        keep = x.new_empty(batch, x.shape[-1]).bernoulli_(1 - self.p).div_(1 - self.p)  # (B, D)
        return x * (keep[:, None] if rows is None else keep[rows])

    def extra_repr(self) -> str:
        """The probability, for `print(model)`."""
        return f"p={self.p}"


class WordDropout(nn.Module):
    """Replaces word ids by that of the unknown word, so that its row is trained (Kiperwasser and Goldberg 2016).

    A word seen n times is replaced with probability p / (p + n): rare words often, frequent ones hardly ever.

    Args:
        counts: training count of each id; ids with count 0 (padding, unknown) are left alone.
        p: strength; 0 replaces nothing. The paper uses 0.25.
        unk_id: id of the unknown word.
    """

    rate: Tensor

    def __init__(self, counts: Tensor, p: float, unk_id: int) -> None:
        super().__init__()
        if p < 0:
            raise ValueError(f"word dropout cannot be negative, got {p}")
        self.p, self.unk_id = p, unk_id
        counts = counts.float()
        self.register_buffer("rate", torch.where(counts > 0, p / (p + counts), 0.0), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """ids: any shape → the same shape; the identity when evaluating."""
        if not self.training or self.p == 0:
            return ids
        return ids.masked_fill(torch.rand(ids.shape, device=ids.device) < self.rate[ids], self.unk_id)


class TokenDropout(nn.Module):
    """Replaces ids by that of the unknown word, all with the same probability (Gal and Ghahramani 2016, §4.2).

    Args:
        p: that probability, in [0, 1).
        unk_id: id of the unknown word.
        num_special: so many ids from 0 are never replaced.
    """

    def __init__(self, p: float, unk_id: int, num_special: int) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"word dropout is a probability in [0, 1), got {p}")
        self.p, self.unk_id, self.num_special = p, unk_id, num_special

    def forward(self, ids: Tensor) -> Tensor:
        """ids: any shape → the same shape; the identity when evaluating."""
        if not self.training or self.p == 0:
            return ids
        drawn = torch.rand(ids.shape, device=ids.device) < self.p
        return ids.masked_fill(drawn & (ids >= self.num_special), self.unk_id)
