"""Running a trained network that writes over texts."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch import Tensor

from grunlp.data.pair import ParallelExample
from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from grunlp.decoding.beam_search import BeamSearch, Hypothesis, beam_search
from grunlp.decoding.constraints import DecoderTokens, LengthLimits, LexicalConstraints
from grunlp.decoding.sampling import Sampling, sample, sample_incrementally
from grunlp.tasks.seq2seq.ensemble import Ensemble
from grunlp.tasks.seq2seq.metrics import TextMetric, TextScores
from grunlp.tasks.seq2seq.model import Seq2Seq

log = logging.getLogger(__name__)

_CHUNK = 2048  # texts sorted by length together; bounds memory, however long the input
NO_CONSTRAINTS = LexicalConstraints()
SPECIAL_TOKENS = DecoderTokens(BOS_ID, EOS_ID, (PAD_ID, UNK_ID, BOS_ID))


class Generation(NamedTuple):
    """A source and what was made of it: the text, its log probability and what it was ranked by; best first."""

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
    """The texts of sources, in the order given; of an empty source the empty text. The log says how many were cut.

    Args:
        model: in evaluation mode.
        collate: with the model's tokenizers.
        pairs: any number, read in chunks; only their sources are used.
        limits: how long texts may become.
        search: how they are searched, `nbest` of each being given; or drawn, one of each.
        batch_tokens: most source tokens a batch, each counted once for each hypothesis.
        constraints: what all texts must and may not hold.
        independent_draws: whether drawn texts of the same source differ by where it stands.
    """
    pairs, cut, count = iter(pairs), 0, 0
    while chunk := list(islice(pairs, _CHUNK)):
        results: dict[int, Generation] = {}
        sources = collate.source_tokenizer.encode([pair["source"] for pair in chunk])
        longest = collate.max_source_length or max(map(len, sources))
        cut += sum(len(ids) > longest for ids in sources)
        lengths = [min(len(ids), longest) + 1 for ids in sources]
        width = search.beam if isinstance(search, BeamSearch) else 1
        for indices in TokenBudgetSampler(lengths, [width] * len(chunk), batch_tokens, shuffle=False, seed=0):
            some = [chunk[i] for i in indices]
            numbers = [count + i if independent_draws else 0 for i in indices]
            found = _generate_batch(model, collate, some, limits, search, constraints, numbers)
            results.update(zip(indices, found, strict=True))
        count += len(chunk)
        yield from (results[i] for i in range(len(chunk)))
    if cut:
        log.warning("%d sources were read up to their first %d tokens alone", cut, collate.max_source_length)


@torch.inference_mode()
def _generate_batch(
    model: Seq2Seq | Ensemble,
    collate: ParallelCollator,
    pairs: Sequence[ParallelExample],
    limits: LengthLimits,
    search: BeamSearch | Sampling,
    constraints: LexicalConstraints,
    sample_ids: Sequence[int],
) -> Iterator[Generation]:
    ids, lengths = collate.encode_sources([pair["source"] for pair in pairs])
    state, all_wanted = model.encode(ids, lengths), [constraints] * len(pairs)
    if isinstance(search, Sampling):
        drawn = sample(model.step, state, lengths - 1, SPECIAL_TOKENS, limits, search, sample_ids, all_wanted)
        texts = [[one] for one in drawn]
    else:
        found = beam_search(model.step, state, lengths - 1, SPECIAL_TOKENS, limits, search, all_wanted)
        texts = [hypotheses[: search.nbest] for hypotheses in found]
    for pair, best in zip(pairs, texts, strict=True):
        if not pair["source"].strip():
            best = [Hypothesis([], 0.0, 0.0)]
        yield Generation(pair, [collate.target_tokenizer.decode(hypothesis.ids) for hypothesis in best], best)


@torch.inference_mode()
def stream(
    model: Seq2Seq | Ensemble,
    collate: ParallelCollator,
    source: str,
    limits: LengthLimits,
    sampling: Sampling,
    constraints: LexicalConstraints = NO_CONSTRAINTS,
) -> Iterator[str]:
    """What `write` draws for a source alone, piece by piece, each as soon as it is drawn. Arguments as for `write`."""
    if not source.strip():
        return
    ids, lengths = collate.encode_sources([source])
    shown = ""
    for (text,) in sample_incrementally(
        model.step, model.encode(ids, lengths), lengths - 1, SPECIAL_TOKENS, limits, sampling, [0], [constraints]
    ):
        so_far = collate.target_tokenizer.decode(text.ids)
        if so_far != shown:
            yield so_far[len(shown) :]
        shown = so_far


@torch.inference_mode()
def attention_map(model: Seq2Seq | Ensemble, collate: ParallelCollator, source: str, ids: Sequence[int]) -> Tensor:
    """What is read for each word of a text and for its end: (T + 1, S + 1), the end of the source included.

    Args:
        model, collate: as for `write`.
        source: that was read.
        ids: of what was written for it.
    """
    state: Any = model.encode(*collate.encode_sources([source]))
    read = []
    for token in [BOS_ID, *ids]:
        _, attention, state = model.step(torch.tensor([token]), state)
        read.append(attention[0])
    return torch.stack(read)


def evaluate_seq2seq(
    model: Seq2Seq | Ensemble,
    collate: ParallelCollator,
    pairs: Iterable[ParallelExample],
    metric: TextMetric,
    limits: LengthLimits,
    search: BeamSearch,
    batch_tokens: int,
) -> TextScores:
    """The best text of each source against its target and further references. Arguments as for `write`.

    Args:
        metric: which scores.
    """
    found = list(generate(model, collate, pairs, limits, search, batch_tokens))
    references = [[one.pair["target"], *one.pair["references"]] for one in found]
    return TextScores(metric, [one.texts[0] for one in found], references)
