"""Beam search, over many texts at once.

What is searched is a function from the last words of R hypotheses and a state to the log probabilities of their next
words: a decoder's `step`, or that of several together. Hypotheses of one text lie next to each other; texts whose
search is over leave the batch. No result depends on what else is in the batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Literal, NamedTuple, Protocol, Self, get_args

import torch
from torch import Tensor

Normalization = Literal["length", "gnmt"]
NORMALIZATIONS = get_args(Normalization)
NEVER = float("-inf")


class Selectable(Protocol):
    """A decoder's state."""

    def select(self, rows: Tensor) -> Self:
        """The state of other hypotheses. rows: (B', K') of the R there were; those of a row are of one text."""


# tokens (R,), state → log probabilities (R, V), attention (R, S), state
Step = Callable[[Tensor, Any], tuple[Tensor, Tensor, Any]]


@dataclass(frozen=True)
class Vocabulary:
    """The ids that search must know. never: ids that are never written."""

    start: int
    end: int
    never: tuple[int, ...]


@dataclass(frozen=True)
class Limits:
    """How long a text may become, in words without the end: between
    `min_ratio` times its source's and `max_ratio` times its source's and `max_extra` more, and at most `max_length`."""

    min_ratio: float
    max_ratio: float
    max_extra: int
    max_length: int

    def bounds(self, source_lengths: Tensor) -> tuple[list[int], list[int]]:
        """Least and most for each source of so many words; where they contradict each other, the most holds."""
        lengths = source_lengths.tolist()
        most = [min(ceil(n * self.max_ratio) + self.max_extra, self.max_length) for n in lengths]
        return [min(floor(n * self.min_ratio), m) for n, m in zip(lengths, most, strict=True)], most


@dataclass(frozen=True)
class BeamSearch:
    """How to search.

    Args:
        beam: K, hypotheses of each text; 1 is greedy search.
        nbest: so many texts of a source are wanted: search goes on until none better than these can come.
        alpha: strength of the normalisation by length; 0 is none.
        normalization: a finished text of n words, its end included, is ranked by its log probability over n^alpha
            ("length"), or over ((5 + n) / 6)^alpha ("gnmt", Wu et al. 2016, eq. 14).
        coverage_penalty: strength of the same equation's penalty for source words that were not read.
        block_ngrams: no text holds the same n-gram of so many words twice; 0 blocks none.
        forbidden: sequences of ids that no text may hold, each of one id at least.

    Raises:
        ValueError: an empty sequence among `forbidden`.
    """

    beam: int
    nbest: int
    alpha: float
    normalization: Normalization
    coverage_penalty: float
    block_ngrams: int
    forbidden: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        if not all(self.forbidden):
            raise ValueError("an empty sequence cannot be forbidden")

    def divisor(self, length: float) -> float:
        """What a log probability is divided by."""
        return float(length**self.alpha if self.normalization == "length" else ((5 + length) / 6) ** self.alpha)


class Hypothesis(NamedTuple):
    """A finished text: its ids without the end, their log probability with it, and what it was ranked by."""

    ids: list[int]
    log_probability: float
    score: float


