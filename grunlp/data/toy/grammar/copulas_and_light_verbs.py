"""Clauses that are more than a verb: copulas with adjectives, light verbs, raising, existential `there`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.clause_parts import Clause
from grunlp.data.toy.grammar.complements import DEEPEST
from grunlp.data.toy.grammar.lexicon import Lemma, Slot, Speaker
from grunlp.data.toy.grammar.noun_phrases import NounPhrase, NounPhrases
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, tagged
from grunlp.data.toy.grammar.verb_phrases import BE, Setting, verb_group

if TYPE_CHECKING:
    from grunlp.data.toy.grammar.clauses import Clauses

SOMEWHERE = Slot("ARG1", (), ("animal", "document", "vehicle", "toy", "valuable", "person", "outfit"))
EXISTING = ("person", "animal", "document", "vehicle", "plant", "container")
RAISED = ("person", "person", "animal", "vehicle", "group")


class Predications:
    """Makes such clauses as one split knows them."""

    def __init__(self, say: Speaker, nouns: NounPhrases, clauses: Clauses) -> None:
        self.say, self.nouns, self.clauses = say, nouns, clauses

    def copular(self, setting: Setting) -> Clause:
        """`the guard was very proud of the dog`: be.01, and a frame for the adjective too."""
        build = self.say.weigh({"adjective": 6, "calling": 1.5, "place": 2})
        entry = self.say.pick(lexicon.ADJECTIVES)
        subject = self._whom(build, entry, setting)
        predicate = Predicate([], "be.01")
        predicate.add("ARG1", subject)
        group = verb_group(self.say, BE, "finite", predicate, subject.agreement, setting, frozenset({"copula"}))
        clause = Clause(predicate, group, subject)
        if build == "adjective":
            clause.after = self._adjectival(entry, clause, subject, setting)
        elif build == "calling":
            clause.after = self.nouns.indefinite("person", many=False)
        else:
            clause.after = self.clauses.adverbials.place()
        predicate.add("ARG2", clause.after)
        clause.group.finite = clause.group.finite.marked("copula")
        self.clauses.adverbials.add(clause, "state", "finite", subject, setting.closed() if entry.slots else setting)
        return clause

    def _whom(self, build: str, entry: Lemma, setting: Setting) -> NounPhrase:
        if build == "calling":
            return self.nouns.person_name() if self.say.chance(0.6) else self.nouns.relation()
        slot = entry.subject if build == "adjective" else SOMEWHERE
        return self.clauses.complements.argument(slot, setting, as_subject=True)

    def _adjectival(self, entry: Lemma, clause: Clause, subject: NounPhrase, setting: Setting) -> Phrase:
        """The adjective with degree and complement; modal and negation are roles of both frames."""
        word = Word(entry.noun, "JJ")
        predicate = Predicate([word], entry.roleset)
        predicate.add(entry.subject.role, subject)
        for role, words in clause.predicate.roles:
            if role in ("ARGM-MOD", "ARGM-NEG"):
                predicate.add(role, words)
        slot = entry.slots[0] if entry.slots else None
        degree, complement = Phrase(), Phrase()
        if not (slot and slot.clausal) and self.say.chance(0.3):
            degree = Phrase([Word(self.say.pick(lexicon.DEGREES).text, "RB")])
            predicate.add("ARGM-EXT", degree)
        if slot and slot.clausal:
            inside = Setting(depth=DEEPEST, closing=setting.closing)
            complement = self.clauses.verbal("to", subject=subject, setting=inside).rest().marked("control")
        elif slot and not (slot.optional and self.say.chance(0.5)):
            complement = tagged(self.say.choose(slot.prepositions)) + self.clauses.complements.argument(slot, setting)
        if slot:
            predicate.add(slot.role, complement)
        return (degree + Phrase([word], [predicate]) + complement).marked("adjective-predicate")

    def light(self, form: str, setting: Setting, subject: NounPhrase | None = None) -> Clause:
        """`made a bold decision`: the noun has the roles, the light verb only its noun."""
        entry = self.say.pick(lexicon.LIGHT_VERBS)
        head = Word(entry.noun.rstrip("*"), "NN")
        predicate, verb = Predicate([head], entry.roleset), Predicate([], entry.light)
        if subject is None:
            subject = self.clauses.complements.argument(entry.subject, setting, as_subject=True)
        predicate.add(entry.subject.role, subject)
        group = verb_group(self.say, entry.forms, form, verb, subject.agreement, setting, frozenset())
        predicate.roles += verb.roles  # modal and negation
        predicate.add("ARGM-LVB", verb.words)
        verb.roles = [("ARGM-PRR", [head])]
        clause = Clause(predicate, group, subject if form == "finite" else Phrase())
        clause.after = self.nouns.light_object(entry, predicate, head).marked("light-verb")
        slot = entry.slots[0]
        if not slot.optional or self.say.chance(0.5):
            filler = tagged(slot.prepositions[0]) + self.nouns.make(self.say.choose(slot.kinds), modified=False)
            predicate.add(slot.role, filler)
            clause.after = clause.after + filler
        plain = replace(setting, without=(*setting.without, "middle", "to", "so"))
        self.clauses.adverbials.add(clause, "action", form, subject, plain)
        return clause

    def raising(self, setting: Setting) -> Clause:
        """`the guard seems to sleep`: the subject is ARG1 of the first verb, the infinitive its C-ARG1."""
        entry = self.say.pick(lexicon.RAISING)
        predicate = Predicate([], entry.roleset)
        subject = self.nouns.make(self.say.choose(RAISED), as_subject=True)
        predicate.add("ARG1", subject)
        flags = frozenset({"state"})
        group = verb_group(self.say, entry.forms, "finite", predicate, subject.agreement, setting, flags)
        inside = Setting(depth=setting.depth + 1, closing=setting.closing)
        infinitive = self.clauses.verbal("to", subject=subject, setting=inside).rest().marked("raising")
        predicate.add("C-ARG1", infinitive)
        clause = Clause(predicate, group, subject, after=infinitive)
        self.clauses.adverbials.add(clause, "state", "finite", subject, setting.closed())
        return clause

    def existential(self, setting: Setting) -> Clause:
        """`there was a dog in the garden`: what there is is ARG1 of be.02."""
        predicate = Predicate([], "be.02")
        thing = self.nouns.indefinite(self.say.choose(EXISTING))
        flags = frozenset({"copula"})
        group = verb_group(self.say, BE, "finite", predicate, thing.agreement, setting, flags)
        predicate.add("ARG1", thing)
        clause = Clause(predicate, group, tagged("there/EX"), after=thing.marked("existential"))
        if setting.closing and "ARGM-LOC" not in setting.without:
            place = self.clauses.adverbials.place()
            predicate.add("ARGM-LOC", place)
            clause.after = clause.after + place
        return clause
