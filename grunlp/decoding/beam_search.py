"""Batched beam search.

Hypotheses of one text are adjacent rows of the decoder's batch; texts whose search is over leave the batch. No result
depends on the other texts of the batch.
"""

from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor

from grunlp.decoding.constraints import NEG_INF
from grunlp.decoding.inputs import DecodingInputs, Hypothesis
from grunlp.decoding.options import LengthNormalization

LENGTH_NORMALIZATIONS = get_args(LengthNormalization)


@dataclass(frozen=True)
class BeamSearch:
    """Options of beam search.

    Args:
        beam: K, number of hypotheses per text; 1 is greedy search.
        nbest: number of texts per source; the search continues until no better ones are possible.
        length_penalty: exponent of the length normalization; 0 disables it.
        normalization: divisor of the log probability of a finished text of n tokens, end token included:
            n^length_penalty ("length") or ((5 + n) / 6)^length_penalty ("gnmt", Wu et al. 2016, eq. 14).
        coverage_penalty: weight of the coverage penalty of the same equation, for source tokens without attention.
        no_repeat_ngram_size: no text contains an n-gram of this size twice; 0 disables the check.
    """

    beam: int
    nbest: int
    length_penalty: float
    normalization: LengthNormalization
    coverage_penalty: float
    no_repeat_ngram_size: int

    def length_normalizer(self, length: float) -> float:
        """Compute the divisor of the log probability of a text of the given length."""
        base = length if self.normalization == "length" else (5 + length) / 6
        return float(base**self.length_penalty)


@torch.inference_mode()
def beam_search(inputs: DecodingInputs, options: BeamSearch) -> list[list[Hypothesis]]:
    """Find the best texts for each source, best first, at most `options.beam`.

    A finished hypothesis leaves the beam, whose width then decreases by one. The search of a text is over when its beam
    is empty, or when no unfinished hypothesis can still beat the best finished ones: log probabilities only decrease,
    so the best possible score of a hypothesis is its log probability divided by the normalizer of the maximum length. A
    text that can only continue with forbidden tokens ends, even if it is shorter than the minimum, so that each source
    gets at least one text.
    """
    source_lengths, state = inputs.source_lengths, inputs.state
    batch_size = len(source_lengths)
    device = source_lengths.device
    decoder = inputs.constrained_decoder(options.no_repeat_ngram_size)
    finished: list[list[Hypothesis]] = [[] for _ in range(batch_size)]
    active = list(range(batch_size))  # index of the text of each row below
    width = 1
    ids = torch.full((batch_size, 1, 1), inputs.tokens.bos_id, device=device)  # (B, K, t + 1)
    totals = torch.zeros(batch_size, 1, device=device)  # (B, K) cumulative log probabilities
    coverage: Tensor | None = None  # (B, K, S) sum of attention so far
    while active:
        length = ids.shape[2]  # length of the texts after this step, end token included
        log_probs, attention, state = inputs.step(ids[:, :, -1].flatten(), state)
        log_probs = decoder.mask_log_probs(log_probs.view(len(active), width, -1), ids, active)
        if options.coverage_penalty:
            attention = attention.view(len(active), width, -1)
            coverage = attention if coverage is None else coverage + attention
        vocab_size = log_probs.shape[2]
        num_open = [options.beam - len(finished[text]) for text in active]
        totals, indices = decoder.select_beams(totals, log_probs, ids, active, options.beam, num_open)  # (B, K')
        parents, tokens = indices // vocab_size, indices % vocab_size
        rows = torch.arange(len(active), device=device)[:, None] * width + parents  # (B, K') in B·K
        ids = torch.cat([ids.flatten(0, 1)[rows], tokens[:, :, None]], dim=2)
        if coverage is not None:
            coverage = coverage.flatten(0, 1)[rows]

        ended = (tokens == inputs.tokens.eos_id) & (totals > NEG_INF)
        for b, k in ended.nonzero().tolist():
            total = float(totals[b, k])
            score = total / options.length_normalizer(length)
            if coverage is not None:
                covered = coverage[b, k, : int(source_lengths[active[b]]) + 1]
                score += options.coverage_penalty * float(covered.clamp(1e-9, 1).log().sum())
            finished[active[b]].append(Hypothesis(ids[b, k, 1:-1].tolist(), total, score))
        totals = totals.masked_fill(ended, NEG_INF)
        unfinished = []
        for b, (text, best) in enumerate(zip(active, totals.max(dim=1).values.tolist(), strict=True)):
            best_possible = best / options.length_normalizer(decoder.max_lengths[text] + 1)
            nbest = sorted((h.score for h in finished[text]), reverse=True)[: options.nbest]
            if best > NEG_INF and not (len(nbest) == options.nbest and nbest[-1] >= best_possible):
                unfinished.append(b)
        active, width = [active[b] for b in unfinished], totals.shape[1]
        if active:
            keep = torch.tensor(unfinished, device=device)
            state, ids, totals = state.reorder(rows[keep]), ids[keep], totals[keep]
            coverage = None if coverage is None else coverage[keep]
    return [sorted(hypotheses, key=lambda h: -h.score) for hypotheses in finished]
