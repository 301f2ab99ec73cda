"""Search against enumeration."""

from itertools import product
from typing import Any

import pytest
import torch

from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from grunlp.decoding.constraints import LengthLimits
from tests.decoding.small_model_decoding import LETTERS, SHORT, SOURCES, log_probabilities, options, search
from tests.tasks.seq2seq.small_seq2seq import batch, toy


@pytest.mark.parametrize(
    ("length_penalty", "normalization"), [(0.0, "length"), (1.0, "length"), (0.7, "gnmt"), (2.0, "length")]
)
@pytest.mark.parametrize("network", [{}, {"copy_attention": True}, {"input_feeding": True}])
def test_a_wide_beam_finds_what_enumeration_finds(
    network: dict[str, Any], length_penalty: float, normalization: str
) -> None:
    model = toy(**network)
    found = search(model, SOURCES, SHORT, beam=800, nbest=5, length_penalty=length_penalty, normalization=normalization)
    texts = [list(text) for n in range(5) for text in product(LETTERS, repeat=n)]
    divisor = options(length_penalty=length_penalty, normalization=normalization).length_normalizer
    for source, hypotheses in zip(SOURCES, found, strict=True):
        totals = log_probabilities(model, source, texts)
        ranked = sorted(zip(totals, texts, strict=True), key=lambda pair: -pair[0] / divisor(len(pair[1]) + 1))
        for hypothesis, (total, text) in zip(hypotheses[:5], ranked, strict=False):
            assert hypothesis.ids == text
            assert hypothesis.log_prob == pytest.approx(total, abs=1e-4)
            assert hypothesis.score == pytest.approx(total / divisor(len(text) + 1), abs=1e-4)


def test_greedy_takes_the_likeliest_word() -> None:
    model = toy(3)
    for source, (found, *others) in zip(
        SOURCES, search(model, SOURCES, SHORT, beam=1, length_penalty=1.0), strict=True
    ):
        text: list[int] = []
        while len(text) < 4:
            pairs = batch([(source, text)])
            with torch.no_grad():
                last = model(pairs)[0][-1]
            last[[PAD_ID, UNK_ID, BOS_ID]] = float("-inf")
            if int(last.argmax()) == EOS_ID:
                break
            text.append(int(last.argmax()))
        assert found.ids == text and not others


@pytest.mark.parametrize("beam", [1, 3])
def test_neighbours_have_no_effect_and_scores_agree(beam: int) -> None:
    model = toy(5)
    limits = LengthLimits(min_length_ratio=0.5, max_length_ratio=2.0, max_length_offset=1, max_length=9)
    changes = {"beam": beam, "nbest": beam, "length_penalty": 0.8, "coverage_penalty": 0.3, "no_repeat_ngram_size": 3}
    together = search(model, SOURCES, limits, **changes)
    for source, found in zip(SOURCES, together, strict=True):
        (alone,) = search(model, [source], limits, **changes)
        assert [h.ids for h in alone] == [h.ids for h in found]
        for one, other in zip(alone, found, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-4)
        for hypothesis, total in zip(found, log_probabilities(model, source, [h.ids for h in found]), strict=True):
            assert hypothesis.log_prob == pytest.approx(total, abs=1e-4)
            assert len(source) * 0.5 - 1 < len(hypothesis.ids) <= min(9, 2 * len(source) + 1)
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


@pytest.mark.slow
def test_stopping_early_loses_nothing() -> None:
    """As a search that goes on until its beam is empty, which asking for all hypotheses makes it."""
    limits = LengthLimits(0.0, 0.0, 12, 100)
    for seed in range(20):
        model = toy(seed)
        for length_penalty in (0.0, 1.0, 1.5):
            early = search(model, SOURCES, limits, length_penalty=length_penalty, nbest=1)
            late = search(model, SOURCES, limits, length_penalty=length_penalty, nbest=4)
            assert [h[0].ids for h in early] == [h[0].ids for h in late]


def test_coverage_penalty() -> None:
    model = toy(2)
    source = [4, 5, 6]
    plain = {tuple(h.ids): h for h in search(model, [source], SHORT, beam=50, nbest=50)[0]}
    punished = search(model, [source], SHORT, beam=50, nbest=50, coverage_penalty=0.7)[0]
    for hypothesis in punished[:5]:
        pairs = batch([(source, hypothesis.ids)])
        with torch.no_grad():
            read = model(pairs)[1][0].sum(dim=0).clamp(max=1)
        expected = plain[tuple(hypothesis.ids)].score + 0.7 * float(read.log().sum())
        assert hypothesis.score == pytest.approx(expected, abs=1e-4)
