"""Clauses beyond a plain verb: copulas with adjectives, light verbs, raising, existential `there`."""

from dataclasses import replace

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.adverbials import AdjunctGenerator
from grunlp.data.toy.grammar.clause_parts import Clause, ClauseBuilder
from grunlp.data.toy.grammar.complements import MAX_DEPTH, ComplementGenerator
from grunlp.data.toy.grammar.lexicon import ArgumentSlot, PredicateEntry, SplitRandom
from grunlp.data.toy.grammar.noun_phrases import NounPhrase, NounPhraseGenerator
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, parse_tagged
from grunlp.data.toy.grammar.verb_phrases import BE, ClauseContext, make_verb_group

LOCATED_SLOT = ArgumentSlot("ARG1", (), ("animal", "document", "vehicle", "toy", "valuable", "person", "outfit"))
EXISTENTIAL_TYPES = ("person", "animal", "document", "vehicle", "plant", "container")
RAISING_SUBJECT_TYPES = ("person", "person", "animal", "vehicle", "group")


class PredicationGenerator:
    """A generator of such clauses with the words of one split."""

    def __init__(
        self,
        rng: SplitRandom,
        nouns: NounPhraseGenerator,
        complements: ComplementGenerator,
        adverbials: AdjunctGenerator,
        clauses: ClauseBuilder,
    ) -> None:
        self.rng, self.nouns, self.clauses = rng, nouns, clauses
        self.complements, self.adverbials = complements, adverbials

    def copular(self, context: ClauseContext) -> Clause:
        """Return `the guard was very proud of the dog`: be.01, and a frame for the adjective too."""
        build = self.rng.choose_weighted({"adjective": 6, "calling": 1.5, "place": 2})
        entry = self.rng.pick(lexicon.ADJECTIVES)
        subject = self._make_subject(build, entry, context)
        predicate = Predicate([], "be.01")
        predicate.add_role("ARG1", subject)
        group = make_verb_group(self.rng, BE, "finite", predicate, subject.agreement, context, frozenset({"copula"}))
        clause = Clause(predicate, group, subject)
        if build == "adjective":
            clause.post_verbal = self._adjectival(entry, clause, subject, context)
        elif build == "calling":
            clause.post_verbal = self.nouns.indefinite("person", is_plural=False)
        else:
            clause.post_verbal = self.adverbials.locative()
        predicate.add_role("ARG2", clause.post_verbal)
        clause.verb_group.finite = clause.verb_group.finite.with_constructions("copula")
        self.adverbials.add(
            clause, "state", "finite", subject, context.without_closing_adjunct() if entry.slots else context
        )
        return clause

    def _make_subject(self, build: str, entry: PredicateEntry, context: ClauseContext) -> NounPhrase:
        if build == "calling":
            return self.nouns.person_name() if self.rng.chance(0.6) else self.nouns.kinship_term()
        slot = entry.subject if build == "adjective" else LOCATED_SLOT
        return self.complements.argument(slot, context, as_subject=True)

    def _adjectival(self, entry: PredicateEntry, clause: Clause, subject: NounPhrase, context: ClauseContext) -> Phrase:
        """Return the adjective with its degree and complement; modal and negation are roles of both frames."""
        word = Word(entry.noun, "JJ")
        predicate = Predicate([word], entry.roleset)
        predicate.add_role(entry.subject.role, subject)
        for role, words in clause.predicate.roles:
            if role in ("ARGM-MOD", "ARGM-NEG"):
                predicate.add_role(role, words)
        slot = entry.slots[0] if entry.slots else None
        degree, complement = Phrase(), Phrase()
        if not (slot and slot.is_clausal) and self.rng.chance(0.3):
            degree = Phrase([Word(self.rng.pick(lexicon.DEGREES).text, "RB")])
            predicate.add_role("ARGM-EXT", degree)
        if slot and slot.is_clausal:
            inside = ClauseContext(depth=MAX_DEPTH, allow_closing_adjunct=context.allow_closing_adjunct)
            complement = (
                self.clauses.verbal("to", subject=subject, context=inside)
                .predicate_phrase()
                .with_constructions("control")
            )
        elif slot and not (slot.optional and self.rng.chance(0.5)):
            complement = parse_tagged(self.rng.choose(slot.prepositions)) + self.complements.argument(slot, context)
        if slot:
            predicate.add_role(slot.role, complement)
        return (degree + Phrase([word], [predicate]) + complement).with_constructions("adjective-predicate")

    def light_verb(self, form: str, context: ClauseContext, subject: NounPhrase | None = None) -> Clause:
        """Return `made a bold decision`: the noun has the roles, and the light verb has only its noun."""
        entry = self.rng.pick(lexicon.LIGHT_VERBS)
        head = Word(entry.noun.rstrip("*"), "NN")
        predicate, verb = Predicate([head], entry.roleset), Predicate([], entry.light_verb)
        if subject is None:
            subject = self.complements.argument(entry.subject, context, as_subject=True)
        predicate.add_role(entry.subject.role, subject)
        group = make_verb_group(self.rng, entry.forms, form, verb, subject.agreement, context, frozenset())
        predicate.roles += verb.roles  # modal and negation
        predicate.add_role("ARGM-LVB", verb.words)
        verb.roles = [("ARGM-PRR", [head])]
        clause = Clause(predicate, group, subject if form == "finite" else Phrase())
        clause.post_verbal = self.nouns.light_object(entry, predicate, head).with_constructions("light-verb")
        slot = entry.slots[0]
        if not slot.optional or self.rng.chance(0.5):
            filler = parse_tagged(slot.prepositions[0]) + self.nouns.make(
                self.rng.choose(slot.semantic_types), modified=False
            )
            predicate.add_role(slot.role, filler)
            clause.post_verbal = clause.post_verbal + filler
        plain = replace(context, excluded_adjuncts=(*context.excluded_adjuncts, "middle", "to", "so"))
        self.adverbials.add(clause, "action", form, subject, plain)
        return clause

    def raising(self, context: ClauseContext) -> Clause:
        """Return `the guard seems to sleep`: the subject is ARG1 of the first verb, the infinitive its C-ARG1."""
        entry = self.rng.pick(lexicon.RAISING)
        predicate = Predicate([], entry.roleset)
        subject = self.nouns.make(self.rng.choose(RAISING_SUBJECT_TYPES), as_subject=True)
        predicate.add_role("ARG1", subject)
        flags = frozenset({"state"})
        group = make_verb_group(self.rng, entry.forms, "finite", predicate, subject.agreement, context, flags)
        inside = ClauseContext(depth=context.depth + 1, allow_closing_adjunct=context.allow_closing_adjunct)
        infinitive = (
            self.clauses.verbal("to", subject=subject, context=inside).predicate_phrase().with_constructions("raising")
        )
        predicate.add_role("C-ARG1", infinitive)
        clause = Clause(predicate, group, subject, post_verbal=infinitive)
        self.adverbials.add(clause, "state", "finite", subject, context.without_closing_adjunct())
        return clause

    def existential(self, context: ClauseContext) -> Clause:
        """Return `there was a dog in the garden`: the dog is ARG1 of be.02."""
        predicate = Predicate([], "be.02")
        thing = self.nouns.indefinite(self.rng.choose(EXISTENTIAL_TYPES))
        flags = frozenset({"copula"})
        group = make_verb_group(self.rng, BE, "finite", predicate, thing.agreement, context, flags)
        predicate.add_role("ARG1", thing)
        clause = Clause(predicate, group, parse_tagged("there/EX"), post_verbal=thing.with_constructions("existential"))
        if context.allow_closing_adjunct and "ARGM-LOC" not in context.excluded_adjuncts:
            place = self.adverbials.locative()
            predicate.add_role("ARGM-LOC", place)
            clause.post_verbal = clause.post_verbal + place
        return clause
