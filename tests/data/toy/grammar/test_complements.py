"""Complements of verbs and relative clauses: labelled by the slots of the verb, and parts of one phrase."""

import pytest

from grunlp.data.toy.grammar.clauses import ClauseGenerator
from grunlp.data.toy.grammar.complements import MAX_DEPTH
from grunlp.data.toy.grammar.lexicon import ArgumentSlot, SplitRandom
from grunlp.data.toy.grammar.verb_phrases import ClauseContext
from tests.data.toy.grammar.frame_checks import check_frames, frame_of

GENERATOR = ClauseGenerator(SplitRandom("train"))


@pytest.mark.parametrize("position", ["subject", "object", "preposition", "reduced", "where"])
def test_the_antecedent_has_a_role_in_its_relative_clause(position: str) -> None:
    made = 0
    for _ in range(60):
        head = GENERATOR.nouns.make("building" if position == "where" else "document", modified=False)
        phrase = GENERATOR.complements.relative(head, position)
        assert phrase.words[: len(head.words)] == head.words and phrase.agreement == head.agreement
        if phrase.words == head.words:  # no verb fits
            continue
        made += 1
        example = check_frames(phrase)
        labels = {tag[2:] for frame in example["frames"] for tag in frame["tags"][: len(head.words)]} - {""}
        assert labels, " ".join(example["words"])
        assert f"relative-{position}" in phrase.constructions
    assert made > 10


def test_a_pronoun_refers_to_the_role_of_the_antecedent() -> None:
    head = GENERATOR.nouns.make("document", modified=False)
    for _ in range(20):
        phrase = GENERATOR.complements.relative(head, "subject")
        example = check_frames(phrase)
        frames = [frame_of(example, frame["roleset"]) for frame in example["frames"]]
        (frame,) = (one for one in frames if any(label.startswith("R-") for label in one))
        (role,) = (label for label in frame if label.startswith("R-"))
        assert frame[role] in ("that", "which") and frame[role[2:]] == " ".join(word.text for word in head.words)


def test_arguments_have_a_type_of_their_slot() -> None:
    slot = ArgumentSlot("ARG1", (), ("animal", "vehicle"))
    kinds = {GENERATOR.complements.argument(slot, ClauseContext(depth=MAX_DEPTH)).semantic_type for _ in range(60)}
    assert kinds == {"animal", "vehicle"}


@pytest.mark.parametrize("construction", ["double-object", "split-particle", "stranded", "that-clause", "control"])
def test_constructions_keep_the_words_of_a_role_together(construction: str) -> None:
    found = 0
    for _ in range(3000):
        context = ClauseContext(depth=0)
        phrase = GENERATOR.verbal("finite", context=context).statement()
        if construction in phrase.constructions:
            found += 1
            example = check_frames(phrase)
            if construction == "split-particle":
                assert any("B-C-V" in frame["tags"] for frame in example["frames"])
        if found == 5:
            return
    pytest.fail(f"{construction}: {found}")
