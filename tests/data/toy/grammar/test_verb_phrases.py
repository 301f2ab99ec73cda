"""Verb groups: agreement, the forms after auxiliaries, negation, and do-support."""

import pytest

from grunlp.data.toy.grammar.lexicon import SplitRandom
from grunlp.data.toy.grammar.phrases import Predicate, join
from grunlp.data.toy.grammar.verb_phrases import BE, ClauseContext, VerbGroup, make_verb_group

RNG = SplitRandom("train")
GIVE = ("give", "gave", "given")
AFTER = {"be.03": {"VBG", "VBN"}, "have.01": {"VBN"}, "do.01": {"VB"}}


def make(
    form: str = "finite", agreement: str = "singular", forms: tuple[str, str, str] = GIVE,
    flags: frozenset[str] = frozenset(), **context: object,
) -> tuple[VerbGroup, Predicate]:  # fmt: skip
    predicate = Predicate([], "give.01")
    group = make_verb_group(RNG, forms, form, predicate, agreement, ClauseContext(**context), flags)  # type: ignore[arg-type]
    return group, predicate


def words_of(group: VerbGroup) -> list[tuple[str, str]]:
    return [(word.text, word.pos) for word in join((group.finite, group.medial, group.main)).words]


@pytest.mark.parametrize(
    ("tense", "agreement", "expected"),
    [
        ("past", "singular", ("gave", "VBD")),
        ("past", "plural", ("gave", "VBD")),
        ("present", "singular", ("gives", "VBZ")),
        ("present", "plural", ("give", "VBP")),
    ],
)
def test_a_plain_verb_agrees_with_its_subject(tense: str, agreement: str, expected: tuple[str, str]) -> None:
    group, predicate = make(agreement=agreement, tense=tense, no_auxiliaries=True)
    assert words_of(group) in ([expected], [*words_of(group)[:1], ("give", "VB")])
    if not predicate.roles:
        assert words_of(group) == [expected] and group.tense == tense


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("passive", [False, True])
def test_each_auxiliary_is_followed_by_the_form_it_asks_for(inverted: bool, passive: bool) -> None:
    flags = frozenset({"passive"} if passive else ())
    for _ in range(300):
        group, predicate = make(flags=flags, inverted=inverted)
        verbs = [word for word in words_of(group) if word[1][:2] in ("VB", "MD")]
        rolesets = [one.roleset for one in join((group.finite, group.main)).predicates]
        modal = any(role == "ARGM-MOD" for role, _ in predicate.roles)
        chain = ["modal"] * modal + rolesets
        assert chain[-1] == "give.01" and len(chain) == len(verbs), words_of(group)
        for before, (_, pos) in zip(chain, verbs[1:], strict=False):
            assert pos in ({"VB"} if before == "modal" else AFTER[before]), words_of(group)
        assert not passive or verbs[-1] == ("given", "VBN")
        if inverted:
            assert group.finite and len(verbs) > 1, "an auxiliary changes places with the subject"


def test_negation_is_a_role_and_stands_after_an_auxiliary() -> None:
    negated = 0
    for _ in range(400):
        group, predicate = make()
        roles = dict(predicate.roles)
        if "ARGM-NEG" in roles:
            negated += 1
            (word,) = roles["ARGM-NEG"]
            texts = [text for text, _ in words_of(group)]
            assert word.text in ("not", "n't") and texts.index(word.text) == 1 and texts[0] not in ("give", "gave")
            assert not {"will n't", "can n't", "may n't"} & {" ".join(texts[:2])}
    assert negated > 20


def test_forms_that_are_not_finite() -> None:
    for form, expected in (("to", ["to", "give"]), ("ing", ["giving"]), ("bare", ["give"]), ("reduced", ["given"])):
        for _ in range(40):
            flags = frozenset({"passive", "reduced"} if form == "reduced" else ())
            group, predicate = make(form, flags=flags)
            texts = [text for text, _ in words_of(group) if text != "not"]
            assert texts == expected and group.tense == "none" and predicate.words[0].text == expected[-1]


def test_be_needs_no_do() -> None:
    for _ in range(200):
        group, _ = make(forms=BE, flags=frozenset({"copula"}), inverted=True)
        assert not {"do", "did", "does"} & {text for text, _ in words_of(group)}
