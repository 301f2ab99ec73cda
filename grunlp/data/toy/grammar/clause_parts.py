"""The parts of a clause that a sentence can put in any order, and a constituent extracted from it."""

from dataclasses import dataclass, field
from typing import Protocol

from grunlp.data.toy.grammar.lexicon import ArgumentSlot, PredicateEntry
from grunlp.data.toy.grammar.noun_phrases import NounPhrase
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, join
from grunlp.data.toy.grammar.verb_phrases import ClauseContext, VerbGroup


@dataclass
class ExtractionGap:
    """A constituent that is outside its clause: fronted in a question, or the antecedent of a relative clause.

    Args:
        position: the position in the clause that it is missing from: `subject`, `object`, `preposition` or another
            name.
        semantic_type, agreement: as for a noun phrase.
        front: the question phrase or relative pronoun; empty for "the book she read".
        antecedent: the words before a relative clause; empty in a question.
    """

    position: str
    semantic_type: str
    agreement: str
    front: Phrase
    antecedent: list[Word] = field(default_factory=list)

    def label(self, predicate: Predicate, role: str) -> None:
        """Label the antecedent with the role and its pronoun with the R- role.

        A question phrase gets the role itself.
        """
        predicate.add_role(role, self.antecedent or self.front)
        if self.antecedent:
            predicate.add_role(f"R-{role}", self.front)

    def matching_slot(self, verb: PredicateEntry) -> ArgumentSlot | None:
        """Return the slot of the verb that this gap can fill."""
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
    """A clause, divided into parts."""

    predicate: Predicate
    verb_group: VerbGroup
    subject: Phrase = field(default_factory=Phrase)  # as written; empty if it is understood or extracted
    opening: Phrase = field(default_factory=Phrase)
    post_verbal: Phrase = field(default_factory=Phrase)

    def statement(self) -> Phrase:
        """Return `yesterday the guard did not open the gate`."""
        return self.opening + self.subject + self.predicate_phrase()

    def predicate_phrase(self) -> Phrase:
        """Return the statement without its opening adjunct and subject."""
        return join((self.verb_group.finite, self.verb_group.medial, self.verb_group.main, self.post_verbal))

    def question(self) -> Phrase:
        """Return `did the guard not open the gate`."""
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


class ClauseBuilder(Protocol):
    """A generator of the clauses inside complements and adjuncts, see `ClauseGenerator`."""

    def finite(self, context: ClauseContext) -> Clause:
        """Return a finite clause of any construction."""

    def verbal(
        self, form: str, *, context: ClauseContext, subject: Subject | None = None, gap: ExtractionGap | None = None
    ) -> Clause:
        """Return a clause with a verb."""

    def non_finite(self, form: str, controller: Subject | None, context: ClauseContext) -> Clause:
        """Return the clause that says what somebody wants, tries or stops doing."""
