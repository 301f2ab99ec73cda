"""Attention of a decoder to its source, for all steps of a target at once or for a single step."""

from typing import NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from grunlp.modules.options import AttentionKind

_MAX_ELEMENTS = 2**25  # elements of the additive comparison of queries and keys in memory at once: 128 MiB


class AttentionMemory(NamedTuple):
    """The keys and values of a source, computed once for all steps.

    Attributes:
        keys: (B, S, size) keys, which are compared with the queries; for "dot", the source itself.
        values: (B, S, size or memory_size) values, which are averaged.
        padding: (B, S) True at padding; every source has at least one real token.
    """

    keys: Tensor
    values: Tensor
    padding: Tensor


class Attention(nn.Module):
    """Attention: the average of the states of a source, weighted by how well each state matches a query.

    Args:
        query_size: features of a query.
        memory_size: M, features of a state of the source.
        size: features of queries and keys.
        kind: "additive", v · tanh(W q + U m) (Bahdanau et al. 2015, §A.1.2); "dot", (W q) · m (Luong et al. 2015, eq.
            8, "general") divided by the square root of M; "multihead", several scaled dot products in parallel (Vaswani
            et al. 2017, §3.2.2).
        heads: for "multihead", a divisor of `size`.

    Raises:
        ValueError: the kind is unknown, or `heads` does not divide `size`.
    """

    def __init__(self, query_size: int, memory_size: int, size: int, kind: AttentionKind, heads: int) -> None:
        super().__init__()
        if kind not in get_args(AttentionKind):
            raise ValueError(f"attention must be one of {', '.join(get_args(AttentionKind))}, got {kind!r}")
        if kind == "multihead" and size % heads:
            raise ValueError(f"the size {size} must be a multiple of {heads} heads")
        self.kind, self.heads = kind, heads if kind == "multihead" else 1
        self.query = nn.Linear(query_size, memory_size if kind == "dot" else size, bias=kind == "multihead")
        self.key = None if kind == "dot" else nn.Linear(memory_size, size)
        self.value = nn.Linear(memory_size, size) if kind == "multihead" else None
        self.score = nn.Linear(size, 1, bias=False) if kind == "additive" else None
        self.output_size = size if kind == "multihead" else memory_size

    def precompute_keys(self, memory: Tensor, padding: Tensor) -> AttentionMemory:
        """Compute the keys and values that all steps share from the states (B, S, M) and padding (B, S) of a source."""
        keys = memory if self.key is None else self.key(memory)
        values = memory if self.value is None else self.value(memory)
        return AttentionMemory(keys, values, padding)

    def forward(self, queries: Tensor, memory: AttentionMemory) -> tuple[Tensor, Tensor]:
        """Map queries (B, T, query_size) to averages (B, T, output_size) and weights (B, T, S), the mean over heads."""
        query = self.query(queries)  # (B, T, size)
        padding = memory.padding[:, None]  # (B, 1, S)
        if self.score is not None:
            # each step compares S times size elements, so long texts are computed a few steps at a time
            is_single_step = queries.shape[1] == 1
            chunks = (query,) if is_single_step else query.split(max(1, _MAX_ELEMENTS // memory.keys.numel()), dim=1)
            scores = torch.cat([self._additive_scores(chunk, memory.keys, len(chunks) > 1) for chunk in chunks], dim=1)
            weights = scores.masked_fill(padding, float("-inf")).softmax(dim=-1)
            return weights @ memory.values, weights
        if self.value is None:
            scores = query @ memory.keys.transpose(1, 2) / memory.keys.shape[-1] ** 0.5
            weights = scores.masked_fill(padding, float("-inf")).softmax(dim=-1)
            return weights @ memory.values, weights
        query, keys, values = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in (query, *memory[:2]))
        scores = query @ keys.transpose(2, 3) / keys.shape[-1] ** 0.5  # (B, heads, T, S)
        weights = scores.masked_fill(padding[:, None], float("-inf")).softmax(dim=-1)
        return (weights @ values).transpose(1, 2).flatten(2), weights.mean(dim=1)

    def _additive_scores(self, query: Tensor, keys: Tensor, checkpointing: bool) -> Tensor:
        """Compute additive scores (B, T, S).

        Args:
            query: (B, T, size).
            keys: (B, S, size).
            checkpointing: recompute the scores in the backward pass instead of keeping intermediate results.
        """
        assert self.score is not None
        score = self.score

        def compare(query: Tensor, keys: Tensor) -> Tensor:
            scores: Tensor = score(torch.tanh(query[:, :, None] + keys[:, None]))[..., 0]
            return scores

        if checkpointing and torch.is_grad_enabled():
            scores: Tensor = checkpoint(compare, query, keys, use_reentrant=False)
            return scores
        return compare(query, keys)
