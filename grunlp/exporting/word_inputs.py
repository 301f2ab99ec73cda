"""Inputs of exported models that read words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grunlp.data.collate import MAX_WORD_LENGTH, SentenceBatch
from grunlp.data.examples import SRLExample
from grunlp.data.vocabulary import Vocabulary
from grunlp.exporting.exporter import ModelExporter
from grunlp.exporting.random_inputs import random_words
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.utils.errors import UserError

WORD_INPUT_AXES: Mapping[str, Sequence[str | int]] = {
    "words": ("B", "T"),
    "char_ids": ("U", "C"),
    "word_shapes": ("U",),
    "char_index": ("B", "T"),
    "lengths": ("B",),
}
INPUT_LINE_DESCRIPTION = 'a text, or {"words": ["She", "left", "."]} for a tokenized sentence'


class WordInputExporter(ModelExporter):
    """Base class of exporters whose examples are sentences of words.

    Args:
        encoder: encoder of the model.
        vocabulary: vocabulary of the model.

    Raises:
        UserError: the encoder is pretrained.
    """

    input_description = INPUT_LINE_DESCRIPTION

    def __init__(self, encoder: SentenceEncoder, vocabulary: Vocabulary) -> None:
        reject_pretrained_encoder(encoder)
        self.vocabulary = vocabulary
        self.files, self.settings = {}, {}

    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[SRLExample]:
        """See `ModelExporter`."""
        sentences = random_words(self.vocabulary, lengths, rng)
        return [SRLExample(id="", document="", words=words, pos=[], frames=[]) for words in sentences]

    def to_input_line(self, example: SRLExample) -> str:
        """See `ModelExporter`."""
        return json.dumps({"words": example["words"]}, ensure_ascii=False)


def reject_pretrained_encoder(encoder: SentenceEncoder) -> None:
    """Raise UserError for a model with a pretrained encoder."""
    if encoder.pretrained is not None:
        details = "its pretrained encoder reads windows of sub-words, which the exported script cannot make"
        raise UserError(
            "a model with model.encoder= cannot be exported", details, "Type run=DIR of a model without an encoder."
        )


def to_arrays(batch: SentenceBatch) -> tuple[Tensor, ...]:
    """Return the inputs of a batch, in the order of `WORD_INPUT_AXES`."""
    return tuple(getattr(batch, name) for name in WORD_INPUT_AXES)


def from_arrays(
    words: Tensor, char_ids: Tensor, word_shapes: Tensor, char_index: Tensor, lengths: Tensor
) -> SentenceBatch:
    """Make a batch from the inputs of a graph."""
    no_subwords = words.new_zeros(0, 0)
    no_lengths = words.new_zeros(0)
    return SentenceBatch(words, char_ids, word_shapes, char_index, no_subwords, no_lengths, no_subwords, lengths)


def vocabulary_tables(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the vocabulary data of the script."""
    return {
        "words": vocabulary.words.items,
        "characters": vocabulary.characters.items,
        "max_word_length": MAX_WORD_LENGTH,
    }


def transition_tables(start: Tensor, transitions: Tensor, end: Tensor) -> dict[str, Any]:
    """Return scores of first tags, transitions and last tags as JSON, with null for infinity."""
    tables = {"start": start, "transitions": transitions, "end": end}
    return {name: _replace_infinity(table.detach().tolist()) for name, table in tables.items()}


def _replace_infinity(value: Any) -> Any:
    if isinstance(value, list):
        return [_replace_infinity(element) for element in value]
    return None if np.isinf(value) else value


def to_numpy(tensors: Sequence[Tensor]) -> list[Any]:
    """Convert inputs of a graph to numpy."""
    return [tensor.detach().numpy() for tensor in tensors]


def to_tensors(arrays: Sequence[Any]) -> list[Tensor]:
    """Convert outputs of a graph to tensors."""
    return [torch.from_numpy(array) for array in arrays]
