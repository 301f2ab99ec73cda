"""Parts of a clause in the order of statements and questions, and constituents outside a clause."""

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.clause_parts import Clause, ExtractionGap
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, parse_tagged
from grunlp.data.toy.grammar.verb_phrases import VerbGroup


def text(phrase: Phrase) -> str:
    return " ".join(word.text for word in phrase.words)


def make() -> Clause:
    group = VerbGroup("past", False, parse_tagged("did"), parse_tagged("not"), parse_tagged("open"))
    return Clause(
        Predicate([], "open.01"), group, parse_tagged("the guard"), parse_tagged("yesterday"), parse_tagged("it")
    )


def test_the_finite_verb_changes_places_with_the_subject() -> None:
    assert text(make().statement()) == "yesterday the guard did not open it"
    assert text(make().question()) == "yesterday did the guard not open it"
    assert text(make().predicate_phrase()) == "did not open it"


def test_a_pronoun_before_a_relative_clause_refers_to_its_antecedent() -> None:
    book, which = [Word("book", "NN")], parse_tagged("which")
    relative, question = Predicate([], "read.01"), Predicate([], "read.01")
    ExtractionGap("object", "document", "singular", which, book).label(relative, "ARG1")
    ExtractionGap("object", "document", "singular", which).label(question, "ARG1")
    assert relative.roles == [("ARG1", book), ("R-ARG1", which.words)] and question.roles == [("ARG1", which.words)]


def test_a_gap_fits_slots_of_its_position_and_type() -> None:
    give = next(verb for verb in lexicon.VERBS.items if verb.roleset == "give.01")
    thing, recipient = give.slots
    front = parse_tagged("what")
    for position, slot in (("object", thing), ("preposition", recipient)):
        for kind in slot.semantic_types:
            assert ExtractionGap(position, kind, "singular", front).matching_slot(give) is slot
        assert ExtractionGap(position, "weather", "singular", front).matching_slot(give) is None
    sleep = next(verb for verb in lexicon.VERBS.items if not verb.slots)
    assert ExtractionGap("object", "person", "singular", front).matching_slot(sleep) is None
