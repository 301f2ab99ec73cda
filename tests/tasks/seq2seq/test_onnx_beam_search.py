"""Beam search in numpy: the texts of the search in PyTorch, and by hand."""

from typing import Any

import numpy as np
import pytest
import torch

from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID
from grunlp.tasks.seq2seq.onnx_beam_search import search_best_texts
from tests.decoding.small_model_decoding import SHORT, SOURCES, WORDS, search
from tests.tasks.seq2seq.small_seq2seq import batch, toy

LIMITS = {
    "min_length_ratio": SHORT.min_length_ratio,
    "max_length_ratio": SHORT.max_length_ratio,
    "max_length_offset": SHORT.max_length_offset,
    "max_length": SHORT.max_length,
}
PLAIN = {
    "beam": 4, "nbest": 2, "length_penalty": 0.0, "normalization": "length", "coverage_penalty": 0.0,
    "no_repeat_ngram_size": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"length_penalty": 0.8},
        {"length_penalty": 0.6, "normalization": "gnmt", "coverage_penalty": 0.3},
        {"no_repeat_ngram_size": 1, "beam": 3},
        {"beam": 1, "nbest": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("source", SOURCES, ids=len)
def test_it_finds_the_texts_of_the_search_in_torch(source: list[int], changes: dict[str, Any]) -> None:
    model = toy()
    pairs = batch([(source, [])])

    def step(tokens: Any, state: list[Any]) -> Any:
        beams = model.encode(pairs.source, pairs.source_lengths).reorder(torch.zeros(1, len(tokens), dtype=torch.long))
        beams.lower, beams.upper = map(torch.from_numpy, state)
        log_probs, attention, after = model.step(torch.from_numpy(tokens), beams)
        return log_probs.numpy(), attention.numpy(), [after.lower.numpy(), after.upper.numpy()]

    settings = {**PLAIN, **changes}
    data = {"settings": {**settings, **LIMITS}, "start": BOS_ID, "end": EOS_ID, "forbidden": list(WORDS.forbidden_ids)}
    with torch.inference_mode():
        first = model.encode(pairs.source, pairs.source_lengths)
        found = search_best_texts(step, [first.lower.numpy(), first.upper.numpy()], len(source), data)
    (expected,) = search(model, [source], SHORT, **settings)
    expected = expected[: settings["nbest"]]  # the search in PyTorch returns all that are finished
    assert [ids for ids, _, _ in found] == [one.ids for one in expected]
    np.testing.assert_allclose([total for _, total, _ in found], [one.log_prob for one in expected], atol=1e-4)
    np.testing.assert_allclose([score for _, _, score in found], [one.score for one in expected], atol=1e-4)


def test_a_text_must_be_as_long_as_asked() -> None:
    """Tokens: 0 start, 1 end, 2 and 3; the end is by far the most probable."""
    log_probs = np.log(np.array([[0.01, 0.9, 0.06, 0.03]]))

    def step(tokens: Any, state: list[Any]) -> Any:
        return log_probs.repeat(len(tokens), axis=0), np.ones((len(tokens), 3)), state

    limits = {"min_length_ratio": 1.0, "max_length_ratio": 1.0, "max_length_offset": 0, "max_length": 50}
    data = {"settings": {**PLAIN, "nbest": 1, **limits}, "start": 0, "end": 1, "forbidden": [0]}
    ((ids, total, _),) = search_best_texts(step, [np.zeros((1, 1))], 2, data)
    assert ids == [2, 2] and total == pytest.approx(2 * np.log(0.06) + np.log(0.9))
