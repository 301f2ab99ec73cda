"""Inference of a role labeller: frames of sentences from the output of the network."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch

from grunlp.data.batched_map import batched_map
from grunlp.data.collate import SRLBatch, SRLCollator
from grunlp.data.examples import Frame, SRLExample
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.tasks.srl.metrics import SRLScores
from grunlp.tasks.srl.model import EncoderOutput, SRLLogits, SRLModel


class SRLPrediction(NamedTuple):
    """The predicted frames of an example.

    Attributes:
        example: the example, unchanged.
        frames: the predicted frames.
        argmax: the tags of each frame by plain argmax, without constraints.
        unlabelled: predicates that were not labelled because of `max_work`.
    """

    example: SRLExample
    frames: list[Frame]
    argmax: list[list[str]]
    unlabelled: list[int]

    @property
    def predicted_example(self) -> SRLExample:
        """The example with the predicted frames instead of its own."""
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
    """Label examples, in order.

    Args:
        model: the network, in evaluation mode.
        collate: the collator with the vocabulary of the model.
        examples: the examples, read in chunks; of their frames, only `index` is used.
        batch_tokens: largest size of a batch in tokens; for labelling, a sentence counts once for each predicate.
        detect_predicates: whether to detect the predicates; otherwise those of the examples' frames are labelled.
        max_work: largest number of words of a sentence times its labelled predicates; at least one predicate is
            labelled. None: no limit.
    """
    modes = (detect_predicates,)
    predictions = _predict_modes(model, collate, examples, batch_tokens, modes, max_work)
    return (prediction for (prediction,) in predictions)


def _predict_modes(
    model: SRLModel,
    collate: SRLCollator,
    examples: Iterable[SRLExample],
    batch_tokens: int,
    detect_modes: Sequence[bool],
    max_work: int | None = None,
) -> Iterator[tuple[SRLPrediction, ...]]:
    """Label each example once for each of `detect_modes`, encoding it once."""
    predict = partial(_predict_batch, model, collate, batch_tokens, detect_modes, max_work)
    return batched_map(predict, examples, lambda chunk: [len(example["words"]) for example in chunk], batch_tokens)


@torch.inference_mode()
def _predict_batch(
    model: SRLModel,
    collate: SRLCollator,
    batch_tokens: int,
    detect_modes: Sequence[bool],
    max_work: int | None,
    sentences: Sequence[SRLExample],
) -> list[tuple[SRLPrediction, ...]]:
    """Label the sentences of one batch."""
    batch = collate(sentences)
    encoder_output = model.encode(batch)
    by_mode = [
        _predict_predicates(model, collate, sentences, batch, encoder_output, batch_tokens, detect_predicates, max_work)
        for detect_predicates in detect_modes
    ]
    return list(zip(*by_mode, strict=True))


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
    """Label the predicates of a batch, in groups within the token budget."""
    sentence_index, predicate_index = batch.sentence_index, batch.predicate_index
    if detect_predicates:
        sentence_index, predicate_index = model.detect_predicates(encoder_output, batch)
    predictions = [SRLPrediction(example, [], [], []) for example in sentences]
    if max_work is not None:
        position = torch.arange(len(sentence_index), device=sentence_index.device)
        number = position - torch.searchsorted(
            sentence_index, sentence_index
        )  # number of the predicate within its sentence
        exceeds = (number > 0) & ((number + 1) * batch.lengths[sentence_index] > max_work)
        for sentence, predicate in zip(sentence_index[exceeds], predicate_index[exceeds], strict=True):
            predictions[int(sentence)].unlabelled.append(int(predicate))
        sentence_index, predicate_index = sentence_index[~exceeds], predicate_index[~exceeds]
    group = max(1, batch_tokens // max(1, batch.words.shape[1]))
    for rows in zip(sentence_index.split(group), predicate_index.split(group), strict=True):
        part = batch.replace_predicates(*rows)
        logits = model.label(encoder_output, part)
        for sentence, frame, argmax in _decode_frames(model, collate, sentences, part, logits):
            predictions[sentence].frames.append(frame)
            predictions[sentence].argmax.append(argmax)
    return predictions


def _decode_frames(
    model: SRLModel, collate: SRLCollator, sentences: Sequence[SRLExample], batch: SRLBatch, logits: SRLLogits
) -> Iterator[tuple[int, Frame, list[str]]]:
    """Yield, for each predicate of a batch, its sentence, its frame and its tags by plain argmax."""
    best, plain = model.decode(logits, batch)
    tags, argmax = (ids_to_tags(ids, batch.predicate_lengths, model.tags) for ids in (best, plain))
    inventory = collate.vocabulary.rolesets
    senses = model.predict_senses(logits, batch)
    rows = zip(batch.sentence_index.tolist(), batch.predicate_index.tolist(), senses.tolist(), strict=True)
    for (sentence, index, sense), predicted_tags, argmax_tags in zip(rows, tags, argmax, strict=True):
        if model.senses is not None:
            roleset = inventory.names[sense] or inventory.most_frequent(sentences[sentence]["words"][index])
            lemma = inventory.lemma(roleset)
        else:  # keep those of the input, if any
            gold = next((frame for frame in sentences[sentence]["frames"] if frame["index"] == index), None)
            lemma, roleset = (gold["lemma"], gold["roleset"]) if gold else ("", "")
        yield sentence, Frame(index=index, lemma=lemma, roleset=roleset, tags=predicted_tags), argmax_tags


def evaluate_srl(model: SRLModel, collate: SRLCollator, examples: Iterable[SRLExample], batch_tokens: int) -> SRLScores:
    """Label gold examples with given and with detected predicates, and score both. Arguments as for `label`."""
    scores = SRLScores()
    for given, detected in _predict_modes(model, collate, examples, batch_tokens, (False, True)):
        scores.add(given.example, given.frames, detected.frames, collate.vocabulary.rolesets)
        scores.add_argmax(given.argmax)
    return scores
