"""Inference of a tagger: tags of sentences from the output of the network."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import compress
from typing import NamedTuple

import torch

from grunlp.data.batched_map import batched_map
from grunlp.data.collate import TagCollator
from grunlp.data.examples import SentenceFields, TaggedSentence
from grunlp.data.tag_schemes import detect_scheme, require_same_tag_type
from grunlp.decoding.viterbi import PADDING_TAG, ids_to_tags
from grunlp.tasks.tagging.metrics import TagScores
from grunlp.tasks.tagging.model import Tagger


class TagPrediction(NamedTuple):
    """The tags of a sentence.

    Attributes:
        sentence: the sentence, unchanged.
        tags: the best legal tags.
        argmax: the tags of a plain argmax.
        nbest: the n best tag sequences, best first, with their probabilities; empty unless requested.
    """

    sentence: SentenceFields
    tags: list[str]
    argmax: list[str]
    nbest: list[tuple[list[str], float]]


def predict_tags(
    model: Tagger, collate: TagCollator, sentences: Iterable[SentenceFields], batch_tokens: int, nbest: int
) -> Iterator[TagPrediction]:
    """Tag sentences, in order.

    Args:
        model: the network, in evaluation mode.
        collate: the collator with the vocabulary of the model.
        sentences: the sentences, read in chunks; only their words are used.
        batch_tokens: largest size of a batch in tokens.
        nbest: number of tag sequences with probabilities; 0 for none.
    """
    predict = partial(_predict_batch, model, collate, nbest)
    return batched_map(predict, sentences, lambda chunk: [len(sentence["words"]) for sentence in chunk], batch_tokens)


@torch.inference_mode()
def _predict_batch(
    model: Tagger, collate: TagCollator, nbest: int, sentences: Sequence[SentenceFields]
) -> Iterator[TagPrediction]:
    batch = collate([TaggedSentence(id="", document="", words=sentence["words"], tags=[]) for sentence in sentences])
    logits = model(batch)
    best, plain = model.decode(logits, batch.lengths)
    tags, argmax = (ids_to_tags(ids, batch.lengths, model.tags) for ids in (best, plain))
    alternatives: list[list[tuple[list[str], float]]] = [[] for _ in sentences]
    if nbest:
        rows = (batch.lengths > 0).nonzero()[:, 0]
        sequences, probabilities = model.n_best(logits[rows], batch.lengths[rows], nbest)
        for row, ids, probability in zip(rows.tolist(), sequences, probabilities.tolist(), strict=True):
            names = ids_to_tags(ids, batch.lengths[row].expand(len(ids)), model.tags)
            exists = (ids[:, 0] != PADDING_TAG).tolist()
            alternatives[row] = list(compress(zip(names, probability, strict=True), exists))
    return map(TagPrediction, sentences, tags, argmax, alternatives)


def evaluate_tagger(
    model: Tagger, collate: TagCollator, examples: Iterable[TaggedSentence], batch_tokens: int
) -> TagScores:
    """Tag gold sentences and score the tags. Arguments as for `predict_tags`."""
    scores = TagScores(spans=detect_scheme([model.tags]) is not None)
    examples = list(examples)
    require_same_tag_type("the gold sentences", (example["tags"] for example in examples), "the tagger", [model.tags])
    for gold, prediction in zip(examples, predict_tags(model, collate, examples, batch_tokens, 0), strict=True):
        scores.add(gold["document"], gold["tags"], prediction.tags, prediction.argmax)
    return scores
