"""Mappings between strings and ids, built from the training split and stored in the run folder."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grunlp.data.examples import SRLExample, TaggedSentence
from grunlp.data.propbank.frame_index import RolesetIndex
from grunlp.data.propbank.rolesets import RolesetCounter, RolesetInventory
from grunlp.data.tag_schemes import detect_scheme
from grunlp.data.tags import OUTSIDE, PREDICATE_LABEL, split_tag
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import DataError, UserError
from grunlp.utils.safe_load import read_json

PAD_TOKEN, UNK_TOKEN = "<pad>", "<unk>"
MAX_TAGS = 4096


class StringIndex:
    """A list of strings with consecutive ids.

    Args:
        items: the strings in the order of their ids, without duplicates.
        unknown_id: id of every other string; None raises KeyError instead.
    """

    def __init__(self, items: Sequence[str], unknown_id: int | None) -> None:
        self.items = list(items)
        self.ids = {item: i for i, item in enumerate(self.items)}
        if len(self.ids) != len(self.items):
            raise ValueError("a table cannot have the same string twice")
        self.unknown_id = unknown_id

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, item: str) -> int:
        index = self.ids.get(item, self.unknown_id)
        if index is None:
            raise KeyError(item)
        return index


@dataclass
class Vocabulary:
    """The strings that a model knows: words, characters, tags, parts of speech and rolesets.

    Args:
        words: lower-cased words; id 0 is padding, and id 1 is the unknown word.
        word_counts: training count of each word, 0 for padding and the unknown word.
        characters: characters of the words, case-sensitive; id 0 is padding, and id 1 is the unknown character.
        tags: `O`, then every `B-`, then every `I-` in the same order of labels; or plain tags.
        pos: part-of-speech tags; id 0 means "missing", and there are no others if the training data have none.
        rolesets: the senses that words may have as predicates; empty if the training data have none.
    """

    words: StringIndex
    word_counts: list[int]
    characters: StringIndex
    tags: StringIndex = field(default_factory=lambda: StringIndex([], None))
    pos: StringIndex = field(default_factory=lambda: StringIndex([PAD_TOKEN], unknown_id=0))
    rolesets: RolesetInventory = field(default_factory=lambda: RolesetInventory({}, {}, {}))

    def __post_init__(self) -> None:
        """Raise UserError if there are too many tags, because decoding needs a table of all pairs of tags."""
        if len(self.tags) > MAX_TAGS:
            details = f"at most {MAX_TAGS} are possible: memory grows with their square"
            raise UserError(
                f"there are {len(self.tags)} different tags", details, "Type data.tags= with another column."
            )

    @classmethod
    def build(
        cls, examples: Iterable[SRLExample], min_count: int, extra_words: Iterable[str], frame_files: RolesetIndex
    ) -> "Vocabulary":
        """Build the vocabulary of examples with frames.

        Args:
            examples: the training split.
            min_count: words that occur less often are unknown, unless `extra_words` contains them.
            extra_words: lower-cased words that have pretrained vectors.
            frame_files: further rolesets, which the training data may not contain, see `RolesetCounter.build`.
        """
        words = _WordCounter()
        labels: Counter[str] = Counter()
        pos: Counter[str] = Counter()
        rolesets = RolesetCounter()
        for example in examples:
            words.add(example["words"])
            pos.update(tag for tag in example["pos"] if tag != "_")
            for frame in example["frames"]:
                labels.update(split_tag(tag)[1] for tag in frame["tags"])
                predicate = None if example.get("from_extra_corpus") else example["words"][frame["index"]]
                rolesets.add(predicate, frame["lemma"], frame["roleset"])
        del labels[""]
        labels[PREDICATE_LABEL] += 1  # decoding requires this label
        return cls(
            *words.build(min_count, extra_words),
            tags=_iob2_labels(sorted(labels)),
            pos=StringIndex([PAD_TOKEN, *sorted(pos)], unknown_id=0),
            rolesets=rolesets.build(frame_files),
        )

    @classmethod
    def build_for_tagging(
        cls, examples: Iterable[TaggedSentence], min_count: int, extra_words: Iterable[str]
    ) -> "Vocabulary":
        """Build the vocabulary of tagged sentences; for span tags, with both B- and I- of each label.

        Arguments as for `build`.
        """
        words = _WordCounter()
        tags: Counter[str] = Counter()
        for example in examples:
            words.add(example["words"])
            tags.update(example["tags"])
        if detect_scheme([list(tags)]) is not None:
            index = _iob2_labels(sorted({split_tag(tag)[1] for tag in tags} - {""}))
        else:
            index = StringIndex(sorted(tags), None)
        return cls(*words.build(min_count, extra_words), tags=index)

    @classmethod
    def build_for_text(cls, texts: Iterable[Sequence[str]], min_count: int, extra_words: Iterable[str]) -> "Vocabulary":
        """Build the vocabulary of texts without tags. Arguments as for `build`."""
        words = _WordCounter()
        for text in texts:
            words.add(text)
        return cls(*words.build(min_count, extra_words))

    def extended_with(self, other: "Vocabulary") -> "Vocabulary":
        """Return this vocabulary extended with the strings that only `other` has; counts are added."""
        counts = dict(zip(self.words.items, self.word_counts, strict=True))
        for word, count in zip(other.words.items, other.word_counts, strict=True):
            counts[word] = counts.get(word, 0) + count
        labels = [tag.removeprefix("B-") for table in (self.tags, other.tags) for tag in table.items if tag[0] == "B"]
        return Vocabulary(
            words=StringIndex(list(counts), unknown_id=1),
            word_counts=list(counts.values()),
            characters=_extend_index(self.characters, other.characters),
            tags=_iob2_labels(list(dict.fromkeys(labels))),
            pos=_extend_index(self.pos, other.pos),
            rolesets=self.rolesets.merged_with(other.rolesets),
        )

    def save(self, path: Path) -> None:
        """Write the vocabulary as JSON."""
        content = {
            "words": dict(zip(self.words.items, self.word_counts, strict=True)),
            "characters": self.characters.items,
            "tags": self.tags.items,
            "pos": self.pos.items,
            "rolesets": self.rolesets.as_dict(),
        }
        write_file_atomically(path, json.dumps(content, ensure_ascii=False, indent=0))

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Load a vocabulary that `save` wrote. Raises DataError for any other file."""
        content = read_json(path)
        try:
            _require_keys(content, {"words", "characters", "tags", "pos", "rolesets"})
            _require_keys(content["rolesets"], {"lemmas", "rolesets", "functions"})
            words = _counts(content["words"])
            tables = {name: _strings(content[name]) for name in ("characters", "tags", "pos")}
            for name, special in (
                ("words", [PAD_TOKEN, UNK_TOKEN]),
                ("characters", [PAD_TOKEN, UNK_TOKEN]),
                ("pos", [PAD_TOKEN]),
            ):
                if [*({"words": words} | tables)[name]][: len(special)] != special:
                    raise ValueError(f"{name} do not begin with {' '.join(special)}")
            return cls(
                words=StringIndex(list(words), unknown_id=1),
                word_counts=list(words.values()),
                characters=StringIndex(tables["characters"], unknown_id=1),
                tags=StringIndex(tables["tags"], unknown_id=None),
                pos=StringIndex(tables["pos"], unknown_id=0),
                rolesets=RolesetInventory(
                    lemmas={word: _strings(lemmas) for word, lemmas in content["rolesets"]["lemmas"].items()},
                    rolesets={lemma: _counts(names) for lemma, names in content["rolesets"]["rolesets"].items()},
                    functions={name: _string_dict(roles) for name, roles in content["rolesets"]["functions"].items()},
                ),
            )
        except (ValueError, AttributeError, TypeError) as error:
            details = "the vocabulary.json of a run folder"
            raise DataError(path, None, f"not a vocabulary: {error!s:.200}", details) from None


