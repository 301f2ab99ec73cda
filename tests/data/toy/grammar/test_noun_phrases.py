"""Noun phrases: agreement with their head, articles, pronouns by position, possessives and amounts."""

from itertools import pairwise

import pytest

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.lexicon import SplitRandom
from grunlp.data.toy.grammar.morphology import article
from grunlp.data.toy.grammar.noun_phrases import PRONOUNS, NounPhrase, NounPhraseGenerator
from grunlp.data.toy.grammar.phrases import parse_tagged

NOUNS = NounPhraseGenerator(SplitRandom("train"))


def text(phrase: NounPhrase) -> str:
    return " ".join(word.text for word in phrase.words)


@pytest.mark.parametrize("kind", sorted(lexicon.NOUNS))
def test_a_plain_phrase_agrees_with_its_head_and_its_article_with_the_next_word(kind: str) -> None:
    for _ in range(40):
        phrase = NOUNS.make(kind, modified=False)
        words = phrase.words
        if words[-1].pos in ("NN", "NNS") and not any(word.text in ("and", "or") for word in words):
            assert phrase.agreement == ("plural" if words[-1].pos == "NNS" else "singular"), text(phrase)
        for word, following in pairwise(words):
            if word.text in ("a", "an"):
                assert word.text == article(following.text), text(phrase)
                assert following.pos in ("NN", "JJ", "CD"), text(phrase)


def test_pronouns_have_the_form_of_their_position() -> None:
    forms: dict[bool, set[str]] = {True: set(), False: set()}
    for place, found in forms.items():
        for _ in range(600):
            phrase = NOUNS.make("person", as_subject=place)
            if [word.pos for word in phrase.words] == ["PRP"]:
                found.add(text(phrase))
    subjects, objects = forms[True], forms[False]
    assert subjects == set(PRONOUNS) and objects == {form for form, _ in PRONOUNS.values()}


@pytest.mark.parametrize(
    ("owner", "agreement", "expected"),
    [("the guard", "singular", "'s"), ("the guards/NNS", "plural", "'"), ("the children/NNS", "plural", "'s")],
)
def test_possessives(owner: str, agreement: str, expected: str) -> None:
    phrase = NounPhrase(parse_tagged(owner), agreement, "person")
    last = NOUNS.possessive(phrase).words[-1]
    assert (last.text, last.pos) == (expected, "POS")


def test_coordinations_with_and_are_plural() -> None:
    seen = set()
    for _ in range(1500):
        phrase = NOUNS.make("animal")
        if "np-coordination" in phrase.constructions:
            conjunction = next(word.text for word in phrase.words if word.pos == "CC")
            seen.add(conjunction)
            assert conjunction == "or" or phrase.agreement == "plural"
    assert seen == {"and", "or"}


def test_question_phrases_and_amounts() -> None:
    for _ in range(60):
        asked = NOUNS.wh_phrase("document")
        assert asked.words[0].text in ("what", "which", "how")
        assert (asked.agreement == "plural") == (asked.words[0].text == "how") == (asked.words[-1].pos == "NNS")
    for kind in ("MONEY", "PERCENT", "SPAN", "WEIGHT"):
        assert all(any(word.pos == "CD" for word in NOUNS.measure_phrase(kind).words) for _ in range(20)), kind
    assert {text(NOUNS.indefinite("animal", is_plural=False)).split()[0] for _ in range(40)} <= {"a", "an"}  # type: ignore[arg-type]
