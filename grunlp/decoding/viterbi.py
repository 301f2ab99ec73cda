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

from grunlp.data.bio import PREDICATE, split_tag

PADDING = -1  # the tag id beyond the end of a sentence


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
        tags (B, T) int64, `PADDING` beyond the length, and the score of each path (B,), in the wider
        precision of emissions and `start`.

    Raises:
        ValueError: a row has no path, because all are forbidden or its emissions are not finite.
    """

    def step(scores: Tensor) -> tuple[Tensor, Tensor]:
        best = (scores[:, :, None] + transitions).max(dim=1)  # (B, K, K) -> (B, K)
        return best.values, best.indices

    return _search(emissions, lengths, step, start, end, allowed)


def viterbi_bio(
    emissions: Tensor, lengths: Tensor, labels: Sequence[str], allowed: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Best path that is legal IOB2: what `viterbi` finds under `bio_constraints(labels)`, in K steps a token.

    Args:
        labels: the K tags. An `I-X` whose `B-X` is not among them can never be used.
        emissions, lengths, allowed: as for `viterbi`, which also says what is returned and raised.
    """
    device = emissions.device
    inside, begin = (torch.tensor(table, device=device) for table in _bio_tables(tuple(labels)))  # (K,)
    own = torch.arange(len(labels), device=device)  # (K,)

    def step(scores: Tensor) -> tuple[Tensor, Tensor]:
        anything = scores.max(dim=1, keepdim=True)  # (B, 1)
        begun = scores[:, begin]  # (B, K)
        best = torch.where(inside, torch.maximum(begun, scores), anything.values)
        back = torch.where(inside, torch.where(begun >= scores, begin, own), anything.indices)
        return best, back

    start = torch.zeros(len(labels), device=device).masked_fill(inside, -inf)
    return _search(emissions, lengths, step, start, None, allowed)


@lru_cache(maxsize=64)
def _bio_tables(labels: tuple[str, ...]) -> tuple[list[bool], list[int]]:
    """Of each label whether it is an `I-X`, and the id of its `B-X`; of any other its own, which no step looks at."""
    position = {label: k for k, label in enumerate(labels)}
    inside = [split_tag(label)[0] == "I" for label in labels]
    return inside, [position.get(f"B-{split_tag(label)[1]}", k) for k, label in enumerate(labels)]


def bio_constraints(labels: Sequence[str]) -> tuple[Tensor, Tensor]:
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


def predicate_mask(labels: Sequence[str], predicate_index: Tensor, lengths: Tensor, num_tokens: int) -> Tensor:
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
    if f"B-{PREDICATE}" not in labels:
        return allowed
    outside = (predicate_index < 0) | (predicate_index >= lengths)
    if outside.any():
        raise ValueError(f"the predicate lies outside its sentence in rows {outside.nonzero().flatten().tolist()}")
    predicate = labels.index(f"B-{PREDICATE}")
    allowed[:, :, predicate] = False
    row = torch.arange(rows, device=predicate_index.device)
    allowed[row, predicate_index] = False
    allowed[row, predicate_index, predicate] = True
    return allowed


def ids_to_tags(ids: Tensor, lengths: Tensor, labels: Sequence[str]) -> list[list[str]]:
    """Tag strings of each row of ids (B, T), without padding."""
    return [[labels[k] for k in row[:n]] for row, n in zip(ids.tolist(), lengths.tolist(), strict=True)]


def _search(
    emissions: Tensor,
    lengths: Tensor,
    step: Callable[[Tensor], tuple[Tensor, Tensor]],
    start: Tensor,
    end: Tensor | None,
    allowed: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The part that both routines share; `step` turns scores of the labels of one token (B, K) into the best score that
    reaches each label of the next token, and the label it comes from."""
    _, num_tokens, num_labels = emissions.shape
    if allowed is not None:
        emissions = emissions.masked_fill(~allowed, -inf)
    scores = start + emissions[:, 0]  # (B, K), in float32 for emissions in half precision
    stay = torch.arange(num_labels, device=emissions.device).expand_as(scores)
    came_from = []
    for t in range(1, num_tokens):
        best, back = step(scores)
        live = (t < lengths)[:, None]  # (B, 1)
        scores = torch.where(live, best + emissions[:, t], scores)
        came_from.append(torch.where(live, back, stay))  # a finished row keeps its last label to the end
    best_score, last = (scores if end is None else scores + end).max(dim=1)  # (B,)
    if not best_score.isfinite().all():
        bad = (~best_score.isfinite()).nonzero().flatten().tolist()
        raise ValueError(f"no legal path in rows {bad}: all are forbidden, or the emissions are not finite")
    path = [last]
    for back in reversed(came_from):
        path.append(back.gather(1, path[-1][:, None])[:, 0])  # (B,)
    tags = torch.stack(path[::-1], dim=1)  # (B, T)
    beyond = torch.arange(num_tokens, device=tags.device) >= lengths[:, None]  # (B, T)
    return tags.masked_fill(beyond, PADDING), best_score
