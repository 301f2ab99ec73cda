"""Attention: what a decoder reads of its source, for all steps of a target at once or for one."""

from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

_MAX_ELEMENTS = 2**25  # numbers of the comparison of queries and keys that are held at once, 128 MiB

AttentionType = Literal["additive", "dot", "multihead"]
ATTENTION_TYPES = get_args(AttentionType)


class AttentionMemory(NamedTuple):
    """A source made ready to be attended to, once for all steps.

    keys: (B, S, size) what queries are compared with; of "dot" the source itself.
    values: (B, S, size or memory_size) what is averaged.
    padding: (B, S) True beyond the end of a source. One token at least must be none.
    """

    keys: Tensor
    values: Tensor
    padding: Tensor


class Attention(nn.Module):
    """Averages of a source's states, weighted by how well each fits a query.

    Args:
        query_size: features of a query.
        memory_size: M, features of a state of the source.
        size: features that are compared.
        kind: "additive", v · tanh(W q + U m) (Bahdanau et al. 2015, §A.1.2); "dot", (W q) · m (Luong et al. 2015, eq.
            8, "general") over the root of M; "multihead", several scaled dot products beside each other (Vaswani et al.
            2017, §3.2.2).
        heads: of "multihead", a divisor of `size`; others have one.

    Raises:
        ValueError: an unknown kind, or heads that do not fit.
    """

    def __init__(self, query_size: int, memory_size: int, size: int, kind: AttentionType, heads: int) -> None:
        super().__init__()
        if kind not in ATTENTION_TYPES:
            raise ValueError(f"attention is one of {', '.join(ATTENTION_TYPES)}, got {kind!r}")
        if kind == "multihead" and size % heads:
            raise ValueError(f"{heads} heads cannot share {size} features evenly")
        self.kind, self.heads = kind, heads if kind == "multihead" else 1
        self.query = nn.Linear(query_size, memory_size if kind == "dot" else size, bias=kind == "multihead")
        self.key = None if kind == "dot" else nn.Linear(memory_size, size)
        self.value = nn.Linear(memory_size, size) if kind == "multihead" else None
        self.score = nn.Linear(size, 1, bias=False) if kind == "additive" else None
        self.output_size = size if kind == "multihead" else memory_size

    def precompute_keys(self, memory: Tensor, padding: Tensor) -> AttentionMemory:
        """What all steps share. memory: (B, S, M); padding: (B, S)."""
        keys = memory if self.key is None else self.key(memory)
        values = memory if self.value is None else self.value(memory)
        return AttentionMemory(keys, values, padding)

    def forward(self, queries: Tensor, memory: AttentionMemory) -> tuple[Tensor, Tensor]:
        """queries: (B, T, query_size) → averages (B, T, output_size) and weights (B, T, S), the mean over heads."""
        query = self.query(queries)  # (B, T, size)
        padding = memory.padding[:, None]  # (B, 1, S)
        if self.score is not None:
            # each step compares S times size numbers: of long texts only some steps at a time
            one = queries.shape[1] == 1
            parts = (query,) if one else query.split(max(1, _MAX_ELEMENTS // memory.keys.numel()), dim=1)
            scores = torch.cat([self._additive_scores(part, memory.keys, len(parts) > 1) for part in parts], dim=1)
            weights = scores.masked_fill(padding, float("-inf")).softmax(dim=-1)
            return weights @ memory.values, weights
        if self.value is None:
            scores = query @ memory.keys.transpose(1, 2) / memory.keys.shape[-1] ** 0.5
            weights = scores.masked_fill(padding, float("-inf")).softmax(dim=-1)
            return weights @ memory.values, weights
        query, keys, values = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in (query, *memory[:2]))
        scores = query @ keys.transpose(2, 3) / keys.shape[-1] ** 0.5  # (B, heads, T, S)
        shares = scores.masked_fill(padding[:, None], float("-inf")).softmax(dim=-1)
        return (shares @ values).transpose(1, 2).flatten(2), shares.mean(dim=1)

    def _additive_scores(self, query: Tensor, keys: Tensor, checkpointing: bool) -> Tensor:
        """Additive scores: query (B, T, size), keys (B, S, size) → (B, T, S). checkpointing: compute them a second time
        for
        gradients instead of keeping what they are made of."""
        assert self.score is not None
        score = self.score

        def compare(query: Tensor, keys: Tensor) -> Tensor:
            scores: Tensor = score(torch.tanh(query[:, :, None] + keys[:, None]))[..., 0]
            return scores

        if checkpointing and torch.is_grad_enabled():
            scores: Tensor = checkpoint(compare, query, keys, use_reentrant=False)
            return scores
        return compare(query, keys)
