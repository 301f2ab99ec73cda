"""A model behind its threads: what each kind of predictor takes, and how much work that is."""

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from grunlp.data.examples import SRLExample
from grunlp.data.word_tokenizer import tokenize
from grunlp.decoding.sampling import Sampling
from grunlp.serving.csv_tables import forecast_records, parse_csv
from grunlp.serving.dynamic_batching import BatchScheduler, QueueFull
from grunlp.serving.errors import APIError, retry_later
from grunlp.serving.limits import ServerLimits
from grunlp.serving.prometheus import ServerMetrics
from grunlp.serving.worker_processes import MAX_WORK_PER_CALL, WorkerDied, make_workers
from grunlp.tasks import Predictor, Record
from grunlp.tasks.classification.predictor import ClassifierPredictor
from grunlp.tasks.forecasting.predictor import ForecastPredictor
from grunlp.tasks.language_modeling.predictor import LanguageModelPredictor
from grunlp.tasks.seq2seq.predictor import GREEDY_TEMPERATURE, Seq2SeqPredictor
from grunlp.tasks.srl.predictor import SRLPredictor
from grunlp.tasks.tagging.predictor import TaggerPredictor
from grunlp.utils.errors import DataError, UserError

_THREAD_THRESHOLD = 2000  # characters that are split without holding up other requests
_WORDS_PER_SENTENCE_COST = 8  # so many words of such work take as long as one of a plain sentence with its predicates
_DESCRIPTIONS = {
    "labeller": "who did what to whom: frames of sentences",
    "tagger": "a tag for each word, or spans with labels",
    "classifier": "the class of a text, or of a sequence of measurements",
    "writer": "a text from a text",
    "language-model": "what comes after a prompt",
    "forecaster": "what comes after the end of series",
}
_SERIES_EXPECTED = "Send measurements: a list of steps, each a list of numbers."


