"""Clauses around a verb: the roles of its roleset, a subject that fits, and the form that is asked for."""

import pytest

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.clause_parts import ExtractionGap
from grunlp.data.toy.grammar.clauses import ClauseGenerator
from grunlp.data.toy.grammar.lexicon import SPLITS, PredicateEntry, SplitRandom
from grunlp.data.toy.grammar.phrases import parse_tagged
from grunlp.data.toy.grammar.verb_phrases import ClauseContext
from tests.data.toy.grammar.frame_checks import check_frames

GENERATOR = ClauseGenerator(SplitRandom("train"))
VERBS: dict[str, list[PredicateEntry]] = {}  # a roleset may have several entries
for _verb in lexicon.VERBS.items:
    VERBS.setdefault(_verb.roleset, []).append(_verb)


@pytest.mark.parametrize("split", SPLITS)
def test_finite_clauses_have_legal_frames_and_words_of_their_split(split: str) -> None:
    generator = ClauseGenerator(SplitRandom(split))
    others = {entry.roleset for entry in lexicon.VERBS.items if entry.split not in ("train", split)}
    for _ in range(150):
        example = check_frames(generator.finite(ClauseContext(allow_opening_adjunct=True)).statement())
        assert example["frames"] and not others & {frame["roleset"] for frame in example["frames"]}


@pytest.mark.parametrize(
    ("form", "first"), [("to", {"to", "not"}), ("ing", None), ("bare", None), ("imperative", None), ("reduced", None)]
)
def test_the_form_of_the_verb_is_the_one_asked_for(form: str, first: set[str] | None) -> None:
    tags = {"to": {"VB"}, "ing": {"VBG"}, "bare": {"VB"}, "imperative": {"VB"}, "reduced": {"VBN"}}[form]
    for _ in range(60):
        clause = GENERATOR.verbal(form, context=ClauseContext(depth=1))
        check_frames(clause.statement())
        assert not clause.subject and clause.predicate.words[0].pos in tags
        if first is not None:
            assert clause.predicate_phrase().words[0].text in first


def test_the_subject_has_the_role_and_type_of_its_slot() -> None:
    nouns = GENERATOR.nouns
    for kind in ("person", "animal", "vehicle"):
        for _ in range(30):
            subject = nouns.make(kind, as_subject=True)
            clause = GENERATOR.verbal("finite", subject=subject, context=ClauseContext())
            verbs = VERBS.get(clause.predicate.roleset, [])
            slots = [verb.object_slot if clause.verb_group.passive else verb.subject for verb in verbs]
            roles = {slot.role for slot in slots if slot is not None and kind in slot.semantic_types}
            assert roles & {role for role, words in clause.predicate.roles if words == subject.words}


def test_a_passive_may_name_its_agent() -> None:
    agents = 0
    for _ in range(400):
        clause = GENERATOR.verbal("finite", context=ClauseContext())
        phrase = clause.statement()
        if "by-phrase" in phrase.constructions and clause.verb_group.passive:
            subjects = {verb.subject.role for verb in VERBS[clause.predicate.roleset]}
            agents += any(words[0].text == "by" for role, words in clause.predicate.roles if role in subjects)
    assert agents > 5


def test_a_gap_that_no_verb_takes_is_an_error() -> None:
    gap = ExtractionGap("object", "no such type", "singular", parse_tagged("what"))
    with pytest.raises(LookupError, match="no verb for finite"):
        GENERATOR.verbal("finite", gap=gap, context=ClauseContext())
