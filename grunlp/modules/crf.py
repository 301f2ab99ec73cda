"""Linear-chain conditional random field over tags (Lafferty, McCallum and Pereira 2001, §3).

    score(y) = start[y_1] + Σ_t emissions[t, y_t] + Σ_t transitions[y_{t-1}, y_t] + end[y_n]
    log p(y) = score(y) - log Σ_y' exp score(y')        y' over all legal tag sequences

Shapes: B batch, T tokens, K labels.
"""

from math import inf

import torch
from torch import Tensor, nn

from grunlp.decoding.viterbi import viterbi

# The score of forbidden tags and transitions in training. Its exponential is 0 in every precision, like that of -inf,
# but sums and differences with it are finite, so no gradient becomes NaN. Decoding uses -inf.
FORBIDDEN_SCORE = -1e4


def check_decoder(decoder: str, label_smoothing: float) -> None:
    """Raise ValueError for an unknown tag decoder, or for label smoothing with a CRF."""
    if decoder not in ("viterbi", "crf"):
        raise ValueError(f"decoder must be viterbi or crf, got {decoder!r}")
    if decoder == "crf" and label_smoothing:
        raise ValueError("label_smoothing has no effect on decoder=crf: set it to 0")


class LinearChainCRF(nn.Module):
    """Learned start, transition and end scores, under constraints on the order of the labels.

    The sum over all paths runs in log space from token to token, but each step is one matrix product of rescaled
    probabilities (Rabiner 1989, §V.A), not a `logsumexp` over (B, K, K): this is many times faster and takes a fraction
    of the memory. A label that is 87 nats or more (the range of float32) below the best one of its token counts as
    impossible.

    Args:
        start: (K,) -inf for labels that cannot come first, as returned by `bio_transition_mask`.
        transitions: (K, K) -inf for forbidden transitions.
    """

    forbidden_start: Tensor
    forbidden_transitions: Tensor

    def __init__(self, start: Tensor, transitions: Tensor) -> None:
        super().__init__()
        # Not persistent: they follow from the labels, which are stored in the run folder.
        self.register_buffer("forbidden_start", start == -inf, persistent=False)  # (K,)
        self.register_buffer("forbidden_transitions", transitions == -inf, persistent=False)  # (K, K)
        self.start = nn.Parameter(torch.zeros_like(start))
        self.end = nn.Parameter(torch.zeros_like(start))
        self.transitions = nn.Parameter(torch.zeros_like(transitions))

    def forward(self, emissions: Tensor, tags: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Compute the log-likelihood (B,) of the gold tags; the loss is its negative mean.

        Args:
            emissions: (B, T, K), T at least 1; values at padding have no effect.
            tags: (B, T) int64; values at padding have no effect.
            lengths: (B,) each from 1 to T.
            allowed: (B, T, K) bool, False for labels that a token cannot have; None in ordinary training. Gold tags
                that violate it, or the constraints, are not rejected but cost `FORBIDDEN_SCORE` each, which would
                dominate the loss: in some gold frames `V` starts before the given predicate, so use the predicate mask
                in decoding only.
        """
        emissions = emissions.to(self.transitions.dtype)
        if allowed is not None:
            emissions = emissions.masked_fill(~allowed, FORBIDDEN_SCORE)
        with torch.autocast(emissions.device.type, enabled=False):  # half precision cannot hold sums over a sentence
            return self.path_score(emissions, tags, lengths) - self.log_partition(emissions, lengths)

    def path_score(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Compute the score (B,) of one path in each row. Arguments as for `forward`."""
        is_real = torch.arange(tags.shape[1], device=tags.device) < lengths[:, None]  # (B, T)
        tags = tags.masked_fill(~is_real, 0)  # padding may have an id outside of the labels
        start = self.start.masked_fill(self.forbidden_start, FORBIDDEN_SCORE)
        transitions = self.transitions.masked_fill(self.forbidden_transitions, FORBIDDEN_SCORE)
        emitted = emissions.gather(2, tags[:, :, None])[:, :, 0].masked_fill(~is_real, 0)  # (B, T)
        moved = transitions[tags[:, :-1], tags[:, 1:]].masked_fill(~is_real[:, 1:], 0)  # (B, T - 1)
        last = tags.gather(1, lengths[:, None] - 1)[:, 0]  # (B,)
        return start[tags[:, 0]] + emitted.sum(dim=1) + moved.sum(dim=1) + self.end[last]

    def log_partition(self, emissions: Tensor, lengths: Tensor, temperature: Tensor | float = 1.0) -> Tensor:
        """Compute the logarithm (B,) of the sum of exp(score / temperature) over all legal paths.

        Args:
            emissions: (B, T, K).
            lengths: (B,) each from 1 to T.
            temperature: divides all scores.
        """
        emissions = emissions / temperature
        transitions = (self.transitions / temperature).masked_fill(self.forbidden_transitions, FORBIDDEN_SCORE)
        largest = transitions.detach().amax()  # subtracted, so that no exponential overflows
        weights = (transitions - largest).exp()
        start, end = self.start / temperature, self.end / temperature
        scores = start.masked_fill(self.forbidden_start, FORBIDDEN_SCORE) + emissions[:, 0]  # (B, K)
        for t in range(1, emissions.shape[1]):
            peak = scores.detach().amax(dim=1, keepdim=True)  # (B, 1)
            sums = (scores - peak).exp() @ weights  # (B, K)
            is_zero = sums < torch.finfo(sums.dtype).tiny  # keep the logarithm of 0 out of the gradient
            log_sums = sums.masked_fill(is_zero, 1).log().masked_fill(is_zero, FORBIDDEN_SCORE)
            step = log_sums + peak + largest + emissions[:, t]
            scores = torch.where((t < lengths)[:, None], step, scores)  # rows that have ended keep their sum
        return torch.logsumexp(scores + end, dim=1)

    @torch.no_grad()
    def decode(self, emissions: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Find the best legal path under the learned scores, as `grunlp.decoding.viterbi.viterbi` does."""
        return viterbi(emissions, lengths, *self.transition_scores(), allowed)

    def transition_scores(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the scores of transitions (K, K), first labels (K,) and last labels (K,); -inf if forbidden."""
        start = self.start.masked_fill(self.forbidden_start, -inf)
        transitions = self.transitions.masked_fill(self.forbidden_transitions, -inf)
        return transitions, start, self.end
