"""What all predictors have in common."""

import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")
ChunkT = TypeVar("ChunkT")
Record = dict[str, Any]  # what becomes a JSON object

BATCH_TOKENS = 3000  # a batch of sentences or sources, unless told otherwise

_SURROGATES = re.compile("[\ud800-\udfff]")  # of characters, which no text in UTF-8 holds


class HasPath(Protocol):
    """What was read from a run folder."""

    @property
    def path(self) -> Path:
        """The folder."""


class Predictor(ABC, Generic[InputT, OutputT]):
    """A trained network with all it takes to answer.

    Threads may share one: nothing in it changes. What can be set is a field, and another predictor with other settings
    and the same network costs nothing: `dataclasses.replace(tagger, alternatives=3)`. No answer depends on what else is
    asked, beyond the rounding of 32-bit numbers.

    Attributes:
        kind: "labeller", "tagger", "classifier", "writer", "language-model" or "forecaster".
        run: the network with what belongs to it; each kind has its own.
    """

    kind: ClassVar[str]
    run: HasPath

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.run.path

    @abstractmethod
    def predict_iter(self, inputs: Iterable[InputT]) -> Iterator[OutputT]:
        """The answer to each, in the order given; inputs are read as they are needed, some at a time."""

    def __call__(self, item: InputT) -> OutputT:
        """The answer to one input."""
        (answer,) = self.predict_iter([item])
        return answer

    def predict_batch(self, inputs: Sequence[InputT]) -> list[OutputT]:
        """The answers to all, in the order given, computed in few batches."""
        return list(self.predict_iter(inputs))


def sanitize_text(text: str) -> str:
    """A text that UTF-8 can hold, of as many characters. Raises TypeError for what is no text."""
    if not isinstance(text, str):
        raise TypeError(f"a text is a str, got {type(text).__name__}")
    return _SURROGATES.sub("\ufffd", text)


def sanitize_sentences(words: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """The words of sentences that were tokenised by others, each as `clean` has it.

    Raises:
        TypeError: a sentence is a text, or all of them are.
    """
    if any(isinstance(one, str | bytes) for one in (words, *words)):
        raise TypeError("label takes sentences as lists of words; for a text, call the predictor itself")
    return ([sanitize_text(word) for word in sentence] for sentence in words)


def predict_batched(
    inputs: Iterable[InputT],
    split: Callable[[InputT], Sequence[ChunkT]],
    predict: Callable[[Iterable[ChunkT]], Iterator[Record]],
) -> Iterator[list[Record]]:
    """For each input the records of its parts, lazily.

    Args:
        inputs: inputs.
        split: takes one apart, into one part at least.
        predict: a record for each of any number of parts, in order.
    """
    if isinstance(inputs, str | bytes):
        raise TypeError("several texts are a list or another iterable of them; for one text, call the predictor itself")
    counts: deque[int] = deque()

    def parts() -> Iterator[ChunkT]:
        for given in inputs:
            found = split(given)
            counts.append(len(found))
            yield from found

    records = predict(parts())
    for first in records:
        yield [first, *islice(records, counts.popleft() - 1)]
