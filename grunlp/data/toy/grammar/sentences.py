"""Sentences: statements, questions, quotations, orders and fragments, made of clauses."""

from collections.abc import Callable
from dataclasses import replace

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.clause_parts import Clause, Gap
from grunlp.data.toy.grammar.clauses import Clauses
from grunlp.data.toy.grammar.lexicon import Speaker
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, tagged
from grunlp.data.toy.grammar.verb_phrases import Setting, verb_group

SORTS = {
    "statement": 46.0,
    "verb_coordination": 8,
    "clause_coordination": 7,
    "polar_question": 7,
    "wh_question": 11,
    "quotation": 8,
    "order": 6,
    "heading": 7,
}
SPEECH = ("say.01", "say.01", "say.01", "admit.01", "announce.01", "explain.01", "claim.01", "report.01")
QUESTION_ADVERBS = (
    ("when", "ARGM-TMP"),
    ("where", "ARGM-LOC"),
    ("why", "ARGM-CAU"),
    ("how", "ARGM-MNR"),
    ("how often/RB", "ARGM-TMP"),
)


class Sentences:
    """Makes sentences as one split knows them."""

    def __init__(self, say: Speaker) -> None:
        self.say = say
        self.clauses = Clauses(say)
        known = {verb.roleset for verb in lexicon.VERBS.known_to[say.split]}
        self._speech = [roleset for roleset in SPEECH if roleset in known]
        self._makers: dict[str, Callable[[], Phrase]] = {
            "statement": self._statement,
            "verb_coordination": self._verb_coordination,
            "clause_coordination": self._clause_coordination,
            "polar_question": self._polar_question,
            "wh_question": self._wh_question,
            "quotation": self._quotation,
            "order": self._order,
            "heading": self._heading,
        }

    def make(self) -> Phrase:
        """One sentence, capitalised and punctuated."""
        sort = self.say.weigh(SORTS)
        sentence = self._makers[sort]()
        _capitalise(sentence.words[0])
        return sentence.marked(sort)

    def _statement(self) -> Phrase:
        return self.clauses.finite(Setting(opening=True)).statement() + tagged(".")

    def _verb_coordination(self) -> Phrase:
        """One subject, two or three verbs; a modal stands once and belongs to the first verb only."""
        tense = self.say.choose(("past", "past", "present", "future"))
        inside = Setting(depth=1, tense=tense, closing=False, simple=True)
        subject = self.clauses.nouns.make(self.say.choose(("person", "person", "animal", "group")), as_subject=True)
        form = "bare" if tense == "future" else "finite"
        first = self.clauses.verbal("finite", subject=subject, setting=replace(inside, opening=True))
        whole = first.statement()
        if self.say.chance(0.25):
            whole = whole + tagged(",") + self.clauses.verbal(form, subject=subject, setting=inside).rest()
        last = self.clauses.verbal(form, subject=subject, setting=replace(inside, closing=True))
        return whole + tagged(self.say.choose(("and", "and", "and", "but"))) + last.rest() + tagged(".")

    def _clause_coordination(self) -> Phrase:
        first = self.clauses.finite(Setting(depth=1, tense=self.say.choose(("past", "present")), opening=True))
        tense = first.group.tense if first.group.tense != "perfect" else "past"
        second = self.clauses.finite(Setting(depth=1, tense=tense))
        conjunction = tagged(self.say.choose((", and", ", but", ", so/CC", "and", ", or", ";")))
        return first.statement() + conjunction + second.statement() + tagged(".")

    def _polar_question(self) -> Phrase:
        question = self.clauses.finite(Setting(inverted=True)).question() + tagged("?")
        return question.marked("question")

    def _wh_question(self) -> Phrase:
        place = self.say.weigh({"subject": 3, "object": 4, "preposition": 2, "adverb": 4})
        if place == "adverb":
            text, label = self.say.choose(QUESTION_ADVERBS)
            front = tagged(text)
            setting = Setting(inverted=True, without=(label, "middle"), closing=label != "ARGM-LOC")
            clause = self.clauses.verbal("finite", setting=setting)
            clause.predicate.add(label, front)
        else:
            kinds = (
                ("person", "person", "animal", "vehicle")
                if place == "subject"
                else ("person", "document", "food", "idea")
            )
            asked = self.clauses.nouns.question(self.say.choose(kinds))
            front = asked
            gap = Gap(place, asked.kind, asked.agreement, asked)
            if place == "subject":
                clause = self.clauses.verbal("finite", subject=gap, setting=Setting())
                return (front + clause.rest() + tagged("?")).marked("question", "wh-argument")
            clause = self.clauses.verbal("finite", gap=gap, setting=Setting(inverted=True))
        mark = "wh-adjunct" if place == "adverb" else "wh-argument"
        return (front + clause.question() + tagged("?")).marked("question", mark)

    def _quotation(self) -> Phrase:
        """Direct speech, the words of saying after it, before it or in its midst."""
        if self.say.chance(0.2):
            content = self.clauses.finite(Setting(depth=1, inverted=True)).question()
            return (_quoted(content + tagged("?")) + self._saying("ask.01", content) + tagged(".")).marked(
                "quote", "question"
            )
        clause = self.clauses.finite(Setting(depth=1, opening=True))
        order = self.say.weigh({"after": 4, "before": 2, "midst": 4})
        roleset = self.say.choose(self._speech)
        if order == "midst":
            return self._split_quotation(clause, roleset)
        content = clause.statement()
        if order == "after":
            return (_quoted(content + tagged(",")) + self._saying(roleset, content) + tagged(".")).marked("quote")
        saying = self._saying(roleset, content, inverts=False)
        return (saying + tagged(",") + _quoted(content + tagged("."))).marked("quote")

    def _split_quotation(self, clause: Clause, roleset: str) -> Phrase:
        """`" The train , " said the guard , " is late . "`: what is said is ARG1 and C-ARG1."""
        first = clause.opening or clause.subject
        second = clause.subject + clause.rest() if clause.opening else clause.rest()
        if first.words[-1].text == ",":
            first = Phrase(first.words[:-1], first.predicates, first.marks)
        saying = self._saying(roleset, first, second)
        opened, closed = (Phrase([Word('"', pos)]) for pos in ("``", "''"))
        return (_quoted(first + tagged(",")) + saying + tagged(",") + opened + second + tagged(".") + closed).marked(
            "quote", "split-quote"
        )

    def _saying(self, roleset: str, said: Phrase, more: Phrase | None = None, inverts: bool = True) -> Phrase:
        """`said the guard` or `the guard said`."""
        verb = _verb(roleset)
        predicate = Predicate([], roleset)
        kind = self.say.choose(("person", "person", "group")) if roleset != "ask.01" else "person"
        speaker = self.clauses.nouns.make(kind, as_subject=True, modified=False)
        predicate.add("ARG0", speaker)
        predicate.add("ARG1", said)
        predicate.add("C-ARG1", more or Phrase())
        setting = Setting(tense="past", simple=True)
        group = verb_group(self.say, verb.forms, "finite", predicate, speaker.agreement, setting, frozenset())
        inverts = inverts and speaker.words[0].pos != "PRP" and self.say.chance(0.6)
        return group.main + speaker if inverts else speaker + group.main

    def _order(self) -> Phrase:
        if self.say.chance(0.15):
            return self._lets() + tagged(self.say.choose((".", "!")))
        please = self.say.chance(0.35)
        clause = self.clauses.verbal("imperative", setting=Setting(opening=not please and self.say.chance(0.3)))
        if please:
            clause.opening = tagged("please")
            clause.predicate.add("ARGM-DIS", clause.opening)
        return (clause.statement() + tagged(self.say.choose((".", ".", "!")))).marked("imperative")

    def _lets(self) -> Phrase:
        """`Let 's open the gate`."""
        us = self.clauses.nouns.us()
        predicate = Predicate([Word("let", "VB")], "let.01")
        content = us + self.clauses.verbal("bare", subject=us, setting=Setting(depth=1)).rest()
        predicate.add("ARG1", content)
        return (Phrase(predicate.words, [predicate]) + content).marked("imperative")

    def _heading(self) -> Phrase:
        return self.clauses.adverbials.literal(self.say.pick(lexicon.HEADINGS).text).marked("no-predicate")


_BY_ROLESET = {verb.roleset: verb for verb in lexicon.VERBS.items if verb.slots and verb.slots[-1].clausal}


def _verb(roleset: str) -> lexicon.Lemma:
    return _BY_ROLESET[roleset]


def _quoted(content: Phrase) -> Phrase:
    _capitalise(content.words[0])
    return Phrase([Word('"', "``")]) + content + Phrase([Word('"', "''")])


def _capitalise(word: Word) -> None:
    word.text = word.text[0].upper() + word.text[1:]
