"""Scores of language models: equal to counting a step at a time, and learning on that helps where a text repeats."""

import math

import numpy as np
import pytest
import torch

from grunlp.data.subword_tokenizer import EOS_ID, TextTokenizer
from grunlp.tasks.language_modeling import inference
from grunlp.tasks.language_modeling.inference import DynamicEvaluation, evaluate_language_model
from tests.tasks.language_modeling.test_model import make

LINES = ["ab ba", "", "abba ab", "zb"]
TOKENIZER = TextTokenizer.train("character", LINES[:3], 100, 1)
torch.manual_seed(1)
MODEL = make(len(TOKENIZER)).eval()


def test_as_one_step_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    expected, state, before = [], MODEL.initial_state(1), EOS_ID
    for line in LINES:
        nats = 0.0
        for token in [*TOKENIZER.encode([line])[0], EOS_ID]:
            log_probs, state = MODEL.step(torch.tensor([before]), state)
            nats, before = nats - float(log_probs[0, token].detach()), token
        expected.append(nats)
    for length in (1, 3, 1000):
        monkeypatch.setattr(inference, "_WINDOW_SIZE", length)
        scores = evaluate_language_model(MODEL, TOKENIZER, LINES, None)
        np.testing.assert_allclose(scores.nats, expected, atol=1e-5)
    assert scores.tokens.tolist() == scores.characters.tolist() == [6, 1, 8, 3]
    assert scores.words.tolist() == [3, 1, 3, 2]
    assert scores.unknown_tokens.tolist() == [0, 0, 0, 1]
    found = scores.as_dict()
    total = sum(expected)
    assert found["nats_per_character"]["score"] == pytest.approx(total / 18)
    assert found["bits_per_character"]["score"] == pytest.approx(total / 18 / math.log(2))
    assert found["word_perplexity"]["score"] == pytest.approx(math.exp(total / 9))
    low, high = found["perplexity"]["interval"]
    assert low < found["perplexity"]["score"] < high
    assert "unknown" in scores.report()


def test_characters_are_those_that_are_told() -> None:
    words = TextTokenizer.train("word", LINES[:3], 100, 1)
    model = make(len(words)).eval()
    assert evaluate_language_model(model, words, ["   ab\t  ba ", "ab"], None).characters.tolist() == [6, 3]
    assert evaluate_language_model(MODEL, TOKENIZER, ["  ab"], None).characters.tolist() == [5]


def test_learning_on_tells_a_repetition_better_and_leaves_the_model() -> None:
    lines = ["abba"] * 60
    before = [weight.clone() for weight in MODEL.parameters()]
    plain = evaluate_language_model(MODEL, TOKENIZER, lines, None)
    learned = evaluate_language_model(MODEL, TOKENIZER, lines, DynamicEvaluation(rate=0.5, decay=0.0, length=5))
    assert learned.nats[-10:].sum() < 0.5 * plain.nats[-10:].sum()
    assert learned.nats[0] == pytest.approx(plain.nats[0], abs=1e-5), "no token is learned from before it is told"
    for weight, old in zip(MODEL.parameters(), before, strict=True):
        assert torch.equal(weight, old)


def test_full_decay_is_no_learning() -> None:
    plain = evaluate_language_model(MODEL, TOKENIZER, LINES, None)
    held = evaluate_language_model(MODEL, TOKENIZER, LINES, DynamicEvaluation(rate=0.5, decay=1.0, length=3))
    np.testing.assert_allclose(held.nats, plain.nats, atol=1e-5)
