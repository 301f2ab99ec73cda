"""One thread a model, and what it computes next: dynamic batching by length.

Parts that wait, sentences as a rule, are computed together up to a budget of tokens. Nothing waits for a batch to fill:
an idle worker starts at once, and what comes meanwhile is the next batch. The order is that of weighted fair queueing
(Demers, Keshav and Shenker 1989): each part by the time it would be done if its request had a slow model for itself. So
a short request overtakes the sentences of a long one, and none waits for ever.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any

from grunlp.serving.metrics import Metrics

log = logging.getLogger(__name__)

_SLOW = 0.001  # seconds a token of the slow model: some times what real ones take
_END = object()


class Full(Exception):
    """There is no room in the queue. seconds: until there may be some."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass(eq=False)
class _Request:
    """What one caller waits for: an answer for each of its parts."""

    future: "asyncio.Future[list[Any]]"
    answers: list[Any]
    missing: int


@dataclass(order=True)
class _Job:
    """A part in the queue. due: by which the queue is ordered, then by number; work: the part, or what to call."""

    due: float
    number: int
    tokens: int = field(compare=False)
    work: Any = field(compare=False)
    alone: bool = field(compare=False)
    request: _Request = field(compare=False)
    place: int = field(compare=False)


@dataclass(eq=False)
class _Stream:
    """A text that is written piece by piece. stopped: nobody listens any more."""

    iterate: Callable[[], Iterator[str]]
    pieces: "asyncio.Queue[Any]" = field(default_factory=asyncio.Queue)
    iterator: Iterator[str] | None = None
    stopped: bool = False


