"""A model behind its threads: what each kind of predictor takes, and how much work that is."""

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from grunlp.data.examples import Example
from grunlp.data.word_tokenizer import tokenize
from grunlp.decoding.sampling import Sampling
from grunlp.serving.csv_tables import forecast_rows, read_table
from grunlp.serving.dynamic_batching import Full, Worker
from grunlp.serving.errors import Problem, retry_later
from grunlp.serving.limits import Limits
from grunlp.serving.prometheus import Metrics
from grunlp.serving.worker_processes import WORK, Lost, computers
from grunlp.tasks import Predictor, Record
from grunlp.tasks.classification.predictor import Classifier
from grunlp.tasks.forecasting.predictor import Forecaster
from grunlp.tasks.language_modeling.predictor import LanguageModel
from grunlp.tasks.seq2seq.predictor import LIKELIEST, Writer
from grunlp.tasks.srl.predictor import Labeller
from grunlp.tasks.tagging.predictor import Tagger
from grunlp.utils.errors import DataError, GrunlpError

_QUICK = 2000  # characters that are split without holding up other requests
_SHARE = 8  # so many words of such work take as long as one of a plain sentence with its predicates
_DESCRIPTIONS = {
    "labeller": "who did what to whom: frames of sentences",
    "tagger": "a tag for each word, or spans with labels",
    "classifier": "the class of a text, or of a sequence of measurements",
    "writer": "a text from a text",
    "language-model": "what comes after a prompt",
    "forecaster": "what comes after the end of series",
}
_NO_TEXT = "Send measurements: a list of steps, each a list of numbers."


class Served:
    """A predictor and its threads. Its methods are called in the event loop.

    Sentences of labellers and taggers are computed together with those of others. The answers of other kinds hold
    numbers, whose last digits depend on what is computed beside them; they are computed alone, so that the same request
    always has the same answer.

    Args:
        id: in addresses.
        predictor: the model.
        limits: of requests.
        metrics: are told of each batch.
        processes: that compute batches of sentences; 0: this one does.
    """

    def __init__(
        self, id: str, predictor: Predictor[Any, Any], limits: Limits, metrics: Metrics, processes: int
    ) -> None:
        self.id, self.limits = id, limits
        self.predictor = _bounded(predictor, limits.max_length)
        self.worker = Worker(
            id,
            computers(self.predictor, processes),
            batch_tokens=limits.batch_tokens,
            max_queue=limits.max_queue,
            max_streams=limits.max_streams,
            metrics=metrics,
        )

    @property
    def takes(self) -> str:
        """What it takes: "text", "measurements", or "table", which is a text in CSV."""
        if isinstance(self.predictor, Classifier) and self.predictor.features is not None:
            return "measurements"
        return "table" if isinstance(self.predictor, Forecaster) else "text"

    @property
    def streams(self) -> bool:
        """Whether it writes texts that can be read as they come."""
        return isinstance(self.predictor, LanguageModel | Writer)

    def described(self) -> dict[str, Any]:
        """As it stands in the list of models."""
        kind = self.predictor.kind
        return {
            "id": self.id,
            "kind": kind,
            "description": _DESCRIPTIONS[kind],
            "takes": self.takes,
            "streams": self.streams,
        }

    async def predict(self, texts: Sequence[str]) -> list[list[Record]]:
        """The records of each text. Raises Problem."""
        if self.takes == "measurements":
            raise Problem(409, f"{self.id} classifies measurements.", _NO_TEXT)
        if isinstance(self.predictor, Labeller | Tagger):
            return await self._label(self.predictor, texts)
        if isinstance(self.predictor, LanguageModel):
            self._check_prompts(texts)
            work = [self.predictor.length] * len(texts)
            self._check_drawn(sum(work))
        elif self.takes == "table":
            work = [1 + table.count("\n") for table in texts]
            self._check_tokens(sum(work), "rows")
        else:
            work = await _off_loop(texts, lambda: [1 + sum(1 for _ in tokenize(text)) for text in texts])
            self._check_tokens(sum(work))
        answer = self._forecast if self.takes == "table" else self.predictor
        works = [(partial(answer, text), tokens) for text, tokens in zip(texts, work, strict=True)]
        return list(await self._guarded(self.worker.call(works)))

    async def measure(self, steps: Sequence[Sequence[float]]) -> list[list[Record]]:
        """The record of a sequence of measurements. Raises Problem."""
        if self.takes != "measurements":
            raise Problem(409, f"{self.id} takes no measurements.", "Send a text.")
        self._check_tokens(len(steps))
        return [await self.call(lambda: self.predictor(steps), len(steps))]

    async def call(self, function: Callable[[], Any], tokens: int) -> Any:
        """What a function says that asks the model for something else, in a thread of the model. Raises Problem.

        Args:
            function: is called with nothing computed beside it.
            tokens: its work.
        """
        (answer,) = await self._guarded(self.worker.call([(function, min(tokens, self.limits.max_queue))]))
        return answer

    def stream(self, prompt: str, options: Mapping[str, Any]) -> AsyncGenerator[str]:
        """What comes after a prompt, piece by piece. Raises Problem.

        Args:
            prompt: how the text begins; of writers the source.
            options: of `Sampling`, and length; what is left out is as the model has it.
        """
        if not isinstance(self.predictor, LanguageModel | Writer):
            raise Problem(409, f"{self.id} writes nothing piece by piece.", f"POST to /models/{self.id}/predict.")
        self._check_prompts([prompt])
        writer = _with_options(self.predictor, options)
        try:
            return self.worker.stream(lambda: writer.pieces(prompt))
        except Full as full:
            raise self._busy(full) from None

    async def _label(self, predictor: Labeller | Tagger, texts: Sequence[str]) -> list[list[Record]]:
        split = await _off_loop(texts, lambda: [predictor.sentences(text) for text in texts])
        parts = [(sentence, max(1, len(sentence["words"]))) for sentences in split for sentence in sentences]
        self._check_tokens(sum(tokens for _, tokens in parts))
        answers = await self._guarded(self.worker.answer(parts))
        if isinstance(predictor, Labeller):
            answers = await self._label_rest(predictor, [sentence for sentence, _ in parts], answers)
        records = iter(answers)
        return [[next(records) for _ in sentences] for sentences in split]

    async def _label_rest(
        self, predictor: Labeller, sentences: Sequence[Example], begun: Sequence[tuple[Record, list[int]]]
    ) -> list[Record]:
        """Label the predicates that are too many for one go, a few at a time, so that others have their turns."""
        work = sum(len(record["words"]) * (len(record["frames"]) + len(left)) for record, left in begun)
        if any(left for _, left in begun) and work > 2 * _SHARE * self.limits.max_tokens:
            raise Problem(413, "There are too many predicates in long sentences.", "Send less at a time.")
        for sentence, (record, left) in zip(sentences, begun, strict=True):
            some = max(1, WORK // max(1, len(sentence["words"])))
            for i in range(0, len(left), some):
                places = left[i : i + some]
                work = 1 + len(places) * len(sentence["words"]) // _SHARE
                more = await self.call(partial(predictor.at, sentence, places), work)
                record["frames"] += more["frames"]
        return [record for record, _ in begun]

    async def _guarded(self, answer: Any) -> Any:
        try:
            return await answer
        except Full as full:
            raise self._busy(full) from None
        except Lost:
            raise retry_later(503, "What computed the answer was lost.", 1) from None
        except GrunlpError as error:
            wrong, there, way = (part.replace(str(self.predictor.path), self.id) for part in _parts(error))
            raise Problem(422, "; ".join(filter(None, (wrong, there))), way) from None

    def _forecast(self, table: str) -> list[Record]:
        return forecast_rows(self.predictor(read_table(table)))

    def _check_tokens(self, tokens: int, noun: str = "tokens") -> None:
        if tokens > self.limits.max_tokens:
            said = f"There are {tokens} {noun}, more than {self.limits.max_tokens}."
            raise Problem(413, said, "Send less at a time.")

    def _check_drawn(self, tokens: int) -> None:
        if tokens > self.limits.max_length:
            said = f"There would be {tokens} tokens to draw, more than {self.limits.max_length}."
            raise Problem(413, said, "Send fewer texts at a time.")

    def _check_prompts(self, texts: Sequence[str]) -> None:
        if max(map(len, texts), default=0) > self.limits.max_prompt:
            raise Problem(413, f"A prompt has more than {self.limits.max_prompt} characters.", "Send its end alone.")

    def _busy(self, full: Full) -> Problem:
        return retry_later(429, f"Too much is waiting for {self.id}.", math.ceil(full.seconds))


def named(predictors: Iterable[Predictor[Any, Any]]) -> dict[str, Predictor[Any, Any]]:
    """Predictors by ids made of the names of their folders, each its own; no id tells where a folder lies."""
    found: dict[str, Predictor[Any, Any]] = {}
    for predictor in predictors:
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(predictor.path).resolve().name).strip("-") or "model"
        number = 1
        while (id := name if number == 1 else f"{name}-{number}") in found:
            number += 1
        found[id] = predictor
    return found


