"""Clauses with a verb: the choice of the verb and its subject, active or passive, finite or not."""

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.adverbials import AdjunctGenerator
from grunlp.data.toy.grammar.clause_parts import Clause, ExtractionGap, Subject
from grunlp.data.toy.grammar.complements import MAX_DEPTH, ComplementGenerator
from grunlp.data.toy.grammar.copulas_and_light_verbs import PredicationGenerator
from grunlp.data.toy.grammar.lexicon import EntryPool, PredicateEntry, SplitRandom
from grunlp.data.toy.grammar.noun_phrases import NounPhrase, NounPhraseGenerator
from grunlp.data.toy.grammar.phrases import Predicate, parse_tagged
from grunlp.data.toy.grammar.verb_phrases import ClauseContext, make_verb_group

CONSTRUCTIONS = {"verbal": 0.74, "copular": 0.12, "light": 0.06, "raising": 0.05, "existential": 0.03}


class ClauseGenerator:
    """A generator of clauses with the words of one split."""

    def __init__(self, rng: SplitRandom) -> None:
        self.rng = rng
        self._verb_cache: dict[tuple[object, ...], EntryPool[PredicateEntry]] = {}
        self.nouns = NounPhraseGenerator(rng)
        self.complements = ComplementGenerator(rng, self.nouns, self)
        self.adverbials = AdjunctGenerator(rng, self.nouns, self.complements, self)
        self.predications = PredicationGenerator(rng, self.nouns, self.complements, self.adverbials, self)

    def finite(self, context: ClauseContext) -> Clause:
        """Return a finite clause of any construction."""
        build = self.rng.choose_weighted(CONSTRUCTIONS)
        if build == "copular":
            return self.predications.copular(context)
        if build == "light":
            return self.predications.light_verb("finite", context)
        if build == "raising" and context.depth < MAX_DEPTH:
            return self.predications.raising(context)
        if build == "existential":
            return self.predications.existential(context)
        return self.verbal("finite", context=context)

    def verbal(
        self, form: str, *, context: ClauseContext, subject: Subject | None = None, gap: ExtractionGap | None = None
    ) -> Clause:
        """Return a clause with a verb.

        Args:
            form: `finite`, `to`, `ing`, `bare`, `imperative` or `reduced` (a participle after its noun).
            context: the position of the clause.
            subject: the subject; if None, a finite clause gets a random one, and any other clause has none.
            gap: a constituent that is outside the clause.

        Raises:
            LookupError: no verb can take this subject or gap.
        """
        voiced = gap is None and (form == "finite" or (form == "to" and subject is not None))
        passive = form == "reduced" or (voiced and self.rng.chance(0.24))
        verb = self._choose_verb(form, subject, gap, passive, context)
        if verb is None and voiced:
            passive = not passive
            verb = self._choose_verb(form, subject, gap, passive, context)
        if verb is None:
            raise LookupError(f"no verb for {form}, {subject and subject.semantic_type}, {gap}")
        return self._build(verb, form, passive, context, subject, gap)

    def _choose_verb(
        self, form: str, subject: Subject | None, gap: ExtractionGap | None, passive: bool, context: ClauseContext
    ) -> PredicateEntry | None:
        """Return a verb that fits the form, subject and gap, or None."""
        kind = subject.semantic_type if subject else "person" if form != "finite" else ""
        deep, placed = context.depth >= MAX_DEPTH, bool({"ARGM-LOC", "ARGM-MNR"} & set(context.excluded_adjuncts))
        key = (form in ("finite", "reduced"), kind, gap and (gap.position, gap.semantic_type), passive, deep, placed)
        if key not in self._verb_cache:

            def fits(verb: PredicateEntry) -> bool:
                asked = verb.object_slot if passive else verb.subject
                if asked is None or (passive and "active" in verb.flags) or (deep and _has_clausal_complement(verb)):
                    return False
                if placed and (verb.flags & {"state", "motion"} or _has_clausal_complement(verb)):
                    return False  # asked where or how, nobody knows anything and nobody goes anywhere
                if form not in ("finite", "reduced") and verb.flags & {"state", "change"}:
                    return False
                return (not kind or kind in asked.semantic_types) and (
                    gap is None or gap.matching_slot(verb) is not None
                )

            verbs = [verb for verb in lexicon.VERBS.items if fits(verb)]
            self._verb_cache[key] = EntryPool(verbs + 2 * [verb for verb in verbs if "common" in verb.flags])
        pool = self._verb_cache[key]
        return self.rng.pick(pool) if pool.by_split[self.rng.split] else None

    def _build(
        self,
        verb: PredicateEntry,
        form: str,
        passive: bool,
        context: ClauseContext,
        subject: Subject | None,
        gap: ExtractionGap | None,
    ) -> Clause:
        predicate = Predicate([], verb.roleset)
        subject_slot = verb.object_slot if passive and verb.object_slot else verb.subject
        if passive and "dative" in verb.flags and subject is None and self.rng.chance(0.25):
            subject_slot = verb.slots[1]  # "the children were given apples"
        if subject is None and form == "finite":
            subject = self.complements.argument(subject_slot, context, as_subject=True)
        if subject is not None:
            subject.label(predicate, subject_slot.role)
        agreement = subject.agreement if subject else "plural"
        group = make_verb_group(self.rng, verb.forms, form, predicate, agreement, context, _flags(verb, form, passive))
        clause = Clause(predicate, group)
        if form == "finite" and isinstance(subject, NounPhrase):
            clause.subject = subject
        slots = [slot for slot in verb.slots if slot is not subject_slot or not passive]
        clause.post_verbal = self.complements.make(verb, clause, slots, subject, gap, context)
        if passive:
            group.main = group.main.with_constructions("passive")
            self._add_agent(verb, clause, context)
        self.adverbials.add(
            clause,
            _adjunct_type(verb),
            form,
            subject,
            context.without_closing_adjunct() if _has_clausal_complement(verb) else context,
        )
        return clause

    def _add_agent(self, verb: PredicateEntry, clause: Clause, context: ClauseContext) -> None:
        """Add `by the guard`, usually before other prepositional complements and clauses."""
        if self.rng.chance(0.5):
            return
        agent = (parse_tagged("by") + self.complements.argument(verb.subject, context)).with_constructions("by-phrase")
        clause.predicate.add_role(verb.subject.role, agent)
        early = _has_clausal_complement(verb) or (
            bool(clause.post_verbal) and clause.post_verbal.words[0].pos in ("IN", "TO") and self.rng.chance(0.7)
        )
        clause.post_verbal = agent + clause.post_verbal if early else clause.post_verbal + agent

    def non_finite(self, form: str, controller: Subject | None, context: ClauseContext) -> Clause:
        """Return the clause that says what somebody wants, tries or stops doing; the controller is its subject."""
        if isinstance(controller, NounPhrase) and controller.semantic_type == "person" and self.rng.chance(0.12):
            return self.predications.light_verb(form, context, controller)
        return self.verbal(form, subject=controller, context=context)


def _has_clausal_complement(verb: PredicateEntry) -> bool:
    return any(slot.is_clausal for slot in verb.slots)


def _flags(verb: PredicateEntry, form: str, passive: bool) -> frozenset[str]:
    flags = {"passive": passive, "reduced": form == "reduced", "mental": _has_clausal_complement(verb)}
    return verb.flags | {flag for flag, holds in flags.items() if holds}


def _adjunct_type(verb: PredicateEntry) -> str:
    """Return the type of the adjuncts that a verb takes, a key of `adverbials.ADJUNCT_WEIGHTS`."""
    if _has_clausal_complement(verb):
        return "mental"
    if any("PERCENT" in slot.semantic_types for slot in verb.slots):
        return "growth"
    if "tool" in verb.flags:
        return "work"
    return next((sort for sort in ("state", "motion", "change") if sort in verb.flags), "action")
