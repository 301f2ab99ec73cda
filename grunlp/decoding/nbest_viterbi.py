"""The n best legal tag sequences of each sentence: list Viterbi search in parallel (Seshadri and Sundberg 1994, §III).

Shapes: B batch, T tokens, K labels, N sequences. A score of `-inf` forbids.
"""

from math import inf

import torch
from torch import Tensor

from grunlp.decoding.viterbi import PADDING_TAG


def n_best(
    emissions: Tensor, lengths: Tensor, transitions: Tensor, start: Tensor, end: Tensor, n: int
) -> tuple[Tensor, Tensor]:
    """The N best paths of each row, best first. For n = 1 it finds what `viterbi` finds.

    Args:
        emissions: (B, T, K) floating point; what stands beyond a row's length has no effect.
        lengths: (B,) each from 1 to T.
        transitions: (K, K) score of going from the row's label to the column's.
        start, end: (K,) score of the first and of the last label.
        n: N, at least 1.

    Returns:
        tags (B, N, T) int64, `PADDING_TAG` beyond the length and in sequences that do not exist, and scores (B, N),
        -inf
        for those.
    """
    if n < 1:
        raise ValueError(f"n is at least 1, got {n}")
    rows, num_tokens, num_labels = emissions.shape
    nothing = emissions.new_full((rows, n - 1, num_labels), -inf)
    scores = torch.cat([(start + emissions[:, 0])[:, None], nothing], dim=1)  # (B, N, K)
    own = torch.arange(n * num_labels, device=emissions.device).view(1, n, num_labels).expand(rows, -1, -1)
    came_from = []
    for t in range(1, num_tokens):
        reached = (scores[:, :, :, None] + transitions).flatten(1, 2)  # (B, N·K, K)
        best = reached.topk(n, dim=1)  # (B, N, K)
        live = (t < lengths)[:, None, None]
        scores = torch.where(live, best.values + emissions[:, t, None], scores)
        came_from.append(torch.where(live, best.indices, own))  # a finished row keeps its place to the end
    final = (scores + end).flatten(1, 2).topk(n, dim=1)  # (B, N) places among N·K
    path = [final.indices]
    for back in reversed(came_from):
        path.append(back.flatten(1, 2).gather(1, path[-1]))
    tags = torch.stack(path[::-1], dim=2) % num_labels  # (B, N, T)
    beyond = torch.arange(num_tokens, device=tags.device) >= lengths[:, None]  # (B, T)
    missing = final.values == -inf  # (B, N)
    return tags.masked_fill(beyond[:, None] | missing[:, :, None], PADDING_TAG), final.values
