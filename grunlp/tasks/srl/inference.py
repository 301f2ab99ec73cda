"""Running a trained labeller over examples: the one place where model output becomes frames."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import torch

from grunlp.data.collate import FrameBatch, FrameCollator
from grunlp.data.examples import Example, Frame
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.tasks.srl.metrics import SRLScores
from grunlp.tasks.srl.model import Encoded, Scores, SRLModel

_CHUNK = 2048  # sentences sorted by length together; bounds memory, however long the input


class Labelled(NamedTuple):
    """An example as it was given, the predicted frames, and the tags a plain argmax would have given each of them.

    Attributes:
        left: words that are predicates, too, and were not labelled, since that was more work than was asked for.
    """

    example: Example
    frames: list[Frame]
    argmax: list[list[str]]
    left: list[int]

    @property
    def prediction(self) -> Example:
        """The example with the predicted frames in the place of those it was given."""
        example = self.example.copy()
        example["frames"] = self.frames
        return example


def label(
    model: SRLModel,
    collate: FrameCollator,
    examples: Iterable[Example],
    batch_tokens: int,
    find: bool,
    work: int | None = None,
) -> Iterator[Labelled]:
    """Label examples, in the order given.

    Args:
        model: in evaluation mode.
        collate: with the model's vocabulary.
        examples: any number, read in chunks; of their frames only `index` is used.
        batch_tokens: most tokens a batch, in labelling each sentence counted once for each of its predicates.
        find: whether to find the predicates; otherwise those of the examples' frames are labelled.
        work: words of a sentence times its predicates that are labelled, at most, but for a single one; None: all are.
    """
    return (one for (one,) in _label_all(model, collate, examples, batch_tokens, (find,), work))


def _label_all(
    model: SRLModel,
    collate: FrameCollator,
    examples: Iterable[Example],
    batch_tokens: int,
    finds: Sequence[bool],
    work: int | None = None,
) -> Iterator[tuple[Labelled, ...]]:
    """As `label`, once for each of `finds`; every sentence is encoded once."""
    examples = iter(examples)
    while chunk := list(islice(examples, _CHUNK)):
        results: dict[int, tuple[Labelled, ...]] = {}
        lengths = [len(example["words"]) for example in chunk]
        for indices in TokenBudgetSampler(lengths, [1] * len(chunk), batch_tokens, shuffle=False, seed=0):
            found = _label_batch(model, collate, [chunk[i] for i in indices], batch_tokens, finds, work)
            results.update(zip(indices, found, strict=True))
        yield from (results[i] for i in range(len(chunk)))


@torch.inference_mode()
def _label_batch(
    model: SRLModel,
    collate: FrameCollator,
    sentences: Sequence[Example],
    batch_tokens: int,
    finds: Sequence[bool],
    work: int | None,
) -> list[tuple[Labelled, ...]]:
    """The same for the sentences of one batch."""
    batch = collate(sentences)
    encoded = model.encode(batch)
    ways = [_label(model, collate, sentences, batch, encoded, batch_tokens, find, work) for find in finds]
    return list(zip(*ways, strict=True))


def _label(
    model: SRLModel,
    collate: FrameCollator,
    sentences: Sequence[Example],
    batch: FrameBatch,
    encoded: Encoded,
    batch_tokens: int,
    find: bool,
    work: int | None,
) -> list[Labelled]:
    """Label the predicates of some sentences, `batch`, in groups within the budget."""
    places = model.find(encoded, batch) if find else (batch.sentence, batch.predicate)
    labelled = [Labelled(example, [], [], []) for example in sentences]
    if work is not None:
        every = torch.arange(len(places[0]), device=places[0].device)
        number = every - torch.searchsorted(places[0], places[0])  # in its sentence
        late = (number > 0) & ((number + 1) * batch.lengths[places[0]] > work)
        for sentence, predicate in torch.stack(places, dim=1)[late].tolist():
            labelled[sentence].left.append(predicate)
        places = (places[0][~late], places[1][~late])
    group = max(1, batch_tokens // max(1, batch.words.shape[1]))
    for sentence, predicate in zip(places[0].split(group), places[1].split(group), strict=True):
        part = batch.with_predicates(sentence, predicate)
        for place, frame, argmax in _frames(model, collate, sentences, part, model.label(encoded, part)):
            labelled[place].frames.append(frame)
            labelled[place].argmax.append(argmax)
    return labelled


def _frames(
    model: SRLModel, collate: FrameCollator, sentences: Sequence[Example], batch: FrameBatch, scores: Scores
) -> Iterator[tuple[int, Frame, list[str]]]:
    """For each predicate of a batch its sentence, its frame, and the tags of a plain argmax."""
    best, plain = model.decode(scores, batch)
    tags, argmax = (ids_to_tags(ids, batch.predicate_lengths, model.tags) for ids in (best, plain))
    inventory = collate.vocabulary.rolesets
    rows = zip(batch.sentence.tolist(), batch.predicate.tolist(), model.choose(scores, batch).tolist(), strict=True)
    for (sentence, index, chosen), one, other in zip(rows, tags, argmax, strict=True):
        word = sentences[sentence]["words"][index]
        if model.senses is not None:
            roleset = inventory.names[chosen] or inventory.usual(word)
            frame = Frame(index=index, lemma=inventory.lemma(roleset), roleset=roleset, tags=one)
        else:  # what the input says, if anything
            given = next((f for f in sentences[sentence]["frames"] if f["index"] == index), None)
            lemma, roleset = (given["lemma"], given["roleset"]) if given else ("", "")
            frame = Frame(index=index, lemma=lemma, roleset=roleset, tags=one)
        yield sentence, frame, other


def score(model: SRLModel, collate: FrameCollator, examples: Iterable[Example], batch_tokens: int) -> SRLScores:
    """Label gold examples, once with their predicates given and once with predicates found, and count.

    Arguments as for `label`.
    """
    scores = SRLScores()
    for given, found in _label_all(model, collate, examples, batch_tokens, (False, True)):
        scores.add(given.example, given.frames, found.frames, collate.vocabulary.rolesets)
        scores.add_argmax(given.argmax)
    return scores
