"""What a verb asks for: objects, prepositional complements, clauses, and the relative clauses inside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.clause_parts import Clause, Gap, Subject
from grunlp.data.toy.grammar.lexicon import Lemma, Slot, Speaker
from grunlp.data.toy.grammar.noun_phrases import NounPhrase, NounPhrases
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, join, tagged
from grunlp.data.toy.grammar.verb_phrases import Setting

if TYPE_CHECKING:
    from grunlp.data.toy.grammar.clauses import Clauses

DEEPEST = 2  # clauses inside clauses; at this depth no verb takes another
DROPS_THAT = ("say.01", "think.01", "know.01", "hope.01")
INDIRECT = (
    ("whether", ""),
    ("if", ""),
    ("when", "ARGM-TMP"),
    ("where", "ARGM-LOC"),
    ("why", "ARGM-CAU"),
    ("how", "ARGM-MNR"),
)


class Complements:
    """Makes complements as one split knows them."""

    def __init__(self, say: Speaker, nouns: NounPhrases, clauses: Clauses) -> None:
        self.say, self.nouns, self.clauses = say, nouns, clauses

    def make(
        self, verb: Lemma, clause: Clause, slots: list[Slot], subject: Subject | None, gap: Gap | None, setting: Setting
    ) -> Phrase:
        """What follows the verb, each complement labelled; a particle before or after the object."""
        missing = gap.slot(verb) if gap else None
        controller, pieces = subject, []
        for slot in slots:
            if slot is missing and gap:
                pieces.append(self._stranded(slot, gap, clause.predicate))
                controller = controller if slot.prepositions else gap
            elif not slot.optional or self.say.chance(0.5):
                piece = self._complement(verb, slot, controller, clause.group.tense, setting)
                if isinstance(piece, NounPhrase) and not slot.prepositions:
                    controller = piece  # an object acts: "asked her to go"; who apologises to her acts himself
                filler = self._preposition(slot, piece) + piece
                clause.predicate.add(slot.role, filler)
                pieces.append(filler)
        if "dative" in verb.flags and len(pieces) == 2 and not gap and self.say.chance(0.45):
            pieces = _recipient_first(clause.predicate, pieces)
        if verb.particle:
            self._add_particle(verb.particle, clause, pieces)
        return join(pieces)

    def _preposition(self, slot: Slot, piece: Phrase) -> Phrase:
        city = isinstance(piece, NounPhrase) and piece.kind == "city"
        options = [preposition for preposition in slot.prepositions if not (city and preposition == "at")]
        return tagged(self.say.choose(options)) if options else Phrase()

    def _add_particle(self, text: str, clause: Clause, pieces: list[Phrase]) -> None:
        """`picked up the box` or, after a short object, `picked the box up`."""
        particle = Phrase([Word(text, "RP")])
        clause.predicate.words.extend(particle.words)
        if pieces and pieces[0] and len(pieces[0].words) < 5 and self.say.chance(0.55):
            pieces.append(particle.marked("split-particle"))
        else:
            clause.group.main = clause.group.main + particle

    def _stranded(self, slot: Slot, gap: Gap, predicate: Predicate) -> Phrase:
        """What remains in the place of a fronted complement: nothing, or the preposition as C- of its role."""
        gap.label(predicate, slot.role)
        if not slot.prepositions:
            return Phrase()
        preposition = tagged(slot.prepositions[0]).marked("stranded")
        predicate.add(f"C-{slot.role}", preposition)
        return preposition

    def _complement(self, verb: Lemma, slot: Slot, controller: Subject | None, tense: str, setting: Setting) -> Phrase:
        kind = slot.kinds[0]
        inside = Setting(depth=setting.depth + 1, closing=setting.closing)
        same = Setting(inside.depth, "past" if tense == "past" else "", closing=setting.closing)
        if kind in ("TO", "ING"):
            inside = inside if kind == "TO" else replace(inside, depth=DEEPEST)  # no "stopped trying to avoid"
            return self.clauses.non_finite(kind.lower(), controller, inside).rest().marked("control")
        if kind in ("NPTO", "NPBARE"):
            someone = self.nouns.make("person", modified=False)
            form = "to" if kind == "NPTO" else "bare"
            return (someone + self.clauses.verbal(form, subject=someone, setting=inside).rest()).marked("control")
        if kind == "THAT":
            that = Phrase() if verb.roleset in DROPS_THAT and self.say.chance(0.4) else tagged("that/IN")
            return (that + self.clauses.finite(same).statement()).marked("that-clause")
        if kind == "WHETHER":
            return self._indirect_question(same)
        return self.nouns.amount(kind) if kind.isupper() else self.argument(slot, setting)

    def _indirect_question(self, setting: Setting) -> Phrase:
        word, label = self.say.choose(INDIRECT)
        front = tagged(word)
        inside = Setting(setting.depth, setting.tense, closing=setting.closing, without=(label, "middle"))
        clause = self.clauses.verbal("finite", setting=inside) if label else self.clauses.finite(inside)
        if label:
            clause.predicate.add(label, front)
        return (front + clause.statement()).marked("indirect-question")

    def argument(self, slot: Slot, setting: Setting, as_subject: bool = False) -> NounPhrase:
        """A noun phrase for a slot, now and then with a relative clause."""
        kind = self.say.choose(slot.kinds)
        if kind == "deed":
            return self._deed(setting)
        phrase = self.nouns.make(kind, as_subject=as_subject)
        plain = phrase.words[-1].pos in ("NN", "NNS") and "np-coordination" not in phrase.marks
        likely = 0.3 if kind in ("building", "area") else 0.13
        if setting.depth == 0 and plain and kind not in ("topic", "kin") and self.say.chance(likely):
            return self.relative(phrase)
        return phrase

    def _deed(self, setting: Setting) -> NounPhrase:
        """A noun with a frame of its own, and its complement."""
        deep = setting.depth >= DEEPEST
        entry = self.say.pick(lexicon.PLAIN_NOUN_PREDICATES if deep else lexicon.NOUN_PREDICATES)
        slot = entry.slots[0]
        if slot.optional and self.say.chance(0.4):
            return self.nouns.deed(entry, Phrase(), None)
        if slot.clausal:
            infinitive = self.clauses.verbal("to", setting=Setting(depth=DEEPEST, closing=False))
            return self.nouns.deed(entry, infinitive.rest(), slot)
        filler = tagged(slot.prepositions[0]) + self.nouns.make(self.say.choose(slot.kinds), modified=False)
        return self.nouns.deed(entry, filler, slot)

    def relative(self, head: NounPhrase, place: str = "") -> NounPhrase:
        """The noun phrase with a relative clause after it, in which it is subject, object ... or `where`."""
        weights = {"subject": 5, "object": 4, "preposition": 1.5, "reduced": 1.5}
        weights["where"] = 6 if head.kind in ("building", "area") else 0
        place = place or self.say.weigh(weights)
        pronouns = ["who", "who", "that/WDT"] if head.kind == "person" else ["that/WDT", "which"]
        if place in ("object", "preposition"):
            pronouns.append("")
        if place == "where":
            pronouns = ["where", "where", "in which"]
        front = Phrase() if place == "reduced" else tagged(self.say.choose(pronouns))
        gap = Gap(place, head.kind, head.agreement, front, head.words)
        inside = Setting(depth=1, without=("ARGM-LOC",) if place == "where" else ())
        try:
            if place == "where":
                clause = self.clauses.verbal("finite", setting=inside)
                gap.label(clause.predicate, "ARGM-LOC")
            elif place in ("subject", "reduced"):
                clause = self.clauses.verbal("finite" if front else "reduced", subject=gap, setting=inside)
            else:
                clause = self.clauses.verbal("finite", gap=gap, setting=inside)
        except LookupError:  # nothing can be said of it in this way
            return head
        if place == "reduced" and not clause.after:  # "the match won began" leads up the garden path
            return head
        whole = (head + front + clause.statement()).marked("relative", f"relative-{place}")
        return NounPhrase(whole, head.agreement, head.kind)


def _recipient_first(predicate: Predicate, pieces: list[Phrase]) -> list[Phrase]:
    """`gave her a book`: the recipient loses its preposition, in the sentence and in its role."""
    thing, recipient = pieces
    preposition = recipient.words.pop(0)
    role = next(words for _, words in predicate.roles if preposition in words)
    role.remove(preposition)
    return [recipient.marked("double-object"), thing]
