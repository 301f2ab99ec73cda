"""Adjuncts of clauses: at most two, at the allowed ends, and never an excluded one."""

from collections import Counter

import pytest

from grunlp.data.toy.grammar.adverbials import ADJUNCT_WEIGHTS
from grunlp.data.toy.grammar.clause_parts import Clause
from grunlp.data.toy.grammar.clauses import ClauseGenerator
from grunlp.data.toy.grammar.lexicon import SplitRandom
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, parse_tagged
from grunlp.data.toy.grammar.verb_phrases import ClauseContext, VerbGroup
from tests.data.toy.grammar.frame_checks import check_frames

GENERATOR = ClauseGenerator(SplitRandom("train"))


def clause_with_adjuncts(clause_type: str, context: ClauseContext) -> Clause:
    """`the guard waited` with adjuncts; the verb is none of the lexicon's."""
    verb = Word("waited", "VBD")
    predicate = Predicate([verb], "wait.99")
    clause = Clause(predicate, VerbGroup("past", main=Phrase([verb], [predicate])), parse_tagged("the guard"))
    GENERATOR.adverbials.add(clause, clause_type, "finite", None, context)
    return clause


@pytest.mark.parametrize("clause_type", sorted(ADJUNCT_WEIGHTS))
def test_adjuncts_are_labelled_and_at_most_two(clause_type: str) -> None:
    seen: Counter[str] = Counter()
    for _ in range(80):
        clause = clause_with_adjuncts(clause_type, ClauseContext(allow_opening_adjunct=True))
        labels = [role for role, _ in clause.predicate.roles]
        assert len(labels) <= 3 and all(label.startswith("ARGM-") for label in labels)
        assert sum(label != "ARGM-DIS" for label in labels) <= 2
        seen.update(labels)
        example = check_frames(clause.statement())
        frame = next(frame for frame in example["frames"] if frame["roleset"] == "wait.99")
        assert {tag[2:] for tag in frame["tags"]} == {"", "V", *labels}
    assert len(seen) > 2


def test_excluded_adjuncts_and_closed_ends_are_respected() -> None:
    excluded = ("ARGM-TMP", "ARGM-LOC", "middle", "when", "because", "if", "so", "to")
    for _ in range(100):
        clause = clause_with_adjuncts("action", ClauseContext(excluded_adjuncts=excluded))
        assert not {"ARGM-TMP", "ARGM-LOC"} & {role for role, _ in clause.predicate.roles}
        assert not clause.opening and not clause.verb_group.medial
        closed = clause_with_adjuncts(
            "action", ClauseContext(allow_closing_adjunct=False, excluded_adjuncts=("middle",))
        )
        assert not closed.post_verbal and not closed.predicate.roles


def test_articles_agree_with_the_noun_that_fills_a_slot() -> None:
    for _ in range(60):
        first, article, noun = GENERATOR.adverbials.fill_template("with a {tool}").words
        assert (first.text, noun.pos) == ("with", "NN")
        assert article.text == ("an" if noun.text[0] in "aeio" else "a"), noun.text