@torch.inference_mode()
def beam_search(
    step: Step,
    state: Selectable,
    source_lengths: Tensor,
    words: Vocabulary,
    limits: Limits,
    options: BeamSearch,
    prefixes: Sequence[Sequence[int]] | None = None,
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
        prefixes: ids that each text must begin with, whatever the limits and bars; None: nothing.
    """
    count = len(source_lengths)
    device = source_lengths.device
    prefixes = prefixes or [()] * count
    least, most = bounds_of(limits, source_lengths, prefixes)
    finished: list[list[Hypothesis]] = [[] for _ in range(count)]
    active = list(range(count))  # the text of each row of what follows
    width = 1
    ids = torch.full((count, 1, 1), words.start, device=device)  # (B, K, t + 1)
    totals = torch.zeros(count, 1, device=device)  # (B, K)
    read: Tensor | None = None  # (B, K, S) attention so far
    while active:
        length = ids.shape[2]  # of what is chosen now, the end included
        log_probs, attention, state = step(ids[:, :, -1].flatten(), state)
        log_probs = log_probs.view(len(active), width, -1).clone()
        restrict(log_probs, ids, length, active, least, most, words, options, prefixes)
        if options.coverage_penalty:
            attention = attention.view(len(active), width, -1)
            read = attention if read is None else read + attention
        size = log_probs.shape[2]
        free = torch.tensor([options.beam - len(finished[text]) for text in active], device=device)
        totals, places = (totals[:, :, None] + log_probs).flatten(1).topk(min(options.beam, width * size), dim=1)
        totals = totals.masked_fill(torch.arange(totals.shape[1], device=device) >= free[:, None], NEVER)  # (B, K')
        parents, chosen = places // size, places % size
        rows = torch.arange(len(active), device=device)[:, None] * width + parents  # (B, K') of B·K
        ids = torch.cat([ids.flatten(0, 1)[rows], chosen[:, :, None]], dim=2)
        if read is not None:
            read = read.flatten(0, 1)[rows]

        ended = (chosen == words.end) & (totals > NEVER)
        for b, k in ended.nonzero().tolist():
            total = float(totals[b, k])
            score = total / options.divisor(length)
            if read is not None:
                covered = read[b, k, : int(source_lengths[active[b]]) + 1]
                score += options.coverage_penalty * float(covered.clamp(1e-9, 1).log().sum())
            finished[active[b]].append(Hypothesis(ids[b, k, 1:-1].tolist(), total, score))
        totals = totals.masked_fill(ended, NEVER)
        going = []
        for b, (text, best) in enumerate(zip(active, totals.max(dim=1).values.tolist(), strict=True)):
            hope = best / options.divisor(most[text] + 1)
            enough = sorted((h.score for h in finished[text]), reverse=True)[: options.nbest]
            if best > NEVER and not (len(enough) == options.nbest and enough[-1] >= hope):
                going.append(b)
        active, width = [active[b] for b in going], totals.shape[1]
        if active:
            keep = torch.tensor(going, device=device)
            state, ids, totals = state.select(rows[keep]), ids[keep], totals[keep]
            read = None if read is None else read[keep]
    return [sorted(found, key=lambda h: -h.score) for found in finished]


def restrict(
    log_probs: Tensor,
    ids: Tensor,
    length: int,
    active: Sequence[int],
    least: Sequence[int],
    most: Sequence[int],
    words: Vocabulary,
    options: BeamSearch,
    prefixes: Sequence[Sequence[int]],
) -> None:
    """Make impossible, in place, what may not be chosen now. log_probs: (B, K, V); ids: (B, K, length)."""
    forced = {}
    for b, text in enumerate(active):
        if length > most[text]:
            forced[b] = words.end
        elif length <= len(prefixes[text]):
            forced[b] = prefixes[text][length - 1]
    kept = {b: log_probs[b, :, only].clone() for b, only in forced.items()}
    end = log_probs[:, :, words.end].clone()
    log_probs[:, :, list(words.never)] = NEVER
    early = [b for b, text in enumerate(active) if length <= least[text]]
    log_probs[early, :, words.end] = NEVER
    _block(log_probs, ids, options)
    stuck = log_probs.isneginf().all(dim=2)  # (B, K)
    log_probs[:, :, words.end] = torch.where(stuck, end, log_probs[:, :, words.end])
    for b, only in forced.items():
        log_probs[b] = NEVER
        log_probs[b, :, only] = kept[b]


def bounds_of(limits: Limits, source_lengths: Tensor, prefixes: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """The bounds of each text, with room for what it must begin with."""
    least, most = limits.bounds(source_lengths)
    return least, [max(m, len(prefix)) for m, prefix in zip(most, prefixes, strict=True)]


def _block(log_probs: Tensor, ids: Tensor, options: BeamSearch) -> None:
    """Forbid repeated n-grams and forbidden sequences."""
    n, forbidden = options.block_ngrams, options.forbidden
    if not n and not forbidden:
        return
    for b, beam in enumerate(ids.tolist()):
        for k, text in enumerate(beam):
            written = text[1:]
            barred = [
                phrase[-1] for phrase in forbidden if tuple(written[len(written) + 1 - len(phrase) :]) == phrase[:-1]
            ]
            if n and len(written) >= n:
                last = written[len(written) - n + 1 :]
                starts = range(len(written) - n + 1)
                barred += [written[i + n - 1] for i in starts if written[i : i + n - 1] == last]
            if barred:
                log_probs[b, k, barred] = NEVER
