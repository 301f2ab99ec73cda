"""Batched Viterbi search for the best legal tag sequence, in log space, and masks of the illegal ones.

`viterbi` takes arbitrary transition scores. `viterbi_bio` knows only the rules of IOB2, where `I-X` has two
predecessors and every other tag may follow any tag: K steps per token instead of K², with the same result.

Shapes: B batch, T tokens, K labels. A score of `-inf` forbids a label or transition.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf

import torch
from torch import Tensor

from grunlp.data.tags import PREDICATE_LABEL, split_tag
from grunlp.kernels.viterbi import viterbi_scores

PADDING_TAG = -1  # tag id beyond the end of a sentence


def viterbi(
    emissions: Tensor,
    lengths: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor | None = None,
    allowed: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Find the best path and its score under arbitrary transition scores (Viterbi 1967; Rabiner 1989, §III.B).

    Args:
        emissions: (B, T, K) floating point; values beyond the length of a row have no effect.
        lengths: (B,) each from 1 to T.
        transitions: (K, K) score of the transition from the label of the row to the label of the column.
        start: (K,) score of the first label.
        end: (K,) score of the last label; None for zeros.
        allowed: (B, T, K) bool, False for forbidden labels.

    Returns:
        tags (B, T) int64, `PADDING_TAG` beyond the length, and the score of each path (B,), in the wider precision of
        emissions and `start`.

    Raises:
        ValueError: a row has no path, because all are forbidden or its emissions are not finite.
    """
    into = transitions.t().contiguous()  # (K, K) from the label of the column to the label of the row

    def step(scores: Tensor) -> Tensor:
        return (scores[:, None, :] + into).amax(dim=2)  # (B, K, K) -> (B, K)

    def predecessor(scores: Tensor, labels: Tensor) -> Tensor:
        return (scores + into[labels]).argmax(dim=1)

    if allowed is not None:
        emissions = emissions.masked_fill(~allowed, -inf)
    compiled = viterbi_scores(emissions, lengths, start, transitions)
    scores = _forward_scores(emissions, lengths, step, start) if compiled is None else list(compiled.unbind(dim=1))
    return _backtrace(scores, lengths, predecessor, end)


