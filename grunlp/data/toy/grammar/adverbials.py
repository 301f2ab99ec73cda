"""Adjuncts: which ones a clause has, their words and their positions."""

from grunlp.data.toy.grammar import adjunct_phrases, lexicon
from grunlp.data.toy.grammar.clause_parts import Clause, ClauseBuilder, Subject
from grunlp.data.toy.grammar.complements import ComplementGenerator
from grunlp.data.toy.grammar.lexicon import SplitRandom
from grunlp.data.toy.grammar.morphology import article
from grunlp.data.toy.grammar.noun_phrases import NounPhraseGenerator
from grunlp.data.toy.grammar.phrases import Phrase, Word, join, parse_tagged
from grunlp.data.toy.grammar.verb_phrases import ClauseContext

# Weights of the adjuncts for each type of predicate. Lower-case names are clauses or adverbs, see `_phrase`.
ADJUNCT_WEIGHTS: dict[str, dict[str, float]] = {
    "action": {"ARGM-TMP": 5, "ARGM-LOC": 4, "ARGM-MNR": 2, "ARGM-PRP": 1.5, "ARGM-CAU": 1, "ARGM-ADV": 1}
    | {"ARGM-GOL": 1, "ARGM-COM": 1, "ARGM-PRD": 0.4}
    | {"middle": 4, "when": 1, "because": 1, "if": 0.7, "to": 1.2, "so": 0.8},
    "motion": {"ARGM-TMP": 5, "ARGM-DIR": 3, "ARGM-COM": 1, "ARGM-PRP": 1, "ARGM-CAU": 1, "ARGM-PRD": 0.5, "means": 2}
    | {"middle": 3, "when": 0.7, "because": 0.7, "if": 0.5, "to": 1.5},
    "change": {"ARGM-TMP": 5, "ARGM-LOC": 2, "ARGM-CAU": 2} | {"middle": 2, "when": 1, "because": 0.7, "so": 0.5},
    "mental": {"ARGM-TMP": 4, "ARGM-ADV": 1.5, "ARGM-CAU": 0.7, "middle": 5, "when": 1, "because": 1, "if": 0.8},
    "state": {"ARGM-TMP": 1, "ARGM-ADV": 2, "middle": 5, "when": 0.5, "because": 1, "if": 0.8, "so": 1},
}
ADJUNCT_WEIGHTS["work"] = ADJUNCT_WEIGHTS["action"] | {"instrument": 3}
ADJUNCT_WEIGHTS["growth"] = ADJUNCT_WEIGHTS["change"] | {"ARGM-EXT": 8, "ARGM-LOC": 0}
CONJUNCTIONS = {
    "when": ("ARGM-TMP", ("when", "after", "before", "while", "until")),
    "because": ("ARGM-CAU", ("because", "because", "since", "as")),
    "if": ("ARGM-ADV", ("if", "if", "unless", "although")),
}
MEDIAL_ADVERB_LABELS = {
    "action": ("TMP", "MNR", "MNR", "ADV", "DIS"),
    "motion": ("TMP", "MNR", "ADV"),
    "change": ("TMP", "ADV"),
    "state": ("TMP", "ADV", "DIS"),
    "mental": ("TMP", "ADV", "ADV", "DIS"),
    "work": ("TMP", "MNR", "MNR", "ADV", "DIS"),
    "growth": ("TMP", "ADV"),
}
CAN_OPEN_CLAUSE = ("ARGM-TMP", "ARGM-LOC", "ARGM-CAU", "ARGM-ADV", "when", "because", "if", "to")


