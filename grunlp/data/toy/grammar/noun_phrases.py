"""Noun phrases: names, pronouns, determiners, modifiers, coordination, amounts and predicate nouns."""

from grunlp.data.toy.grammar import adjunct_phrases, lexicon
from grunlp.data.toy.grammar.lexicon import ArgumentSlot, EntryPool, LexiconEntry, PredicateEntry, SplitRandom
from grunlp.data.toy.grammar.morphology import article
from grunlp.data.toy.grammar.noun_lexicon import DEFINITE, DETERMINERS, NEVER_POSSESSED, NOUN_MODIFIERS
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, join, parse_tagged

PRONOUNS = {  # subject form: object form, agreement
    "he": ("him", "singular"),
    "she": ("her", "singular"),
    "they": ("them", "plural"),
    "we": ("us", "plural"),
    "you": ("you", "plural"),
    "I": ("me", "I"),
}
PEOPLE = ("person", "kin", "group")


class NounPhrase(Phrase):
    """A phrase that can be a subject, with agreement and semantic type."""

    def __init__(self, phrase: Phrase, agreement: str, semantic_type: str) -> None:
        super().__init__(phrase.words, phrase.predicates, phrase.constructions)
        self.agreement, self.semantic_type = agreement, semantic_type

    def label(self, predicate: Predicate, role: str) -> None:
        """Label all its words with the role."""
        predicate.add_role(role, self)