def viterbi_bio(
    emissions: Tensor, lengths: Tensor, labels: Sequence[str], allowed: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Find the best legal IOB2 path in K steps per token.

    The result is that of `viterbi` under `bio_transition_mask(labels)`.

    Args:
        emissions: (B, T, K) as in `viterbi`.
        lengths: (B,) each from 1 to T.
        labels: the K tags. An `I-X` whose `B-X` is not among them is never used.
        allowed: (B, T, K) bool, False for forbidden labels.

    Returns:
        tags and scores, as `viterbi` does.

    Raises:
        ValueError: a row has no path.
    """
    device = emissions.device
    inside, begin = (torch.tensor(table, device=device) for table in _bio_predecessors(tuple(labels)))  # (K,)

    def step(scores: Tensor) -> Tensor:
        best = scores.amax(dim=1, keepdim=True)  # (B, 1)
        return torch.where(inside, torch.maximum(scores[:, begin], scores), best)

    def predecessor(scores: Tensor, label: Tensor) -> Tensor:
        from_begin, from_inside = (scores.gather(1, k[:, None])[:, 0] for k in (begin[label], label))
        return torch.where(
            inside[label], torch.where(from_begin >= from_inside, begin[label], label), scores.argmax(dim=1)
        )

    if allowed is not None:
        emissions = emissions.masked_fill(~allowed, -inf)
    start = torch.zeros(len(labels), device=device).masked_fill(inside, -inf)
    return _backtrace(_forward_scores(emissions, lengths, step, start), lengths, predecessor, None)


@lru_cache(maxsize=64)
def _bio_predecessors(labels: tuple[str, ...]) -> tuple[list[bool], list[int]]:
    """Return for each label whether it is an `I-X`, and the id of its `B-X` (its own id for any other label)."""
    position = {label: k for k, label in enumerate(labels)}
    inside = [split_tag(label)[0] == "I" for label in labels]
    return inside, [position.get(f"B-{split_tag(label)[1]}", k) for k, label in enumerate(labels)]


def bio_transition_mask(labels: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Make start (K,) and transition (K, K) scores of IOB2: 0 where legal, `-inf` where not.

    A sentence may not start with `I-X`, and `I-X` may follow only `B-X` or `I-X`. IOB2 has no rule about the end.

    Args:
        labels: the K tags.

    Raises:
        ValueError: a label is not a BIO tag.
    """
    start, transitions = torch.zeros(len(labels)), torch.zeros(len(labels), len(labels))
    types = [split_tag(label)[1] for label in labels]
    for k, label in enumerate(labels):
        if label.startswith("I-"):
            start[k] = -inf
            transitions[[previous != types[k] for previous in types], k] = -inf
    return start, transitions


def predicate_tag_mask(labels: Sequence[str], predicate_index: Tensor, lengths: Tensor, num_tokens: int) -> Tensor:
    """Mask the labels of each token for a given predicate: the predicate is `B-V`, and no other token is.

    `I-V` stays allowed, so a predicate of several tokens may continue after the given one. Gold frames whose `V` starts
    before the given token violate this rule, so it belongs to decoding, not to training.

    Args:
        labels: the K tags; without `B-V` among them everything is allowed.
        predicate_index: (B,) zero-based token of the predicate.
        lengths: (B,) tokens of each sentence.
        num_tokens: T.

    Returns:
        (B, T, K) bool, on the device of `predicate_index`.

    Raises:
        ValueError: a predicate is outside its sentence.
    """
    rows = len(predicate_index)
    allowed = torch.ones(rows, num_tokens, len(labels), dtype=torch.bool, device=predicate_index.device)
    if f"B-{PREDICATE_LABEL}" not in labels:
        return allowed
    outside = (predicate_index < 0) | (predicate_index >= lengths)
    if outside.any():
        raise ValueError(f"the predicate is outside its sentence in rows {outside.nonzero().flatten().tolist()}")
    predicate = labels.index(f"B-{PREDICATE_LABEL}")
    allowed[:, :, predicate] = False
    row = torch.arange(rows, device=predicate_index.device)
    allowed[row, predicate_index] = False
    allowed[row, predicate_index, predicate] = True
    return allowed


def ids_to_tags(ids: Tensor, lengths: Tensor, labels: Sequence[str]) -> list[list[str]]:
    """Convert each row of ids (B, T) to tag strings, without padding."""
    return [[labels[k] for k in row[:n]] for row, n in zip(ids.tolist(), lengths.tolist(), strict=True)]


def _forward_scores(
    emissions: Tensor, lengths: Tensor, step: Callable[[Tensor], Tensor], start: Tensor
) -> list[Tensor]:
    """Compute the scores (B, K) of the best paths that end in each label, for every token.

    Args:
        emissions: (B, T, K).
        lengths: (B,).
        step: function from the scores of one token to the best scores that reach each label of the next.
        start: (K,) score of the first label.
    """
    scores = [start + emissions[:, 0]]  # (B, K), in float32 for emissions in half precision
    for t in range(1, emissions.shape[1]):
        live = (t < lengths)[:, None]  # (B, 1)
        scores.append(
            torch.where(live, step(scores[-1]) + emissions[:, t], scores[-1])
        )  # rows that have ended keep their scores
    return scores


def _backtrace(
    scores: Sequence[Tensor], lengths: Tensor, predecessor: Callable[[Tensor, Tensor], Tensor], end: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Read the best path and its score from the scores of all tokens.

    Args:
        scores: (B, K) for each token.
        lengths: (B,).
        predecessor: function from the scores of a token and the labels (B,) of the next to the labels (B,) before them
            on the best path.
        end: (K,) score of the last label; None for zeros.
    """
    best_score, label = (scores[-1] if end is None else scores[-1] + end).max(dim=1)  # (B,)
    if not best_score.isfinite().all():
        bad = (~best_score.isfinite()).nonzero().flatten().tolist()
        raise ValueError(f"no legal path in rows {bad}: all are forbidden, or the emissions are not finite")
    path = [label]
    for t in range(len(scores) - 1, 0, -1):
        path.append(torch.where(t < lengths, predecessor(scores[t - 1], path[-1]), path[-1]))  # (B,)
    tags = torch.stack(path[::-1], dim=1)  # (B, T)
    beyond = torch.arange(len(scores), device=tags.device) >= lengths[:, None]  # (B, T)
    return tags.masked_fill(beyond, PADDING_TAG), best_score