class AdjunctGenerator:
    """A generator of adjuncts for clauses, with the words of one split."""

    def __init__(
        self, rng: SplitRandom, nouns: NounPhraseGenerator, complements: ComplementGenerator, clauses: ClauseBuilder
    ) -> None:
        self.rng, self.nouns, self.complements, self.clauses = rng, nouns, complements, clauses

    def add(self, clause: Clause, clause_type: str, form: str, subject: Subject | None, context: ClauseContext) -> None:
        """Add up to two adjuncts to the clause; `clause_type` is a key of `ADJUNCT_WEIGHTS`."""
        used: list[str] = []
        for _ in range(int(self.rng.choose_weighted({"0": 3, "1": 4, "2": 2 if context.depth == 0 else 0.3}))):
            weights = {
                key: weight
                for key, weight in ADJUNCT_WEIGHTS[clause_type].items()
                if self._fits(key, form, clause, context) and not _conflicts(key, used)
            }
            if not weights:
                break
            key = self.rng.choose_weighted(weights)
            used.append(key)
            if key == "middle":
                self._add_medial_adverb(clause, clause_type)
                continue
            label, phrase = self._make_adjunct(key, clause, clause_type, subject, context)
            if clause.post_verbal and clause.post_verbal.words[-1].text == phrase.words[0].text:
                continue  # after a stranded preposition: "what did she wait for for an hour"
            clause.predicate.add_role(label, phrase)
            if self._may_open(key, clause, context) and (not context.allow_closing_adjunct or self.rng.chance(0.4)):
                short = label == "ARGM-TMP" and len(phrase.words) < 4 and self.rng.chance(0.5)
                clause.opening = (phrase if short else phrase + parse_tagged(",")).with_constructions(label)
            else:
                clause.post_verbal = clause.post_verbal + phrase.with_constructions(label)
        if context.allow_opening_adjunct and not clause.opening and self.rng.chance(0.07):
            clause.opening = self._connective(clause)

    def _may_open(self, key: str, clause: Clause, context: ClauseContext) -> bool:
        return context.allow_opening_adjunct and not clause.opening and key in CAN_OPEN_CLAUSE

    def _fits(self, key: str, form: str, clause: Clause, context: ClauseContext) -> bool:
        if key in context.excluded_adjuncts:
            return False
        if key == "middle":
            return form == "finite"
        if key in ("when", "because", "if", "so") and (context.depth > 0 or context.inverted or form != "finite"):
            return False
        if key == "ARGM-TMP" and clause.verb_group.tense == "perfect":
            return False
        if key == "to" and (form not in ("finite", "imperative") or context.depth or clause.verb_group.passive):
            return False
        if key == "ARGM-EXT" and any(role == "ARG2" for role, _ in clause.predicate.roles):
            return False  # "by ten percent" says it already
        return context.allow_closing_adjunct or self._may_open(key, clause, context)

    def _add_medial_adverb(self, clause: Clause, clause_type: str) -> None:
        label = f"ARGM-{self.rng.choose(MEDIAL_ADVERB_LABELS[clause_type])}"
        adverb = Phrase([Word(self.rng.pick(lexicon.MEDIAL_ADVERBS[label[5:]]).text, "RB")])
        if not clause.verb_group.medial and label == "ARGM-TMP" and self.rng.chance(0.15):
            label, adverb = "ARGM-NEG", parse_tagged("never/RB").with_constructions("negation")
        clause.predicate.add_role(label, adverb)
        clause.verb_group.medial = clause.verb_group.medial + adverb.with_constructions(label)

    def _connective(self, clause: Clause) -> Phrase:
        """Return `However ,`; the comma is outside the role."""
        phrase = parse_tagged(self.rng.pick(lexicon.CONNECTIVES).text)
        comma = phrase.words[-1].text == ","
        clause.predicate.add_role("ARGM-DIS", phrase.words[:-1] if comma else phrase.words)
        return phrase.with_constructions("ARGM-DIS")

    def _make_adjunct(
        self, key: str, clause: Clause, clause_type: str, subject: Subject | None, context: ClauseContext
    ) -> tuple[str, Phrase]:
        tense = clause.verb_group.tense
        if key in CONJUNCTIONS:
            label, words = CONJUNCTIONS[key]
            same = tense if tense in ("past", "present") else "present"
            inner = self.clauses.finite(
                ClauseContext(
                    depth=1, tense=same, allow_closing_adjunct=False, no_auxiliaries=True, excluded_adjuncts=("middle",)
                )
            )
            return label, (parse_tagged(self.rng.choose(words)) + inner.statement()).with_constructions(
                f"clause-{label}"
            )
        if key == "so":
            inner = self.clauses.verbal(
                "finite",
                context=ClauseContext(
                    depth=1, tense="purpose", allow_closing_adjunct=False, excluded_adjuncts=("middle",)
                ),
            )
            return "ARGM-PRP", (parse_tagged("so that/IN") + inner.statement()).with_constructions("clause-ARGM-PRP")
        if key == "to":
            inner = self.clauses.verbal(
                "to", subject=subject, context=ClauseContext(depth=1, allow_closing_adjunct=False)
            )
            order = parse_tagged("in order") if self.rng.chance(0.25) else Phrase()
            return "ARGM-PRP", (order + inner.predicate_phrase()).with_constructions("clause-ARGM-PRP")
        if key == "instrument":  # a manner to PropBank unless the verb numbers it
            return "ARGM-MNR", self.fill_template(adjunct_phrases.INSTRUMENT)
        if key == "means":
            return "ARGM-MNR", self.fill_template(self.rng.pick(lexicon.MEANS).text)
        if key == "ARGM-TMP":
            times = tense if tense in lexicon.TIMES else "any"
            if times != "present" and clause_type in ("action", "work", "motion") and self.rng.chance(0.25):
                times = "span"
            return key, self.fill_template(self.rng.pick(lexicon.TIMES[times]).text)
        if key == "ARGM-LOC" and context.depth == 0 and self.rng.chance(0.08):
            area = self.nouns.make("area", modified=False)
            return key, parse_tagged("in") + self.complements.relative(area, "where")
        return key, self.fill_template(self.rng.pick(lexicon.ADJUNCTS[key]).text)

    def locative(self) -> Phrase:
        """Return a phrase for a place, without a label."""
        return self.fill_template(self.rng.pick(lexicon.ADJUNCTS["ARGM-LOC"]).text)

    def fill_template(self, template: str) -> Phrase:
        """Return the words of a template of `adjunct_phrases.py` with its slots filled."""
        pieces: list[Phrase] = []
        for piece in template.split():
            kind = piece.strip("{}")
            if piece == "{name}":
                pieces.append(self.nouns.person_name())
            elif piece == "{city}":
                pieces.append(self.nouns.make("city"))
            elif kind != piece:
                noun = Phrase([Word(self.rng.pick(lexicon.NOUNS[kind]).text, "NN")])
                if pieces and pieces[-1].words[-1].text.lower() == "a":
                    pieces[-1].words[-1].text = article(noun.words[0].text)
                pieces.append(noun)
            else:
                pieces.append(self._fill_slot(piece))
        return join(pieces)

    def _fill_slot(self, piece: str) -> Phrase:
        number = {"HOUR": range(1, 12), "DAY": range(1, 31), "YEAR": range(1890, 2024)}
        words = {
            "WEEKDAY": adjunct_phrases.WEEKDAYS,
            "MONTH": adjunct_phrases.MONTHS,
            "CLOCK": adjunct_phrases.CLOCK_TIMES,
            "UNIT": adjunct_phrases.UNITS,
        }
        if piece in number:
            return parse_tagged(f"{self.rng.choose(number[piece])}/CD")
        if piece in words:
            return parse_tagged(self.rng.choose(words[piece]))
        if piece == "NUMBER":
            return parse_tagged(self.rng.choose(adjunct_phrases.NUMBERS))
        return self.nouns.measure_phrase(piece) if piece == "MONEY" else parse_tagged(piece)


def _conflicts(key: str, used: list[str]) -> bool:
    """Return whether an adjunct would repeat another, or be a second clause or adverb."""
    return key in used or (key.islower() and any(other.islower() for other in used))
