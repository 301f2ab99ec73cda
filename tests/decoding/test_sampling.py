"""Samples against the probabilities they are drawn from."""

import math
from collections import Counter

import pytest
import torch

from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from tests.decoding.small_model_decoding import LETTERS, SHORT, draw, log_probabilities, search
from tests.tasks.seq2seq.small_seq2seq import batch, toy


def test_samples_follow_the_probabilities() -> None:
    model, source = toy(4), [4, 5]
    found = Counter(tuple(h.ids[:1]) for h in draw(model, list(range(3000)), source))
    pairs = batch([(source, [])])
    with torch.no_grad():
        log_probs = model(pairs)[0][0]
    log_probs[[PAD_ID, UNK_ID, BOS_ID]] = float("-inf")
    expected = log_probs.softmax(dim=0)
    for word in (EOS_ID, *LETTERS):
        share = found[() if word == EOS_ID else (word,)] / 3000
        assert share == pytest.approx(float(expected[word]), abs=4 * math.sqrt(0.25 / 3000))


def test_samples_depend_on_their_number_alone() -> None:
    model = toy(4)
    together = draw(model, [0, 1, 2, 3], [4, 5])
    assert [h.ids for h in draw(model, [2], [4, 5])] == [together[2].ids]
    assert [h.ids for h in draw(model, [0, 1, 2, 3], [4, 5])] == [h.ids for h in together]
    assert [h.ids for h in draw(model, list(range(9)), [4], seed=2)] != [
        h.ids for h in draw(model, list(range(9)), [4])
    ]
    for found in together:
        assert found.log_prob == pytest.approx(log_probabilities(model, [4, 5], [found.ids])[0], abs=1e-4)


def test_narrow_samples_are_greedy() -> None:
    model = toy(4)
    (greedy, *_), *_ = search(model, [[4, 5]], SHORT, beam=1)
    for changes in ({"temperature": 1e-4}, {"top_k": 1}, {"top_p": 1e-6}):
        assert all(h.ids == greedy.ids for h in draw(model, list(range(10)), [4, 5], **changes))
    assert len({tuple(h.ids) for h in draw(model, list(range(10)), [4, 5], top_k=3)}) > 1


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"top_p": 0.0}, {"top_p": 1.1}, {"top_k": -1}], ids=str)
def test_options_out_of_bounds(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected temperature > 0"):
        draw(toy(), [0], [4], **wrong)
