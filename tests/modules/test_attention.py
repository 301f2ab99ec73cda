"""Attention against naive twins."""

import math
from typing import get_args

import pytest
import torch
from torch import Tensor

from grunlp.modules import attention
from grunlp.modules.attention import Attention
from grunlp.modules.options import AttentionKind


def naive(module: Attention, query: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """One query (Q,) over one source (S, M) without padding, state by state."""
    a = module
    if a.kind == "additive":
        assert a.key is not None and a.score is not None
        scores = torch.stack([a.score(torch.tanh(a.query(query) + a.key(m)))[0] for m in memory])
        weights = scores.exp() / scores.exp().sum()
        return sum(w * m for w, m in zip(weights, memory, strict=True)), weights  # type: ignore[return-value]
    if a.kind == "dot":
        scores = torch.stack([a.query(query).dot(m) / math.sqrt(len(m)) for m in memory])
        weights = scores.exp() / scores.exp().sum()
        return sum(w * m for w, m in zip(weights, memory, strict=True)), weights  # type: ignore[return-value]
    assert a.key is not None and a.value is not None
    parts, shares = [], []
    size = len(a.query(query)) // a.heads
    for head in range(a.heads):
        some = slice(head * size, (head + 1) * size)
        scores = torch.stack([a.query(query)[some].dot(a.key(m)[some]) / math.sqrt(size) for m in memory])
        weights = scores.exp() / scores.exp().sum()
        shares.append(weights)
        parts.append(sum(w * a.value(m)[some] for w, m in zip(weights, memory, strict=True)))
    return torch.cat(parts), torch.stack(shares).mean(dim=0)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", get_args(AttentionKind))
def test_as_naive_with_padding(kind: AttentionKind) -> None:
    torch.manual_seed(0)
    attention = Attention(5, 6, 8, kind, heads=2)
    queries, memory, lengths = torch.randn(2, 3, 5), torch.randn(2, 4, 6), [4, 2]
    padding = torch.arange(4) >= torch.tensor(lengths)[:, None]
    memory[padding] = 1e6  # what padding holds has no effect
    averages, weights = attention(queries, attention.precompute_keys(memory, padding))
    assert averages.shape == (2, 3, attention.output_size) and weights.shape == (2, 3, 4)
    for b, length in enumerate(lengths):
        for t in range(3):
            expected, shares = naive(attention, queries[b, t], memory[b, :length])
            torch.testing.assert_close(averages[b, t], expected)
            torch.testing.assert_close(weights[b, t, :length], shares)
            assert not weights[b, t, length:].any()


def test_bad_choices() -> None:
    with pytest.raises(ValueError, match="additive, dot, multihead"):
        Attention(2, 2, 2, "sum", 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the size 8 must be a multiple of 3 heads"):
        Attention(2, 2, 8, "multihead", 3)


def test_long_texts_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    module = Attention(5, 6, 8, "additive", heads=1)
    queries, memory = torch.randn(2, 7, 5), torch.randn(2, 4, 6)
    padding = torch.tensor([[False] * 4, [False, False, True, True]])
    results = []
    for most in (10**9, 2 * 4 * 8 * 3, 1):  # all steps at once, three, one
        monkeypatch.setattr(attention, "_MAX_ELEMENTS", most)
        module.zero_grad()
        read, weights = module(queries, module.precompute_keys(memory, padding))
        (read.square().sum() + weights[..., 0].sum()).backward()
        results.append([read, weights, *(p.grad.clone() for p in module.parameters() if p.grad is not None)])
        with torch.inference_mode():
            torch.testing.assert_close(module(queries, module.precompute_keys(memory, padding))[0], read)
    assert len(results[0]) > 4
    for other in results[1:]:
        torch.testing.assert_close(other, results[0])
