"""Weights carried from a trained network into a labeller with a larger vocabulary."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from grunlp.data.vocabulary import Vocabulary

# What is not 0 at first: scores low enough to leave the old answers as they were, and the prior of an unseen sense.
_INIT_VALUES = {"roles.bias": -6.0, "pos.bias": -6.0, "senses.prior.weight": math.log(0.1)}


@torch.no_grad()
def transfer_weights(
    old_weights: Mapping[str, Tensor], old_vocabulary: Vocabulary, model: nn.Module, new_vocabulary: Vocabulary
) -> None:
    """Give a new labeller or tagger the weights of an old network: of a labeller, so that it labels as that one does,
    or those of the sentence encoder that all have in common.

    What both know keeps its weights. A new word or character starts as the unknown one, a new tag or part of speech
    of a labeller with weights of 0 and a low score, of a tagger with 0, a new roleset as one never seen in training.

    Args:
        old_weights: of the old network by name; what they do not name keeps its start.
        model: of the same sizes; changed.
        old_vocabulary, vocabulary: theirs, the second made by `with_more` of the first.

    Raises:
        ValueError: a size differs; it is named.
    """
    words = _row_mapping(old_vocabulary.words.items, new_vocabulary.words.items, unknown=1)
    characters = _row_mapping(old_vocabulary.characters.items, new_vocabulary.characters.items, unknown=1)
    tags = _row_mapping(old_vocabulary.tags.items, new_vocabulary.tags.items, unknown=None)
    pos = _row_mapping(old_vocabulary.pos.items, new_vocabulary.pos.items, unknown=None)
    rolesets = _row_mapping(old_vocabulary.rolesets.names, new_vocabulary.rolesets.names, unknown=None)
    particles = _row_mapping(old_vocabulary.rolesets.particles, new_vocabulary.rolesets.particles, unknown=None)
    axes = {
        "encoder.words.table.weight": (words,),
        "encoder.words.spelling.table.weight": (characters,),
        "roles.weight": (tags,),
        "roles.bias": (tags,),
        "scores.weight": (tags,),
        "scores.bias": (tags,),
        "crf.start": (tags,),
        "crf.end": (tags,),
        "crf.transitions": (tags, tags),
        "pos.weight": (pos,),
        "pos.bias": (pos,),
        "senses.rolesets.weight": (rolesets,),
        "senses.prior.weight": (rolesets,),
        "senses.particles.weight": (particles,),
    }
    for name, weight in model.named_parameters():
        if name not in old_weights:
            continue
        old = old_weights[name]
        if old.shape[len(axes.get(name, ())) :] != weight.shape[len(axes.get(name, ())) :]:
            raise ValueError(f"{name} is {tuple(old.shape)} in the old network, {tuple(weight.shape)} in the new one")
        if name in axes:
            start = torch.full_like(weight, _INIT_VALUES.get(name, 0.0))
            weight.copy_(_copy_rows(old, start, axes[name]))
        else:
            weight.copy_(old)


def _row_mapping(old: list[str], new: list[str], unknown: int | None) -> Tensor:
    """(len(new),) the old row of each new item; -1 where there is none."""
    places = {item: i for i, item in enumerate(old)}
    return torch.tensor([places.get(item, -1 if unknown is None else unknown) for item in new])


def _copy_rows(old: Tensor, start: Tensor, axes: tuple[Tensor, ...]) -> Tensor:
    """The old values at their new places, those of `start` elsewhere."""
    for dimension, rows in enumerate(axes):
        old = old.index_select(dimension, rows.clamp(min=0))
    have = axes[0] >= 0
    if len(axes) == 2:
        have = have[:, None] & (axes[1] >= 0)
    return torch.where(have.reshape(have.shape + (1,) * (old.dim() - have.dim())), old, start)
