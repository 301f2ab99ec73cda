"""The shapes in which readers yield a sentence: with frames, with a tag a word, or with a class.

An example is a plain dictionary, so that Hugging Face `datasets` can hold it:

    {"id": "answers-0001", "document": "answers/00/x.xml", "words": ["She", "gave", ...], "pos": ["PRP", ...],
     "frames": [{"index": 1, "lemma": "give", "roleset": "give.01", "tags": ["B-ARG0", "B-V", ...]}, ...]}

`index` is the zero-based token of the predicate; `tags` has one IOB2 tag a word. What a format does not give is an
empty string (`id`, `document`, `lemma`, `roleset`) or an empty list (`pos`, `frames`). Frames stand in order of index.
A sentence from raw text also has its `text`, the `offsets` of its words in that (start, exclusive end, in characters)
and its `place`: the number of its line, and where in that line its text starts.
One of `data.extra` says so by `extra`.

A tagged sentence has `tags`, one a word, in the place of `pos` and `frames`. Tags of spans are IOB2.
A classified text has a `label`; so has a sequence of measurements, which has no words but numbers.
"""

import math
from typing import Any, NotRequired, TypedDict


class Frame(TypedDict):
    """One predicate of a sentence with its roles."""

    index: int
    lemma: str
    roleset: str
    tags: list[str]


class SentenceFields(TypedDict):
    """What sentences have in common, whatever is said of their words."""

    id: str
    document: str
    words: list[str]
    text: NotRequired[str]
    offsets: NotRequired[list[tuple[int, int]]]
    place: NotRequired[tuple[int, int]]


class SRLExample(SentenceFields):
    """One sentence with all its frames."""

    pos: list[str]
    frames: list[Frame]
    extra: NotRequired[bool]


class TaggedSentence(SentenceFields):
    """One sentence with a tag a word."""

    tags: list[str]


class LabeledText(SentenceFields):
    """A text of one or more sentences and its class, "" where that is not known."""

    label: str


class LabeledSeries(TypedDict):
    """A sequence of measurements and its class, "" where that is not known.

    steps: T.
    values: the T x C numbers, one step after another.
    """

    id: str
    label: str
    steps: int
    values: list[float]


def class_label(value: Any) -> str:
    """A class, as a file has it, as a word: 1.0 and True are 1; nothing and what is no number are none."""
    value = value.item() if hasattr(value, "item") else value  # of NumPy
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()