class ModelService:
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
        self, id: str, predictor: Predictor[Any, Any], limits: ServerLimits, metrics: ServerMetrics, processes: int
    ) -> None:
        self.id, self.limits = id, limits
        self.predictor = _cap_length(predictor, limits.max_length)
        self.scheduler = BatchScheduler(
            id,
            make_workers(self.predictor, processes),
            batch_tokens=limits.batch_tokens,
            max_queue=limits.max_queue,
            max_streams=limits.max_streams,
            metrics=metrics,
        )

    @property
    def input_type(self) -> str:
        """What it takes: "text", "measurements", or "table", which is a text in CSV."""
        if isinstance(self.predictor, ClassifierPredictor) and self.predictor.num_features is not None:
            return "measurements"
        return "table" if isinstance(self.predictor, ForecastPredictor) else "text"

    @property
    def streams(self) -> bool:
        """Whether it writes texts that can be read as they come."""
        return isinstance(self.predictor, LanguageModelPredictor | Seq2SeqPredictor)

    def describe(self) -> dict[str, Any]:
        """As it stands in the list of models."""
        kind = self.predictor.kind
        return {
            "id": self.id,
            "kind": kind,
            "description": _DESCRIPTIONS[kind],
            "takes": self.input_type,
            "streams": self.streams,
        }

    async def predict(self, texts: Sequence[str]) -> list[list[Record]]:
        """The records of each text. Raises Problem."""
        if self.input_type == "measurements":
            raise APIError(409, f"{self.id} classifies measurements.", _SERIES_EXPECTED)
        if isinstance(self.predictor, SRLPredictor | TaggerPredictor):
            return await self._label(self.predictor, texts)
        if isinstance(self.predictor, LanguageModelPredictor):
            self._check_prompts(texts)
            work = [self.predictor.length] * len(texts)
            self._check_generated_tokens(sum(work))
        elif self.input_type == "table":
            work = [1 + table.count("\n") for table in texts]
            self._check_tokens(sum(work), "rows")
        else:
            work = await run_in_thread(texts, lambda: [1 + sum(1 for _ in tokenize(text)) for text in texts])
            self._check_tokens(sum(work))
        answer = self._forecast if self.input_type == "table" else self.predictor
        works = [(partial(answer, text), tokens) for text, tokens in zip(texts, work, strict=True)]
        return list(await self._await_result(self.scheduler.run_exclusive(works)))

    async def predict_series(self, steps: Sequence[Sequence[float]]) -> list[list[Record]]:
        """The record of a sequence of measurements. Raises Problem."""
        if self.input_type != "measurements":
            raise APIError(409, f"{self.id} takes no measurements.", "Send a text.")
        self._check_tokens(len(steps))
        return [await self.run_in_scheduler(lambda: self.predictor(steps), len(steps))]

    async def run_in_scheduler(self, function: Callable[[], Any], tokens: int) -> Any:
        """What a function says that asks the model for something else, in a thread of the model. Raises Problem.

        Args:
            function: is called with nothing computed beside it.
            tokens: its work.
        """
        (answer,) = await self._await_result(
            self.scheduler.run_exclusive([(function, min(tokens, self.limits.max_queue))])
        )
        return answer

    def stream(self, prompt: str, options: Mapping[str, Any]) -> AsyncGenerator[str]:
        """What comes after a prompt, piece by piece. Raises Problem.

        Args:
            prompt: how the text begins; of writers the source.
            options: of `Sampling`, and length; what is left out is as the model has it.
        """
        if not isinstance(self.predictor, LanguageModelPredictor | Seq2SeqPredictor):
            raise APIError(409, f"{self.id} writes nothing piece by piece.", f"POST to /models/{self.id}/predict.")
        self._check_prompts([prompt])
        writer = _with_sampling_options(self.predictor, options)
        try:
            return self.scheduler.stream(lambda: writer.stream_tokens(prompt))
        except QueueFull as full:
            raise self._queue_full_error(full) from None

    async def _label(self, predictor: SRLPredictor | TaggerPredictor, texts: Sequence[str]) -> list[list[Record]]:
        split = await run_in_thread(texts, lambda: [predictor.split_sentences(text) for text in texts])
        parts = [(sentence, max(1, len(sentence["words"]))) for sentences in split for sentence in sentences]
        self._check_tokens(sum(tokens for _, tokens in parts))
        answers = await self._await_result(self.scheduler.submit(parts))
        if isinstance(predictor, SRLPredictor):
            answers = await self._label_rest(predictor, [sentence for sentence, _ in parts], answers)
        records = iter(answers)
        return [[next(records) for _ in sentences] for sentences in split]

    async def _label_rest(
        self,
        predictor: SRLPredictor,
        sentences: Sequence[SRLExample],
        partial_results: Sequence[tuple[Record, list[int]]],
    ) -> list[Record]:
        """Label the predicates that are too many for one go, a few at a time, so that others have their turns."""
        work = sum(len(record["words"]) * (len(record["frames"]) + len(left)) for record, left in partial_results)
        if any(left for _, left in partial_results) and work > 2 * _WORDS_PER_SENTENCE_COST * self.limits.max_tokens:
            raise APIError(413, "There are too many predicates in long sentences.", "Send less at a time.")
        for sentence, (record, left) in zip(sentences, partial_results, strict=True):
            some = max(1, MAX_WORK_PER_CALL // max(1, len(sentence["words"])))
            for i in range(0, len(left), some):
                places = left[i : i + some]
                work = 1 + len(places) * len(sentence["words"]) // _WORDS_PER_SENTENCE_COST
                more = await self.run_in_scheduler(partial(predictor.at, sentence, places), work)
                record["frames"] += more["frames"]
        return [record for record, _ in partial_results]

    async def _await_result(self, awaitable: Any) -> Any:
        try:
            return await awaitable
        except QueueFull as full:
            raise self._queue_full_error(full) from None
        except WorkerDied:
            raise retry_later(503, "What computed the answer was lost.", 1) from None
        except UserError as error:
            wrong, there, way = (part.replace(str(self.predictor.path), self.id) for part in _error_parts(error))
            raise APIError(422, "; ".join(filter(None, (wrong, there))), way) from None

    def _forecast(self, table: str) -> list[Record]:
        return forecast_records(self.predictor(parse_csv(table)))

    def _check_tokens(self, tokens: int, noun: str = "tokens") -> None:
        if tokens > self.limits.max_tokens:
            said = f"There are {tokens} {noun}, more than {self.limits.max_tokens}."
            raise APIError(413, said, "Send less at a time.")

    def _check_generated_tokens(self, tokens: int) -> None:
        if tokens > self.limits.max_length:
            said = f"There would be {tokens} tokens to draw, more than {self.limits.max_length}."
            raise APIError(413, said, "Send fewer texts at a time.")

    def _check_prompts(self, texts: Sequence[str]) -> None:
        if max(map(len, texts), default=0) > self.limits.max_prompt:
            raise APIError(413, f"A prompt has more than {self.limits.max_prompt} characters.", "Send its end alone.")

    def _queue_full_error(self, error: QueueFull) -> APIError:
        return retry_later(429, f"Too much is waiting for {self.id}.", math.ceil(error.seconds))


def assign_ids(predictors: Iterable[Predictor[Any, Any]]) -> dict[str, Predictor[Any, Any]]:
    """Predictors by ids made of the names of their folders, each its own; no id tells where a folder lies."""
    found: dict[str, Predictor[Any, Any]] = {}
    for predictor in predictors:
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(predictor.path).resolve().name).strip("-") or "model"
        number = 1
        while (id := name if number == 1 else f"{name}-{number}") in found:
            number += 1
        found[id] = predictor
    return found