class Worker(threading.Thread):
    """The thread of a model.

    Args:
        model: its id, for the metrics.
        compute: an answer for each of some parts, which must not depend on what else is among them.
        batch_tokens: most tokens of parts computed together; a longer part is computed alone.
        max_queue: most tokens that wait.
        max_streams: most texts that are written piece by piece at once.
        metrics: are told of each batch.
        warm_up: is called first.

    Attributes:
        warm: set when that is done.
    """

    def __init__(
        self,
        model: str,
        compute: Callable[[Sequence[Any]], Sequence[Any]],
        *,
        batch_tokens: int,
        max_queue: int,
        max_streams: int,
        metrics: Metrics,
        warm_up: Callable[[], object],
    ) -> None:
        super().__init__(name=f"grunlp-{model}", daemon=True)
        self.model, self.compute, self.metrics, self.warm_up = model, compute, metrics, warm_up
        self.batch_tokens, self.max_queue, self.max_streams = batch_tokens, max_queue, max_streams
        self.warm = threading.Event()
        self._changed = threading.Condition()  # guards all that follows
        self._jobs: list[_Job] = []  # a heap
        self._streams: list[_Stream] = []
        self._waiting = 0  # tokens
        self._closed = False
        self._numbers = count()
        self._pace = _SLOW / 4  # seconds a token, as measured

    # --- called in the event loop ---

    def start(self) -> None:
        """Begin; answers go to the running event loop."""
        self._loop = asyncio.get_running_loop()
        super().start()

    async def answer(self, parts: Sequence[tuple[Any, int]]) -> list[Any]:
        """An answer for each part, given with its number of tokens. Raises Full; and what `compute` raises."""
        return await self._submit([(part, max(1, tokens)) for part, tokens in parts], alone=False)

    async def call(self, works: Sequence[tuple[Callable[[], Any], int]]) -> list[Any]:
        """What functions return, called in the thread one by one, each given with its work in tokens."""
        return await self._submit([(function, max(1, tokens)) for function, tokens in works], alone=True)

    async def _submit(self, works: Sequence[tuple[Any, int]], alone: bool) -> list[Any]:
        request = _Request(self._loop.create_future(), [None] * len(works), len(works))
        if not works:
            return []
        due, total = time.monotonic(), sum(tokens for _, tokens in works)
        with self._changed:
            if self._waiting + total > self.max_queue:
                raise Full(self._waiting * self._pace)
            for place, (work, tokens) in enumerate(works):
                due += tokens * _SLOW
                heappush(self._jobs, _Job(due, next(self._numbers), tokens, work, alone, request, place))
            self._count_waiting(total)
            self._changed.notify()
        try:
            return await request.future
        finally:
            if request.missing:  # nobody waits for the rest: the caller is gone, or a part failed
                self._drop(request)

    def _drop(self, request: _Request) -> None:
        with self._changed:
            dropped = [job for job in self._jobs if job.request is request]
            if dropped:
                self._jobs = [job for job in self._jobs if job.request is not request]
                heapify(self._jobs)
                self._count_waiting(-sum(job.tokens for job in dropped))
                self.metrics.count_dropped(self.model, len(dropped))

    def stream(self, iterate: Callable[[], Iterator[str]]) -> AsyncGenerator[str]:
        """Pieces as they come, drawn in turn with those of other streams and with batches. Raises Full."""
        with self._changed:
            self._streams = [stream for stream in self._streams if not stream.stopped]
            if len(self._streams) >= self.max_streams:
                raise Full(1.0)
            stream = _Stream(iterate)
            self._streams.append(stream)
            self._changed.notify()
        return self._listen(stream)

    async def _listen(self, stream: _Stream) -> AsyncGenerator[str]:
        try:
            while (piece := await stream.pieces.get()) is not _END:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            stream.stopped = True

    async def close(self) -> None:
        """Finish what is waiting, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        await asyncio.to_thread(self.join)

    # --- called in the thread ---

    def run(self) -> None:
        """Compute batch after batch; between two, a piece of each stream."""
        try:
            self.warm_up()
            self.warm.set()
        except Exception:
            log.exception("%s: warming up failed", self.model)
        while True:
            with self._changed:
                while not (self._jobs or self._streams or self._closed):
                    self._changed.wait()
                if self._closed and not self._jobs:
                    return
                batch, streams = self._take(), list(self._streams)
            if batch:
                self._compute(batch)
            for stream in streams:
                self._step(stream)

    def _take(self) -> list[_Job]:
        """The next parts to compute together."""
        batch: list[_Job] = []
        tokens = 0
        while self._jobs and not (batch and batch[0].alone):
            first = self._jobs[0]
            if batch and (first.alone or tokens + first.tokens > self.batch_tokens):
                break
            batch.append(heappop(self._jobs))
            tokens += first.tokens
        if batch:
            self._count_waiting(-tokens)
        return batch

    def _compute(self, batch: list[_Job]) -> None:
        started = time.perf_counter()
        works = [job.work for job in batch]
        answers = [_outcome(works[0])] if batch[0].alone else self._answers(works)
        seconds, tokens = time.perf_counter() - started, sum(job.tokens for job in batch)
        self._pace += 0.1 * (seconds / tokens - self._pace)
        self.metrics.count_batch(self.model, len(batch), tokens, seconds)
        self._loop.call_soon_threadsafe(_deliver, batch, answers)

    def _answers(self, parts: list[Any]) -> list[Any]:
        """Of each part its answer; where some fail, the exception of each that does."""
        together = _outcome(lambda: list(self.compute(parts)))
        if not isinstance(together, Exception):
            return list(together)
        if len(parts) == 1:
            return [together]
        return [self._answers([part])[0] for part in parts]

    def _step(self, stream: _Stream) -> None:
        if stream.stopped:
            piece: Any = _END
        else:
            stream.iterator = stream.iterator or iter(stream.iterate())
            iterator = stream.iterator
            piece = _outcome(lambda: next(iterator, _END))
        if piece is _END or isinstance(piece, Exception):
            with self._changed:
                if stream in self._streams:
                    self._streams.remove(stream)
        self._loop.call_soon_threadsafe(stream.pieces.put_nowait, piece)

    def _count_waiting(self, tokens: int) -> None:
        self._waiting += tokens
        self.metrics.set_waiting(self.model, self._waiting)


def _outcome(function: Callable[[], Any]) -> Any:
    """What a function returns, or the exception it raises."""
    try:
        return function()
    except Exception as error:
        return error


def _deliver(batch: list[_Job], answers: list[Any]) -> None:
    """In the event loop: hand answers to those who wait."""
    for job, answer in zip(batch, answers, strict=True):
        request = job.request
        if request.future.done():
            continue
        if isinstance(answer, Exception):
            request.future.set_exception(answer)
            continue
        request.answers[job.place] = answer
        request.missing -= 1
        if not request.missing:
            request.future.set_result(request.answers)
