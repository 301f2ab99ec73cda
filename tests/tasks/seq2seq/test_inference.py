"""What is written of many sources: in their order, whatever the batches, and what is cut is said."""

from dataclasses import replace

import pytest
import torch

from grunlp.data.examples import ParallelExample
from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.decoding.beam_search import BeamSearch
from grunlp.decoding.constraints import LengthLimits
from grunlp.decoding.inputs import Hypothesis
from grunlp.tasks.seq2seq import inference
from grunlp.tasks.seq2seq.inference import evaluate_seq2seq, generate
from tests.tasks.seq2seq.small_seq2seq import make

WORDS = TextTokenizer.train("word", ["a b c d e"], 100, 1)
torch.manual_seed(0)
MODEL = make(len(WORDS)).eval()
MODEL.bias.data.normal_(std=0.5)
COLLATE = ParallelCollator(WORDS, WORDS, 0, 0.0)
LIMITS = LengthLimits(0.5, 1.0, 2, 50)
SEARCH = BeamSearch(
    beam=3, nbest=2, length_penalty=0.6, normalization="length", coverage_penalty=0.0, no_repeat_ngram_size=0
)
SOURCES = ["a b c d e a b", "", "c", "  ", "e d", "b b b b"] * 3
PAIRS = [ParallelExample(id=str(i), source=text, target="a b", references=["c"]) for i, text in enumerate(SOURCES)]


@pytest.mark.parametrize("batch_tokens", [1, 60, 10_000])
def test_order_and_batches(batch_tokens: int) -> None:
    found = list(generate(MODEL, COLLATE, PAIRS, LIMITS, SEARCH, batch_tokens))
    assert [one.pair["id"] for one in found] == [pair["id"] for pair in PAIRS]
    for one in found:
        (alone,) = generate(MODEL, COLLATE, [one.pair], LIMITS, SEARCH, 1000)
        assert one.texts == alone.texts
        assert len(one.texts) == (2 if one.pair["source"].strip() else 1)
        assert one.pair["source"].strip() or one.texts == [""]


def test_what_is_cut_is_said(caplog: pytest.LogCaptureFixture) -> None:
    short = ParallelCollator(WORDS, WORDS, 2, 0.0)
    found = [one.texts for one in generate(MODEL, short, PAIRS, LIMITS, SEARCH, 100)]
    assert "6 sources were truncated to their first 2 tokens" in caplog.text
    cut = [ParallelExample(id="", source=" ".join(text.split()[:2]), target="", references=[]) for text in SOURCES]
    assert found == [one.texts for one in generate(MODEL, COLLATE, cut, LIMITS, SEARCH, 100)]


def test_score_takes_the_best_text() -> None:
    scores = evaluate_seq2seq(MODEL, COLLATE, PAIRS, "bleu", LIMITS, SEARCH, 100)
    best = replace(SEARCH, nbest=1)
    assert scores.outputs == [one.texts[0] for one in generate(MODEL, COLLATE, PAIRS, LIMITS, best, 100)]
    assert scores.references == [["a b", "c"]] * len(PAIRS)


def test_a_text_is_returned_once_however_it_is_segmented(monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = WORDS.encode(["a b"])
    (second,) = WORDS.encode(["c"])
    found = [Hypothesis(first, -1.0, -1.0), Hypothesis([*first], -2.0, -2.0), Hypothesis(second, -3.0, -3.0)]
    monkeypatch.setattr(inference, "beam_search", lambda inputs, search: [found])
    (one,) = generate(MODEL, COLLATE, PAIRS[:1], LIMITS, replace(SEARCH, nbest=3), 100)
    assert one.texts == ["a b", "c"] and one.hypotheses == [found[0], found[2]]