async def run_in_thread(texts: Sequence[str], function: Callable[[], Any]) -> Any:
    """What a function says about texts, in a thread of its own where they are long."""
    if sum(map(len, texts)) <= _THREAD_THRESHOLD:
        return function()
    return await asyncio.to_thread(function)


def _error_parts(error: UserError) -> tuple[str, str, str]:
    """An error's three parts, without the name of a file, and without what only the command line takes."""
    way = error.hint if error.hint and not error.hint.startswith("Type ") else "Send another input."
    if isinstance(error, DataError):
        place = f"row {error.line}: " if error.line is not None else ""
        return place + error.reason, error.details, way
    return error.message, error.details, way


def _with_sampling_options(
    predictor: LanguageModelPredictor | Seq2SeqPredictor, options: Mapping[str, Any]
) -> LanguageModelPredictor | Seq2SeqPredictor:
    """A predictor that draws as a request asks. Writers draw the likeliest words unless it says how."""
    drawn = {key: value for key, value in options.items() if key != "length"}
    if isinstance(predictor, LanguageModelPredictor):
        length = options.get("length", predictor.length)
        return replace(predictor, length=length, sampling=replace(predictor.sampling, **drawn))
    how = (
        predictor.search
        if isinstance(predictor.search, Sampling)
        else Sampling(1.0 if drawn else GREEDY_TEMPERATURE, 0, 1.0, 1)
    )
    length = min(options.get("length", predictor.limits.max_length), predictor.limits.max_length)
    limits = replace(predictor.limits, max_length=length)
    return replace(predictor, limits=limits, search=replace(how, **drawn))


def _cap_length(predictor: Predictor[Any, Any], max_tokens: int) -> Predictor[Any, Any]:
    """A predictor that writes at most so many tokens."""
    if isinstance(predictor, LanguageModelPredictor):
        return replace(predictor, length=min(predictor.length, max_tokens))
    if isinstance(predictor, Seq2SeqPredictor):
        return replace(
            predictor, limits=replace(predictor.limits, max_length=min(predictor.limits.max_length, max_tokens))
        )
    return predictor
