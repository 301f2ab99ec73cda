"""What all predictors have in common."""

import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

Given = TypeVar("Given")
Answer = TypeVar("Answer")
Part = TypeVar("Part")
Record = dict[str, Any]  # what becomes a JSON object

BATCH_TOKENS = 3000  # a batch of sentences or sources, unless told otherwise

_HALVES = re.compile("[\ud800-\udfff]")  # of characters, which no text in UTF-8 holds


class InFolder(Protocol):
    """What was read from a run folder."""

    @property
    def path(self) -> Path:
        """The folder."""


class Predictor(ABC, Generic[Given, Answer]):
    """A trained network with all it takes to answer.

    Threads may share one: nothing in it changes. What can be set is a field, and another predictor with other settings
    and the same network costs nothing: `dataclasses.replace(tagger, alternatives=3)`. No answer depends on what else is
    asked, beyond the rounding of 32-bit numbers.

    Attributes:
        kind: "labeller", "tagger", "classifier", "writer", "language-model" or "forecaster".
        run: the network with what belongs to it; each kind has its own.
    """

    kind: ClassVar[str]
    run: InFolder

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.run.path

    @abstractmethod
    def stream(self, many: Iterable[Given]) -> Iterator[Answer]:
        """The answer to each, in the order given; inputs are read as they are needed, some at a time."""

    def __call__(self, given: Given) -> Answer:
        """The answer to one input."""
        (answer,) = self.stream([given])
        return answer

    def batch(self, many: Sequence[Given]) -> list[Answer]:
        """The answers to all, in the order given, computed in few batches."""
        return list(self.stream(many))


def clean(text: str) -> str:
    """A text that UTF-8 can hold, of as many characters. Raises TypeError for what is no text."""
    if not isinstance(text, str):
        raise TypeError(f"a text is a str, got {type(text).__name__}")
    return _HALVES.sub("\ufffd", text)


def clean_sentences(words: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """The words of sentences that were tokenised by others, each as `clean` has it.

    Raises:
        TypeError: a sentence is a text, or all of them are.
    """
    if any(isinstance(one, str | bytes) for one in (words, *words)):
        raise TypeError("label takes sentences as lists of words; for a text, call the predictor itself")
    return ([clean(word) for word in sentence] for sentence in words)


def answer_each(
    many: Iterable[Given],
    part: Callable[[Given], Sequence[Part]],
    predict: Callable[[Iterable[Part]], Iterator[Record]],
) -> Iterator[list[Record]]:
    """For each input the records of its parts, lazily.

    Args:
        many: inputs.
        part: takes one apart, into one part at least.
        predict: a record for each of any number of parts, in order.
    """
    if isinstance(many, str | bytes):
        raise TypeError("several texts are a list or another iterable of them; for one text, call the predictor itself")
    counts: deque[int] = deque()

    def parts() -> Iterator[Part]:
        for given in many:
            found = part(given)
            counts.append(len(found))
            yield from found

    records = predict(parts())
    for first in records:
        yield [first, *islice(records, counts.popleft() - 1)]
