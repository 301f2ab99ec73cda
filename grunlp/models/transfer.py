"""Weights carried from a trained labeller into one with a larger vocabulary."""

import torch
from torch import Tensor

from grunlp.data.vocabulary import Vocabulary
from grunlp.models.srl import SRLModel

# Unnormalised log-score of a tag that the old labeller did not know: low enough to leave its answers as they were.
_NEW_TAG = -6.0


@torch.no_grad()
def transfer(old: SRLModel, old_vocabulary: Vocabulary, new: SRLModel, vocabulary: Vocabulary) -> None:
    """Give a new labeller the weights of an old one, so that it labels as the old one does.

    What both know keeps its weights. A new word or character starts as the unknown one, a new tag or part of speech
    with weights of 0 and a low score, a new roleset as one never seen in training.

    Args:
        old: the trained labeller.
        new: of the same sizes, without `extra`; changed.
        old_vocabulary, vocabulary: theirs, the second made by `with_more` of the first.
    """
    words = _rows(old_vocabulary.words.items, vocabulary.words.items, unknown=1)
    characters = _rows(old_vocabulary.characters.items, vocabulary.characters.items, unknown=1)
    tags = _rows(old_vocabulary.tags.items, vocabulary.tags.items, unknown=None)
    pos = _rows(old_vocabulary.pos.items, vocabulary.pos.items, unknown=None)
    rolesets = _rows(old_vocabulary.rolesets.names, vocabulary.rolesets.names, unknown=None)
    axes = {
        "words.table.weight": (words,),
        "words.spelling.table.weight": (characters,),
        "roles.weight": (tags,),
        "roles.bias": (tags,),
        "crf.start": (tags,),
        "crf.end": (tags,),
        "crf.transitions": (tags, tags),
        "pos.weight": (pos,),
        "pos.bias": (pos,),
        "senses.rolesets.weight": (rolesets,),
        "senses.prior.weight": (rolesets,),
    }
    known = dict(old.named_parameters())
    for name, weight in new.named_parameters():
        if name in axes:
            # rolesets keep what they start with: the prior of their count
            start = weight.clone() if name.startswith("senses") else torch.zeros_like(weight)
            weight.copy_(_carry(known[name], start + (_NEW_TAG if name.endswith("bias") else 0.0), axes[name]))
        else:
            weight.copy_(known[name])


def _rows(old: list[str], new: list[str], unknown: int | None) -> Tensor:
    """(len(new),) the old row of each new item; -1 where there is none."""
    places = {item: i for i, item in enumerate(old)}
    return torch.tensor([places.get(item, -1 if unknown is None else unknown) for item in new])


def _carry(old: Tensor, start: Tensor, axes: tuple[Tensor, ...]) -> Tensor:
    """The old values at their new places, those of `start` elsewhere."""
    for dimension, rows in enumerate(axes):
        old = old.index_select(dimension, rows.clamp(min=0))
    have = axes[0] >= 0
    if len(axes) == 2:
        have = have[:, None] & (axes[1] >= 0)
    return torch.where(have.reshape(have.shape + (1,) * (old.dim() - have.dim())), old, start)
