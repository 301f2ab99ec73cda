"""The forward pass of Viterbi decoding by the compiled kernel, if it supports the input."""

import torch
from torch import Tensor

from grunlp.kernels import loader


def viterbi_scores(emissions: Tensor, lengths: Tensor, start: Tensor, transitions: Tensor) -> Tensor | None:
    """Compute the scores of the best paths that end in each label at each step.

    Args:
        emissions: (B, T, K).
        lengths: (B,) each from 1 to T.
        start: (K,) scores of the first label.
        transitions: (K, K) scores of the label of the column after that of the row.

    Returns:
        scores (B, T, K), at padding those of the last step. None if there is no compiled kernel, or if it does not
        support the device or type of the input, or the input contains NaN, which the kernel would not propagate.
    """
    tensors = (emissions, start, transitions)
    if not all(x.dtype == torch.float32 and x.device.type == "cpu" for x in tensors):
        return None
    if not loader.is_enabled() or emissions.isnan().any():
        return None
    emissions, start, transitions = (x.detach().contiguous() for x in tensors)
    scores = torch.empty_like(emissions)
    sizes = (torch.get_num_threads(), *emissions.shape)
    loader.run("grunlp_best_scores", *sizes, lengths.long().contiguous(), emissions, start, transitions, scores)
    return scores
