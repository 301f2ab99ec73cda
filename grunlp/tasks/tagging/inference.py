"""Running a trained tagger over sentences."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, islice
from typing import NamedTuple

import torch

from grunlp.data.collate import TagCollator
from grunlp.data.examples import SentenceFields, TaggedSentence
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.tag_schemes import detect_scheme, require_same_tag_type
from grunlp.decoding.viterbi import PADDING_TAG, ids_to_tags
from grunlp.tasks.tagging.metrics import TagScores
from grunlp.tasks.tagging.model import Tagger

_CHUNK = 2048  # sentences sorted by length together; bounds memory, however long the input


class TagPrediction(NamedTuple):
    """A sentence as it was given and its tags.

    argmax: what a plain argmax would have said.
    nbest: the n best tag sequences, best first, with their probabilities; empty where none was asked for.
    """

    sentence: SentenceFields
    tags: list[str]
    argmax: list[str]
    nbest: list[tuple[list[str], float]]


def predict_tags(
    model: Tagger, collate: TagCollator, sentences: Iterable[SentenceFields], batch_tokens: int, nbest: int
) -> Iterator[TagPrediction]:
    """Tag sentences, in the order given.

    Args:
        model: in evaluation mode.
        collate: with the model's vocabulary.
        sentences: any number, read in chunks; only their words are used.
        batch_tokens: most tokens a batch.
        nbest: how many tag sequences to give with their probabilities; 0: none.
    """
    sentences = iter(sentences)
    while chunk := list(islice(sentences, _CHUNK)):
        results: dict[int, TagPrediction] = {}
        lengths = [len(sentence["words"]) for sentence in chunk]
        for indices in TokenBudgetSampler(lengths, [1] * len(chunk), batch_tokens, shuffle=False, seed=0):
            some = [chunk[i] for i in indices]
            results.update(zip(indices, _predict_batch(model, collate, some, nbest), strict=True))
        yield from (results[i] for i in range(len(chunk)))


@torch.inference_mode()
def _predict_batch(
    model: Tagger, collate: TagCollator, sentences: Sequence[SentenceFields], nbest: int
) -> Iterator[TagPrediction]:
    batch = collate([TaggedSentence(id="", document="", words=one["words"], tags=[]) for one in sentences])
    scores = model(batch)
    best, plain = model.decode(scores, batch.lengths)
    tags, argmax = (ids_to_tags(ids, batch.lengths, model.tags) for ids in (best, plain))
    others: list[list[tuple[list[str], float]]] = [[] for _ in sentences]
    if nbest:
        rows = (batch.lengths > 0).nonzero()[:, 0]
        found, probabilities = model.n_best(scores[rows], batch.lengths[rows], nbest)
        for row, sequences, shares in zip(rows.tolist(), found, probabilities.tolist(), strict=True):
            names = ids_to_tags(sequences, batch.lengths[row].expand(len(sequences)), model.tags)
            real = (sequences[:, 0] != PADDING_TAG).tolist()
            others[row] = list(compress(zip(names, shares, strict=True), real))
    return map(TagPrediction, sentences, tags, argmax, others)


def evaluate_tagger(
    model: Tagger, collate: TagCollator, examples: Iterable[TaggedSentence], batch_tokens: int
) -> TagScores:
    """Tag sentences that have tags and count. Arguments as for `tag`."""
    scores = TagScores(spans=detect_scheme([model.tags]) is not None)
    examples = list(examples)
    require_same_tag_type("what is to be scored", (example["tags"] for example in examples), "the tagger", [model.tags])
    for gold, found in zip(examples, predict_tags(model, collate, examples, batch_tokens, 0), strict=True):
        scores.add(gold["document"], gold["tags"], found.tags, found.argmax)
    return scores