async def _off_loop(texts: Sequence[str], function: Callable[[], Any]) -> Any:
    """What a function says about texts, in a thread of its own where they are long."""
    if sum(map(len, texts)) <= _QUICK:
        return function()
    return await asyncio.to_thread(function)


def _parts(error: GrunlpError) -> tuple[str, str, str]:
    """An error's three parts, without the name of a file, and without what only the command line takes."""
    way = error.to_type if error.to_type and not error.to_type.startswith("Type ") else "Send another input."
    if isinstance(error, DataError):
        place = f"row {error.line}: " if error.line is not None else ""
        return place + error.problem, error.there_is, way
    return error.wrong, error.there_is, way


def _with_options(predictor: LanguageModel | Writer, options: Mapping[str, Any]) -> LanguageModel | Writer:
    """A predictor that draws as a request asks. Writers draw the likeliest words unless it says how."""
    drawn = {key: value for key, value in options.items() if key != "length"}
    if isinstance(predictor, LanguageModel):
        length = options.get("length", predictor.length)
        return replace(predictor, length=length, sampling=replace(predictor.sampling, **drawn))
    how = (
        predictor.search if isinstance(predictor.search, Sampling) else Sampling(1.0 if drawn else LIKELIEST, 0, 1.0, 1)
    )
    length = min(options.get("length", predictor.limits.max_length), predictor.limits.max_length)
    limits = replace(predictor.limits, max_length=length)
    return replace(predictor, limits=limits, search=replace(how, **drawn))


def _bounded(predictor: Predictor[Any, Any], most: int) -> Predictor[Any, Any]:
    """A predictor that writes at most so many tokens."""
    if isinstance(predictor, LanguageModel):
        return replace(predictor, length=min(predictor.length, most))
    if isinstance(predictor, Writer):
        return replace(predictor, limits=replace(predictor.limits, max_length=min(predictor.limits.max_length, most)))
    return predictor
