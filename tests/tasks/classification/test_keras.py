"""Weights of a Keras classifier."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grunlp.tasks.classification.checkpoint import build_classifier
from grunlp.tasks.classification.collate import TimeSeriesBatch, TimeSeriesCollator
from grunlp.tasks.classification.keras import load_keras_classifier
from grunlp.tasks.classification.model import Classifier
from grunlp.tasks.config import compose_config


def textbook(features: int) -> Classifier:
    config = compose_config(["recipe=classify", "data=toy-waves", "model=keras-gru-64-32"])
    return build_classifier(config, TimeSeriesCollator(["no", "yes"], features), None).eval()


def keras_arrays() -> Any:
    random = np.random.default_rng(0)
    shapes = [[(8, 192), (64, 192), (2, 192)], [(64, 96), (32, 96), (2, 96)]]
    layers = [[random.normal(size=shape).astype(np.float32) for shape in layer] for layer in shapes]
    return layers, [random.normal(size=(32, 1)).astype(np.float32), random.normal(size=1).astype(np.float32)]


def test_keras_weights_that_do_not_fit() -> None:
    layers, dense = keras_arrays()
    load_keras_classifier(textbook(8), layers, dense)
    with pytest.raises(ValueError, match="the Keras model has 1 layers"):
        load_keras_classifier(textbook(8), layers[:1], dense)


@pytest.mark.realdata
def test_the_textbook_network_gives_what_keras_gives(data_root: Path) -> None:
    arrays = np.load(data_root / "keras-gru/classifier.npz")
    model = textbook(128)
    layers = [[arrays[f"l{depth}_w{i}"] for i in range(3)] for depth in range(2)]
    load_keras_classifier(model, layers, [arrays["l2_w0"], arrays["l2_w1"]])
    x = torch.tensor(arrays["x"].astype(np.float32))
    batch = TimeSeriesBatch(x, torch.full((len(x),), x.shape[1]), torch.zeros(len(x), dtype=torch.long))
    assert np.abs(model(batch)[0][:, 1:].exp().detach().numpy() - arrays["y"]).max() < 1e-5
