"""Search against enumeration, by a small network whose every text can be listed."""

import math
from collections import Counter
from itertools import product
from typing import Any

import pytest
import torch

from grunlp.data.tokenizer import END, PADDING, START, UNKNOWN
from grunlp.decoding.constraints import Limits, Vocabulary, Wanted
from grunlp.decoding.sampling import Sampling, sample
from grunlp.decoding.search import BeamSearch, Hypothesis, beam_search
from grunlp.models.seq2seq import Seq2Seq
from tests.models.seq2seq_toys import SIZE, batch, toy

WORDS = Vocabulary(START, END, (PADDING, UNKNOWN, START))
SHORT = Limits(min_ratio=0.0, max_ratio=0.0, max_extra=4, max_length=100)
LETTERS = range(END + 1, SIZE)
SOURCES = [[4, 5, 6], [7], [8, 4, 4, 5, 6, 7], []]


def options(**changes: Any) -> BeamSearch:
    given = {"beam": 4, "nbest": 1, "alpha": 0.0, "normalization": "length", "coverage_penalty": 0.0, "block_ngrams": 0}
    return BeamSearch(**{**given, **changes})


def search(model: Seq2Seq, sources: list[list[int]], limits: Limits, **changes: Any) -> list[list[Hypothesis]]:
    wanted = changes.pop("wanted", None)
    pairs = batch([(source, []) for source in sources])
    with torch.inference_mode():
        state = model.encode(pairs.source, pairs.source_lengths)
    return beam_search(model.step, state, pairs.source_lengths - 1, WORDS, limits, options(**changes), wanted)


def log_probabilities(model: Seq2Seq, source: list[int], texts: list[list[int]]) -> list[float]:
    """By teacher forcing; special words may not be written, but their share of the probability is not dealt out."""
    pairs = batch([(source, text) for text in texts])
    with torch.no_grad():
        log_probs, _ = model(pairs)
    right = log_probs.gather(1, pairs.outputs[pairs.real][:, None])[:, 0]
    return [float(part.sum()) for part in right.split(pairs.target_lengths.tolist())]


@pytest.mark.parametrize(("alpha", "normalization"), [(0.0, "length"), (1.0, "length"), (0.7, "gnmt"), (2.0, "length")])
@pytest.mark.parametrize("network", [{}, {"copy": True}, {"input_feeding": True}])
def test_a_wide_beam_finds_what_enumeration_finds(network: dict[str, Any], alpha: float, normalization: str) -> None:
    model = toy(**network)
    found = search(model, SOURCES, SHORT, beam=800, nbest=5, alpha=alpha, normalization=normalization)
    texts = [list(text) for n in range(5) for text in product(LETTERS, repeat=n)]
    divisor = options(alpha=alpha, normalization=normalization).divisor
    for source, hypotheses in zip(SOURCES, found, strict=True):
        totals = log_probabilities(model, source, texts)
        ranked = sorted(zip(totals, texts, strict=True), key=lambda pair: -pair[0] / divisor(len(pair[1]) + 1))
        for hypothesis, (total, text) in zip(hypotheses[:5], ranked, strict=False):
            assert hypothesis.ids == text
            assert hypothesis.log_probability == pytest.approx(total, abs=1e-4)
            assert hypothesis.score == pytest.approx(total / divisor(len(text) + 1), abs=1e-4)


def test_greedy_takes_the_likeliest_word() -> None:
    model = toy(3)
    for source, (found, *others) in zip(SOURCES, search(model, SOURCES, SHORT, beam=1, alpha=1.0), strict=True):
        text: list[int] = []
        while len(text) < 4:
            pairs = batch([(source, text)])
            with torch.no_grad():
                last = model(pairs)[0][-1]
            last[[PADDING, UNKNOWN, START]] = float("-inf")
            if int(last.argmax()) == END:
                break
            text.append(int(last.argmax()))
        assert found.ids == text and not others


@pytest.mark.parametrize("beam", [1, 3])
def test_neighbours_have_no_effect_and_scores_agree(beam: int) -> None:
    model = toy(5)
    limits = Limits(min_ratio=0.5, max_ratio=2.0, max_extra=1, max_length=9)
    changes = {"beam": beam, "nbest": beam, "alpha": 0.8, "coverage_penalty": 0.3, "block_ngrams": 3}
    together = search(model, SOURCES, limits, **changes)
    for source, found in zip(SOURCES, together, strict=True):
        (alone,) = search(model, [source], limits, **changes)
        assert [h.ids for h in alone] == [h.ids for h in found]
        for one, other in zip(alone, found, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-4)
        for hypothesis, total in zip(found, log_probabilities(model, source, [h.ids for h in found]), strict=True):
            assert hypothesis.log_probability == pytest.approx(total, abs=1e-4)
            assert len(source) * 0.5 - 1 < len(hypothesis.ids) <= min(9, 2 * len(source) + 1)
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


