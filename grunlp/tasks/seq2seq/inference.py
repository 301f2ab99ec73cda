"""Running a trained network that writes over texts."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch import Tensor

from grunlp.data.pair import Pair
from grunlp.data.parallel_collate import PairCollator
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.subword_tokenizer import END, PADDING, START, UNKNOWN
from grunlp.decoding.beam_search import BeamSearch, Hypothesis, beam_search
from grunlp.decoding.constraints import Limits, Vocabulary, Wanted
from grunlp.decoding.sampling import Sampling, growing, sample
from grunlp.tasks.seq2seq.ensemble import Ensemble
from grunlp.tasks.seq2seq.metrics import Kind, TextScores
from grunlp.tasks.seq2seq.model import Seq2Seq

log = logging.getLogger(__name__)

_CHUNK = 2048  # texts sorted by length together; bounds memory, however long the input
ANYTHING = Wanted()
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
    search: BeamSearch | Sampling,
    batch_tokens: int,
    wanted: Wanted = ANYTHING,
    apart: bool = True,
) -> Iterator[Written]:
    """The texts of sources, in the order given; of an empty source the empty text. The log says how many were cut.

    Args:
        model: in evaluation mode.
        collate: with the model's tokenizers.
        pairs: any number, read in chunks; only their sources are used.
        limits: how long texts may become.
        search: how they are searched, `nbest` of each being given; or drawn, one of each.
        batch_tokens: most source tokens a batch, each counted once for each hypothesis.
        wanted: what all texts must and may not hold.
        apart: whether drawn texts of the same source differ by where it stands.
    """
    pairs, cut, count = iter(pairs), 0, 0
    while chunk := list(islice(pairs, _CHUNK)):
        results: dict[int, Written] = {}
        sources = collate.source.encode([pair["source"] for pair in chunk])
        longest = collate.longest_source or max(map(len, sources))
        cut += sum(len(ids) > longest for ids in sources)
        lengths = [min(len(ids), longest) + 1 for ids in sources]
        width = search.beam if isinstance(search, BeamSearch) else 1
        for indices in TokenBudgetSampler(lengths, [width] * len(chunk), batch_tokens, shuffle=False, seed=0):
            some = [chunk[i] for i in indices]
            numbers = [count + i if apart else 0 for i in indices]
            found = _write(model, collate, some, limits, search, wanted, numbers)
            results.update(zip(indices, found, strict=True))
        count += len(chunk)
        yield from (results[i] for i in range(len(chunk)))
    if cut:
        log.warning("%d sources were read up to their first %d tokens alone", cut, collate.longest_source)


@torch.inference_mode()
def _write(
    model: Seq2Seq | Ensemble,
    collate: PairCollator,
    some: Sequence[Pair],
    limits: Limits,
    search: BeamSearch | Sampling,
    wanted: Wanted,
    numbers: Sequence[int],
) -> Iterator[Written]:
    ids, lengths = collate.sources([pair["source"] for pair in some])
    state, all_wanted = model.encode(ids, lengths), [wanted] * len(some)
    if isinstance(search, Sampling):
        drawn = sample(model.step, state, lengths - 1, WORDS, limits, search, numbers, all_wanted)
        texts = [[one] for one in drawn]
    else:
        found = beam_search(model.step, state, lengths - 1, WORDS, limits, search, all_wanted)
        texts = [hypotheses[: search.nbest] for hypotheses in found]
    for pair, best in zip(some, texts, strict=True):
        if not pair["source"].strip():
            best = [Hypothesis([], 0.0, 0.0)]
        yield Written(pair, [collate.target.decode(hypothesis.ids) for hypothesis in best], best)


@torch.inference_mode()
def write_pieces(
    model: Seq2Seq | Ensemble,
    collate: PairCollator,
    source: str,
    limits: Limits,
    sampling: Sampling,
    wanted: Wanted = ANYTHING,
) -> Iterator[str]:
    """What `write` draws for a source alone, piece by piece, each as soon as it is drawn. Arguments as for `write`."""
    if not source.strip():
        return
    ids, lengths = collate.sources([source])
    shown = ""
    for (text,) in growing(model.step, model.encode(ids, lengths), lengths - 1, WORDS, limits, sampling, [0], [wanted]):
        so_far = collate.target.decode(text.ids)
        if so_far != shown:
            yield so_far[len(shown) :]
        shown = so_far


@torch.inference_mode()
def attention_of(model: Seq2Seq | Ensemble, collate: PairCollator, source: str, ids: Sequence[int]) -> Tensor:
    """What is read for each word of a text and for its end: (T + 1, S + 1), the end of the source included.

    Args:
        model, collate: as for `write`.
        source: that was read.
        ids: of what was written for it.
    """
    state: Any = model.encode(*collate.sources([source]))
    read = []
    for token in [START, *ids]:
        _, attention, state = model.step(torch.tensor([token]), state)
        read.append(attention[0])
    return torch.stack(read)


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
    found = list(write(model, collate, pairs, limits, search, batch_tokens))
    references = [[one.pair["target"], *one.pair["references"]] for one in found]
    return TextScores(kind, [one.texts[0] for one in found], references)
