"""Words, phrases and predicates that the grammar composes, and their conversion to an `SRLExample`.

A role is a list of `Word` objects, not of positions. A word keeps its identity wherever the grammar moves it, so a
fronted question word, the antecedent of a relative clause or the subject shared by two verbs can be labelled before its
position is known; positions are computed once, when the sentence is complete.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.tags import PREDICATE_LABEL, Span, spans_to_tags

# Part-of-speech tags of words that have only one here; other words of a template are nouns unless they have a tag.
CLOSED_CLASS = {
    "IN": "in on at by for with from to of into onto through across about after before during until since near behind "
    "beside outside inside under along towards against over as like despite without between because if although "
    "while unless whether that than around past",
    "DT": "the a an this these those every each some no another all both",
    "PRP": "I you he she it we they me him her us them",
    "PRP$": "my your his its our their",
    "MD": "will would can could may might must should",
    "CC": "and or but",
    "CD": "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty ninety "
    "hundred thousand",
    "WP": "who whom what",
    "WRB": "when where why how",
    "WDT": "which",
    "RB": "not n't very so too there here ago",
    "UH": "yes hello goodbye please oh well thanks congratulations",
    ",": ",",
    ".": ". ? !",
    ":": ": - ;",
}
_POS = {word: pos for pos, words in CLOSED_CLASS.items() for word in words.split()}


class Word:
    """One token of an unfinished sentence; two words are equal only if they are the same object."""

    __slots__ = ("pos", "text")

    def __init__(self, text: str, pos: str) -> None:
        self.text, self.pos = text, pos


class Predicate:
    """An unfinished frame: the predicate word (or words, for a particle verb) and the words of each role."""

    def __init__(self, words: list[Word], roleset: str) -> None:
        self.words, self.roleset = words, roleset
        self.roles: list[tuple[str, list[Word]]] = []

    def add_role(self, role: str, phrase: "Phrase | list[Word]") -> None:
        """Label some words with a role; do nothing if there are no words."""
        words = phrase.words if isinstance(phrase, Phrase) else phrase
        if words:
            self.roles.append((role, list(words)))

    def frame(self, position: dict[Word, int]) -> Frame:
        """Return the frame with its tags, given the position of each word."""
        spans = [_span(role, words, position) for role, words in self.roles]
        positions = [position[word] for word in self.words]
        if positions == list(range(positions[0], positions[0] + len(positions))):
            spans.append(Span(PREDICATE_LABEL, positions[0], positions[-1] + 1))
        else:  # a particle that its object separates from the verb: "picked the box up"
            spans += [
                Span(PREDICATE_LABEL if i == 0 else "C-V", word_position, word_position + 1)
                for i, word_position in enumerate(positions)
            ]
        lemma = self.roleset.split(".")[0].split("_")[0]
        tags = spans_to_tags(sorted(spans, key=lambda span: span.start), len(position))
        return Frame(index=positions[0], lemma=lemma, roleset=self.roleset, tags=tags)


def _span(role: str, words: list[Word], position: dict[Word, int]) -> Span:
    positions = [position[word] for word in words]
    if positions != list(range(positions[0], positions[0] + len(positions))):
        raise ValueError(f"the words of {role} are torn apart: {' '.join(word.text for word in words)}")
    return Span(role, positions[0], positions[-1] + 1)


@dataclass
class Phrase:
    """A sequence of words, the predicates among them, and the names of the constructions used."""

    words: list[Word] = field(default_factory=list)
    predicates: list[Predicate] = field(default_factory=list)
    constructions: frozenset[str] = frozenset()

    def __add__(self, other: "Phrase") -> "Phrase":
        return Phrase(
            self.words + other.words, self.predicates + other.predicates, self.constructions | other.constructions
        )

    def __bool__(self) -> bool:
        return bool(self.words)

    def with_constructions(self, *constructions: str) -> "Phrase":
        """Return the same phrase with more constructions."""
        return Phrase(self.words, self.predicates, self.constructions | set(constructions))


def join(phrases: Iterable[Phrase]) -> Phrase:
    """Concatenate phrases."""
    parts = [phrase for phrase in phrases if phrase.words]
    return Phrase(
        [word for phrase in parts for word in phrase.words],
        [predicate for phrase in parts for predicate in phrase.predicates],
        frozenset().union(*(phrase.constructions for phrase in parts)),
    )


def parse_tagged(text: str) -> Phrase:
    """Parse `in a big/JJ hurry` into a phrase without predicates.

    An untagged word is a closed-class word, otherwise NN.
    """
    return Phrase([Word(form, pos) for form, pos in _parse_tokens(text)])


@cache
def _parse_tokens(text: str) -> list[tuple[str, str]]:
    pairs = []
    for piece in text.split():
        form, slash, pos = piece.rpartition("/")
        pairs.append((form, pos) if slash else (piece, _POS.get(piece) or _guess_pos(piece)))
    return pairs


def _guess_pos(form: str) -> str:
    if form[0].isdigit():
        return "CD"
    return "NNP" if form[0].isupper() else "NN"


def to_example(sentence: Phrase, name: str, document: str) -> SRLExample:
    """Return the finished sentence. Raises ValueError if the words of a role are not adjacent or roles overlap."""
    position = {word: i for i, word in enumerate(sentence.words)}
    frames = sorted((p.frame(position) for p in sentence.predicates), key=lambda frame: frame["index"])
    return SRLExample(
        id=name,
        document=document,
        words=[word.text for word in sentence.words],
        pos=[word.pos for word in sentence.words],
        frames=frames,
    )
