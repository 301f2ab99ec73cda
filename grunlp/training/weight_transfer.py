"""Transfer of trained weights into a labeller or tagger with a larger vocabulary."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from grunlp.data.vocabulary import Vocabulary
from grunlp.utils.errors import UserError

# Initial values other than 0: scores low enough not to change the answers of the old network, and the prior of an
# unseen sense.
_INIT_VALUES = {"roles.bias": -6.0, "pos.bias": -6.0, "senses.prior.weight": math.log(0.1)}


@torch.no_grad()
def transfer_weights(
    old_weights: Mapping[str, Tensor], old_vocabulary: Vocabulary, model: nn.Module, new_vocabulary: Vocabulary
) -> None:
    """Copy the weights of an old network into a new labeller or tagger.

    The old weights may be all weights of a labeller, so that the new one predicts the same, or only those of the
    sentence encoder, which all models of words have. Rows of items in both vocabularies are copied. A new word or
    character starts as a copy of the unknown one; a new tag or part of speech starts with weights of 0 and, in a
    labeller, a low score; a new roleset starts like one that does not occur in the training data.

    Args:
        old_weights: weights of the old network by name; weights of the new one that are missing here are not changed.
        old_vocabulary: vocabulary of the old network.
        model: the new network, of the same sizes; changed in place.
        new_vocabulary: its vocabulary, made by `old_vocabulary.extended_with`.

    Raises:
        ValueError: sizes differ.
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
            initial = torch.full_like(weight, _INIT_VALUES.get(name, 0.0))
            weight.copy_(_copy_rows(old, initial, axes[name]))
        else:
            weight.copy_(old)


def init_from_weights(
    model: nn.Module,
    vocabulary: Vocabulary,
    old_vocabulary: Vocabulary,
    old_weights: Mapping[str, Tensor],
    parts: tuple[str, ...],
) -> None:
    """Initialize parts of a new network from the weights of the run in `model.init_from`.

    Args:
        model: the new network; changed in place.
        vocabulary: its vocabulary.
        old_vocabulary: vocabulary of the old network.
        old_weights: weights of the old network by name.
        parts: prefixes of the weights to copy.

    Raises:
        UserError: sizes differ.
    """
    weights = {name: weight for name, weight in old_weights.items() if name.startswith(parts)}
    try:
        transfer_weights(weights, old_vocabulary, model, vocabulary)
    except ValueError as error:
        details = "the sizes of both networks must be the same"
        raise UserError(f"model.init_from: {error}", details, "See the sizes in config.yaml of that run.") from None


def _row_mapping(old: list[str], new: list[str], unknown: int | None) -> Tensor:
    """Map each new item to its old row (len(new),); items without an old row to `unknown`, or to -1."""
    rows = {item: i for i, item in enumerate(old)}
    return torch.tensor([rows.get(item, -1 if unknown is None else unknown) for item in new])


def _copy_rows(old: Tensor, initial: Tensor, axes: tuple[Tensor, ...]) -> Tensor:
    """Return the old values in their new rows, and the initial values in all other rows."""
    for dimension, rows in enumerate(axes):
        old = old.index_select(dimension, rows.clamp(min=0))
    has_old = axes[0] >= 0
    if len(axes) == 2:
        has_old = has_old[:, None] & (axes[1] >= 0)
    return torch.where(has_old.reshape(has_old.shape + (1,) * (old.dim() - has_old.dim())), old, initial)
