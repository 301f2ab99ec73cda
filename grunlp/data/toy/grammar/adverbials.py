"""Adjuncts: which ones a clause takes, what they say and where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grunlp.data.toy.grammar import adjunct_phrases, lexicon
from grunlp.data.toy.grammar.clause_parts import Clause, Subject
from grunlp.data.toy.grammar.lexicon import Speaker
from grunlp.data.toy.grammar.morphology import article
from grunlp.data.toy.grammar.noun_phrases import NounPhrases
from grunlp.data.toy.grammar.phrases import Phrase, Word, join, tagged
from grunlp.data.toy.grammar.verb_phrases import Setting

if TYPE_CHECKING:
    from grunlp.data.toy.grammar.clauses import Clauses

# How likely each adjunct is with each sort of predicate. Lower-case names are clauses or adverbs, see `_phrase`.
CHOICES: dict[str, dict[str, float]] = {
    "action": {"ARGM-TMP": 5, "ARGM-LOC": 4, "ARGM-MNR": 2, "ARGM-PRP": 1.5, "ARGM-CAU": 1, "ARGM-ADV": 1}
    | {"ARGM-GOL": 1, "ARGM-COM": 1, "ARGM-PRD": 0.4}
    | {"middle": 4, "when": 1, "because": 1, "if": 0.7, "to": 1.2, "so": 0.8},
    "motion": {"ARGM-TMP": 5, "ARGM-DIR": 3, "ARGM-COM": 1, "ARGM-PRP": 1, "ARGM-CAU": 1, "ARGM-PRD": 0.5, "means": 2}
    | {"middle": 3, "when": 0.7, "because": 0.7, "if": 0.5, "to": 1.5},
    "change": {"ARGM-TMP": 5, "ARGM-LOC": 2, "ARGM-CAU": 2} | {"middle": 2, "when": 1, "because": 0.7, "so": 0.5},
    "mental": {"ARGM-TMP": 4, "ARGM-ADV": 1.5, "ARGM-CAU": 0.7, "middle": 5, "when": 1, "because": 1, "if": 0.8},
    "state": {"ARGM-TMP": 1, "ARGM-ADV": 2, "middle": 5, "when": 0.5, "because": 1, "if": 0.8, "so": 1},
}
CHOICES["work"] = CHOICES["action"] | {"instrument": 3}
CHOICES["growth"] = CHOICES["change"] | {"ARGM-EXT": 8, "ARGM-LOC": 0}
CONJUNCTIONS = {
    "when": ("ARGM-TMP", ("when", "after", "before", "while", "until")),
    "because": ("ARGM-CAU", ("because", "because", "since", "as")),
    "if": ("ARGM-ADV", ("if", "if", "unless", "although")),
}
MIDDLE_OF = {
    "action": ("TMP", "MNR", "MNR", "ADV", "DIS"),
    "motion": ("TMP", "MNR", "ADV"),
    "change": ("TMP", "ADV"),
    "state": ("TMP", "ADV", "DIS"),
    "mental": ("TMP", "ADV", "ADV", "DIS"),
    "work": ("TMP", "MNR", "MNR", "ADV", "DIS"),
    "growth": ("TMP", "ADV"),
}
MAY_OPEN = ("ARGM-TMP", "ARGM-LOC", "ARGM-CAU", "ARGM-ADV", "when", "because", "if", "to")


class Adverbials:
    """Adds adjuncts to clauses, as one split knows them."""

    def __init__(self, say: Speaker, nouns: NounPhrases, clauses: Clauses) -> None:
        self.say, self.nouns, self.clauses = say, nouns, clauses

    def add(self, clause: Clause, sort: str, form: str, subject: Subject | None, setting: Setting) -> None:
        """Give the clause up to two adjuncts; `sort` is a key of `CHOICES`."""
        used: list[str] = []
        for _ in range(int(self.say.weigh({"0": 3, "1": 4, "2": 2 if setting.depth == 0 else 0.3}))):
            weights = {
                key: weight
                for key, weight in CHOICES[sort].items()
                if self._fits(key, form, clause, setting) and not _clash(key, used)
            }
            if not weights:
                break
            key = self.say.weigh(weights)
            used.append(key)
            if key == "middle":
                self._add_middle(clause, sort)
                continue
            label, phrase = self._phrase(key, clause, sort, subject, setting)
            if clause.after and clause.after.words[-1].text == phrase.words[0].text:
                continue  # after a stranded preposition: "what did she wait for for an hour"
            clause.predicate.add(label, phrase)
            if self._may_open(key, clause, setting) and (not setting.closing or self.say.chance(0.4)):
                short = label == "ARGM-TMP" and len(phrase.words) < 4 and self.say.chance(0.5)
                clause.opening = (phrase if short else phrase + tagged(",")).marked(label)
            else:
                clause.after = clause.after + phrase.marked(label)
        if setting.opening and not clause.opening and self.say.chance(0.07):
            clause.opening = self._connective(clause)

    def _may_open(self, key: str, clause: Clause, setting: Setting) -> bool:
        return setting.opening and not clause.opening and key in MAY_OPEN

    def _fits(self, key: str, form: str, clause: Clause, setting: Setting) -> bool:
        if key in setting.without:
            return False
        if key == "middle":
            return form == "finite"
        if key in ("when", "because", "if", "so") and (setting.depth > 0 or setting.inverted or form != "finite"):
            return False
        if key == "ARGM-TMP" and clause.group.tense == "perfect":
            return False
        if key == "to" and (form not in ("finite", "imperative") or setting.depth or clause.group.passive):
            return False
        if key == "ARGM-EXT" and any(role == "ARG2" for role, _ in clause.predicate.roles):
            return False  # "by ten percent" says it already
        return setting.closing or self._may_open(key, clause, setting)

    def _add_middle(self, clause: Clause, sort: str) -> None:
        label = f"ARGM-{self.say.choose(MIDDLE_OF[sort])}"
        adverb = Phrase([Word(self.say.pick(lexicon.MIDDLE[label[5:]]).text, "RB")])
        if not clause.group.middle and label == "ARGM-TMP" and self.say.chance(0.15):
            label, adverb = "ARGM-NEG", tagged("never/RB").marked("negation")
        clause.predicate.add(label, adverb)
        clause.group.middle = clause.group.middle + adverb.marked(label)

    def _connective(self, clause: Clause) -> Phrase:
        """`However ,`: the comma is outside the role."""
        phrase = tagged(self.say.pick(lexicon.CONNECTIVES).text)
        comma = phrase.words[-1].text == ","
        clause.predicate.add("ARGM-DIS", phrase.words[:-1] if comma else phrase.words)
        return phrase.marked("ARGM-DIS")

    def _phrase(
        self, key: str, clause: Clause, sort: str, subject: Subject | None, setting: Setting
    ) -> tuple[str, Phrase]:
        tense = clause.group.tense
        if key in CONJUNCTIONS:
            label, words = CONJUNCTIONS[key]
            same = tense if tense in ("past", "present") else "present"
            inner = self.clauses.finite(Setting(depth=1, tense=same, closing=False, simple=True, without=("middle",)))
            return label, (tagged(self.say.choose(words)) + inner.statement()).marked(f"clause-{label}")
        if key == "so":
            inner = self.clauses.verbal(
                "finite", setting=Setting(depth=1, tense="purpose", closing=False, without=("middle",))
            )
            return "ARGM-PRP", (tagged("so that/IN") + inner.statement()).marked("clause-ARGM-PRP")
        if key == "to":
            inner = self.clauses.verbal("to", subject=subject, setting=Setting(depth=1, closing=False))
            order = tagged("in order") if self.say.chance(0.25) else Phrase()
            return "ARGM-PRP", (order + inner.rest()).marked("clause-ARGM-PRP")
        if key == "instrument":  # a manner to PropBank unless the verb numbers it
            return "ARGM-MNR", self.literal(adjunct_phrases.INSTRUMENT)
        if key == "means":
            return "ARGM-MNR", self.literal(self.say.pick(lexicon.MEANS).text)
        if key == "ARGM-TMP":
            times = tense if tense in lexicon.TIMES else "any"
            if times != "present" and sort in ("action", "work", "motion") and self.say.chance(0.25):
                times = "span"
            return key, self.literal(self.say.pick(lexicon.TIMES[times]).text)
        if key == "ARGM-LOC" and setting.depth == 0 and self.say.chance(0.08):
            area = self.nouns.make("area", modified=False)
            return key, tagged("in") + self.clauses.complements.relative(area, "where")
        return key, self.literal(self.say.pick(lexicon.ADJUNCTS[key]).text)

    def place(self) -> Phrase:
        """Somewhere, without a label."""
        return self.literal(self.say.pick(lexicon.ADJUNCTS["ARGM-LOC"]).text)

    def literal(self, template: str) -> Phrase:
        """The words of a template of `adjuncts.py`, its places filled."""
        pieces: list[Phrase] = []
        for piece in template.split():
            kind = piece.strip("{}")
            if piece == "{name}":
                pieces.append(self.nouns.person_name())
            elif piece == "{city}":
                pieces.append(self.nouns.make("city"))
            elif kind != piece:
                noun = Phrase([Word(self.say.pick(lexicon.NOUNS[kind]).text, "NN")])
                if pieces and pieces[-1].words[-1].text.lower() == "a":
                    pieces[-1].words[-1].text = article(noun.words[0].text)
                pieces.append(noun)
            else:
                pieces.append(self._filled(piece))
        return join(pieces)

    def _filled(self, piece: str) -> Phrase:
        number = {"HOUR": range(1, 12), "DAY": range(1, 31), "YEAR": range(1890, 2024)}
        words = {
            "WEEKDAY": adjunct_phrases.WEEKDAYS,
            "MONTH": adjunct_phrases.MONTHS,
            "CLOCK": adjunct_phrases.CLOCK,
            "UNIT": adjunct_phrases.UNITS,
        }
        if piece in number:
            return tagged(f"{self.say.choose(number[piece])}/CD")
        if piece in words:
            return tagged(self.say.choose(words[piece]))
        if piece == "NUMBER":
            return tagged(self.say.choose(adjunct_phrases.NUMBERS))
        return self.nouns.amount(piece) if piece == "MONEY" else tagged(piece)


def _clash(key: str, used: list[str]) -> bool:
    """Whether it would say the same thing twice, or be a second clause or adverb."""
    return key in used or (key.islower() and any(other.islower() for other in used))
