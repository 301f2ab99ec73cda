"""Noun phrases: names, pronouns, determiners, modifiers, coordination, amounts and nouns that are predicates."""

from grunlp.data.toy.grammar import adjunct_phrases, lexicon
from grunlp.data.toy.grammar.lexicon import Entry, Lemma, Pool, Slot, Speaker
from grunlp.data.toy.grammar.morphology import article
from grunlp.data.toy.grammar.noun_lexicon import DEFINITE, DETERMINERS, NOUN_MODIFIERS, UNOWNED
from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, join, tagged

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
    """A phrase that can be a subject: it knows its agreement and its kind."""

    def __init__(self, phrase: Phrase, agreement: str, kind: str) -> None:
        super().__init__(phrase.words, phrase.predicates, phrase.marks)
        self.agreement, self.kind = agreement, kind

    def label(self, predicate: Predicate, role: str) -> None:
        """Give all its words the role."""
        predicate.add(role, self)


class NounPhrases:
    """Makes noun phrases as one split knows them."""

    def __init__(self, speaker: Speaker) -> None:
        self.say = speaker

    def make(self, kind: str, *, as_subject: bool = False, modified: bool = True) -> NounPhrase:
        """A noun phrase of some kind of meaning; `as_subject` decides the form of pronouns."""
        if kind == "person" and self.say.chance(0.55):
            return self._somebody(as_subject)
        if kind == "city":
            return NounPhrase(self._name(lexicon.CITIES), "singular", kind)
        if kind == "name":
            return self.person_name()
        phrase = self._common(kind, modified)
        if modified and self.say.chance(0.07):
            other = self._common(kind, modified=False)
            if other.words[-1].text in [word.text for word in phrase.words]:
                return phrase
            conjunction = tagged("and" if self.say.chance(0.8) else "or")
            whole = (phrase + conjunction + other).marked("np-coordination")
            return NounPhrase(whole, "plural" if conjunction.words[0].text == "and" else other.agreement, kind)
        return phrase

    def _somebody(self, as_subject: bool) -> NounPhrase:
        kind = self.say.weigh({"name": 3, "pronoun": 3, "kin": 1.5, "pair": 0.5})
        if kind == "pronoun":
            form = self.say.choose(tuple(PRONOUNS))
            other, agreement = PRONOUNS[form]
            return NounPhrase(tagged(form if as_subject else other), agreement, "person")
        if kind == "kin":
            return self._common("kin", modified=False)
        if kind == "name":
            return self.person_name()
        pair = self._name(lexicon.FIRST_NAMES) + tagged("and") + self._name(lexicon.SURNAMES, title=True)
        return NounPhrase(pair.marked("np-coordination"), "plural", "person")

    def relation(self) -> NounPhrase:
        """Somebody by kinship, one only: `my uncle`."""
        noun = self.say.pick(lexicon.NOUNS["kin"]).text
        return NounPhrase(tagged(self.say.choose(("my", "his", "her", "our"))) + tagged(noun), "singular", "person")

    def us(self) -> NounPhrase:
        """The `'s` of "let 's"."""
        return NounPhrase(Phrase([Word("'s", "PRP")]), "plural", "person")

    def person_name(self) -> NounPhrase:
        """Somebody by name: Anna, Mr. Carter, Peter Novak."""
        style = self.say.choose(("first", "first", "first", "title", "full"))
        phrase = self._name(lexicon.SURNAMES, title=True) if style == "title" else self._name(lexicon.FIRST_NAMES)
        return NounPhrase(
            phrase + (self._name(lexicon.SURNAMES) if style == "full" else Phrase()), "singular", "person"
        )

    def _name(self, names: Pool[Entry], title: bool = False) -> Phrase:
        name = tagged(self.say.pick(names).text)
        return tagged(self.say.choose(("Mr.", "Mrs.", "Dr."))) + name if title else name

    def _common(self, kind: str, modified: bool) -> NounPhrase:
        noun = self.say.pick(lexicon.NOUNS[kind])
        many = bool(noun.plural) and kind not in ("group", "idea", "quantity") and self.say.chance(0.22)
        adjective = self._adjective(kind) if self.say.chance(0.28) else Phrase()
        core = adjective + Phrase([Word(noun.plural if many else noun.text, "NNS" if many else "NN")])
        if kind != "topic":
            core = self._determiner(core, kind, many, mass=not noun.plural) + core
        if modified and not many and kind in NOUN_MODIFIERS and self.say.chance(0.18):
            core = core + self._modifier(self.say.choose(NOUN_MODIFIERS[kind]))
        return NounPhrase(core, "plural" if many else "singular", "person" if kind == "kin" else kind)

    def _adjective(self, kind: str) -> Phrase:
        return Phrase([Word(self.say.pick(lexicon.MODIFIERS[kind]).text, "JJ")])

    def _determiner(self, core: Phrase, kind: str, many: bool, mass: bool) -> Phrase:
        if kind == "kin":
            return tagged(self.say.choose(("my", "his", "her", "their", "our", "your")))
        if mass:
            return tagged(self.say.choose(("the", "the", "some")))
        if many and self.say.chance(0.6):
            return tagged("the")
        if many:
            return tagged(self.say.choose(("some", "these", "those", "all", *adjunct_phrases.NUMBERS[:4])))
        if kind not in UNOWNED and self.say.chance(0.07):
            return self.possessive(
                self.person_name() if self.say.chance(0.5) else self._common("person", modified=False)
            )
        determiner = self.say.weigh(DEFINITE if kind in UNOWNED else DETERMINERS)
        return tagged(article(core.words[0].text) if determiner == "a" else determiner)

    def possessive(self, owner: NounPhrase) -> Phrase:
        """`the guard 's`; a plural in -s takes the apostrophe alone."""
        plural_s = owner.agreement == "plural" and owner.words[-1].text.endswith("s")
        return owner + Phrase([Word("'" if plural_s else "'s", "POS")])

    def _modifier(self, template: str) -> Phrase:
        """`in the grey coat`; what a container is full of has no article: `a box of apples`."""
        preposition, kind = template.split()
        if kind in ("city", "topic", "group"):
            return (tagged(preposition) + self.make(kind, modified=False)).marked("noun-modifier")
        noun = self.say.pick(lexicon.NOUNS[kind])
        if preposition == "of" and kind in ("food", "substance"):
            return tagged(preposition) + Phrase([Word(noun.plural or noun.text, "NNS" if noun.plural else "NN")])
        core = (self._adjective(kind) if self.say.chance(0.35) else Phrase()) + Phrase([Word(noun.text, "NN")])
        indefinite = noun.plural and kind not in ("building", "area") and self.say.chance(0.4)
        determiner = article(core.words[0].text) if indefinite else "the"
        return (tagged(preposition) + tagged(determiner) + core).marked("noun-modifier")

    def question(self, kind: str) -> NounPhrase:
        """A phrase that asks: who, what, which book, how many books."""
        if self.say.chance(0.55):
            return NounPhrase(tagged("who" if kind in PEOPLE else "what"), "singular", kind)
        noun = self.say.pick(lexicon.NOUNS["person" if kind == "group" else kind])
        if noun.plural and self.say.chance(0.3):
            many = Phrase([Word("how", "WRB"), Word("many", "JJ"), Word(noun.plural, "NNS")])
            return NounPhrase(many, "plural", kind)
        return NounPhrase(tagged("which") + Phrase([Word(noun.text, "NN")]), "singular", kind)

    def deed(self, entry: Lemma, complement: Phrase, slot: Slot | None) -> NounPhrase:
        """`the committee 's sudden decision to close the school`: a noun with a frame of its own."""
        head = Word(entry.noun, "NN")
        predicate = Predicate([head], entry.roleset)
        adjective = self._adjective("deed") if self.say.chance(0.35) else Phrase()
        predicate.add("ARGM-ADJ", adjective)
        owner = self.make(self.say.choose(entry.subject.kinds), modified=False)
        agent = Phrase()
        if len(owner.words) == 1 and owner.words[0].pos == "PRP":
            determiner = tagged(self.say.choose(("my", "his", "her", "our", "their", "your")))
        elif slot and slot.prepositions == ("of",) and self.say.chance(0.4):
            determiner, agent = tagged("the"), tagged("by") + owner
        else:
            determiner = self.possessive(owner)
        predicate.add(entry.subject.role, agent or determiner)
        if slot:
            predicate.add(slot.role, complement)
        whole = join((determiner, adjective, Phrase([head], [predicate]), complement, agent))
        return NounPhrase(whole.marked("noun-predicate"), "singular", "deed")

    def indefinite(self, kind: str, many: bool = True) -> NounPhrase:
        """`a dog`, `three letters`: what there is, or what somebody is; `many` allows the plural."""
        noun = self.say.pick(lexicon.NOUNS[kind])
        if many and noun.plural and self.say.chance(0.4):
            number = self.say.choose((*adjunct_phrases.NUMBERS[:8], "some", "no"))
            return NounPhrase(tagged(number) + Phrase([Word(noun.plural, "NNS")]), "plural", kind)
        core = (self._adjective(kind) if self.say.chance(0.4) else Phrase()) + tagged(noun.text)
        return NounPhrase(tagged(article(core.words[0].text)) + core, "singular", kind)

    def light_object(self, entry: Lemma, predicate: Predicate, head: Word) -> Phrase:
        """`a bold decision`, its adjective labelled."""
        adjective = self._adjective("deed") if self.say.chance(0.4) else Phrase()
        predicate.add("ARGM-ADJ", adjective)
        core = adjective + Phrase([head], [predicate])
        determiner = "some" if entry.noun.endswith("*") else article(core.words[0].text)
        return tagged(determiner) + core

    def amount(self, kind: str) -> Phrase:
        """What stands in capitals in the verb table: sums, percentages, spans of time, weights, callings, names."""
        number = self.say.choose(adjunct_phrases.NUMBERS[4:])
        if kind == "NAME":
            return self._name(lexicon.FIRST_NAMES)
        if kind == "LANGUAGE":
            return self._name(lexicon.LANGUAGES)
        if kind == "OCCUPATION":
            noun = self.say.pick(lexicon.NOUNS["person"]).text
            return tagged(f"{article(noun)} {noun}")
        if kind == "MONEY" and self.say.chance(0.4):
            return Phrase([Word("$", "$"), Word(f"{self.say.choose(range(2, 90))},000", "CD")])
        unit = {"MONEY": ("dollars", "euros", "pounds"), "PERCENT": ("percent",), "WEIGHT": ("kilos", "tons", "pounds")}
        if kind == "SPAN":
            return tagged(f"{number} {self.say.choose(adjunct_phrases.UNITS)}")
        noun = self.say.choose(unit[kind])
        return tagged(number) + Phrase([Word(noun, "NN" if noun == "percent" else "NNS")])
