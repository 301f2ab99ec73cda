"""The interface of predictors, which make trained models callable."""

import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, Self, TypeVar

from grunlp.data.examples import SRLExample
from grunlp.data.raw_text import examples_from_text

InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")
ChunkT = TypeVar("ChunkT")
Record = dict[str, Any]  # becomes a JSON object
InputType = Literal["text", "measurements", "table"]

BATCH_TOKENS = 3000  # tokens in a batch of sentences or sources

_SURROGATES = re.compile("[\ud800-\udfff]")  # characters that UTF-8 cannot encode


class HasPath(Protocol):
    """A protocol for trained models that were read from a run folder."""

    @property
    def path(self) -> Path:
        """The run folder."""


class Predictor(ABC, Generic[InputT, OutputT]):
    """A trained model with everything that prediction needs.

    A predictor is immutable, so threads may share it. Its settings are fields; a copy with other settings shares the
    network: `dataclasses.replace(predictor, nbest=3)`. A prediction does not depend on the others in its batch, except
    for the rounding of 32-bit numbers.

    Attributes:
        task: name of the task's folder in `grunlp/tasks`.
        run: the trained model; its type depends on the task.
    """

    task: ClassVar[str]
    run: HasPath

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.run.path

    @abstractmethod
    def predict_iter(self, inputs: Iterable[InputT]) -> Iterator[OutputT]:
        """Predict inputs in order, reading them lazily and in batches."""

    def __call__(self, item: InputT) -> OutputT:
        """Predict one input."""
        (output,) = self.predict_iter([item])
        return output

    def predict_batch(self, inputs: Sequence[InputT]) -> list[OutputT]:
        """Predict inputs in order, in few batches."""
        return list(self.predict_iter(inputs))

    # The part of the interface that the server uses.

    @property
    def input_type(self) -> InputType:
        """The type of an input: "text", "measurements" (steps, features), or "table", a text in CSV."""
        return "text"

    @property
    def max_new_tokens(self) -> int:
        """Largest number of tokens generated for a text of any length; 0 if the work depends on the length."""
        return 0

    def attention_size(self, text: str) -> int:
        """Return the number of attention weights of the longest text that may be generated for a text; 0: none."""
        return 0

    def predict_text(self, text: str) -> list[Record]:
        """Predict the records of a text, or of a CSV table."""
        return self(text)  # type: ignore[arg-type, return-value]

    def warm_up(self) -> None:
        """Predict a small input, because the first prediction takes longer than later ones."""
        self.predict_text("She gave him a book.")

    def with_max_new_tokens(self, limit: int) -> Self:
        """Return a predictor that generates at most this many tokens for a text."""
        return self


class TextGenerator(Predictor[str, list[Record]]):
    """A predictor that generates texts, which can be streamed."""

    @abstractmethod
    def stream_tokens(self, prompt: str) -> Iterator[str]:
        """Yield the pieces of the text for a prompt as they are generated."""

    @abstractmethod
    def with_sampling(self, options: Mapping[str, Any]) -> Self:
        """Return a generator that samples.

        Args:
            options: fields of `grunlp.decoding.sampling.Sampling`, and `length`, the largest number of tokens; options
                that are missing do not change.
        """


class SentencePredictor(Predictor[str, list[Record]]):
    """A predictor of sentences, from texts or already tokenized.

    Subclasses are dataclasses with a field `batch_tokens`.
    """

    def predict_iter(self, inputs: Iterable[str]) -> Iterator[list[Record]]:
        """Predict the records of the sentences of each text; a sentence never extends over the end of a line."""
        return predict_batched(inputs, self.split_sentences, self.predict_examples)

    def split_sentences(self, text: str) -> list[SRLExample]:
        """Split a text into examples of one sentence each; there is at least one."""
        return list(examples_from_text(sanitize_text(text)))

    def label(self, words: Sequence[Sequence[str]]) -> list[Record]:
        """Predict tokenized sentences; their records have no `text` and no character offsets.

        Raises:
            TypeError: a sentence is a string.
        """
        sentences = sanitize_sentences(words)
        return list(
            self.predict_examples(SRLExample(id="", document="", words=w, pos=[], frames=[]) for w in sentences)
        )

    @abstractmethod
    def predict_examples(self, examples: Iterable[Any]) -> Iterator[Record]:
        """Predict a record for each example, in order."""

    def predict_partial(self, examples: Iterable[Any], max_work: int) -> Iterator[tuple[Record, list[int]]]:
        """Predict a record for each example, up to a given amount of work.

        Args:
            examples: sentences.
            max_work: largest number of words times predicates that are predicted for a sentence.

        Yields:
            the record, and the positions of the words that remain for `predict_at`.
        """
        return ((record, []) for record in self.predict_examples(examples))

    def predict_at(self, example: Any, positions: Sequence[int]) -> Record:
        """Predict the record of an example for the words at the positions that `predict_partial` left."""
        raise NotImplementedError


def sanitize_text(text: str) -> str:
    """Replace characters that UTF-8 cannot encode, without changing the length.

    Raises TypeError unless `text` is a string.
    """
    if not isinstance(text, str):
        raise TypeError(f"expected a str, got {type(text).__name__}")
    return _SURROGATES.sub("\ufffd", text)


def sanitize_sentences(words: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Sanitize the words of tokenized sentences, as `sanitize_text` does.

    Raises:
        TypeError: a sentence, or `words` itself, is a string.
    """
    if any(isinstance(sentence, str | bytes) for sentence in (words, *words)):
        raise TypeError("label takes sentences as lists of words; for a text, call the predictor itself")
    return ([sanitize_text(word) for word in sentence] for sentence in words)


def predict_batched(
    inputs: Iterable[InputT],
    split: Callable[[InputT], Sequence[ChunkT]],
    predict: Callable[[Iterable[ChunkT]], Iterator[Record]],
) -> Iterator[list[Record]]:
    """Predict the records of each input lazily; a batch may contain chunks of several inputs.

    Args:
        inputs: the inputs.
        split: splits an input into chunks, at least one.
        predict: predicts one record for each chunk, in order.
    """
    if isinstance(inputs, str | bytes):
        raise TypeError("expected several texts in a list or another iterable; for one text, call the predictor itself")
    counts: deque[int] = deque()

    def chunks() -> Iterator[ChunkT]:
        for item in inputs:
            parts = split(item)
            counts.append(len(parts))
            yield from parts

    records = predict(chunks())
    for first in records:
        yield [first, *islice(records, counts.popleft() - 1)]
