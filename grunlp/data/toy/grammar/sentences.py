"""Sentences composed of clauses: statements, questions, quotations, imperatives and fragments."""

from collections.abc import Callable
from dataclasses import replace

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.clause_parts import Clause, ExtractionGap
from grunlp.data.toy.grammar.clauses import ClauseGenerator
from grunlp.data.toy.grammar.lexicon import SplitRandom
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, parse_tagged
from grunlp.data.toy.grammar.verb_phrases import ClauseContext, make_verb_group

SENTENCE_TYPES = {
    "statement": 46.0,
    "verb_coordination": 8,
    "clause_coordination": 7,
    "polar_question": 7,
    "wh_question": 11,
    "quotation": 8,
    "order": 6,
    "heading": 7,
}
SPEECH_VERBS = ("say.01", "say.01", "say.01", "admit.01", "announce.01", "explain.01", "claim.01", "report.01")
QUESTION_ADVERBS = (
    ("when", "ARGM-TMP"),
    ("where", "ARGM-LOC"),
    ("why", "ARGM-CAU"),
    ("how", "ARGM-MNR"),
    ("how often/RB", "ARGM-TMP"),
)


class SentenceGenerator:
    """A generator of sentences with the words of one split."""

    def __init__(self, rng: SplitRandom) -> None:
        self.rng = rng
        self.clauses = ClauseGenerator(rng)
        known = {verb.roleset for verb in lexicon.VERBS.by_split[rng.split]}
        self._speech = [roleset for roleset in SPEECH_VERBS if roleset in known]
        self._makers: dict[str, Callable[[], Phrase]] = {
            "statement": self._statement,
            "verb_coordination": self._verb_coordination,
            "clause_coordination": self._clause_coordination,
            "polar_question": self._polar_question,
            "wh_question": self._wh_question,
            "quotation": self._quotation,
            "order": self._imperative,
            "heading": self._heading,
        }

    def make(self) -> Phrase:
        """Return one sentence, capitalized and punctuated."""
        sort = self.rng.choose_weighted(SENTENCE_TYPES)
        sentence = self._makers[sort]()
        _capitalise(sentence.words[0])
        return sentence.with_constructions(sort)

    def _statement(self) -> Phrase:
        return self.clauses.finite(ClauseContext(allow_opening_adjunct=True)).statement() + parse_tagged(".")

    def _verb_coordination(self) -> Phrase:
        """Return one subject with two or three verbs; a modal belongs to the first verb only."""
        tense = self.rng.choose(("past", "past", "present", "future"))
        inside = ClauseContext(depth=1, tense=tense, allow_closing_adjunct=False, no_auxiliaries=True)
        subject = self.clauses.nouns.make(self.rng.choose(("person", "person", "animal", "group")), as_subject=True)
        form = "bare" if tense == "future" else "finite"
        first = self.clauses.verbal("finite", subject=subject, context=replace(inside, allow_opening_adjunct=True))
        whole = first.statement()
        if self.rng.chance(0.25):
            whole = (
                whole
                + parse_tagged(",")
                + self.clauses.verbal(form, subject=subject, context=inside).predicate_phrase()
            )
        last = self.clauses.verbal(form, subject=subject, context=replace(inside, allow_closing_adjunct=True))
        return (
            whole
            + parse_tagged(self.rng.choose(("and", "and", "and", "but")))
            + last.predicate_phrase()
            + parse_tagged(".")
        )

    def _clause_coordination(self) -> Phrase:
        first = self.clauses.finite(
            ClauseContext(depth=1, tense=self.rng.choose(("past", "present")), allow_opening_adjunct=True)
        )
        tense = first.verb_group.tense if first.verb_group.tense != "perfect" else "past"
        second = self.clauses.finite(ClauseContext(depth=1, tense=tense))
        conjunction = parse_tagged(self.rng.choose((", and", ", but", ", so/CC", "and", ", or", ";")))
        return first.statement() + conjunction + second.statement() + parse_tagged(".")

    def _polar_question(self) -> Phrase:
        question = self.clauses.finite(ClauseContext(inverted=True)).question() + parse_tagged("?")
        return question.with_constructions("question")

    def _wh_question(self) -> Phrase:
        gap_position = self.rng.choose_weighted({"subject": 3, "object": 4, "preposition": 2, "adverb": 4})
        if gap_position == "adverb":
            text, label = self.rng.choose(QUESTION_ADVERBS)
            front = parse_tagged(text)
            setting = ClauseContext(
                inverted=True, excluded_adjuncts=(label, "middle"), allow_closing_adjunct=label != "ARGM-LOC"
            )
            clause = self.clauses.verbal("finite", context=setting)
            clause.predicate.add_role(label, front)
        else:
            kinds = (
                ("person", "person", "animal", "vehicle")
                if gap_position == "subject"
                else ("person", "document", "food", "idea")
            )
            asked = self.clauses.nouns.wh_phrase(self.rng.choose(kinds))
            front = asked
            gap = ExtractionGap(gap_position, asked.semantic_type, asked.agreement, asked)
            if gap_position == "subject":
                clause = self.clauses.verbal("finite", subject=gap, context=ClauseContext())
                return (front + clause.predicate_phrase() + parse_tagged("?")).with_constructions(
                    "question", "wh-argument"
                )
            clause = self.clauses.verbal("finite", gap=gap, context=ClauseContext(inverted=True))
        mark = "wh-adjunct" if gap_position == "adverb" else "wh-argument"
        return (front + clause.question() + parse_tagged("?")).with_constructions("question", mark)

    def _quotation(self) -> Phrase:
        """Return direct speech, with the reporting clause after it, before it or in its middle."""
        if self.rng.chance(0.2):
            content = self.clauses.finite(ClauseContext(depth=1, inverted=True)).question()
            return (
                _quoted(content + parse_tagged("?")) + self._reporting_clause("ask.01", content) + parse_tagged(".")
            ).with_constructions("quote", "question")
        clause = self.clauses.finite(ClauseContext(depth=1, allow_opening_adjunct=True))
        order = self.rng.choose_weighted({"after": 4, "before": 2, "midst": 4})
        roleset = self.rng.choose(self._speech)
        if order == "midst":
            return self._split_quotation(clause, roleset)
        content = clause.statement()
        if order == "after":
            return (
                _quoted(content + parse_tagged(",")) + self._reporting_clause(roleset, content) + parse_tagged(".")
            ).with_constructions("quote")
        saying = self._reporting_clause(roleset, content, inverts=False)
        return (saying + parse_tagged(",") + _quoted(content + parse_tagged("."))).with_constructions("quote")

    def _split_quotation(self, clause: Clause, roleset: str) -> Phrase:
        """Return `" The train , " said the guard , " is late . "`: the quotation is ARG1 and C-ARG1."""
        first = clause.opening or clause.subject
        second = clause.subject + clause.predicate_phrase() if clause.opening else clause.predicate_phrase()
        if first.words[-1].text == ",":
            first = Phrase(first.words[:-1], first.predicates, first.constructions)
        saying = self._reporting_clause(roleset, first, second)
        opened, closed = (Phrase([Word('"', pos)]) for pos in ("``", "''"))
        return (
            _quoted(first + parse_tagged(","))
            + saying
            + parse_tagged(",")
            + opened
            + second
            + parse_tagged(".")
            + closed
        ).with_constructions("quote", "split-quote")

    def _reporting_clause(
        self, roleset: str, quote: Phrase, has_continuation: Phrase | None = None, inverts: bool = True
    ) -> Phrase:
        """Return `said the guard` or `the guard said`."""
        verb = _speech_verb(roleset)
        predicate = Predicate([], roleset)
        kind = self.rng.choose(("person", "person", "group")) if roleset != "ask.01" else "person"
        speaker = self.clauses.nouns.make(kind, as_subject=True, modified=False)
        predicate.add_role("ARG0", speaker)
        predicate.add_role("ARG1", quote)
        predicate.add_role("C-ARG1", has_continuation or Phrase())
        setting = ClauseContext(tense="past", no_auxiliaries=True)
        group = make_verb_group(self.rng, verb.forms, "finite", predicate, speaker.agreement, setting, frozenset())
        inverts = inverts and speaker.words[0].pos != "PRP" and self.rng.chance(0.6)
        return group.main + speaker if inverts else speaker + group.main

    def _imperative(self) -> Phrase:
        if self.rng.chance(0.15):
            return self._hortative() + parse_tagged(self.rng.choose((".", "!")))
        please = self.rng.chance(0.35)
        clause = self.clauses.verbal(
            "imperative", context=ClauseContext(allow_opening_adjunct=not please and self.rng.chance(0.3))
        )
        if please:
            clause.opening = parse_tagged("please")
            clause.predicate.add_role("ARGM-DIS", clause.opening)
        return (clause.statement() + parse_tagged(self.rng.choose((".", ".", "!")))).with_constructions("imperative")

    def _hortative(self) -> Phrase:
        """Return `Let 's open the gate`."""
        us = self.clauses.nouns.first_person_plural()
        predicate = Predicate([Word("let", "VB")], "let.01")
        content = us + self.clauses.verbal("bare", subject=us, context=ClauseContext(depth=1)).predicate_phrase()
        predicate.add_role("ARG1", content)
        return (Phrase(predicate.words, [predicate]) + content).with_constructions("imperative")

    def _heading(self) -> Phrase:
        return self.clauses.adverbials.fill_template(self.rng.pick(lexicon.HEADINGS).text).with_constructions(
            "no-predicate"
        )


_BY_ROLESET = {verb.roleset: verb for verb in lexicon.VERBS.items if verb.slots and verb.slots[-1].is_clausal}


def _speech_verb(roleset: str) -> lexicon.PredicateEntry:
    return _BY_ROLESET[roleset]


def _quoted(content: Phrase) -> Phrase:
    _capitalise(content.words[0])
    return Phrase([Word('"', "``")]) + content + Phrase([Word('"', "''")])


def _capitalise(word: Word) -> None:
    word.text = word.text[0].upper() + word.text[1:]
