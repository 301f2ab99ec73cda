"""Clauses around a verb: which verb, who is its subject, active or passive, finite or not."""

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.adverbials import Adverbials
from grunlp.data.toy.grammar.clause_parts import Clause, Gap, Subject
from grunlp.data.toy.grammar.complements import DEEPEST, Complements
from grunlp.data.toy.grammar.copulas_and_light_verbs import Predications
from grunlp.data.toy.grammar.lexicon import Lemma, Pool, Speaker
from grunlp.data.toy.grammar.noun_phrases import NounPhrase, NounPhrases
from grunlp.data.toy.grammar.phrases import Predicate, tagged
from grunlp.data.toy.grammar.verb_phrases import Setting, verb_group

BUILDS = {"verbal": 0.74, "copular": 0.12, "light": 0.06, "raising": 0.05, "existential": 0.03}


class Clauses:
    """Makes clauses as one split knows them."""

    def __init__(self, say: Speaker) -> None:
        self.say = say
        self._fitting: dict[tuple[object, ...], Pool[Lemma]] = {}
        self.nouns = NounPhrases(say)
        self.adverbials = Adverbials(say, self.nouns, self)
        self.complements = Complements(say, self.nouns, self)
        self.predications = Predications(say, self.nouns, self)

    def finite(self, setting: Setting) -> Clause:
        """A finite clause of any build."""
        build = self.say.weigh(BUILDS)
        if build == "copular":
            return self.predications.copular(setting)
        if build == "light":
            return self.predications.light("finite", setting)
        if build == "raising" and setting.depth < DEEPEST:
            return self.predications.raising(setting)
        if build == "existential":
            return self.predications.existential(setting)
        return self.verbal("finite", setting=setting)

    def verbal(self, form: str, *, setting: Setting, subject: Subject | None = None, gap: Gap | None = None) -> Clause:
        """A clause around a verb.

        Args:
            form: `finite`, `to`, `ing`, `bare`, `imperative` or `reduced` (a participle after its noun).
            subject: who acts or is acted on; without one a finite clause finds its own, any other has none.
            gap: an object that stands elsewhere.

        Raises:
            LookupError: when no verb takes such a subject or gap.
        """
        voiced = gap is None and (form == "finite" or (form == "to" and subject is not None))
        passive = form == "reduced" or (voiced and self.say.chance(0.24))
        verb = self._choose(form, subject, gap, passive, setting)
        if verb is None and voiced:
            passive = not passive
            verb = self._choose(form, subject, gap, passive, setting)
        if verb is None:
            raise LookupError(f"no verb for {form}, {subject and subject.kind}, {gap}")
        return self._build(verb, form, passive, setting, subject, gap)

    def _choose(
        self, form: str, subject: Subject | None, gap: Gap | None, passive: bool, setting: Setting
    ) -> Lemma | None:
        """A verb that fits what is given."""
        kind = subject.kind if subject else "person" if form != "finite" else ""
        deep, placed = setting.depth >= DEEPEST, bool({"ARGM-LOC", "ARGM-MNR"} & set(setting.without))
        key = (form in ("finite", "reduced"), kind, gap and (gap.place, gap.kind), passive, deep, placed)
        if key not in self._fitting:

            def fits(verb: Lemma) -> bool:
                asked = verb.object if passive else verb.subject
                if asked is None or (passive and "active" in verb.flags) or (deep and _clausal(verb)):
                    return False
                if placed and (verb.flags & {"state", "motion"} or _clausal(verb)):
                    return False  # asked where or how, nobody knows anything and nobody goes anywhere
                if form not in ("finite", "reduced") and verb.flags & {"state", "change"}:
                    return False
                return (not kind or kind in asked.kinds) and (gap is None or gap.slot(verb) is not None)

            found = [verb for verb in lexicon.VERBS.items if fits(verb)]
            self._fitting[key] = Pool(found + 2 * [verb for verb in found if "common" in verb.flags])
        pool = self._fitting[key]
        return self.say.pick(pool) if pool.known_to[self.say.split] else None

    def _build(
        self, verb: Lemma, form: str, passive: bool, setting: Setting, subject: Subject | None, gap: Gap | None
    ) -> Clause:
        predicate = Predicate([], verb.roleset)
        own = verb.object if passive and verb.object else verb.subject
        if passive and "dative" in verb.flags and subject is None and self.say.chance(0.25):
            own = verb.slots[1]  # "the children were given apples"
        if subject is None and form == "finite":
            subject = self.complements.argument(own, setting, as_subject=True)
        if subject is not None:
            subject.label(predicate, own.role)
        agreement = subject.agreement if subject else "plural"
        group = verb_group(self.say, verb.forms, form, predicate, agreement, setting, _flags(verb, form, passive))
        clause = Clause(predicate, group)
        if form == "finite" and isinstance(subject, NounPhrase):
            clause.subject = subject
        slots = [slot for slot in verb.slots if slot is not own or not passive]
        clause.after = self.complements.make(verb, clause, slots, subject, gap, setting)
        if passive:
            group.main = group.main.marked("passive")
            self._add_agent(verb, clause, setting)
        self.adverbials.add(clause, _sort(verb), form, subject, setting.closed() if _clausal(verb) else setting)
        return clause

    def _add_agent(self, verb: Lemma, clause: Clause, setting: Setting) -> None:
        """`by the guard`, before other prepositional complements and clauses as a rule."""
        if self.say.chance(0.5):
            return
        agent = (tagged("by") + self.complements.argument(verb.subject, setting)).marked("by-phrase")
        clause.predicate.add(verb.subject.role, agent)
        early = _clausal(verb) or (
            bool(clause.after) and clause.after.words[0].pos in ("IN", "TO") and self.say.chance(0.7)
        )
        clause.after = agent + clause.after if early else clause.after + agent

    def non_finite(self, form: str, controller: Subject | None, setting: Setting) -> Clause:
        """What somebody wants, tries or stops doing; the controller is its subject."""
        if isinstance(controller, NounPhrase) and controller.kind == "person" and self.say.chance(0.12):
            return self.predications.light(form, setting, controller)
        return self.verbal(form, subject=controller, setting=setting)


def _clausal(verb: Lemma) -> bool:
    return any(slot.clausal for slot in verb.slots)


def _flags(verb: Lemma, form: str, passive: bool) -> frozenset[str]:
    told = {"passive": passive, "reduced": form == "reduced", "mental": _clausal(verb)}
    return verb.flags | {flag for flag, holds in told.items() if holds}


def _sort(verb: Lemma) -> str:
    """The sort of adjuncts it takes, a key of `adverbials.CHOICES`."""
    if _clausal(verb):
        return "mental"
    if any("PERCENT" in slot.kinds for slot in verb.slots):
        return "growth"
    if "tool" in verb.flags:
        return "work"
    return next((sort for sort in ("state", "motion", "change") if sort in verb.flags), "action")
