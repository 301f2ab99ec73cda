"""Sampling of texts token by token."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from grunlp.decoding.constraints import NEG_INF
from grunlp.decoding.inputs import DecodingInputs, Hypothesis


@dataclass(frozen=True)
class Sampling:
    """Options of sampling.

    Args:
        temperature: divisor of the log probabilities, above 0; near 0 the most probable token is always chosen.
        top_k: sample among the k most probable tokens; 0 for all.
        top_p: sample among the fewest tokens whose probabilities sum to at least p (Holtzman et al. 2020); 1 for all.
        seed: random seed; the samples of a text depend on its sample id only, not on its batch.
        no_repeat_ngram_size: no text contains an n-gram of this size twice; 0 disables the check.

    Raises:
        ValueError: a value is out of bounds.
    """

    temperature: float
    top_k: int
    top_p: float
    seed: int
    no_repeat_ngram_size: int = 0

    def __post_init__(self) -> None:
        if self.temperature <= 0 or not 0 < self.top_p <= 1 or self.top_k < 0:
            raise ValueError(f"expected temperature > 0, 0 < top_p <= 1 and top_k >= 0; got {self}")


def sample(inputs: DecodingInputs, options: Sampling, sample_ids: Sequence[int]) -> list[Hypothesis]:
    """Sample one text for each source.

    Args:
        inputs: the batch.
        options: the options of sampling.
        sample_ids: (B,) id of each text, which selects its random numbers.
    """
    (hypotheses,) = deque(sample_incrementally(inputs, options, sample_ids), maxlen=1)
    return hypotheses


@torch.inference_mode()
def sample_incrementally(
    inputs: DecodingInputs, options: Sampling, sample_ids: Sequence[int]
) -> Iterator[list[Hypothesis]]:
    """Sample as `sample` does; yield all texts before the first and after each step.

    The lists of ids of a text are the same object in every step and grow.
    """
    state, bos_id, device = inputs.state, inputs.tokens.bos_id, inputs.source_lengths.device
    batch_size = len(inputs.source_lengths)
    decoder = inputs.constrained_decoder(options.no_repeat_ngram_size)
    generators = [make_generator(options, sample_id) for sample_id in sample_ids]
    ids: list[list[int]] = [[] for _ in range(batch_size)]
    totals = [0.0] * batch_size
    active = list(range(batch_size))
    last_tokens = torch.full((batch_size,), bos_id, device=device)
    while True:
        yield [Hypothesis(text_ids, total, total) for text_ids, total in zip(ids, totals, strict=True)]
        if not active:
            return
        log_probs, _, state = inputs.step(last_tokens, state)
        prefixes = torch.tensor([[[bos_id, *ids[text]]] for text in active], device=device)
        masked = decoder.mask_log_probs(log_probs[:, None], prefixes, active)
        tokens = sample_tokens(masked[:, 0], options, [generators[text].random() for text in active])
        unfinished = []
        for b, (text, token) in enumerate(zip(active, tokens, strict=True)):
            totals[text] += float(log_probs[b, token])
            if token != inputs.tokens.eos_id:
                ids[text].append(token)
                unfinished.append(b)
        keep = torch.tensor(unfinished, dtype=torch.long, device=device)
        last_tokens = torch.tensor(tokens, device=device)[keep]
        state = state.reorder(keep[:, None])
        active = [active[b] for b in unfinished]


def make_generator(options: Sampling, sample_id: int) -> np.random.Generator:
    """Make the random generator of one text."""
    return np.random.default_rng([options.seed, sample_id])


def sample_tokens(log_probs: Tensor, options: Sampling, uniforms: Sequence[float]) -> list[int]:
    """Sample a token of each row.

    Args:
        log_probs: (R, V).
        options: the options of sampling.
        uniforms: (R,) random numbers in [0, 1).
    """
    ordered, ids = (log_probs / options.temperature).sort(dim=1, descending=True, stable=True)
    if options.top_k:
        ordered[:, options.top_k :] = NEG_INF
    probs = ordered.double().softmax(dim=1)
    before = probs.cumsum(dim=1) - probs  # total probability of the more probable tokens
    probs = probs.masked_fill(before >= options.top_p, 0.0)
    sums = probs.cumsum(dim=1)
    targets = torch.tensor(uniforms, dtype=torch.double, device=probs.device)[:, None] * sums[:, -1:]
    positions = torch.searchsorted(sums, targets, right=True)
    possible = (probs > 0).sum(dim=1, keepdim=True)
    tokens: list[int] = ids.gather(1, positions.clamp(max=possible - 1))[:, 0].tolist()
    return tokens