def test_stopping_early_loses_nothing() -> None:
    """As a search that goes on until its beam is empty, which asking for all hypotheses makes it."""
    limits = Limits(0.0, 0.0, 12, 100)
    for seed in range(20):
        model = toy(seed)
        for alpha in (0.0, 1.0, 1.5):
            early = search(model, SOURCES, limits, alpha=alpha, nbest=1)
            late = search(model, SOURCES, limits, alpha=alpha, nbest=4)
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


def test_blocked_and_forbidden() -> None:
    model = toy(1)
    limits = Limits(0.0, 0.0, 12, 100)
    model.bias.data[END] = -4.0  # long texts
    (free, *_), *_ = search(model, SOURCES, limits, beam=2)
    pairs = list(zip(free.ids, free.ids[1:], strict=False))
    assert max(Counter(pairs).values()) > 1
    (blocked, *_), *_ = search(model, SOURCES, limits, beam=2, block_ngrams=2)
    assert max(Counter(zip(blocked.ids, blocked.ids[1:], strict=False)).values()) == 1
    (without, *_), *_ = search(
        model, SOURCES, limits, beam=2, wanted=[Wanted(forbidden=(pairs[0], (free.ids[-1],)))] * 4
    )
    assert free.ids[-1] not in without.ids
    assert pairs[0] not in set(zip(without.ids, without.ids[1:], strict=False))


def test_prefixes() -> None:
    found = search(toy(), SOURCES[:2], SHORT, wanted=[Wanted(prefix=(8, 8)), Wanted()])
    assert all(h.ids[:2] == [8, 8] for h in found[0]) and found[1][0].ids[:2] != [8, 8]
    # whatever the limits and bars
    long = [8, UNKNOWN, 8, UNKNOWN, 8, UNKNOWN]
    wanted = [Wanted(prefix=tuple(long), forbidden=((8,),)), Wanted()]
    found = search(toy(), SOURCES[:2], SHORT, wanted=wanted, block_ngrams=2)
    assert [h.ids for h in found[0]] == [long] and len(found[1][0].ids) <= 4


def holds(text: list[int], phrase: tuple[int, ...]) -> bool:
    return any(tuple(text[i : i + len(phrase)]) == phrase for i in range(len(text) - len(phrase) + 1))


REQUIRED = [((7,),), ((8, 8),), ((4, 5), (6,)), ((5, 5, 6, 5),), ((4, 5), (5, 4)), ()]


@pytest.mark.parametrize("phrases", [phrases for phrases in REQUIRED if phrases != ((4, 5), (5, 4))], ids=str)
def test_required_phrases_by_enumeration(phrases: tuple[tuple[int, ...], ...]) -> None:
    model = toy(2)
    found = search(model, SOURCES, SHORT, beam=800, nbest=5, alpha=1.0, wanted=[Wanted(required=phrases)] * 4)
    texts = [list(text) for n in range(5) for text in product(LETTERS, repeat=n)]
    texts = [text for text in texts if all(holds(text, phrase) for phrase in phrases)]
    for source, hypotheses in zip(SOURCES, found, strict=True):
        totals = log_probabilities(model, source, texts)
        ranked = sorted(zip(totals, texts, strict=True), key=lambda pair: -pair[0] / (len(pair[1]) + 1))
        assert [h.ids for h in hypotheses[:5]] == [text for _, text in ranked[:5]]


@pytest.mark.parametrize("beam", [1, 2, 5])
def test_required_phrases_in_a_narrow_beam(beam: int) -> None:
    limits = Limits(0.0, 0.0, 7, 100)
    for seed, phrases in enumerate(REQUIRED):
        wanted = [Wanted(required=phrases), Wanted(), Wanted(required=phrases, prefix=(8,)), Wanted(required=((4,),))]
        model = toy(seed)
        model.bias.data[5] = -6.0  # which the network hardly ever writes
        changes = {"beam": beam, "nbest": beam, "block_ngrams": 2}
        together = search(model, SOURCES, limits, wanted=wanted, **changes)
        for source, one, found in zip(SOURCES, wanted, together, strict=True):
            assert found
            (alone,) = search(model, [source], limits, wanted=[one], **changes)
            assert [h.ids for h in alone] == [h.ids for h in found]
            totals = log_probabilities(model, source, [h.ids for h in found])
            for hypothesis, total in zip(found, totals, strict=True):
                assert all(holds(hypothesis.ids, phrase) for phrase in one.required)
                assert tuple(hypothesis.ids[: len(one.prefix)]) == one.prefix and len(hypothesis.ids) <= 7
                assert hypothesis.log_probability == pytest.approx(total, abs=1e-4)


