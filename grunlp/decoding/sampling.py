"""Sampling: texts drawn word by word from the probabilities a network gives."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from grunlp.decoding.beam_search import Hypothesis, ReorderableState, StepFunction
from grunlp.decoding.constraints import NEG_INF, ConstrainedDecoder, DecoderTokens, LengthLimits, LexicalConstraints


@dataclass(frozen=True)
class Sampling:
    """How to draw.

    Args:
        temperature: above 0; log probabilities are divided by it, and near 0 the likeliest word is always drawn.
        top_k: draw among so many likeliest words; 0: all.
        top_p: above 0; draw among the fewest words with this much probability together (Holtzman et al. 2020); 1: all.
        seed: of the draws; the draws of a text depend on its number alone, not on the batch it is in.
        no_repeat_ngram_size: no text holds the same n-gram of so many words twice; 0 blocks none.

    Raises:
        ValueError: a number outside these bounds.
    """

    temperature: float
    top_k: int
    top_p: float
    seed: int
    no_repeat_ngram_size: int = 0

    def __post_init__(self) -> None:
        if self.temperature <= 0 or not 0 < self.top_p <= 1 or self.top_k < 0:
            raise ValueError(f"temperature and top_p lie above 0, top_p at most at 1, top_k not below 0; got {self}")


def sample(
    step: StepFunction,
    state: ReorderableState,
    source_lengths: Tensor,
    words: DecoderTokens,
    limits: LengthLimits,
    options: Sampling,
    sample_ids: Sequence[int],
    constraints: Sequence[LexicalConstraints] | None = None,
) -> list[Hypothesis]:
    """One text for each source, drawn word by word. Arguments as for `beam_search`.

    Args:
        sample_ids: of the texts, which tell their draws apart.
    """
    (texts,) = deque(
        sample_incrementally(step, state, source_lengths, words, limits, options, sample_ids, constraints), maxlen=1
    )
    return texts


@torch.inference_mode()
def sample_incrementally(
    step: StepFunction,
    state: ReorderableState,
    source_lengths: Tensor,
    words: DecoderTokens,
    limits: LengthLimits,
    options: Sampling,
    sample_ids: Sequence[int],
    constraints: Sequence[LexicalConstraints] | None = None,
) -> Iterator[list[Hypothesis]]:
    """As `sample`, all texts after each word that is drawn, the first time without one; their ids go on growing."""
    count = len(source_lengths)
    rules = ConstrainedDecoder(
        words, limits, source_lengths, options.no_repeat_ngram_size, constraints or [LexicalConstraints()] * count
    )
    draws = [make_generator(options, number) for number in sample_ids]
    written: list[list[int]] = [[] for _ in range(count)]
    totals = [0.0] * count
    active = list(range(count))
    tokens = torch.full((count,), words.bos_id, device=source_lengths.device)
    while True:
        yield [Hypothesis(ids, total, total) for ids, total in zip(written, totals, strict=True)]
        if not active:
            return
        log_probs, _, state = step(tokens, state)
        so_far = [[[words.bos_id, *written[text]]] for text in active]
        allowed = rules.mask_log_probs(log_probs[:, None], torch.tensor(so_far, device=tokens.device), active)
        chosen = sample_tokens(allowed[:, 0], options, [draws[text].random() for text in active])
        going = []
        for b, (text, token) in enumerate(zip(active, chosen, strict=True)):
            totals[text] += float(log_probs[b, token])
            if token != words.eos_id:
                written[text].append(token)
                going.append(b)
        keep = torch.tensor(going, dtype=torch.long, device=tokens.device)
        tokens = torch.tensor(chosen, device=tokens.device)[keep]
        state = state.reorder(keep[:, None])
        active = [active[b] for b in going]


def make_generator(options: Sampling, sample_id: int) -> np.random.Generator:
    """What the draws of the text of that number come from."""
    return np.random.default_rng([options.seed, sample_id])


def sample_tokens(log_probs: Tensor, options: Sampling, uniforms: Sequence[float]) -> list[int]:
    """A word of each row (R, V) by a number between 0 and 1 for each."""
    ordered, ids = (log_probs / options.temperature).sort(dim=1, descending=True, stable=True)
    if options.top_k:
        ordered[:, options.top_k :] = NEG_INF
    probs = ordered.double().softmax(dim=1)
    before = probs.cumsum(dim=1) - probs  # of the likelier ones
    probs = probs.masked_fill(before >= options.top_p, 0.0)
    sums = probs.cumsum(dim=1)
    aims = torch.tensor(uniforms, dtype=torch.double, device=probs.device)[:, None] * sums[:, -1:]
    places = torch.searchsorted(sums, aims, right=True)
    possible = (probs > 0).sum(dim=1, keepdim=True)
    found: list[int] = ids.gather(1, places.clamp(max=possible - 1))[:, 0].tolist()
    return found
