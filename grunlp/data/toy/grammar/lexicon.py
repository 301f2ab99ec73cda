"""The lexicon of one split, without the entries that are held out for other splits, and random choices from it.

Of every eight entries of each list, the fourth belongs to dev and the eighth to test: no sentence of another split uses
them. All splits use the others.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from grunlp.data.toy.grammar import adjunct_phrases, noun_lexicon, verb_lexicon
from grunlp.data.toy.grammar.morphology import plural, regular_past
from grunlp.data.toy.grammar.phrases import CLOSED_CLASS

SHARED = "train"
SPLITS = ("train", "dev", "test")
T = TypeVar("T")


class HasSplit(Protocol):
    """A protocol for anything that belongs to one split or to all."""

    @property
    def split(self) -> str:
        """`train` for an entry that all splits use, otherwise `dev` or `test`."""


E = TypeVar("E", bound=HasSplit)


@dataclass(frozen=True)
class LexiconEntry:
    """A noun, adjective, adverb, name or fixed phrase."""

    text: str
    split: str
    plural: str = ""  # of nouns; empty for mass nouns


class EntryPool(Generic[E]):
    """A list of entries, grouped by the splits that may use them."""

    def __init__(self, items: Iterable[E]) -> None:
        self.items = tuple(items)
        self.by_split = {split: [item for item in self.items if item.split in (SHARED, split)] for split in SPLITS}


@dataclass(frozen=True)
class ArgumentSlot:
    """A complement (or the subject) of a predicate: its role, prepositions and the semantic types of its filler."""

    role: str
    prepositions: tuple[str, ...]
    semantic_types: tuple[str, ...]
    optional: bool = False

    @property
    def is_clausal(self) -> bool:
        """Whether a clause fills it."""
        return self.semantic_types[0] in ("TO", "ING", "THAT", "WHETHER", "NPTO", "NPBARE")


@dataclass(frozen=True)
class PredicateEntry:
    """A predicate: verb, noun, adjective or light verb (`noun` is the object of the light verb)."""

    roleset: str
    forms: tuple[str, str, str]  # base, past, participle; all the same for nouns and adjectives
    particle: str
    subject: ArgumentSlot
    slots: tuple[ArgumentSlot, ...]
    flags: frozenset[str]
    split: str
    light_verb: str = ""
    noun: str = ""

    @property
    def object_slot(self) -> ArgumentSlot | None:
        """The slot without preposition directly after the verb, if a noun phrase fills it."""
        first = self.slots[0] if self.slots else None
        return first if first and not first.prepositions and not first.semantic_types[0].isupper() else None


def _always_shared() -> set[str]:
    """Return words that the grammar itself uses: closed classes, words of adjuncts, light verbs, "asked"."""
    texts = [*CLOSED_CLASS.values(), *adjunct_phrases.TIMES.values()]
    texts += [text for text in vars(adjunct_phrases).values() if isinstance(text, str) and "|" in text]
    words = {piece.split("/")[0] for text in texts for piece in text.replace("|", " ").split()}
    return words | {line.split(".")[0] for line in verb_lexicon.LIGHT_VERBS.split("\n")} | {"ask"}


_SPLITS_BY_WORD = {word: SHARED for word in _always_shared()}


def split_of(word: str, index: int) -> str:
    """Return the split of the i-th entry of a list; a word in several lists ("paint") has the split of the first."""
    return _SPLITS_BY_WORD.setdefault(word, {3: "dev", 7: "test"}.get(index % 8, SHARED))


def entries(text: str, separator: str | None = None) -> EntryPool[LexiconEntry]:
    """Return the entries of a list, separated by spaces or, for phrases, by `separator`."""
    return EntryPool(LexiconEntry(item, split_of(item, i)) for i, item in enumerate(text.split(separator)))


def _parse_nouns(words: str) -> EntryPool[LexiconEntry]:
    nouns = []
    for i, text in enumerate(words.split()):
        singular, _, irregular = text.partition("/")
        many = "" if singular.endswith("*") else irregular or plural(singular)
        singular = singular.rstrip("*")
        nouns.append(LexiconEntry(singular, split_of(singular, i), many))
    return EntryPool(nouns)


def _parse_semantic_types(text: str) -> tuple[str, ...]:
    return tuple(kind for name in text.split("/") for kind in noun_lexicon.SEMANTIC_TYPE_UNIONS.get(name, name).split())


def _parse_slot(text: str) -> ArgumentSlot:
    role, *prepositions, kinds = text.split()
    choices = tuple(prepositions[0].split("/")) if prepositions else ()
    return ArgumentSlot(role.rstrip("?"), choices, _parse_semantic_types(kinds), role.endswith("?"))


def _parse_predicates(table: str) -> EntryPool[PredicateEntry]:
    """Parse a table of `verb_lexicon.py`; a lemma has the same split in all tables and lines."""
    stems: list[str] = []
    predicates = []
    for line in table.strip().splitlines():
        cells = [cell.strip() for cell in line.split(";")]
        light = cells.pop(0).split() if ".LV" in cells[0] else []
        head, subject, complements, flags = [*cells, "", "", ""][:4]
        roleset, *rest = head.split()
        base, _, particle = roleset.split(".")[0].partition("_")
        if base not in stems:
            stems.append(base)
        noun = rest[0] if len(rest) == 1 else ""
        past, participle = rest if len(rest) == 2 else (regular_past(base),) * 2
        forms = (light[0].split(".")[0], light[1], light[2]) if light else (base, past, participle)
        slots = tuple(_parse_slot(text) for text in complements.split(",") if text.strip())
        home = split_of(base, stems.index(base))
        flag_set = frozenset(flags.split())
        predicates.append(
            PredicateEntry(
                roleset,
                forms,
                particle,
                _parse_slot(subject or "ARG1 any"),
                slots,
                flag_set,
                home,
                light[0] if light else "",
                noun,
            )
        )
    return EntryPool(predicates)


VERBS = _parse_predicates(verb_lexicon.VERBS)
RAISING = _parse_predicates(verb_lexicon.RAISING)
NOUN_PREDICATES = _parse_predicates(verb_lexicon.NOUN_PREDICATES)
PLAIN_NOUN_PREDICATES = EntryPool(noun for noun in NOUN_PREDICATES.items if not noun.slots[0].is_clausal)
LIGHT_VERBS = _parse_predicates(verb_lexicon.LIGHT_VERBS)
ADJECTIVES = _parse_predicates(verb_lexicon.ADJECTIVES)

NOUNS = {kind: _parse_nouns(words) for kind, words in noun_lexicon.NOUNS.items()}
FIRST_NAMES, SURNAMES, CITIES, LANGUAGES = map(
    entries, (noun_lexicon.FIRST_NAMES, noun_lexicon.SURNAMES, noun_lexicon.CITIES, noun_lexicon.LANGUAGES)
)
MODIFIERS = {kind: entries(words) for kind, words in noun_lexicon.ADJECTIVES.items()}
MEDIAL_ADVERBS = {label: entries(words) for label, words in adjunct_phrases.MEDIAL_ADVERBS.items()}
DEGREES = entries(adjunct_phrases.DEGREES)
_TIMES = {tense: entries(text, "|") for tense, text in adjunct_phrases.TIMES.items()}
TIMES = {  # a present that is not a moment takes habits only
    "any": _TIMES["any"],
    "span": _TIMES["span"],
    "present": _TIMES["present"],
    "past": EntryPool(_TIMES["any"].items + _TIMES["past"].items),
    "future": EntryPool(_TIMES["any"].items + _TIMES["future"].items),
}
CONNECTIVES = entries(adjunct_phrases.CONNECTIVES, "|")
MEANS = entries(adjunct_phrases.MEANS, "|")
HEADINGS = entries(adjunct_phrases.HEADINGS, "|")
# What a plain adjunct of each label may say.
ADJUNCTS = {
    "ARGM-LOC": entries(adjunct_phrases.PLACES, "|"),
    "ARGM-MNR": entries(adjunct_phrases.MANNERS, "|"),
    "ARGM-DIR": entries(adjunct_phrases.DIRECTIONS, "|"),
    "ARGM-CAU": entries(adjunct_phrases.CAUSES, "|"),
    "ARGM-PRP": entries(adjunct_phrases.PURPOSES, "|"),
    "ARGM-GOL": entries(adjunct_phrases.BENEFICIARIES, "|"),
    "ARGM-COM": entries(adjunct_phrases.COMPANIONS, "|"),
    "ARGM-PRD": entries(adjunct_phrases.SECONDARY_PREDICATES, "|"),
    "ARGM-ADV": entries(adjunct_phrases.CONCESSIONS, "|"),
    "ARGM-EXT": entries(adjunct_phrases.EXTENTS, "|"),
}


class SplitRandom:
    """A random generator of one split, which chooses among the entries that the split may use.

    Args:
        split: train, dev or test.
    """

    def __init__(self, split: str) -> None:
        self.split = split
        self.has_heldout_word = False  # whether an entry of only this split was used; the caller resets it
        self._random = random.Random(SPLITS.index(split) + 1)

    def chance(self, probability: float) -> bool:
        """Return true with this probability."""
        return self._random.random() < probability

    def choose(self, options: Sequence[T]) -> T:
        """Return one of the options.

        Only `Random.random` is guaranteed to give the same numbers in every Python version.
        """
        return options[int(self._random.random() * len(options))]

    def choose_weighted(self, weights: dict[str, float]) -> str:
        """Return one of the keys, each with a probability proportional to its weight."""
        point = self._random.random() * sum(weights.values())
        for key, weight in weights.items():
            point -= weight
            if point < 0:
                return key
        return key

    def pick(self, pool: EntryPool[E]) -> E:
        """Return one of the entries that this split may use."""
        entry = self.choose(pool.by_split[self.split])
        self.has_heldout_word = self.has_heldout_word or entry.split != SHARED
        return entry
