"""Complements of a verb: objects, prepositional complements, clauses, and the relative clauses inside them."""

from dataclasses import replace

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.clause_parts import Clause, ClauseBuilder, ExtractionGap, Subject
from grunlp.data.toy.grammar.lexicon import ArgumentSlot, PredicateEntry, SplitRandom
from grunlp.data.toy.grammar.noun_phrases import NounPhrase, NounPhraseGenerator
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, join, parse_tagged
from grunlp.data.toy.grammar.verb_phrases import ClauseContext

MAX_DEPTH = 2  # clauses inside clauses; at this depth no verb takes a clause
OPTIONAL_THAT_VERBS = ("say.01", "think.01", "know.01", "hope.01")
INDIRECT_QUESTION_WORDS = (
    ("whether", ""),
    ("if", ""),
    ("when", "ARGM-TMP"),
    ("where", "ARGM-LOC"),
    ("why", "ARGM-CAU"),
    ("how", "ARGM-MNR"),
)


class ComplementGenerator:
    """A generator of complements with the words of one split."""

    def __init__(self, rng: SplitRandom, nouns: NounPhraseGenerator, clauses: ClauseBuilder) -> None:
        self.rng, self.nouns, self.clauses = rng, nouns, clauses

    def make(
        self,
        verb: PredicateEntry,
        clause: Clause,
        slots: list[ArgumentSlot],
        subject: Subject | None,
        gap: ExtractionGap | None,
        context: ClauseContext,
    ) -> Phrase:
        """Return the words after the verb, with each complement labelled; a particle is before or after the object."""
        missing = gap.matching_slot(verb) if gap else None
        controller, pieces = subject, []
        for slot in slots:
            if slot is missing and gap:
                pieces.append(self._stranded(slot, gap, clause.predicate))
                controller = controller if slot.prepositions else gap
            elif not slot.optional or self.rng.chance(0.5):
                piece = self._complement(verb, slot, controller, clause.verb_group.tense, context)
                if isinstance(piece, NounPhrase) and not slot.prepositions:
                    controller = piece  # an object acts: "asked her to go"; who apologises to her acts himself
                filler = self._preposition(slot, piece) + piece
                clause.predicate.add_role(slot.role, filler)
                pieces.append(filler)
        if "dative" in verb.flags and len(pieces) == 2 and not gap and self.rng.chance(0.45):
            pieces = _recipient_first(clause.predicate, pieces)
        if verb.particle:
            self._add_particle(verb.particle, clause, pieces)
        return join(pieces)

    def _preposition(self, slot: ArgumentSlot, complement: Phrase) -> Phrase:
        city = isinstance(complement, NounPhrase) and complement.semantic_type == "city"
        options = [preposition for preposition in slot.prepositions if not (city and preposition == "at")]
        return parse_tagged(self.rng.choose(options)) if options else Phrase()

    def _add_particle(self, text: str, clause: Clause, complements: list[Phrase]) -> None:
        """Make `picked up the box` or, with a short object, `picked the box up`."""
        particle = Phrase([Word(text, "RP")])
        clause.predicate.words.extend(particle.words)
        if complements and complements[0] and len(complements[0].words) < 5 and self.rng.chance(0.55):
            complements.append(particle.with_constructions("split-particle"))
        else:
            clause.verb_group.main = clause.verb_group.main + particle

    def _stranded(self, slot: ArgumentSlot, gap: ExtractionGap, predicate: Predicate) -> Phrase:
        """Return what remains in place of a fronted complement: nothing, or the preposition as C- of its role."""
        gap.label(predicate, slot.role)
        if not slot.prepositions:
            return Phrase()
        preposition = parse_tagged(slot.prepositions[0]).with_constructions("stranded")
        predicate.add_role(f"C-{slot.role}", preposition)
        return preposition

    def _complement(
        self, verb: PredicateEntry, slot: ArgumentSlot, controller: Subject | None, tense: str, context: ClauseContext
    ) -> Phrase:
        kind = slot.semantic_types[0]
        inside = ClauseContext(depth=context.depth + 1, allow_closing_adjunct=context.allow_closing_adjunct)
        same = ClauseContext(
            inside.depth, "past" if tense == "past" else "", allow_closing_adjunct=context.allow_closing_adjunct
        )
        if kind in ("TO", "ING"):
            inside = inside if kind == "TO" else replace(inside, depth=MAX_DEPTH)  # no "stopped trying to avoid"
            return (
                self.clauses.non_finite(kind.lower(), controller, inside)
                .predicate_phrase()
                .with_constructions("control")
            )
        if kind in ("NPTO", "NPBARE"):
            someone = self.nouns.make("person", modified=False)
            form = "to" if kind == "NPTO" else "bare"
            return (
                someone + self.clauses.verbal(form, subject=someone, context=inside).predicate_phrase()
            ).with_constructions("control")
        if kind == "THAT":
            that = Phrase() if verb.roleset in OPTIONAL_THAT_VERBS and self.rng.chance(0.4) else parse_tagged("that/IN")
            return (that + self.clauses.finite(same).statement()).with_constructions("that-clause")
        if kind == "WHETHER":
            return self._indirect_question(same)
        return self.nouns.measure_phrase(kind) if kind.isupper() else self.argument(slot, context)

    def _indirect_question(self, context: ClauseContext) -> Phrase:
        word, label = self.rng.choose(INDIRECT_QUESTION_WORDS)
        front = parse_tagged(word)
        inside = ClauseContext(
            context.depth,
            context.tense,
            allow_closing_adjunct=context.allow_closing_adjunct,
            excluded_adjuncts=(label, "middle"),
        )
        clause = self.clauses.verbal("finite", context=inside) if label else self.clauses.finite(inside)
        if label:
            clause.predicate.add_role(label, front)
        return (front + clause.statement()).with_constructions("indirect-question")

    def argument(self, slot: ArgumentSlot, context: ClauseContext, as_subject: bool = False) -> NounPhrase:
        """Return a noun phrase for a slot, sometimes with a relative clause."""
        kind = self.rng.choose(slot.semantic_types)
        if kind == "deed":
            return self._nominalization(context)
        phrase = self.nouns.make(kind, as_subject=as_subject)
        plain = phrase.words[-1].pos in ("NN", "NNS") and "np-coordination" not in phrase.constructions
        likely = 0.3 if kind in ("building", "area") else 0.13
        if context.depth == 0 and plain and kind not in ("topic", "kin") and self.rng.chance(likely):
            return self.relative(phrase)
        return phrase

    def _nominalization(self, context: ClauseContext) -> NounPhrase:
        """Return a noun with a frame of its own and its complement."""
        deep = context.depth >= MAX_DEPTH
        entry = self.rng.pick(lexicon.PLAIN_NOUN_PREDICATES if deep else lexicon.NOUN_PREDICATES)
        slot = entry.slots[0]
        if slot.optional and self.rng.chance(0.4):
            return self.nouns.nominalization(entry, Phrase(), None)
        if slot.is_clausal:
            infinitive = self.clauses.verbal("to", context=ClauseContext(depth=MAX_DEPTH, allow_closing_adjunct=False))
            return self.nouns.nominalization(entry, infinitive.predicate_phrase(), slot)
        filler = parse_tagged(slot.prepositions[0]) + self.nouns.make(
            self.rng.choose(slot.semantic_types), modified=False
        )
        return self.nouns.nominalization(entry, filler, slot)

    def relative(self, head: NounPhrase, gap_position: str = "") -> NounPhrase:
        """Return the noun phrase with a relative clause, in which it is the subject, object or another constituent."""
        weights = {"subject": 5, "object": 4, "preposition": 1.5, "reduced": 1.5}
        weights["where"] = 6 if head.semantic_type in ("building", "area") else 0
        gap_position = gap_position or self.rng.choose_weighted(weights)
        pronouns = ["who", "who", "that/WDT"] if head.semantic_type == "person" else ["that/WDT", "which"]
        if gap_position in ("object", "preposition"):
            pronouns.append("")
        if gap_position == "where":
            pronouns = ["where", "where", "in which"]
        front = Phrase() if gap_position == "reduced" else parse_tagged(self.rng.choose(pronouns))
        gap = ExtractionGap(gap_position, head.semantic_type, head.agreement, front, head.words)
        inside = ClauseContext(depth=1, excluded_adjuncts=("ARGM-LOC",) if gap_position == "where" else ())
        try:
            if gap_position == "where":
                clause = self.clauses.verbal("finite", context=inside)
                gap.label(clause.predicate, "ARGM-LOC")
            elif gap_position in ("subject", "reduced"):
                clause = self.clauses.verbal("finite" if front else "reduced", subject=gap, context=inside)
            else:
                clause = self.clauses.verbal("finite", gap=gap, context=inside)
        except LookupError:  # no clause of this kind fits
            return head
        if gap_position == "reduced" and not clause.post_verbal:  # "the match won began" is a garden-path sentence
            return head
        whole = (head + front + clause.statement()).with_constructions("relative", f"relative-{gap_position}")
        return NounPhrase(whole, head.agreement, head.semantic_type)


def _recipient_first(predicate: Predicate, pieces: list[Phrase]) -> list[Phrase]:
    """Make `gave her a book`: the recipient loses its preposition, in the sentence and in its role."""
    thing, recipient = pieces
    preposition = recipient.words.pop(0)
    role = next(words for _, words in predicate.roles if preposition in words)
    role.remove(preposition)
    return [recipient.with_constructions("double-object"), thing]
