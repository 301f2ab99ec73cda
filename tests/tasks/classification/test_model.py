"""Classifiers against their definitions."""

from typing import get_args

import numpy as np
import pytest
import torch

from grunlp.data.collate import IGNORE_INDEX
from grunlp.data.examples import LabeledSeries, LabeledText
from grunlp.data.vocabulary import Vocabulary
from grunlp.tasks.classification.checkpoint import build_classifier
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesBatch, TimeSeriesCollator
from grunlp.tasks.classification.model import Classifier, TimeSeriesEncoder
from grunlp.tasks.classification.options import ClassifierOptions, Pooling
from grunlp.tasks.config import compose_config

TEXTS = ["good soup", "not good at all", "the soup was bad and cold", "", "fine"]
LABELS = ["yes", "no", "no", "yes", "perhaps"]
EXAMPLES = [
    LabeledText(id=str(i), document="", words=text.split(), label=label)
    for i, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
]
TINY = ["model.hidden_size=6", "model.word_size=5", "model.char_size=4"]


def text_model(classes: list[str], *overrides: str) -> tuple[Classifier, TextClassificationCollator]:
    torch.manual_seed(0)
    config = compose_config(["recipe=classify", *TINY, *overrides])
    vocabulary = Vocabulary.build_for_text([one["words"] for one in EXAMPLES], 1, [])
    collate = TextClassificationCollator(vocabulary, None, classes, config.loader.max_length)
    return build_classifier(config, collate, None).eval(), collate


def number_model(classes: list[str], features: int, *overrides: str) -> Classifier:
    torch.manual_seed(0)
    config = compose_config(["recipe=classify", "data=toy-waves", "model.hidden_size=6", *overrides])
    return build_classifier(config, TimeSeriesCollator(classes, features), None).eval()


def sequences(*lengths: int) -> list[LabeledSeries]:
    random = np.random.default_rng(0)
    made = []
    for n in lengths:
        values = random.normal(size=3 * n).astype(np.float32).tolist()
        made.append(LabeledSeries(id="", label="yes", steps=n, values=values))
    return made


@pytest.mark.parametrize("classes", [["no", "yes"], ["no", "perhaps", "yes"]], ids=["sigmoid", "softmax"])
@pytest.mark.parametrize("pooling", get_args(Pooling))
def test_a_text_alone_and_in_a_batch(pooling: str, classes: list[str]) -> None:
    model, collate = text_model(classes, f"model.pooling={pooling}")
    with torch.no_grad():
        together, weights = model(collate(EXAMPLES))
    assert together.exp().sum(dim=1).tolist() == pytest.approx([1.0] * len(EXAMPLES))
    for row, one in enumerate(EXAMPLES):
        with torch.no_grad():
            alone, own = model(collate([one]))
        assert torch.allclose(alone[0], together[row], atol=1e-6)
        assert torch.allclose(own[0], weights[row, : len(one["words"])], atol=1e-6)
        assert not weights[row, len(one["words"]) :].any()
        assert float(own.sum()) == pytest.approx(float(bool(one["words"])), abs=1e-5)


@pytest.mark.parametrize("pooling", get_args(Pooling))
@pytest.mark.parametrize("directions", ["true", "false"])
def test_pooling_of_measurements_is_its_definition(pooling: str, directions: str) -> None:
    model = number_model(["no", "yes"], 3, f"model.pooling={pooling}", f"model.bidirectional={directions}")
    batch = TimeSeriesCollator(["no", "yes"], 3)(sequences(4, 2, 0))
    batch.values[1, 2:] = 1e6  # padding holds anything
    states = model.encoder(batch)
    vectors, _ = model.pool(states, batch.lengths)
    for row, length in enumerate(batch.lengths.tolist()):
        if not length:
            assert not vectors[row].any()
            continue
        real, half = states[row, :length], states.shape[2] // (2 if directions == "true" else 1)
        if pooling == "last":
            expected = torch.cat([real[-1, :half], real[0, half:]])
        elif pooling == "max":
            expected = real.max(dim=0).values
        elif pooling == "mean":
            expected = real.mean(dim=0)
        else:
            expected = model.context(model.attention(real)).softmax(dim=0)[:, 0] @ real
        assert torch.allclose(vectors[row], expected, atol=1e-5)


def test_features_are_standardized_and_layers_taper() -> None:
    model = number_model(["a", "b"], 3, "model.num_layers=3", "model.layer_width_ratio=0.5")
    encoder = model.encoder
    assert isinstance(encoder, TimeSeriesEncoder)
    assert [layer.hidden_size for layer in encoder.layers] == [6, 3, 2]
    batch = TimeSeriesCollator(["a", "b"], 3)(sequences(4, 2))
    plain = model(batch)[0]
    encoder.mean.copy_(torch.tensor([1.0, 2.0, 3.0]))
    encoder.deviation.fill_(2.0)
    moved = TimeSeriesBatch(batch.values * 2 + torch.tensor([1.0, 2.0, 3.0]), batch.lengths, batch.labels)
    assert torch.allclose(model(moved)[0], plain, atol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_loss_is_its_formula_and_reaches_every_weight(smoothing: float) -> None:
    classes = ["no", "perhaps", "yes"]
    model, collate = text_model(classes, f"model.label_smoothing={smoothing}", "model.pooling=attention")
    batch = collate([*EXAMPLES, LabeledText(id="", document="", words=["new"], label="unheard of")])
    assert batch.labels.tolist() == [2, 0, 0, 2, 1, IGNORE_INDEX]
    log_probs, _ = model(batch)
    loss = model.loss(log_probs, batch)
    right = [-float(log_probs[row, classes.index(label)]) for row, label in enumerate(LABELS)]
    uniform = [-float(log_probs[row].mean()) for row in range(len(LABELS))]
    assert float(loss) == pytest.approx((1 - smoothing) * np.mean(right) + smoothing * np.mean(uniform), rel=1e-5)
    loss.backward()
    missing = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not missing


def test_words_beyond_the_longest_are_not_read() -> None:
    model, collate = text_model(["no", "yes"], "loader.max_length=2")
    one, other = (LabeledText(id="", document="", words=text.split(), label="") for text in ("a b c", "a b d e"))
    assert torch.equal(model(collate([one]))[0], model(collate([other]))[0])


def test_an_unknown_pooling() -> None:
    with pytest.raises(ValueError, match="pooling must be one of last, max, mean, attention, got 'sum'"):
        Classifier(ClassifierOptions(pooling="sum"), ["a", "b"], number_model(["a", "b"], 3).encoder)  # type: ignore[arg-type]