def test_what_a_limit_has_no_room_for_makes_room() -> None:
    (found,) = search(toy(), [[4]], Limits(0.0, 0.0, 1, 100), wanted=[Wanted(required=((5, 6), (7, 8)))])
    assert sorted(found[0].ids) == [5, 6, 7, 8]


def test_what_is_required_though_all_else_is_barred() -> None:
    most = Limits(0.0, 0.0, 8, 8)
    repeated = Wanted(required=((4, 4),))
    barred = Wanted(required=((4,),), forbidden=tuple((word,) for word in LETTERS))
    for seed in range(5):
        model = toy(seed)
        for beam in (1, 3):
            (found,) = search(model, [[5, 6]], most, beam=beam, block_ngrams=1, wanted=[repeated])
            assert found and holds(found[0].ids, (4, 4))
            (found,) = search(model, [[5, 6]], most, beam=beam, wanted=[barred])
            assert found[0].ids == [4]
        assert all(4 in h.ids for h in draw(model, [0, 1, 2], [5], wanted=[barred] * 3))


def test_samples_hold_what_is_required() -> None:
    wanted = [Wanted(required=((8, 8),), forbidden=((4,),), prefix=(5,))] * 30
    for found in draw(toy(4), list(range(30)), [4, 5], wanted=wanted):
        assert holds(found.ids, (8, 8)) and 4 not in found.ids and found.ids[0] == 5


def test_where_all_is_barred_a_text_ends() -> None:
    limits = Limits(min_ratio=2.0, max_ratio=3.0, max_extra=0, max_length=100)
    for beam in (1, 4):
        for source, found in zip(SOURCES, search(toy(), SOURCES, limits, beam=beam, block_ngrams=1), strict=True):
            assert found and min(2 * len(source), len(LETTERS)) <= len(found[0].ids) <= 3 * len(source)


def draw(model: Seq2Seq, numbers: list[int], source: list[int], **changes: Any) -> list[Hypothesis]:
    given: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 1}
    wanted = changes.pop("wanted", None)
    pairs = batch([(source, [])] * len(numbers))
    with torch.inference_mode():
        state = model.encode(pairs.source, pairs.source_lengths)
    how = Sampling(**{**given, **changes})
    return sample(model.step, state, pairs.source_lengths - 1, WORDS, SHORT, how, numbers, wanted)


def test_samples_follow_the_probabilities() -> None:
    model, source = toy(4), [4, 5]
    found = Counter(tuple(h.ids[:1]) for h in draw(model, list(range(3000)), source))
    pairs = batch([(source, [])])
    with torch.no_grad():
        log_probs = model(pairs)[0][0]
    log_probs[[PADDING, UNKNOWN, START]] = float("-inf")
    expected = log_probs.softmax(dim=0)
    for word in (END, *LETTERS):
        share = found[() if word == END else (word,)] / 3000
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
        assert found.log_probability == pytest.approx(log_probabilities(model, [4, 5], [found.ids])[0], abs=1e-4)


def test_narrow_samples_are_greedy() -> None:
    model = toy(4)
    (greedy, *_), *_ = search(model, [[4, 5]], SHORT, beam=1)
    for changes in ({"temperature": 1e-4}, {"top_k": 1}, {"top_p": 1e-6}):
        assert all(h.ids == greedy.ids for h in draw(model, list(range(10)), [4, 5], **changes))
    assert len({tuple(h.ids) for h in draw(model, list(range(10)), [4, 5], top_k=3)}) > 1


def test_options_out_of_bounds() -> None:
    for empty in ("required", "forbidden"):
        with pytest.raises(ValueError, match="empty sequence"):
            Wanted(**{empty: ((),)})
    for wrong in ({"temperature": 0.0}, {"top_p": 0.0}, {"top_p": 1.1}, {"top_k": -1}):
        with pytest.raises(ValueError, match="temperature and top_p"):
            draw(toy(), [0], [4], **wrong)
