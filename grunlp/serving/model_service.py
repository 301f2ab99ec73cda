"""A model behind its request queue: the inputs it accepts, the work each requires, and the order of the work."""

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from grunlp.data.word_tokenizer import tokenize
from grunlp.serving.dynamic_batching import BatchScheduler, QueueFullError, WorkerDiedError
from grunlp.serving.errors import APIError, response_too_large, retry_later
from grunlp.serving.limits import ServerLimits
from grunlp.serving.prometheus import ServerMetrics
from grunlp.serving.worker_processes import MAX_WORK_PER_CALL, make_workers
from grunlp.tasks import Predictor, Record, spec_named
from grunlp.tasks.predictor import InputType, SentencePredictor, TextGenerator
from grunlp.utils.errors import DataError, UserError

_THREAD_THRESHOLD = 2000  # characters that are tokenised without delaying other requests
_WORDS_PER_SENTENCE_COST = 8  # a word of an additional predicate costs an eighth of a word of a sentence
_SERIES_EXPECTED = "Send measurements: a list of steps, each a list of numbers."

ResultT = TypeVar("ResultT")


class ModelService:
    """A predictor and its threads. Its methods are called in the event loop.

    Sentences of several requests are predicted in one batch. Other predictions contain numbers whose last digits depend
    on the batch; they are computed one by one, so that the same request always has the same answer.

    Args:
        id: its id in URLs.
        predictor: the model.
        limits: the limits of requests.
        metrics: the metrics in which batches are counted.
        workers: processes that predict batches of sentences; 0: this process predicts.
    """

    def __init__(
        self, id: str, predictor: Predictor[Any, Any], limits: ServerLimits, metrics: ServerMetrics, workers: int
    ) -> None:
        self.id, self.limits = id, limits
        self.predictor = predictor.with_max_new_tokens(limits.max_length)
        self.spec = spec_named(predictor.task)
        self.scheduler = BatchScheduler(
            id,
            make_workers(self.predictor, workers),
            batch_tokens=limits.batch_tokens,
            max_queue=limits.max_queue,
            max_streams=limits.max_streams,
            timeout=limits.response_timeout,
            metrics=metrics,
        )

    @property
    def input_type(self) -> InputType:
        """The type of an input: "text", "measurements", or "table", a text in CSV."""
        return self.predictor.input_type

    @property
    def streams(self) -> bool:
        """True if the model can return a text piece by piece while it generates it."""
        return isinstance(self.predictor, TextGenerator)

    def describe(self) -> dict[str, Any]:
        """Return its entry in the list of models."""
        return {
            "id": self.id,
            "task": self.spec.name,
            "description": self.spec.description,
            "input_type": self.input_type,
            "streams": self.streams,
            "page": self.spec.page._asdict(),
        }

    async def predict(self, texts: Sequence[str]) -> list[list[Record]]:
        """Predict the records of each text. Raises APIError."""
        predictor = self.predictor
        if self.input_type == "measurements":
            raise APIError(409, f"{self.id} classifies measurements.", _SERIES_EXPECTED)
        if isinstance(predictor, SentencePredictor):
            return await self._predict_sentences(predictor, texts)
        costs = await self._check_costs(texts)
        calls = [(partial(predictor.predict_text, text), cost) for text, cost in zip(texts, costs, strict=True)]
        return list(await self._await_result(self.scheduler.run_exclusive(calls)))

    async def predict_series(self, steps: Sequence[Sequence[float]]) -> list[list[Record]]:
        """Predict the record of a sequence of measurements. Raises APIError."""
        if self.input_type != "measurements":
            raise APIError(409, f"{self.id} takes no measurements.", "Send a text.")
        self._check_tokens(len(steps))
        return [await self._run_in_scheduler(lambda: self.predictor(steps), len(steps))]

    async def render(self, text: str, records: Sequence[Record]) -> str:
        """Draw the records of a text as an HTML fragment. Raises APIError."""

        def render() -> str:
            parts: list[str] = []
            size = 0
            for part in self.spec.render_answer(self.predictor, text, records):
                size += len(part)
                if size > self.limits.max_response_bytes:
                    raise response_too_large(self.limits.max_response_bytes)
                parts.append(part)
            return "".join(parts)

        return await self._run_in_scheduler(render, max(1, len(text)))

    async def stream(self, prompt: str, options: Mapping[str, Any]) -> AsyncGenerator[str]:
        """Generate a text piece by piece. Raises APIError.

        Args:
            prompt: the beginning of the text, or the source that it is generated for.
            options: fields of `Sampling`, and `length`; missing ones have the defaults of the model.
        """
        if not isinstance(self.predictor, TextGenerator):
            raise APIError(409, f"{self.id} does not stream.", f"POST to /models/{self.id}/predict.")
        self._check_prompts([prompt])
        generator = self.predictor.with_sampling(options)
        await self._check_attention(generator, [prompt])
        try:
            return self.scheduler.stream(lambda: generator.stream_tokens(prompt))
        except QueueFullError as error:
            raise self._queue_full_error(error) from None

    async def _check_costs(self, texts: Sequence[str]) -> list[int]:
        """Return the work of each text in tokens. Raises APIError if there is too much."""
        if self.predictor.max_new_tokens:
            self._check_prompts(texts)
            costs = [self.predictor.max_new_tokens] * len(texts)
            self._check_generated_tokens(sum(costs))
        elif self.input_type == "table":
            costs = [1 + table.count("\n") for table in texts]
            self._check_tokens(sum(costs), "rows")
        else:
            costs = await run_in_thread(texts, lambda: [1 + sum(1 for _ in tokenize(text)) for text in texts])
            self._check_tokens(sum(costs))
            await self._check_attention(self.predictor, texts)
        return costs

    async def _run_in_scheduler(self, function: Callable[[], ResultT], tokens: int) -> ResultT:
        """Run a function in a thread of the model while nothing else is computed. Raises APIError.

        Args:
            function: the function.
            tokens: its work in tokens.
        """
        calls = [(function, min(tokens, self.limits.max_queue))]
        (result,) = await self._await_result(self.scheduler.run_exclusive(calls))
        return result

    async def _predict_sentences(self, predictor: SentencePredictor, texts: Sequence[str]) -> list[list[Record]]:
        split = await run_in_thread(texts, lambda: [predictor.split_sentences(text) for text in texts])
        items = [(sentence, max(1, len(sentence["words"]))) for sentences in split for sentence in sentences]
        self._check_tokens(sum(tokens for _, tokens in items))
        partial_results = await self._await_result(self.scheduler.submit(items))
        sentences = [sentence for sentence, _ in items]
        records = iter(await self._complete_sentences(predictor, sentences, partial_results))
        return [[next(records) for _ in sentences] for sentences in split]

    async def _complete_sentences(
        self,
        predictor: SentencePredictor,
        sentences: Sequence[Any],
        partial_results: Sequence[tuple[Record, list[int]]],
    ) -> list[Record]:
        """Predict the predicates that were too many for one call, a few at a time, taking turns with other requests."""
        if any(remaining for _, remaining in partial_results):
            pairs = ((record["words"], len(record["frames"]) + len(remaining)) for record, remaining in partial_results)
            work = sum(len(words) * num_predicates for words, num_predicates in pairs)
            if work > 2 * _WORDS_PER_SENTENCE_COST * self.limits.max_tokens:
                raise APIError(413, "There are too many predicates in long sentences.", "Send less at a time.")
        for sentence, (record, remaining) in zip(sentences, partial_results, strict=True):
            step = max(1, MAX_WORK_PER_CALL // max(1, len(sentence["words"])))
            for i in range(0, len(remaining), step):
                positions = remaining[i : i + step]
                cost = 1 + len(positions) * len(sentence["words"]) // _WORDS_PER_SENTENCE_COST
                more = await self._run_in_scheduler(partial(predictor.predict_at, sentence, positions), cost)
                record["frames"] += more["frames"]
        return [record for record, _ in partial_results]

    async def _await_result(self, awaitable: Awaitable[ResultT]) -> ResultT:
        try:
            return await awaitable
        except QueueFullError as error:
            raise self._queue_full_error(error) from None
        except WorkerDiedError:
            raise retry_later(503, "The process that predicted has died.", 1) from None
        except UserError as error:
            message, details, hint = (part.replace(str(self.predictor.path), self.id) for part in _error_parts(error))
            raise APIError(422, "; ".join(filter(None, (message, details))), hint) from None

    def _check_tokens(self, tokens: int, noun: str = "tokens") -> None:
        if tokens > self.limits.max_tokens:
            message = f"There are {tokens} {noun}, more than {self.limits.max_tokens}."
            raise APIError(413, message, "Send less at a time.")

    async def _check_attention(self, predictor: Predictor[Any, Any], texts: Sequence[str]) -> None:
        size = await run_in_thread(texts, lambda: sum(map(predictor.attention_size, texts)))
        if size > self.limits.max_attention:
            message = f"The text, or its translation, is too long: {size} attention weights, more than "
            raise APIError(413, f"{message}{self.limits.max_attention}.", "Send shorter texts, or fewer at a time.")

    def _check_generated_tokens(self, tokens: int) -> None:
        if tokens > self.limits.max_length:
            message = f"There would be {tokens} tokens to generate, more than {self.limits.max_length}."
            raise APIError(413, message, "Send fewer texts at a time.")

    def _check_prompts(self, texts: Sequence[str]) -> None:
        if max(map(len, texts), default=0) > self.limits.max_prompt:
            raise APIError(413, f"A prompt has more than {self.limits.max_prompt} characters.", "Send only its end.")

    def _queue_full_error(self, error: QueueFullError) -> APIError:
        return retry_later(429, f"Too much is waiting for {self.id}.", math.ceil(error.seconds))


def assign_ids(predictors: Iterable[Predictor[Any, Any]]) -> dict[str, Predictor[Any, Any]]:
    """Assign each predictor an id made from the name of its folder; ids do not reveal the path of the folder."""
    by_id: dict[str, Predictor[Any, Any]] = {}
    for predictor in predictors:
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(predictor.path).resolve().name).strip("-") or "model"
        number = 1
        while (id := name if number == 1 else f"{name}-{number}") in by_id:
            number += 1
        by_id[id] = predictor
    return by_id


async def run_in_thread(texts: Sequence[str], function: Callable[[], ResultT]) -> ResultT:
    """Run a function of texts, in another thread if they are long."""
    if sum(map(len, texts)) <= _THREAD_THRESHOLD:
        return function()
    return await asyncio.to_thread(function)


def _error_parts(error: UserError) -> tuple[str, str, str]:
    """Return an error's three parts, without the name of a file or a hint for the command line."""
    hint = error.hint if error.hint and not error.hint.startswith("Type ") else "Send another input."
    if isinstance(error, DataError):
        row = f"row {error.line}: " if error.line is not None else ""
        return row + error.reason, error.details, hint
    return error.message, error.details, hint
