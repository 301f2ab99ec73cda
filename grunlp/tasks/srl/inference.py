"""Running a trained labeller over examples: the one place where model output becomes frames."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import torch

from grunlp.data.collate import SRLBatch, SRLCollator
from grunlp.data.examples import Frame, SRLExample
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.tasks.srl.metrics import SRLScores
from grunlp.tasks.srl.model import EncoderOutput, SRLLogits, SRLModel

_CHUNK = 2048  # sentences sorted by length together; bounds memory, however long the input


class SRLPrediction(NamedTuple):
    """An example as it was given, the predicted frames, and the tags a plain argmax would have given each of them.

    Attributes:
        unlabelled: words that are predicates, too, and were not labelled, since that was more work than was asked for.
    """

    example: SRLExample
    frames: list[Frame]
    argmax: list[list[str]]
    unlabelled: list[int]

    @property
    def predicted_example(self) -> SRLExample:
        """The example with the predicted frames in the place of those it was given."""
        example = self.example.copy()
        example["frames"] = self.frames
        return example


def label(
    model: SRLModel,
    collate: SRLCollator,
    examples: Iterable[SRLExample],
    batch_tokens: int,
    detect_predicates: bool,
    max_work: int | None = None,
) -> Iterator[SRLPrediction]:
    """Label examples, in the order given.

    Args:
        model: in evaluation mode.
        collate: with the model's vocabulary.
        examples: any number, read in chunks; of their frames only `index` is used.
        batch_tokens: most tokens a batch, in labelling each sentence counted once for each of its predicates.
        detect_predicates: whether to find the predicates; otherwise those of the examples' frames are labelled.
        max_work: words of a sentence times its predicates that are labelled, at most, but for a single one; None: all
            are.
    """
    return (one for (one,) in _predict_modes(model, collate, examples, batch_tokens, (detect_predicates,), max_work))


def _predict_modes(
    model: SRLModel,
    collate: SRLCollator,
    examples: Iterable[SRLExample],
    batch_tokens: int,
    detect_modes: Sequence[bool],
    max_work: int | None = None,
) -> Iterator[tuple[SRLPrediction, ...]]:
    """As `label`, once for each of `detect_modes`; every sentence is encoded once."""
    examples = iter(examples)
    while chunk := list(islice(examples, _CHUNK)):
        results: dict[int, tuple[SRLPrediction, ...]] = {}
        lengths = [len(example["words"]) for example in chunk]
        for indices in TokenBudgetSampler(lengths, [1] * len(chunk), batch_tokens, shuffle=False, seed=0):
            found = _predict_batch(model, collate, [chunk[i] for i in indices], batch_tokens, detect_modes, max_work)
            results.update(zip(indices, found, strict=True))
        yield from (results[i] for i in range(len(chunk)))


@torch.inference_mode()
def _predict_batch(
    model: SRLModel,
    collate: SRLCollator,
    sentences: Sequence[SRLExample],
    batch_tokens: int,
    detect_modes: Sequence[bool],
    max_work: int | None,
) -> list[tuple[SRLPrediction, ...]]:
    """The same for the sentences of one batch."""
    batch = collate(sentences)
    encoded = model.encode(batch)
    ways = [
        _predict_predicates(model, collate, sentences, batch, encoded, batch_tokens, find, max_work)
        for find in detect_modes
    ]
    return list(zip(*ways, strict=True))


def _predict_predicates(
    model: SRLModel,
    collate: SRLCollator,
    sentences: Sequence[SRLExample],
    batch: SRLBatch,
    encoder_output: EncoderOutput,
    batch_tokens: int,
    detect_predicates: bool,
    max_work: int | None,
) -> list[SRLPrediction]:
    """Label the predicates of some sentences, `batch`, in groups within the budget."""
    places = (
        model.detect_predicates(encoder_output, batch)
        if detect_predicates
        else (batch.sentence_index, batch.predicate_index)
    )
    labelled = [SRLPrediction(example, [], [], []) for example in sentences]
    if max_work is not None:
        every = torch.arange(len(places[0]), device=places[0].device)
        number = every - torch.searchsorted(places[0], places[0])  # in its sentence
        late = (number > 0) & ((number + 1) * batch.lengths[places[0]] > max_work)
        for sentence, predicate in torch.stack(places, dim=1)[late].tolist():
            labelled[sentence].left.append(predicate)
        places = (places[0][~late], places[1][~late])
    group = max(1, batch_tokens // max(1, batch.words.shape[1]))
    for sentence, predicate in zip(places[0].split(group), places[1].split(group), strict=True):
        part = batch.replace_predicates(sentence, predicate)
        for place, frame, argmax in _decode_frames(model, collate, sentences, part, model.label(encoder_output, part)):
            labelled[place].frames.append(frame)
            labelled[place].argmax.append(argmax)
    return labelled


def _decode_frames(
    model: SRLModel, collate: SRLCollator, sentences: Sequence[SRLExample], batch: SRLBatch, logits: SRLLogits
) -> Iterator[tuple[int, Frame, list[str]]]:
    """For each predicate of a batch its sentence, its frame, and the tags of a plain argmax."""
    best, plain = model.decode(logits, batch)
    tags, argmax = (ids_to_tags(ids, batch.predicate_lengths, model.tags) for ids in (best, plain))
    inventory = collate.vocabulary.rolesets
    rows = zip(
        batch.sentence_index.tolist(),
        batch.predicate_index.tolist(),
        model.predict_senses(logits, batch).tolist(),
        strict=True,
    )
    for (sentence, index, chosen), one, other in zip(rows, tags, argmax, strict=True):
        word = sentences[sentence]["words"][index]
        if model.senses is not None:
            roleset = inventory.names[chosen] or inventory.most_frequent(word)
            frame = Frame(index=index, lemma=inventory.lemma(roleset), roleset=roleset, tags=one)
        else:  # what the input says, if anything
            given = next((f for f in sentences[sentence]["frames"] if f["index"] == index), None)
            lemma, roleset = (given["lemma"], given["roleset"]) if given else ("", "")
            frame = Frame(index=index, lemma=lemma, roleset=roleset, tags=one)
        yield sentence, frame, other


def evaluate_srl(model: SRLModel, collate: SRLCollator, examples: Iterable[SRLExample], batch_tokens: int) -> SRLScores:
    """Label gold examples, once with their predicates given and once with predicates found, and count.

    Arguments as for `label`.
    """
    scores = SRLScores()
    for given, found in _predict_modes(model, collate, examples, batch_tokens, (False, True)):
        scores.add(given.example, given.frames, found.frames, collate.vocabulary.rolesets)
        scores.add_argmax(given.argmax)
    return scores
