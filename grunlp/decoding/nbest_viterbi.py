"""The n best legal tag sequences of each sentence, by parallel list Viterbi (Seshadri and Sundberg 1994, §III).

Shapes: B batch, T tokens, K labels, N sequences. A score of `-inf` forbids a label or transition.
"""

from math import inf

import torch
from torch import Tensor

from grunlp.decoding.viterbi import PADDING_TAG


def n_best(
    emissions: Tensor, lengths: Tensor, transitions: Tensor, start: Tensor, end: Tensor, n: int
) -> tuple[Tensor, Tensor]:
    """Find the N best paths of each row, best first; `n=1` gives the path of `viterbi`.

    Args:
        emissions: (B, T, K) floating point; values beyond the length of a row have no effect.
        lengths: (B,) each from 1 to T.
        transitions: (K, K) score of the transition from the label of the row to the label of the column.
        start: (K,) score of the first label.
        end: (K,) score of the last label.
        n: N, at least 1.

    Returns:
        tags (B, N, T) int64, `PADDING_TAG` beyond the length and in sequences that do not exist, and scores (B, N),
        -inf for those.
    """
    if n < 1:
        raise ValueError(f"n is at least 1, got {n}")
    rows, num_tokens, num_labels = emissions.shape
    empty = emissions.new_full((rows, n - 1, num_labels), -inf)
    scores = torch.cat([(start + emissions[:, 0])[:, None], empty], dim=1)  # (B, N, K)
    identity = torch.arange(n * num_labels, device=emissions.device).view(1, n, num_labels).expand(rows, -1, -1)
    backpointers = []
    for t in range(1, num_tokens):
        candidates = (scores[:, :, :, None] + transitions).flatten(1, 2)  # (B, N·K, K)
        best = candidates.topk(n, dim=1)  # (B, N, K)
        live = (t < lengths)[:, None, None]
        scores = torch.where(live, best.values + emissions[:, t, None], scores)
        backpointers.append(torch.where(live, best.indices, identity))  # rows that have ended keep their indices
    final = (scores + end).flatten(1, 2).topk(n, dim=1)  # (B, N) indices into N·K
    path = [final.indices]
    for pointers in reversed(backpointers):
        path.append(pointers.flatten(1, 2).gather(1, path[-1]))
    tags = torch.stack(path[::-1], dim=2) % num_labels  # (B, N, T)
    beyond = torch.arange(num_tokens, device=tags.device) >= lengths[:, None]  # (B, T)
    missing = final.values == -inf  # (B, N)
    return tags.masked_fill(beyond[:, None] | missing[:, :, None], PADDING_TAG), final.values
