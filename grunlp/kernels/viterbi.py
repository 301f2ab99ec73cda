"""The forward pass of Viterbi search by the compiled library, where it can do it."""

import torch
from torch import Tensor

from grunlp.kernels import loader


def viterbi_scores(emissions: Tensor, lengths: Tensor, start: Tensor, transitions: Tensor) -> Tensor | None:
    """Scores of the best paths that end in each label at each step.

    Args:
        emissions: (B, T, K).
        lengths: (B,) each from 1 to T.
        start, transitions: (K,) and (K, K) of the first label and of moves, from the row's to the column's.

    Returns:
        (B, T, K), beyond a row's length those of its last step; None where the library is not there or cannot do it:
        on another device, in another precision, and with NaN, which it would lose.
    """
    given = (emissions, start, transitions)
    if not all(x.dtype == torch.float32 and x.device.type == "cpu" for x in given):
        return None
    if not loader.is_enabled() or emissions.isnan().any():
        return None
    emissions, start, transitions = (x.detach().contiguous() for x in given)
    scores = torch.empty_like(emissions)
    lengths = lengths.long().contiguous()
    loader.run(
        "grunlp_best_scores", torch.get_num_threads(), *emissions.shape, lengths, emissions, start, transitions, scores
    )
    return scores
