"""Beam search, over many texts at once.

What is searched is a function from the last words of R hypotheses and a state to the log probabilities of their next
words: a decoder's `step`, or that of several together. Hypotheses of one text lie next to each other; texts whose
search is over leave the batch. No result depends on what else is in the batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self, get_args

import torch
from torch import Tensor

from grunlp.decoding.constraints import NEG_INF, ConstrainedDecoder, DecoderTokens, LengthLimits, LexicalConstraints
from grunlp.decoding.options import LengthNormalization

LENGTH_NORMALIZATIONS = get_args(LengthNormalization)


class ReorderableState(Protocol):
    """A decoder's state."""

    def reorder(self, rows: Tensor) -> Self:
        """The state of other hypotheses. rows: (B', K') of the R there were; those of a row are of one text."""


# tokens (R,), state → log probabilities (R, V), attention (R, S), state
StepFunction = Callable[[Tensor, Any], tuple[Tensor, Tensor, Any]]


@dataclass(frozen=True)
class BeamSearch:
    """How to search.

    Args:
        beam: K, hypotheses of each text; 1 is greedy search.
        nbest: so many texts of a source are wanted: search goes on until none better than these can come.
        length_penalty: strength of the normalisation by length; 0 is none.
        normalization: a finished text of n words, its end included, is ranked by its log probability over n^alpha
            ("length"), or over ((5 + n) / 6)^alpha ("gnmt", Wu et al. 2016, eq. 14).
        coverage_penalty: strength of the same equation's penalty for source words that were not read.
        no_repeat_ngram_size: no text holds the same n-gram of so many words twice; 0 blocks none.
    """

    beam: int
    nbest: int
    length_penalty: float
    normalization: LengthNormalization
    coverage_penalty: float
    no_repeat_ngram_size: int

    def length_normalizer(self, length: float) -> float:
        """What a log probability is divided by."""
        return float(
            length**self.length_penalty if self.normalization == "length" else ((5 + length) / 6) ** self.length_penalty
        )


class Hypothesis(NamedTuple):
    """A finished text: its ids without the end, their log probability with it, and what it was ranked by."""

    ids: list[int]
    log_prob: float
    score: float


@torch.inference_mode()
def beam_search(
    step: StepFunction,
    state: ReorderableState,
    source_lengths: Tensor,
    words: DecoderTokens,
    limits: LengthLimits,
    options: BeamSearch,
    constraints: Sequence[LexicalConstraints] | None = None,
) -> list[list[Hypothesis]]:
    """The best texts found for each source, best first, `options.beam` at most.

    A hypothesis that ends leaves the beam, which is one narrower from then on; a search is over when it is empty, or
    when no hypothesis left in it can still become better than the best that have ended: log probabilities only fall, so
    the best a hypothesis can hope for is its own, divided by what the greatest length allows. Where a text cannot go on
    without a word that is barred, it ends, however short it is; so each source gets one text at least.

    Args:
        step: see above.
        state: before the first word, with one hypothesis a text.
        source_lengths: (B,) words of each source, on the CPU.
        words: special ids.
        limits: lengths.
        options: how to search.
        constraints: what each text must and may not hold; None: anything.
    """
    count = len(source_lengths)
    device = source_lengths.device
    rules = ConstrainedDecoder(
        words, limits, source_lengths, options.no_repeat_ngram_size, constraints or [LexicalConstraints()] * count
    )
    finished: list[list[Hypothesis]] = [[] for _ in range(count)]
    active = list(range(count))  # the text of each row of what follows
    width = 1
    ids = torch.full((count, 1, 1), words.bos_id, device=device)  # (B, K, t + 1)
    totals = torch.zeros(count, 1, device=device)  # (B, K)
    read: Tensor | None = None  # (B, K, S) attention so far
    while active:
        length = ids.shape[2]  # of what is chosen now, the end included
        log_probs, attention, state = step(ids[:, :, -1].flatten(), state)
        log_probs = rules.mask_log_probs(log_probs.view(len(active), width, -1), ids, active)
        if options.coverage_penalty:
            attention = attention.view(len(active), width, -1)
            read = attention if read is None else read + attention
        size = log_probs.shape[2]
        free = [options.beam - len(finished[text]) for text in active]
        totals, places = rules.select_beams(totals, log_probs, ids, active, options.beam, free)  # (B, K')
        parents, chosen = places // size, places % size
        rows = torch.arange(len(active), device=device)[:, None] * width + parents  # (B, K') of B·K
        ids = torch.cat([ids.flatten(0, 1)[rows], chosen[:, :, None]], dim=2)
        if read is not None:
            read = read.flatten(0, 1)[rows]

        ended = (chosen == words.eos_id) & (totals > NEG_INF)
        for b, k in ended.nonzero().tolist():
            total = float(totals[b, k])
            score = total / options.length_normalizer(length)
            if read is not None:
                covered = read[b, k, : int(source_lengths[active[b]]) + 1]
                score += options.coverage_penalty * float(covered.clamp(1e-9, 1).log().sum())
            finished[active[b]].append(Hypothesis(ids[b, k, 1:-1].tolist(), total, score))
        totals = totals.masked_fill(ended, NEG_INF)
        going = []
        for b, (text, best) in enumerate(zip(active, totals.max(dim=1).values.tolist(), strict=True)):
            hope = best / options.length_normalizer(rules.max_lengths[text] + 1)
            enough = sorted((h.score for h in finished[text]), reverse=True)[: options.nbest]
            if best > NEG_INF and not (len(enough) == options.nbest and enough[-1] >= hope):
                going.append(b)
        active, width = [active[b] for b in going], totals.shape[1]
        if active:
            keep = torch.tensor(going, device=device)
            state, ids, totals = state.reorder(rows[keep]), ids[keep], totals[keep]
            read = None if read is None else read[keep]
    return [sorted(found, key=lambda h: -h.score) for found in finished]
