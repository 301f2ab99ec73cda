"""The parts of a clause that a sentence can put in any order, and what may be missing from it."""

from dataclasses import dataclass, field

from grunlp.data.toy.grammar.lexicon import ArgumentSlot, PredicateEntry
from grunlp.data.toy.grammar.noun_phrases import NounPhrase
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, join
from grunlp.data.toy.grammar.verb_phrases import VerbGroup


@dataclass
class ExtractionGap:
    """A constituent that stands elsewhere: fronted in a question, or the antecedent of a relative clause.

    Args:
        position: `subject`, `object`, `preposition` (or another name) in the clause it is missing from.
        kind, agreement: as for a noun phrase.
        front: the question phrase or relative pronoun; empty for "the book she read".
        antecedent: the words before a relative clause; empty in a question.
    """

    position: str
    semantic_type: str
    agreement: str
    front: Phrase
    antecedent: list[Word] = field(default_factory=list)

    def label(self, predicate: Predicate, role: str) -> None:
        """The antecedent has the role and its pronoun R- with the role; a question phrase has the role itself."""
        predicate.add_role(role, self.antecedent or self.front)
        if self.antecedent:
            predicate.add_role(f"R-{role}", self.front)

    def matching_slot(self, verb: PredicateEntry) -> ArgumentSlot | None:
        """The slot of the verb that this gap can be."""
        if self.position == "object":
            return (
                verb.object_slot if verb.object_slot and self.semantic_type in verb.object_slot.semantic_types else None
            )
        return next(
            (slot for slot in verb.slots if slot.prepositions and self.semantic_type in slot.semantic_types), None
        )


Subject = NounPhrase | ExtractionGap


@dataclass
class Clause:
    """A clause in parts."""

    predicate: Predicate
    verb_group: VerbGroup
    subject: Phrase = field(default_factory=Phrase)  # as shown; empty where it is understood or stands elsewhere
    opening: Phrase = field(default_factory=Phrase)
    post_verbal: Phrase = field(default_factory=Phrase)

    def statement(self) -> Phrase:
        """`yesterday the guard did not open the gate`."""
        return self.opening + self.subject + self.predicate_phrase()

    def predicate_phrase(self) -> Phrase:
        """The statement without its opening and subject."""
        return join((self.verb_group.finite, self.verb_group.medial, self.verb_group.main, self.post_verbal))

    def question(self) -> Phrase:
        """`did the guard not open the gate`."""
        return join(
            (
                self.opening,
                self.verb_group.finite,
                self.subject,
                self.verb_group.medial,
                self.verb_group.main,
                self.post_verbal,
            )
        )