class NounPhraseGenerator:
    """A generator of noun phrases with the words of one split."""

    def __init__(self, rng: SplitRandom) -> None:
        self.rng = rng

    def make(self, kind: str, *, as_subject: bool = False, modified: bool = True) -> NounPhrase:
        """Return a noun phrase of a semantic type; `as_subject` decides the form of pronouns."""
        if kind == "person" and self.rng.chance(0.55):
            return self._pronoun_or_person(as_subject)
        if kind == "city":
            return NounPhrase(self._name(lexicon.CITIES), "singular", kind)
        if kind == "name":
            return self.person_name()
        phrase = self._common(kind, modified)
        if modified and self.rng.chance(0.07):
            other = self._common(kind, modified=False)
            if other.words[-1].text in [word.text for word in phrase.words]:
                return phrase
            conjunction = parse_tagged("and" if self.rng.chance(0.8) else "or")
            whole = (phrase + conjunction + other).with_constructions("np-coordination")
            return NounPhrase(whole, "plural" if conjunction.words[0].text == "and" else other.agreement, kind)
        return phrase

    def _pronoun_or_person(self, as_subject: bool) -> NounPhrase:
        kind = self.rng.choose_weighted({"name": 3, "pronoun": 3, "kin": 1.5, "pair": 0.5})
        if kind == "pronoun":
            form = self.rng.choose(tuple(PRONOUNS))
            other, agreement = PRONOUNS[form]
            return NounPhrase(parse_tagged(form if as_subject else other), agreement, "person")
        if kind == "kin":
            return self._common("kin", modified=False)
        if kind == "name":
            return self.person_name()
        pair = self._name(lexicon.FIRST_NAMES) + parse_tagged("and") + self._name(lexicon.SURNAMES, title=True)
        return NounPhrase(pair.with_constructions("np-coordination"), "plural", "person")

    def kinship_term(self) -> NounPhrase:
        """Return one person, named by kinship: `my uncle`."""
        noun = self.rng.pick(lexicon.NOUNS["kin"]).text
        return NounPhrase(
            parse_tagged(self.rng.choose(("my", "his", "her", "our"))) + parse_tagged(noun), "singular", "person"
        )

    def first_person_plural(self) -> NounPhrase:
        """Return the `'s` of "let 's"."""
        return NounPhrase(Phrase([Word("'s", "PRP")]), "plural", "person")

    def person_name(self) -> NounPhrase:
        """Return the name of a person: Anna, Mr. Carter, Peter Novak."""
        style = self.rng.choose(("first", "first", "first", "title", "full"))
        phrase = self._name(lexicon.SURNAMES, title=True) if style == "title" else self._name(lexicon.FIRST_NAMES)
        return NounPhrase(
            phrase + (self._name(lexicon.SURNAMES) if style == "full" else Phrase()), "singular", "person"
        )

    def _name(self, names: EntryPool[LexiconEntry], title: bool = False) -> Phrase:
        name = parse_tagged(self.rng.pick(names).text)
        return parse_tagged(self.rng.choose(("Mr.", "Mrs.", "Dr."))) + name if title else name

    def _common(self, kind: str, modified: bool) -> NounPhrase:
        noun = self.rng.pick(lexicon.NOUNS[kind])
        many = bool(noun.plural) and kind not in ("group", "idea", "quantity") and self.rng.chance(0.22)
        adjective = self._adjective(kind) if self.rng.chance(0.28) else Phrase()
        core = adjective + Phrase([Word(noun.plural if many else noun.text, "NNS" if many else "NN")])
        if kind != "topic":
            core = self._determiner(core, kind, many, is_mass=not noun.plural) + core
        if modified and not many and kind in NOUN_MODIFIERS and self.rng.chance(0.18):
            core = core + self._modifier(self.rng.choose(NOUN_MODIFIERS[kind]))
        return NounPhrase(core, "plural" if many else "singular", "person" if kind == "kin" else kind)

    def _adjective(self, kind: str) -> Phrase:
        return Phrase([Word(self.rng.pick(lexicon.MODIFIERS[kind]).text, "JJ")])

    def _determiner(self, core: Phrase, kind: str, is_plural: bool, is_mass: bool) -> Phrase:
        if kind == "kin":
            return parse_tagged(self.rng.choose(("my", "his", "her", "their", "our", "your")))
        if is_mass:
            return parse_tagged(self.rng.choose(("the", "the", "some")))
        if is_plural and self.rng.chance(0.6):
            return parse_tagged("the")
        if is_plural:
            return parse_tagged(self.rng.choose(("some", "these", "those", "all", *adjunct_phrases.NUMBERS[:4])))
        if kind not in NEVER_POSSESSED and self.rng.chance(0.07):
            return self.possessive(
                self.person_name() if self.rng.chance(0.5) else self._common("person", modified=False)
            )
        determiner = self.rng.choose_weighted(DEFINITE if kind in NEVER_POSSESSED else DETERMINERS)
        return parse_tagged(article(core.words[0].text) if determiner == "a" else determiner)

    def possessive(self, owner: NounPhrase) -> Phrase:
        """Return `the guard 's`; a plural in -s takes only the apostrophe."""
        plural_s = owner.agreement == "plural" and owner.words[-1].text.endswith("s")
        return owner + Phrase([Word("'" if plural_s else "'s", "POS")])

    def _modifier(self, template: str) -> Phrase:
        """Return `in the grey coat`; the content of a container has no article: `a box of apples`."""
        preposition, kind = template.split()
        if kind in ("city", "topic", "group"):
            return (parse_tagged(preposition) + self.make(kind, modified=False)).with_constructions("noun-modifier")
        noun = self.rng.pick(lexicon.NOUNS[kind])
        if preposition == "of" and kind in ("food", "substance"):
            return parse_tagged(preposition) + Phrase([Word(noun.plural or noun.text, "NNS" if noun.plural else "NN")])
        core = (self._adjective(kind) if self.rng.chance(0.35) else Phrase()) + Phrase([Word(noun.text, "NN")])
        indefinite = noun.plural and kind not in ("building", "area") and self.rng.chance(0.4)
        determiner = article(core.words[0].text) if indefinite else "the"
        return (parse_tagged(preposition) + parse_tagged(determiner) + core).with_constructions("noun-modifier")

    def wh_phrase(self, kind: str) -> NounPhrase:
        """Return a question phrase: who, what, which book, how many books."""
        if self.rng.chance(0.55):
            return NounPhrase(parse_tagged("who" if kind in PEOPLE else "what"), "singular", kind)
        noun = self.rng.pick(lexicon.NOUNS["person" if kind == "group" else kind])
        if noun.plural and self.rng.chance(0.3):
            many = Phrase([Word("how", "WRB"), Word("many", "JJ"), Word(noun.plural, "NNS")])
            return NounPhrase(many, "plural", kind)
        return NounPhrase(parse_tagged("which") + Phrase([Word(noun.text, "NN")]), "singular", kind)

    def nominalization(self, entry: PredicateEntry, complement: Phrase, slot: ArgumentSlot | None) -> NounPhrase:
        """Return `the committee 's sudden decision to close the school`: a noun with a frame of its own."""
        head = Word(entry.noun, "NN")
        predicate = Predicate([head], entry.roleset)
        adjective = self._adjective("deed") if self.rng.chance(0.35) else Phrase()
        predicate.add_role("ARGM-ADJ", adjective)
        owner = self.make(self.rng.choose(entry.subject.semantic_types), modified=False)
        agent = Phrase()
        if len(owner.words) == 1 and owner.words[0].pos == "PRP":
            determiner = parse_tagged(self.rng.choose(("my", "his", "her", "our", "their", "your")))
        elif slot and slot.prepositions == ("of",) and self.rng.chance(0.4):
            determiner, agent = parse_tagged("the"), parse_tagged("by") + owner
        else:
            determiner = self.possessive(owner)
        predicate.add_role(entry.subject.role, agent or determiner)
        if slot:
            predicate.add_role(slot.role, complement)
        whole = join((determiner, adjective, Phrase([head], [predicate]), complement, agent))
        return NounPhrase(whole.with_constructions("noun-predicate"), "singular", "deed")

    def indefinite(self, kind: str, is_plural: bool = True) -> NounPhrase:
        """Return `a dog` or `three letters`, for existence or a profession; `is_plural` allows the plural."""
        noun = self.rng.pick(lexicon.NOUNS[kind])
        if is_plural and noun.plural and self.rng.chance(0.4):
            number = self.rng.choose((*adjunct_phrases.NUMBERS[:8], "some", "no"))
            return NounPhrase(parse_tagged(number) + Phrase([Word(noun.plural, "NNS")]), "plural", kind)
        core = (self._adjective(kind) if self.rng.chance(0.4) else Phrase()) + parse_tagged(noun.text)
        return NounPhrase(parse_tagged(article(core.words[0].text)) + core, "singular", kind)

    def light_object(self, entry: PredicateEntry, predicate: Predicate, head: Word) -> Phrase:
        """Return `a bold decision` with its adjective labelled."""
        adjective = self._adjective("deed") if self.rng.chance(0.4) else Phrase()
        predicate.add_role("ARGM-ADJ", adjective)
        core = adjective + Phrase([head], [predicate])
        determiner = "some" if entry.noun.endswith("*") else article(core.words[0].text)
        return parse_tagged(determiner) + core

    def measure_phrase(self, kind: str) -> Phrase:
        """Return a filler in capitals of the verb table: sum, percentage, time span, weight, occupation or name."""
        number = self.rng.choose(adjunct_phrases.NUMBERS[4:])
        if kind == "NAME":
            return self._name(lexicon.FIRST_NAMES)
        if kind == "LANGUAGE":
            return self._name(lexicon.LANGUAGES)
        if kind == "OCCUPATION":
            noun = self.rng.pick(lexicon.NOUNS["person"]).text
            return parse_tagged(f"{article(noun)} {noun}")
        if kind == "MONEY" and self.rng.chance(0.4):
            return Phrase([Word("$", "$"), Word(f"{self.rng.choose(range(2, 90))},000", "CD")])
        unit = {"MONEY": ("dollars", "euros", "pounds"), "PERCENT": ("percent",), "WEIGHT": ("kilos", "tons", "pounds")}
        if kind == "SPAN":
            return parse_tagged(f"{number} {self.rng.choose(adjunct_phrases.UNITS)}")
        noun = self.rng.choose(unit[kind])
        return parse_tagged(number) + Phrase([Word(noun, "NN" if noun == "percent" else "NNS")])
