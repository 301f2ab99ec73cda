"""The best legal tag sequence: batched Viterbi search in log space, and the constraints that make it legal.

Two routines find it. `viterbi` takes any transition scores. `viterbi_bio` knows only the rules of IOB2, where `I-X` has
two predecessors and every other tag may follow anything: K steps a token in place of K², with the same answer.

Shapes: B batch, T tokens, K labels. A score of `-inf` forbids.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf

import torch
from torch import Tensor

from grunlp.data.tags import PREDICATE_LABEL, split_tag
from grunlp.kernels.viterbi import viterbi_scores

PADDING_TAG = -1  # the tag id beyond the end of a sentence


def viterbi(
    emissions: Tensor,
    lengths: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor | None = None,
    allowed: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Best path and its score under any transition scores (Viterbi 1967; Rabiner 1989, §III.B).

    Args:
        emissions: (B, T, K) floating point; what stands beyond a row's length has no effect.
        lengths: (B,) each from 1 to T.
        transitions: (K, K) score of going from the row's label to the column's.
        start: (K,) score of the first label.
        end: (K,) score of the last label; None for zeros.
        allowed: (B, T, K) bool; labels a token may not have are False.

    Returns:
        tags (B, T) int64, `PADDING_TAG` beyond the length, and the score of each path (B,), in the wider
        precision of emissions and `start`.

    Raises:
        ValueError: a row has no path, because all are forbidden or its emissions are not finite.
    """

    moves = transitions.t().contiguous()  # (K, K) from the column's label to the row's

    def step(scores: Tensor) -> Tensor:
        return (scores[:, None, :] + moves).amax(dim=2)  # (B, K, K) -> (B, K)

    def before(scores: Tensor, labels: Tensor) -> Tensor:
        return (scores + moves[labels]).argmax(dim=1)

    if allowed is not None:
        emissions = emissions.masked_fill(~allowed, -inf)
    steps = viterbi_scores(emissions, lengths, start, transitions)
    scores = _forward_scores(emissions, lengths, step, start) if steps is None else list(steps.unbind(dim=1))
    return _backtrace(scores, lengths, before, end)


def viterbi_bio(
    emissions: Tensor, lengths: Tensor, labels: Sequence[str], allowed: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Best path that is legal IOB2: what `viterbi` finds under `bio_transition_mask(labels)`, in K steps a token.

    Args:
        labels: the K tags. An `I-X` whose `B-X` is not among them can never be used.
        emissions, lengths, allowed: as for `viterbi`, which also says what is returned and raised.
    """
    device = emissions.device
    inside, begin = (torch.tensor(table, device=device) for table in _bio_predecessors(tuple(labels)))  # (K,)

    def step(scores: Tensor) -> Tensor:
        anything = scores.amax(dim=1, keepdim=True)  # (B, 1)
        return torch.where(inside, torch.maximum(scores[:, begin], scores), anything)

    def before(scores: Tensor, now: Tensor) -> Tensor:
        begun, gone_on = (scores.gather(1, label[:, None])[:, 0] for label in (begin[now], now))
        return torch.where(inside[now], torch.where(begun >= gone_on, begin[now], now), scores.argmax(dim=1))

    if allowed is not None:
        emissions = emissions.masked_fill(~allowed, -inf)
    start = torch.zeros(len(labels), device=device).masked_fill(inside, -inf)
    return _backtrace(_forward_scores(emissions, lengths, step, start), lengths, before, None)


@lru_cache(maxsize=64)
def _bio_predecessors(labels: tuple[str, ...]) -> tuple[list[bool], list[int]]:
    """Of each label whether it is an `I-X`, and the id of its `B-X`; of any other its own, which no step looks at."""
    position = {label: k for k, label in enumerate(labels)}
    inside = [split_tag(label)[0] == "I" for label in labels]
    return inside, [position.get(f"B-{split_tag(label)[1]}", k) for k, label in enumerate(labels)]


def bio_transition_mask(labels: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Start (K,) and transition (K, K) scores of IOB2: 0 where legal, `-inf` where not.

    A sentence may not start with `I-X`, and `I-X` may follow only `B-X` or `I-X`. IOB2 has no rule about the end.

    Args:
        labels: the K tags. Raises ValueError for one that is no BIO tag.
    """
    start, transitions = torch.zeros(len(labels)), torch.zeros(len(labels), len(labels))
    types = [split_tag(label)[1] for label in labels]
    for k, label in enumerate(labels):
        if label.startswith("I-"):
            start[k] = -inf
            transitions[[before != types[k] for before in types], k] = -inf
    return start, transitions


def predicate_tag_mask(labels: Sequence[str], predicate_index: Tensor, lengths: Tensor, num_tokens: int) -> Tensor:
    """Which labels each token may have when the predicate is given: it is `B-V`, and no other token is.

    `I-V` stays allowed, so a predicate of several tokens may go on behind the given one. Gold frames whose `V` starts
    before the given token break this rule, so it belongs to decoding, not to training.

    Args:
        labels: the K tags; without `B-V` among them everything is allowed.
        predicate_index: (B,) zero-based token of the predicate.
        lengths: (B,) tokens of each sentence.
        num_tokens: T.

    Returns:
        (B, T, K) bool, on the device of `predicate_index`.

    Raises:
        ValueError: a predicate outside its sentence.
    """
    rows = len(predicate_index)
    allowed = torch.ones(rows, num_tokens, len(labels), dtype=torch.bool, device=predicate_index.device)
    if f"B-{PREDICATE_LABEL}" not in labels:
        return allowed
    outside = (predicate_index < 0) | (predicate_index >= lengths)
    if outside.any():
        raise ValueError(f"the predicate lies outside its sentence in rows {outside.nonzero().flatten().tolist()}")
    predicate = labels.index(f"B-{PREDICATE_LABEL}")
    allowed[:, :, predicate] = False
    row = torch.arange(rows, device=predicate_index.device)
    allowed[row, predicate_index] = False
    allowed[row, predicate_index, predicate] = True
    return allowed


def ids_to_tags(ids: Tensor, lengths: Tensor, labels: Sequence[str]) -> list[list[str]]:
    """Tag strings of each row of ids (B, T), without padding."""
    return [[labels[k] for k in row[:n]] for row, n in zip(ids.tolist(), lengths.tolist(), strict=True)]


def _forward_scores(
    emissions: Tensor, lengths: Tensor, step: Callable[[Tensor], Tensor], start: Tensor
) -> list[Tensor]:
    """Scores (B, K) of the best paths that end in each label, a step each; `step` turns those of one into the best that
    reach each label of the next."""
    scores = [start + emissions[:, 0]]  # (B, K), in float32 for emissions in half precision
    for t in range(1, emissions.shape[1]):
        live = (t < lengths)[:, None]  # (B, 1)
        scores.append(torch.where(live, step(scores[-1]) + emissions[:, t], scores[-1]))  # finished rows keep theirs
    return scores


def _backtrace(
    scores: Sequence[Tensor], lengths: Tensor, predecessor: Callable[[Tensor, Tensor], Tensor], end: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The best path and its score, from the scores of all steps; `predecessor` names the label (B,) that the best path
    to a
    given one (B,) comes from, by the scores of the step it comes from."""
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
