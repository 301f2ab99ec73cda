"""Running a trained network that writes over texts."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import torch

from grunlp.data.pair import Pair
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.text_batches import PairCollator
from grunlp.data.tokenizer import END, PADDING, START, UNKNOWN
from grunlp.decoding.search import BeamSearch, Hypothesis, Limits, Vocabulary, beam_search
from grunlp.metrics.text import Kind, TextScores
from grunlp.models.ensemble import Ensemble
from grunlp.models.seq2seq import Seq2Seq

log = logging.getLogger(__name__)

_CHUNK = 2048  # texts sorted by length together; bounds memory, however long the input
WORDS = Vocabulary(START, END, (PADDING, UNKNOWN, START))


class Written(NamedTuple):
    """A source and what was made of it: the text, its log probability and what it was ranked by; best first."""

    pair: Pair
    texts: list[str]
    hypotheses: list[Hypothesis]


def write(
    model: Seq2Seq | Ensemble,
    collate: PairCollator,
    pairs: Iterable[Pair],
    limits: Limits,
    search: BeamSearch,
    batch_tokens: int,
) -> Iterator[Written]:
    """The texts of sources, in the order given; of an empty source the empty text. The log says how many were cut.

    Args:
        model: in evaluation mode.
        collate: with the model's tokenizers.
        pairs: any number, read in chunks; only their sources are used.
        limits: how long texts may become.
        search: how they are searched; `nbest` of each are given.
        batch_tokens: most source tokens a batch, each counted once for each hypothesis.
    """
    pairs, cut = iter(pairs), 0
    while chunk := list(islice(pairs, _CHUNK)):
        results: dict[int, Written] = {}
        sources = collate.source.encode([pair["source"] for pair in chunk])
        longest = collate.longest_source or max(map(len, sources))
        cut += sum(len(ids) > longest for ids in sources)
        lengths = [min(len(ids), longest) + 1 for ids in sources]
        for indices in TokenBudgetSampler(lengths, [search.beam] * len(chunk), batch_tokens, shuffle=False, seed=0):
            some = [chunk[i] for i in indices]
            results.update(zip(indices, _write(model, collate, some, limits, search), strict=True))
        yield from (results[i] for i in range(len(chunk)))
    if cut:
        log.warning("%d sources were read up to their first %d tokens alone", cut, collate.longest_source)


@torch.inference_mode()
def _write(
    model: Seq2Seq | Ensemble, collate: PairCollator, some: Sequence[Pair], limits: Limits, search: BeamSearch
) -> Iterator[Written]:
    ids, lengths = collate.sources([pair["source"] for pair in some])
    state = model.encode(ids, lengths)
    for pair, found in zip(some, beam_search(model.step, state, lengths - 1, WORDS, limits, search), strict=True):
        best = found[: search.nbest]
        if not pair["source"].strip():
            best = [Hypothesis([], 0.0, 0.0)]
        yield Written(pair, [collate.target.decode(hypothesis.ids) for hypothesis in best], best)


def score(
    model: Seq2Seq | Ensemble,
    collate: PairCollator,
    pairs: Iterable[Pair],
    kind: Kind,
    limits: Limits,
    search: BeamSearch,
    batch_tokens: int,
) -> TextScores:
    """The best text of each source against its target and further references. Arguments as for `write`.

    Args:
        kind: which scores.
    """
    scores = TextScores(kind, [], [])
    for found in write(model, collate, pairs, limits, search, batch_tokens):
        scores.outputs.append(found.texts[0])
        scores.references.append([found.pair["target"], *found.pair["references"]])
    return scores
