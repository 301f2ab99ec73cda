"""Running a trained labeller over examples: the one place where model output becomes tags."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import torch

from grunlp.data.batches import Batch, Collator
from grunlp.data.example import Example, Frame
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.vocabulary import Vocabulary
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.metrics.srl import SRLScores
from grunlp.models.srl import SRLModel

_CHUNK = 2048  # sentences sorted by length together; bounds memory, however long the input


class Labelled(NamedTuple):
    """An example as it was given and, for each of its frames, the predicted tags and those of a plain argmax."""

    example: Example
    tags: list[list[str]]
    argmax: list[list[str]]


def label(
    model: SRLModel, vocabulary: Vocabulary, examples: Iterable[Example], batch_tokens: int
) -> Iterator[Labelled]:
    """Label the given predicates of each example, in the order given.

    Args:
        model: in evaluation mode.
        vocabulary: the model's.
        examples: any number, read in chunks; of their frames only `index` is used.
        batch_tokens: most tokens a batch.
    """
    collate = Collator(vocabulary)
    examples = iter(examples)
    while chunk := list(islice(examples, _CHUNK)):
        results: dict[int, Labelled] = {}
        rows = [len(example["frames"]) for example in chunk]
        sampler = TokenBudgetSampler([len(e["words"]) for e in chunk], rows, batch_tokens, shuffle=False, seed=0)
        for indices in sampler:
            sentences = [chunk[i] for i in indices]
            results.update(zip(indices, label_batch(model, collate(sentences), sentences), strict=True))
        yield from (results[i] for i in range(len(chunk)))


def label_batch(model: SRLModel, batch: Batch, sentences: Sequence[Example]) -> list[Labelled]:
    """Label the sentences that a batch was made of."""
    best, plain = model.decode(model(batch), batch)
    lengths = batch.predicate_lengths
    tags, argmax = ids_to_tags(best, lengths, model.tags), ids_to_tags(plain, lengths, model.tags)
    labelled, start = [], 0
    for example in sentences:
        end = start + len(example["frames"])
        labelled.append(Labelled(example, tags[start:end], argmax[start:end]))
        start = end
    return labelled


def score(model: SRLModel, vocabulary: Vocabulary, examples: Iterable[Example], batch_tokens: int) -> SRLScores:
    """Label gold examples and count. Arguments as for `label`."""
    scores = SRLScores()
    with torch.inference_mode():
        for example, tags, argmax in label(model, vocabulary, examples, batch_tokens):
            scores.add(example["document"], [frame["tags"] for frame in example["frames"]], tags)
            scores.add_argmax(argmax)
    return scores


def with_tags(labelled: Labelled) -> Example:
    """The example with the predicted tags in the place of those it was given."""
    frames = [
        Frame(index=frame["index"], lemma=frame["lemma"], roleset=frame["roleset"], tags=tags)
        for frame, tags in zip(labelled.example["frames"], labelled.tags, strict=True)
    ]
    example = labelled.example.copy()
    example["frames"] = frames
    return example
