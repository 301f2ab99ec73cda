"""Inference of a sequence-to-sequence model: texts by beam search or sampling."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from grunlp.data.batched_map import batched_map
from grunlp.data.examples import ParallelExample
from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from grunlp.decoding.beam_search import BeamSearch, beam_search
from grunlp.decoding.constraints import DecoderTokens, LengthLimits, LexicalConstraints
from grunlp.decoding.inputs import DecodingInputs, Hypothesis
from grunlp.decoding.sampling import Sampling, sample, sample_incrementally
from grunlp.tasks.seq2seq.ensemble import Ensemble
from grunlp.tasks.seq2seq.metrics import MetricTokenizer, TextMetric, TextScores
from grunlp.tasks.seq2seq.model import Seq2Seq

log = logging.getLogger(__name__)

NO_CONSTRAINTS = LexicalConstraints()
SPECIAL_TOKENS = DecoderTokens(BOS_ID, EOS_ID, (PAD_ID, UNK_ID, BOS_ID))


class Generation(NamedTuple):
    """The texts generated for a source.

    Attributes:
        pair: the source, and optionally a target.
        texts: the texts, best first.
        hypotheses: the texts as hypotheses, with log probabilities and scores.
    """

    pair: ParallelExample
    texts: list[str]
    hypotheses: list[Hypothesis]


def generate(
    model: Seq2Seq | Ensemble,
    collate: ParallelCollator,
    pairs: Iterable[ParallelExample],
    limits: LengthLimits,
    search: BeamSearch | Sampling,
    batch_tokens: int,
    constraints: LexicalConstraints = NO_CONSTRAINTS,
    independent_draws: bool = True,
) -> Iterator[Generation]:
    """Generate texts for sources, in order; an empty source gets an empty text. Logs how many were truncated.

    Args:
        model: the network, in evaluation mode.
        collate: the collator with the tokenizers of the model.
        pairs: the pairs, read in chunks; only their sources are used.
        limits: limits on the length of texts.
        search: beam search, which returns its `nbest` texts, or sampling, which returns one.
        batch_tokens: largest size of a batch in source tokens, each counted once for each hypothesis.
        constraints: words that all texts must or must not contain.
        independent_draws: whether samples of the same source depend on its position in the input.
    """
    num_truncated = 0

    def lengths_of(chunk: list[tuple[int, ParallelExample]]) -> list[int]:
        nonlocal num_truncated
        sources = collate.source_tokenizer.encode([pair["source"] for _, pair in chunk])
        limit = collate.max_source_length or max(map(len, sources))
        num_truncated += sum(len(ids) > limit for ids in sources)
        return [min(len(ids), limit) + 1 for ids in sources]

    numbered = ((i if independent_draws else 0, pair) for i, pair in enumerate(pairs))
    rows = search.beam if isinstance(search, BeamSearch) else 1
    generate_batch = partial(_generate_batch, model, collate, limits, search, constraints)
    yield from batched_map(generate_batch, numbered, lengths_of, batch_tokens, rows)
    if num_truncated:
        message = "%d sources were truncated to their first %d tokens"
        log.warning(message, num_truncated, collate.max_source_length)


@torch.inference_mode()
def _generate_batch(
    model: Seq2Seq | Ensemble,
    collate: ParallelCollator,
    limits: LengthLimits,
    search: BeamSearch | Sampling,
    constraints: LexicalConstraints,
    numbered: Sequence[tuple[int, ParallelExample]],
) -> list[Generation]:
    """Generate the texts of a batch of sources; the number with each source selects its samples."""
    sample_ids, pairs = zip(*numbered, strict=True)
    ids, lengths = collate.encode_sources([pair["source"] for pair in pairs])
    inputs = DecodingInputs(
        model.step, model.encode(ids, lengths), lengths - 1, SPECIAL_TOKENS, limits, [constraints] * len(pairs)
    )
    if isinstance(search, Sampling):
        nbest = [[hypothesis] for hypothesis in sample(inputs, search, sample_ids)]
    else:
        nbest = [hypotheses[: search.nbest] for hypotheses in beam_search(inputs, search)]
    generations = []
    for pair, hypotheses in zip(pairs, nbest, strict=True):
        if not pair["source"].strip():
            hypotheses = [Hypothesis([], 0.0, 0.0)]
        by_text: dict[str, Hypothesis] = {}  # tokens may be segmented in several ways
        for hypothesis in hypotheses:
            by_text.setdefault(collate.target_tokenizer.decode(hypothesis.ids), hypothesis)
        generations.append(Generation(pair, list(by_text), list(by_text.values())))
    return generations


@torch.inference_mode()
def stream(
    model: Seq2Seq | Ensemble,
    collate: ParallelCollator,
    source: str,
    limits: LengthLimits,
    sampling: Sampling,
    constraints: LexicalConstraints = NO_CONSTRAINTS,
) -> Iterator[str]:
    """Yield the text that `generate` samples for a single source, token by token. Arguments as for `generate`."""
    if not source.strip():
        return
    ids, lengths = collate.encode_sources([source])
    shown = ""
    state = model.encode(ids, lengths)
    inputs = DecodingInputs(model.step, state, lengths - 1, SPECIAL_TOKENS, limits, [constraints])
    for (hypothesis,) in sample_incrementally(inputs, sampling, [0]):
        text = collate.target_tokenizer.decode(hypothesis.ids)
        if text != shown:
            yield text[len(shown) :]
        shown = text


@torch.inference_mode()
def attention_map(model: Seq2Seq | Ensemble, collate: ParallelCollator, source: str, ids: Sequence[int]) -> Tensor:
    """Return the attention (T + 1, S + 1) of each token of a text and of its end to the source and its end.

    Args:
        model: the network, in evaluation mode.
        collate: the collator with the tokenizers of the model.
        source: the source.
        ids: token ids of the text that was generated for it.
    """
    state: Any = model.encode(*collate.encode_sources([source]))
    rows = []
    for token in [BOS_ID, *ids]:
        _, attention, state = model.step(torch.tensor([token]), state)
        rows.append(attention[0])
    return torch.stack(rows)


def evaluate_seq2seq(
    model: Seq2Seq | Ensemble,
    collate: ParallelCollator,
    pairs: Iterable[ParallelExample],
    metric: TextMetric,
    limits: LengthLimits,
    search: BeamSearch,
    batch_tokens: int,
    metric_tokenize: MetricTokenizer | None = None,
) -> TextScores:
    """Score the best text of each source against its target and further references.

    Args:
        model: the network, in evaluation mode.
        collate: the collator with the tokenizers of the model.
        pairs: sources with targets.
        metric: "bleu" or "rouge".
        limits: limits on the length of texts.
        search: beam search.
        batch_tokens: largest size of a batch, as for `generate`.
        metric_tokenize: how the metric splits texts; None: by the script of the references.
    """
    generations = list(generate(model, collate, pairs, limits, search, batch_tokens))
    references = [[generation.pair["target"], *generation.pair["references"]] for generation in generations]
    return TextScores(metric, [generation.texts[0] for generation in generations], references, metric_tokenize)
