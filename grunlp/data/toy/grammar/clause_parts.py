"""The parts of a clause that a sentence can put in any order, and what may be missing from it."""

from dataclasses import dataclass, field

from grunlp.data.toy.grammar.lexicon import Lemma, Slot
from grunlp.data.toy.grammar.noun_phrases import NounPhrase
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, join
from grunlp.data.toy.grammar.verb_phrases import VerbGroup


@dataclass
class Gap:
    """A constituent that stands elsewhere: fronted in a question, or the antecedent of a relative clause.

    Args:
        place: `subject`, `object`, `preposition` (or another name) in the clause it is missing from.
        kind, agreement: as for a noun phrase.
        front: the question phrase or relative pronoun; empty for "the book she read".
        antecedent: the words before a relative clause; empty in a question.
    """

    place: str
    kind: str
    agreement: str
    front: Phrase
    antecedent: list[Word] = field(default_factory=list)

    def label(self, predicate: Predicate, role: str) -> None:
        """The antecedent has the role and its pronoun R- with the role; a question phrase has the role itself."""
        predicate.add(role, self.antecedent or self.front)
        if self.antecedent:
            predicate.add(f"R-{role}", self.front)

    def slot(self, verb: Lemma) -> Slot | None:
        """The slot of the verb that this gap can be."""
        if self.place == "object":
            return verb.object if verb.object and self.kind in verb.object.kinds else None
        return next((slot for slot in verb.slots if slot.prepositions and self.kind in slot.kinds), None)


Subject = NounPhrase | Gap


@dataclass
class Clause:
    """A clause in parts."""

    predicate: Predicate
    group: VerbGroup
    subject: Phrase = field(default_factory=Phrase)  # as shown; empty where it is understood or stands elsewhere
    opening: Phrase = field(default_factory=Phrase)
    after: Phrase = field(default_factory=Phrase)

    def statement(self) -> Phrase:
        """`yesterday the guard did not open the gate`."""
        return self.opening + self.subject + self.rest()

    def rest(self) -> Phrase:
        """The statement without its opening and subject."""
        return join((self.group.finite, self.group.middle, self.group.main, self.after))

    def question(self) -> Phrase:
        """`did the guard not open the gate`."""
        return join((self.opening, self.group.finite, self.subject, self.group.middle, self.group.main, self.after))
