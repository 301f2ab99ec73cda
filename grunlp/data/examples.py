"""The dictionaries that readers yield as examples.

An example is a plain dictionary, so that Hugging Face `datasets` can store it. A sentence with frames:

    {"id": "answers-0001", "document": "answers/00/x.xml", "words": ["She", "gave", ...], "pos": ["PRP", ...],
     "frames": [{"index": 1, "lemma": "give", "roleset": "give.01", "tags": ["B-ARG0", "B-V", ...]}, ...]}

`index` is the zero-based token of the predicate; `tags` has one IOB2 tag for each word; frames are sorted by index.
Fields that a format does not have are an empty string (`id`, `document`, `lemma`, `roleset`) or an empty list (`pos`,
`frames`). A sentence from raw text also has its `text`, the `offsets` of its words in it (start and exclusive end, in
characters) and its `source_position`: the number of its line, and the character of that line where its text starts. A
sentence from `data.extra_train` is marked by `from_extra_corpus`.

A tagged sentence has `tags`, one for each word, instead of `pos` and `frames`; span tags are IOB2. A labeled text or
time series has a `label`. A pair of texts:

    {"id": "7", "source": "Zwei Männer.", "target": "Two men.", "references": []}

where `references` are further, equally good targets for scoring.
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
    """Fields that sentences of all kinds have."""

    id: str
    document: str
    words: list[str]
    text: NotRequired[str]
    offsets: NotRequired[list[tuple[int, int]]]
    source_position: NotRequired[tuple[int, int]]


class SRLExample(SentenceFields):
    """A sentence with all its frames."""

    pos: list[str]
    frames: list[Frame]
    from_extra_corpus: NotRequired[bool]


class TaggedSentence(SentenceFields):
    """A sentence with one tag for each word."""

    tags: list[str]


class LabeledText(SentenceFields):
    """A text of one or more sentences with its class, "" if the class is not known."""

    label: str


class LabeledSeries(TypedDict):
    """A time series with its class, "" if the class is not known.

    Attributes:
        steps: number of time steps T.
        values: the T x C values, in time order.
    """

    id: str
    label: str
    steps: int
    values: list[float]


class ParallelExample(TypedDict):
    """A text and the target to generate from it."""

    id: str
    source: str
    target: str
    references: list[str]


def class_label(value: Any) -> str:
    """Return the class in a file as a string: 1.0 and True become "1"; a missing value or NaN becomes ""."""
    value = value.item() if hasattr(value, "item") else value  # of NumPy
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()