def _require_keys(content: Any, names: set[str]) -> None:
    if not isinstance(content, dict) or set(content) != names:
        raise ValueError(f"expected the keys {', '.join(sorted(names))}")


def _strings(content: Any) -> list[str]:
    if not isinstance(content, list) or not all(isinstance(item, str) for item in content):
        raise ValueError("expected a list of strings")
    return content


def _counts(content: Any) -> dict[str, int]:
    if not isinstance(content, dict) or not all(type(n) is int and 0 <= n < 2**53 for n in content.values()):
        raise ValueError("expected strings with how often each occurs")
    return content


def _string_dict(content: Any) -> dict[str, str]:
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise ValueError("expected a mapping of strings to strings")
    return content


class _WordCounter:
    """A counter of lower-cased words, and of characters in either case."""

    def __init__(self) -> None:
        self.words: Counter[str] = Counter()
        self.characters: Counter[str] = Counter()

    def add(self, words: Iterable[str]) -> None:
        for word in words:
            self.words[word.lower()] += 1
            self.characters.update(word)

    def build(self, min_count: int, extra_words: Iterable[str]) -> tuple[StringIndex, list[int], StringIndex]:
        """Return the frequent words and `extra_words`, most frequent first, their counts, and the characters."""
        frequent = {word for word, count in self.words.items() if count >= min_count}
        kept = sorted(frequent.union(extra_words) - {PAD_TOKEN, UNK_TOKEN}, key=lambda word: (-self.words[word], word))
        return (
            StringIndex([PAD_TOKEN, UNK_TOKEN, *kept], unknown_id=1),
            [0, 0, *(self.words[word] for word in kept)],
            StringIndex([PAD_TOKEN, UNK_TOKEN, *sorted(self.characters)], unknown_id=1),
        )


def _iob2_labels(labels: Sequence[str]) -> StringIndex:
    """Return `O`, then every `B-`, then every `I-` in the same order of labels."""
    return StringIndex(
        [OUTSIDE, *(f"B-{label}" for label in labels), *(f"I-{label}" for label in labels)], unknown_id=None
    )


def _extend_index(one: StringIndex, other: StringIndex) -> StringIndex:
    return StringIndex(list(dict.fromkeys([*one.items, *other.items])), one.unknown_id)
