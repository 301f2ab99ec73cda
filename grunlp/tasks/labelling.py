"""Running a trained labeller over examples: the one place where model output becomes frames."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, tee
from typing import NamedTuple

import torch

from grunlp.data.batches import Collator
from grunlp.data.example import Example, Frame
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.metrics.srl import SRLScores
from grunlp.models.srl import SRLModel

_CHUNK = 2048  # sentences sorted by length together; bounds memory, however long the input


class Labelled(NamedTuple):
    """An example as it was given, the predicted frames, and the tags a plain argmax would have given each of them."""

    example: Example
    frames: list[Frame]
    argmax: list[list[str]]

    @property
    def prediction(self) -> Example:
        """The example with the predicted frames in the place of those it was given."""
        example = self.example.copy()
        example["frames"] = self.frames
        return example


def label(
    model: SRLModel, collate: Collator, examples: Iterable[Example], batch_tokens: int, find: bool
) -> Iterator[Labelled]:
    """Label examples, in the order given.

    Args:
        model: in evaluation mode.
        collate: with the model's vocabulary.
        examples: any number, read in chunks; of their frames only `index` is used.
        batch_tokens: most tokens a batch.
        find: whether to find the predicates; otherwise those of the examples' frames are labelled.
    """
    examples = iter(examples)
    while chunk := list(islice(examples, _CHUNK)):
        results: dict[int, Labelled] = {}
        # of predicates to be found a quarter as many as words is a usual number
        rows = [len(e["words"]) // 4 if find else len(e["frames"]) for e in chunk]
        sampler = TokenBudgetSampler([len(e["words"]) for e in chunk], rows, batch_tokens, shuffle=False, seed=0)
        for indices in sampler:
            sentences = [chunk[i] for i in indices]
            results.update(zip(indices, label_batch(model, collate, sentences, find), strict=True))
        yield from (results[i] for i in range(len(chunk)))


def label_batch(model: SRLModel, collate: Collator, sentences: Sequence[Example], find: bool) -> list[Labelled]:
    """Label a few sentences at once. Arguments as for `label`."""
    batch = collate(sentences)
    encoded = model.encode(batch)
    if find:
        batch = batch.with_predicates(*model.find(encoded, batch))
    scores = model.label(encoded, batch)
    best, plain = model.decode(scores, batch)
    rolesets = model.choose(scores, batch).tolist()
    lengths = batch.predicate_lengths
    tags, argmax = ids_to_tags(best, lengths, model.tags), ids_to_tags(plain, lengths, model.tags)
    inventory = collate.vocabulary.rolesets
    labelled = [Labelled(example, [], []) for example in sentences]
    for i, (sentence, index) in enumerate(zip(batch.sentence.tolist(), batch.predicate.tolist(), strict=True)):
        word = sentences[sentence]["words"][index]
        roleset = inventory.names[rolesets[i]] or (inventory.usual(word) if model.senses is not None else "")
        frame = Frame(index=index, lemma=inventory.lemma(roleset), roleset=roleset, tags=tags[i])
        labelled[sentence].frames.append(frame)
        labelled[sentence].argmax.append(argmax[i])
    return labelled


def score(model: SRLModel, collate: Collator, examples: Iterable[Example], batch_tokens: int) -> SRLScores:
    """Label gold examples, once with their predicates given and once with predicates found, and count.

    Arguments as for `label`.
    """
    scores = SRLScores()
    rolesets = collate.vocabulary.rolesets
    ones, others = tee(examples)
    with torch.inference_mode():
        for given, found in zip(
            label(model, collate, ones, batch_tokens, find=False),
            label(model, collate, others, batch_tokens, find=True),
            strict=True,
        ):
            example = given.example
            usual = [rolesets.usual(example["words"][frame["index"]]) for frame in example["frames"]]
            scores.add(example["document"], example["frames"], given.frames, found.frames, usual)
            scores.add_argmax(given.argmax)
    return scores
