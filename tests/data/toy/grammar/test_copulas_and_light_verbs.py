"""Copulas, light verbs, raising and existential `there`: the frames that their definitions ask for."""

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.clauses import ClauseGenerator
from grunlp.data.toy.grammar.lexicon import SplitRandom
from grunlp.data.toy.grammar.verb_phrases import ClauseContext
from tests.data.toy.grammar.frame_checks import check_frames, frame_of

PREDICATIONS = ClauseGenerator(SplitRandom("train")).predications
CONTEXT = ClauseContext(depth=1, tense="past")
ADJECTIVES = {entry.roleset for entry in lexicon.ADJECTIVES.items}


def test_copulas_link_two_arguments_and_adjectives_have_a_frame() -> None:
    adjectives = 0
    for _ in range(60):
        clause = PREDICATIONS.copular(CONTEXT)
        example = check_frames(clause.statement())
        frame = frame_of(example, "be.01")
        subject = " ".join(word.text for word in clause.subject.words)
        assert frame["V"] in ("was", "were", "be", "been") and frame["ARG1"] == subject and frame["ARG2"]
        adjectives += bool(ADJECTIVES & {one["roleset"] for one in example["frames"]})
    assert 10 < adjectives <= 60


def test_the_noun_of_a_light_verb_has_the_roles() -> None:
    for _ in range(60):
        clause = PREDICATIONS.light_verb("finite", CONTEXT)
        example = check_frames(clause.statement())
        noun = frame_of(example, clause.predicate.roleset)
        light = next(f for f in example["frames"] if f["roleset"].endswith(".LV"))
        verb = frame_of(example, light["roleset"])
        assert noun["ARGM-LVB"] == verb["V"] and verb["ARGM-PRR"] == noun["V"] and set(verb) == {"V", "ARGM-PRR"}
        entry = next(one for one in lexicon.LIGHT_VERBS.items if one.roleset == clause.predicate.roleset)
        assert entry.subject.role in noun


def test_a_raised_subject_is_continued_by_the_infinitive() -> None:
    for _ in range(60):
        clause = PREDICATIONS.raising(CONTEXT)
        frame = frame_of(check_frames(clause.statement()), clause.predicate.roleset)
        assert frame["ARG1"] == " ".join(word.text for word in clause.subject.words)
        assert "to" in frame["C-ARG1"].split()[:2]


def test_what_exists_is_the_argument_and_agrees_with_the_verb() -> None:
    for _ in range(60):
        clause = PREDICATIONS.existential(ClauseContext(depth=1, tense="past", no_auxiliaries=True))
        example = check_frames(clause.statement())
        frame = frame_of(example, "be.02")
        plural = example["pos"][example["words"].index(frame["ARG1"].split()[-1])] == "NNS"
        assert clause.subject.words[0].text == "there" and frame["V"] == ("were" if plural else "was")
