"""Linear-chain conditional random field over tags (Lafferty, McCallum and Pereira 2001, §3).

    score(y) = start[y_1] + Σ_t emissions[t, y_t] + Σ_t transitions[y_{t-1}, y_t] + end[y_n]
    log p(y) = score(y) - log Σ_y' exp score(y')        y' over all legal tag sequences

Shapes: B batch, T tokens, K labels.
"""

from math import inf

import torch
from torch import Tensor, nn

from grunlp.decoding.viterbi import viterbi

# The score of what is forbidden while training. Its exponential is 0 in every precision, as that of -inf would be, but
# sums and differences of it stay finite, so no gradient becomes NaN. Decoding uses -inf.
FORBIDDEN_SCORE = -1e4


class LinearChainCRF(nn.Module):
    """Learned start, transition and end scores under rules of what may follow what.

    The sum over paths runs in log space from token to token, but each step is one matrix product of the rescaled
    probabilities (Rabiner 1989, §V.A), not a `logsumexp` over (B, K, K): many times faster, and a fraction of the
    memory. A label 87 or more nats (the range of float32) below the best of its token counts as impossible there.

    Args:
        start, transitions: (K,) and (K, K), -inf for the first labels and the moves that are forbidden, such as
            `bio_constraints` gives.
    """

    forbidden_start: Tensor
    forbidden_transitions: Tensor

    def __init__(self, start: Tensor, transitions: Tensor) -> None:
        super().__init__()
        # Not persistent: they follow from the labels, which the run folder holds.
        self.register_buffer("forbidden_start", start == -inf, persistent=False)  # (K,)
        self.register_buffer("forbidden_transitions", transitions == -inf, persistent=False)  # (K, K)
        self.start = nn.Parameter(torch.zeros_like(start))
        self.end = nn.Parameter(torch.zeros_like(start))
        self.transitions = nn.Parameter(torch.zeros_like(transitions))

    def forward(self, emissions: Tensor, tags: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Log-likelihood of the gold tags (B,); the loss is its negative mean.

        Args:
            emissions: (B, T, K), T at least 1; what stands beyond a row's length has no effect.
            tags: (B, T) int64; beyond the length anything.
            lengths: (B,) each from 1 to T.
            allowed: (B, T, K) bool, labels a token may not have are False; None in ordinary training. Gold tags that
                break it, or the rules, are not refused but cost `FORBIDDEN_SCORE` each time, which would swamp the
                loss: gold frames exist whose `V` starts before the given predicate, so use the predicate mask only
                in decoding.
        """
        emissions = emissions.to(self.transitions.dtype)
        if allowed is not None:
            emissions = emissions.masked_fill(~allowed, FORBIDDEN_SCORE)
        with torch.autocast(emissions.device.type, enabled=False):  # half precision cannot hold sums over a sentence
            return self.path_score(emissions, tags, lengths) - self.log_partition(emissions, lengths)

    def path_score(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Score of one path a row (B,). Arguments as for `forward`."""
        live = torch.arange(tags.shape[1], device=tags.device) < lengths[:, None]  # (B, T)
        tags = tags.masked_fill(~live, 0)  # padding may hold an id that is no label
        start = self.start.masked_fill(self.forbidden_start, FORBIDDEN_SCORE)
        transitions = self.transitions.masked_fill(self.forbidden_transitions, FORBIDDEN_SCORE)
        emitted = emissions.gather(2, tags[:, :, None])[:, :, 0].masked_fill(~live, 0)  # (B, T)
        moved = transitions[tags[:, :-1], tags[:, 1:]].masked_fill(~live[:, 1:], 0)  # (B, T - 1)
        last = tags.gather(1, lengths[:, None] - 1)[:, 0]  # (B,)
        return start[tags[:, 0]] + emitted.sum(dim=1) + moved.sum(dim=1) + self.end[last]

    def log_partition(self, emissions: Tensor, lengths: Tensor, temperature: Tensor | float = 1.0) -> Tensor:
        """Logarithm of the sum over all legal paths of exp(score / temperature) (B,).

        Args:
            emissions, lengths: as for `forward`.
            temperature: by which all scores are divided.
        """
        emissions = emissions / temperature
        moves = (self.transitions / temperature).masked_fill(self.forbidden_transitions, FORBIDDEN_SCORE)  # (K, K)
        most = moves.detach().amax()  # taken out, so that no exponential is infinite
        weights = (moves - most).exp()
        start, end = self.start / temperature, self.end / temperature
        scores = start.masked_fill(self.forbidden_start, FORBIDDEN_SCORE) + emissions[:, 0]  # (B, K)
        for t in range(1, emissions.shape[1]):
            peak = scores.detach().amax(dim=1, keepdim=True)  # (B, 1)
            reached = (scores - peak).exp() @ weights  # (B, K)
            nowhere = reached < torch.finfo(reached.dtype).tiny  # their logarithm is kept away from the gradient
            step = (
                reached.masked_fill(nowhere, 1).log().masked_fill(nowhere, FORBIDDEN_SCORE)
                + peak
                + most
                + emissions[:, t]
            )
            scores = torch.where((t < lengths)[:, None], step, scores)  # a finished row keeps its sum
        return torch.logsumexp(scores + end, dim=1)

    @torch.no_grad()
    def decode(self, emissions: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Best legal path: what `grunlp.decoding.viterbi.viterbi` returns and raises, under the learned scores."""
        return viterbi(emissions, lengths, *self.transition_scores(), allowed)

    def transition_scores(self) -> tuple[Tensor, Tensor, Tensor]:
        """The learned scores of moves (K, K), of the first label (K,) and of the last (K,); -inf where forbidden."""
        start = self.start.masked_fill(self.forbidden_start, -inf)
        transitions = self.transitions.masked_fill(self.forbidden_transitions, -inf)
        return transitions, start, self.end
