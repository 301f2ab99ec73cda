"""What texts must and may not hold, against enumeration."""

from collections import Counter
from itertools import product

import pytest

from grunlp.data.subword_tokenizer import EOS_ID, UNK_ID
from grunlp.decoding.constraints import LengthLimits, LexicalConstraints
from tests.decoding.small_model_decoding import LETTERS, SHORT, SOURCES, draw, log_probabilities, search
from tests.tasks.seq2seq.small_seq2seq import toy


def test_blocked_and_forbidden() -> None:
    model = toy(1)
    limits = LengthLimits(0.0, 0.0, 12, 100)
    model.bias.data[EOS_ID] = -4.0  # long texts
    (free, *_), *_ = search(model, SOURCES, limits, beam=2)
    pairs = list(zip(free.ids, free.ids[1:], strict=False))
    assert max(Counter(pairs).values()) > 1
    (blocked, *_), *_ = search(model, SOURCES, limits, beam=2, no_repeat_ngram_size=2)
    assert max(Counter(zip(blocked.ids, blocked.ids[1:], strict=False)).values()) == 1
    (without, *_), *_ = search(
        model, SOURCES, limits, beam=2, wanted=[LexicalConstraints(forbidden=(pairs[0], (free.ids[-1],)))] * 4
    )
    assert free.ids[-1] not in without.ids
    assert pairs[0] not in set(zip(without.ids, without.ids[1:], strict=False))


def test_prefixes() -> None:
    found = search(toy(), SOURCES[:2], SHORT, wanted=[LexicalConstraints(prefix=(8, 8)), LexicalConstraints()])
    assert all(h.ids[:2] == [8, 8] for h in found[0]) and found[1][0].ids[:2] != [8, 8]
    # whatever the limits and bars
    long = [8, UNK_ID, 8, UNK_ID, 8, UNK_ID]
    wanted = [LexicalConstraints(prefix=tuple(long), forbidden=((8,),)), LexicalConstraints()]
    found = search(toy(), SOURCES[:2], SHORT, wanted=wanted, no_repeat_ngram_size=2)
    assert [h.ids for h in found[0]] == [long] and len(found[1][0].ids) <= 4


def holds(text: list[int], phrase: tuple[int, ...]) -> bool:
    return any(tuple(text[i : i + len(phrase)]) == phrase for i in range(len(text) - len(phrase) + 1))


REQUIRED = [((7,),), ((8, 8),), ((4, 5), (6,)), ((5, 5, 6, 5),), ((4, 5), (5, 4)), ()]


@pytest.mark.parametrize("phrases", [phrases for phrases in REQUIRED if phrases != ((4, 5), (5, 4))], ids=str)
def test_required_phrases_by_enumeration(phrases: tuple[tuple[int, ...], ...]) -> None:
    model = toy(2)
    found = search(
        model, SOURCES, SHORT, beam=800, nbest=5, length_penalty=1.0, wanted=[LexicalConstraints(required=phrases)] * 4
    )
    texts = [list(text) for n in range(5) for text in product(LETTERS, repeat=n)]
    texts = [text for text in texts if all(holds(text, phrase) for phrase in phrases)]
    for source, hypotheses in zip(SOURCES, found, strict=True):
        totals = log_probabilities(model, source, texts)
        ranked = sorted(zip(totals, texts, strict=True), key=lambda pair: -pair[0] / (len(pair[1]) + 1))
        assert [h.ids for h in hypotheses[:5]] == [text for _, text in ranked[:5]]


@pytest.mark.parametrize("beam", [1, 2, 5])
def test_required_phrases_in_a_narrow_beam(beam: int) -> None:
    limits = LengthLimits(0.0, 0.0, 7, 100)
    for seed, phrases in enumerate(REQUIRED):
        wanted = [
            LexicalConstraints(required=phrases),
            LexicalConstraints(),
            LexicalConstraints(required=phrases, prefix=(8,)),
            LexicalConstraints(required=((4,),)),
        ]
        model = toy(seed)
        model.bias.data[5] = -6.0  # which the network hardly ever writes
        changes = {"beam": beam, "nbest": beam, "no_repeat_ngram_size": 2}
        together = search(model, SOURCES, limits, wanted=wanted, **changes)
        for source, one, found in zip(SOURCES, wanted, together, strict=True):
            assert found
            (alone,) = search(model, [source], limits, wanted=[one], **changes)
            assert [h.ids for h in alone] == [h.ids for h in found]
            totals = log_probabilities(model, source, [h.ids for h in found])
            for hypothesis, total in zip(found, totals, strict=True):
                assert all(holds(hypothesis.ids, phrase) for phrase in one.required)
                assert tuple(hypothesis.ids[: len(one.prefix)]) == one.prefix and len(hypothesis.ids) <= 7
                assert hypothesis.log_prob == pytest.approx(total, abs=1e-4)


def test_what_a_limit_has_no_room_for_makes_room() -> None:
    (found,) = search(
        toy(), [[4]], LengthLimits(0.0, 0.0, 1, 100), wanted=[LexicalConstraints(required=((5, 6), (7, 8)))]
    )
    assert sorted(found[0].ids) == [5, 6, 7, 8]


def test_what_is_required_though_all_else_is_barred() -> None:
    most = LengthLimits(0.0, 0.0, 8, 8)
    repeated = LexicalConstraints(required=((4, 4),))
    barred = LexicalConstraints(required=((4,),), forbidden=tuple((word,) for word in LETTERS))
    for seed in range(5):
        model = toy(seed)
        for beam in (1, 3):
            (found,) = search(model, [[5, 6]], most, beam=beam, no_repeat_ngram_size=1, wanted=[repeated])
            assert found and holds(found[0].ids, (4, 4))
            (found,) = search(model, [[5, 6]], most, beam=beam, wanted=[barred])
            assert found[0].ids == [4]
        assert all(4 in h.ids for h in draw(model, [0, 1, 2], [5], wanted=[barred] * 3))


def test_samples_hold_what_is_required() -> None:
    wanted = [LexicalConstraints(required=((8, 8),), forbidden=((4,),), prefix=(5,))] * 30
    for found in draw(toy(4), list(range(30)), [4, 5], wanted=wanted):
        assert holds(found.ids, (8, 8)) and 4 not in found.ids and found.ids[0] == 5


def test_where_all_is_barred_a_text_ends() -> None:
    limits = LengthLimits(min_length_ratio=2.0, max_length_ratio=3.0, max_length_offset=0, max_length=100)
    for beam in (1, 4):
        for source, found in zip(
            SOURCES, search(toy(), SOURCES, limits, beam=beam, no_repeat_ngram_size=1), strict=True
        ):
            assert found and min(2 * len(source), len(LETTERS)) <= len(found[0].ids) <= 3 * len(source)


@pytest.mark.parametrize("what", ["required", "forbidden"])
def test_an_empty_phrase_is_refused(what: str) -> None:
    with pytest.raises(ValueError, match="empty sequence"):
        LexicalConstraints(**{what: ((),)})
