"""Loading of the weights of a Keras classifier."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grunlp.exporting.weight_conversion import from_keras
from grunlp.tasks.classification.model import Classifier


def load_keras_classifier(model: Classifier, layers: Sequence[Any], dense: Sequence[NDArray[np.floating]]) -> None:
    """Load the weights of a Keras classifier of GRU layers and a dense layer into a time-series classifier.

    Args:
        model: the classifier to load the weights into. If it has two classes, the dense layer has one unit with a
            sigmoid, the probability of the second class.
        layers: GRU layers of any sizes, as for `from_keras`.
        dense: kernel (F, K) and bias (K,) of the dense layer.

    Raises:
        ValueError: the shapes do not fit the model.
    """
    stacks: Any = model.encoder.layers
    kernel, bias = (torch.tensor(np.asarray(array)) for array in dense)
    if len(layers) != len(stacks) or kernel.T.shape != model.scores.weight.shape:
        keras_sizes = f"{len(layers)} layers and a dense layer {tuple(kernel.shape)}"
        sizes = f"{len(stacks)} layers and a dense layer {tuple(model.scores.weight.T.shape)}"
        raise ValueError(f"the Keras model has {keras_sizes}, the classifier {sizes}")
    for stack, layer in zip(stacks, layers, strict=True):
        stack.load_state_dict(from_keras([layer]).state_dict())
    with torch.no_grad():
        model.scores.weight.copy_(kernel.T)
        model.scores.bias.copy_(bias)
