"""What a model computes next: dynamic batching by length.

Parts that wait, sentences as a rule, are computed together up to a budget of tokens. Nothing waits for a batch to fill:
an idle thread starts at once, and what comes while all are busy is the next batch, of which each takes its share: one
with many parts would leave those to others that are too few to be worth it. The order is that of weighted fair
queueing (Demers, Keshav and Shenker 1989): each part by the time it would be done if its request had a slow model for
itself. So a short request overtakes the sentences of a long one, and none waits for ever.
"""

import asyncio
import logging
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, Protocol

from grunlp.serving.prometheus import Metrics

log = logging.getLogger(__name__)

_SLOW = 0.001  # seconds a token of the slow model: some times what real ones take
_END = object()


class Full(Exception):
    """There is no room in the queue. seconds: until there may be some."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class Computer(Protocol):
    """What computes batches, one after another."""

    def warm_up(self) -> None:
        """Is called first, by the thread that calls it later."""

    def __call__(self, parts: Sequence[Any], /) -> Sequence[Any]:
        """An answer for each part, which must not depend on what else is among them."""

    def close(self) -> None:
        """Is called last."""


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


class Worker:
    """The threads of a model.

    Args:
        model: its id, for the metrics.
        computers: one or more, each with a thread of its own.
        batch_tokens: most tokens of parts computed together; a longer part is computed alone.
        max_queue: most tokens that wait.
        max_streams: most texts that are written piece by piece at once.
        metrics: are told of each batch.

    Attributes:
        warm: set when all computers are.
    """

    def __init__(
        self,
        model: str,
        computers: Sequence[Computer],
        *,
        batch_tokens: int,
        max_queue: int,
        max_streams: int,
        metrics: Metrics,
    ) -> None:
        self.model, self.metrics = model, metrics
        self.batch_tokens, self.max_queue, self.max_streams = batch_tokens, max_queue, max_streams
        self.warm = threading.Event()
        self.threads = [
            threading.Thread(target=self._run, args=(computer,), name=f"grunlp-{model}-{number}", daemon=True)
            for number, computer in enumerate(computers, start=1)
        ]
        self._changed = threading.Condition()  # guards all that follows
        self._jobs: list[_Job] = []  # a heap
        self._streams: list[_Stream] = []
        self._stepping = False  # whether a thread is with the streams
        self._cold = len(computers)
        self._waiting = 0  # tokens
        self._computing = 0  # parts
        self._closed = False
        self._numbers = count()
        self._pace = _SLOW / 4  # seconds a token, as measured

    # --- called in the event loop ---

    def start(self) -> None:
        """Begin; answers go to the running event loop."""
        self._loop = asyncio.get_running_loop()
        for thread in self.threads:
            thread.start()

    async def answer(self, parts: Sequence[tuple[Any, int]]) -> list[Any]:
        """An answer for each part, given with its number of tokens. Raises Full; and what `compute` raises."""
        return await self._submit([(part, max(1, tokens)) for part, tokens in parts], alone=False)

    async def call(self, works: Sequence[tuple[Callable[[], Any], int]]) -> list[Any]:
        """What functions return, called in a thread one by one, each given with its work in tokens."""
        return await self._submit([(function, max(1, tokens)) for function, tokens in works], alone=True)

    async def _submit(self, works: Sequence[tuple[Any, int]], alone: bool) -> list[Any]:
        request = _Request(self._loop.create_future(), [None] * len(works), len(works))
        if not works:
            return []
        due, total = time.monotonic(), sum(tokens for _, tokens in works)
        with self._changed:
            if self._waiting + total > self.max_queue:
                raise Full(self._waiting * self._pace / len(self.threads))
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
            self._changed.notify_all()
        for thread in self.threads:
            await asyncio.to_thread(thread.join)

    # --- called in the threads ---

    def _run(self, computer: Computer) -> None:
        self._warm_up(computer)
        try:
            self._work(computer)
        finally:
            computer.close()

    def _warm_up(self, computer: Computer) -> None:
        try:
            computer.warm_up()
        except Exception:
            log.exception("%s: warming up failed", self.model)
            return
        with self._changed:
            self._cold -= 1
            if not self._cold:
                self.warm.set()

    def _work(self, computer: Computer) -> None:
        """Compute batch after batch; between two, where no other thread is with them, a piece of each stream."""
        while True:
            with self._changed:
                while not (self._jobs or self._closed or (self._streams and not self._stepping)):
                    self._changed.wait()
                if self._closed and not self._jobs:
                    return
                batch = self._take()
                self._computing += len(batch)
                streams = [] if self._stepping else list(self._streams)
                self._stepping = self._stepping or bool(streams)
            if batch:
                self._compute(computer, batch)
                with self._changed:
                    self._computing -= len(batch)
            for stream in streams:
                self._step(stream)
            if streams:
                with self._changed:
                    self._stepping = False

    def _take(self) -> list[_Job]:
        """The next parts to compute together."""
        batch: list[_Job] = []
        tokens = 0
        share = math.ceil((len(self._jobs) + self._computing) / len(self.threads))
        while self._jobs and len(batch) < share and not (batch and batch[0].alone):
            first = self._jobs[0]
            if batch and (first.alone or tokens + first.tokens > self.batch_tokens):
                break
            batch.append(heappop(self._jobs))
            tokens += first.tokens
        if batch:
            self._count_waiting(-tokens)
        return batch

    def _compute(self, computer: Computer, batch: list[_Job]) -> None:
        started = time.perf_counter()
        works = [job.work for job in batch]
        answers = [_outcome(works[0])] if batch[0].alone else _answers(computer, works)
        seconds, tokens = time.perf_counter() - started, sum(job.tokens for job in batch)
        with self._changed:
            self._pace += 0.1 * (seconds / tokens - self._pace)
        self.metrics.count_batch(self.model, len(batch), tokens, seconds)
        self._loop.call_soon_threadsafe(_deliver, batch, answers)

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


def _answers(computer: Computer, parts: list[Any]) -> list[Any]:
    """Of each part its answer; where some fail, the exception of each that does."""
    together = _outcome(lambda: list(computer(parts)))
    if not isinstance(together, Exception):
        return list(together)
    if len(parts) == 1:
        return [together]
    return [_answers(computer, [part])[0] for part in parts]


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
