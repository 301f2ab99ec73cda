"""Dynamic batching: a queue of items, usually sentences, that the threads of a model predict in batches.

A batch has at most a budget of tokens. No item waits for a batch to fill: an idle thread starts at once, and the items
that arrive while all threads are busy form the next batches, one share for each thread. The order is weighted fair
queueing (Demers, Keshav and Shenker 1989): an item's deadline is the time at which it would be done if its request had
a slow model to itself. So a short request overtakes the sentences of a long one, and every item is predicted
eventually.
"""

import asyncio
import logging
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, Protocol, TypeVar

from grunlp.serving.errors import as_exception
from grunlp.serving.prometheus import ServerMetrics

log = logging.getLogger(__name__)

_CHECK_EVERY = 5.0  # seconds without work after which a thread checks its worker
_CHECK_TIMEOUT = 10.0  # seconds of such a check
_START_TIMEOUT = 120.0  # seconds in which a worker must be warm
_CLOSE_TIMEOUT = 5.0  # seconds for the last batches, when no client waits any more
_WATCH_EVERY = 0.5  # seconds between two looks for workers that are stuck
_SECONDS_PER_TOKEN = 0.001  # of an assumed slow model; real ones are several times faster
_END = object()

ResultT = TypeVar("ResultT")


class QueueFullError(Exception):
    """The exception for an item that does not fit into the queue.

    Attributes:
        seconds: time until it may fit.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class WorkerDiedError(Exception):
    """The exception for a batch whose worker died."""


class WorkerKilledError(WorkerDiedError):
    """The exception for a batch whose worker was killed, because it was stuck or the server stops."""


class ComputeBackend(Protocol):
    """A worker that predicts batches, one after another. One thread makes all calls but those of `alive` and `kill`."""

    @property
    def alive(self) -> bool:
        """Whether it is warm and could predict now, as far as is known."""

    def warm_up(self) -> None:
        """Prepare for the first batch, or replace what has died."""

    def __call__(self, items: Sequence[Any], /) -> Sequence[Any]:
        """Predict each item, independently of the others in the batch."""

    def check(self) -> None:
        """Find out whether it is alive; called from time to time while no batch waits."""

    def kill(self) -> None:
        """End a call that is stuck, where that is possible; the call raises an exception."""

    def close(self) -> None:
        """Release resources; called last."""


@dataclass(eq=False)
class _Request:
    """The results that a caller waits for, one for each of its items."""

    future: "asyncio.Future[list[Any]]"
    answers: list[Any]
    missing: int


@dataclass(order=True)
class _QueueItem:
    """An item in the queue, which is ordered by deadline.

    Attributes:
        payload: the item, or a function to call if exclusive.
        position: index of its result in the request.
    """

    deadline: float
    sequence_number: int
    tokens: int = field(compare=False)
    payload: Any = field(compare=False)
    exclusive: bool = field(compare=False)
    request: _Request = field(compare=False)
    position: int = field(compare=False)


@dataclass(eq=False)
class _Worker:
    """A worker with the time from which its running call is stuck; infinity between two calls."""

    backend: ComputeBackend
    overdue_at: float = math.inf


@dataclass(eq=False)
class _Stream:
    """A text that is generated piece by piece.

    Attributes:
        stopped: whether its client has disconnected.
    """

    make_iterator: Callable[[], Iterator[str]]
    queue: "asyncio.Queue[Any]" = field(default_factory=asyncio.Queue)
    iterator: Iterator[str] | None = None
    stopped: bool = False


class BatchScheduler:
    """The queue and the threads of a model.

    Args:
        model: id of the model, for the metrics.
        backends: the workers, each of which gets a thread.
        batch_tokens: largest number of tokens in a batch; a longer item is predicted alone.
        max_queue: largest number of tokens in the queue.
        max_streams: largest number of texts that are streamed at once.
        timeout: seconds after which a batch is stuck.
        metrics: the metrics in which batches are counted.

    Attributes:
        warm: set when all workers have been warm.
    """

    def __init__(
        self,
        model: str,
        backends: Sequence[ComputeBackend],
        *,
        batch_tokens: int,
        max_queue: int,
        max_streams: int,
        timeout: float,
        metrics: ServerMetrics,
    ) -> None:
        self.model, self.timeout, self.metrics = model, timeout, metrics
        self.batch_tokens, self.max_queue, self.max_streams = batch_tokens, max_queue, max_streams
        self.warm = threading.Event()
        self._workers = [_Worker(backend) for backend in backends]
        self.threads = [
            threading.Thread(target=self._thread_main, args=(worker,), name=f"grunlp-{model}-{number}", daemon=True)
            for number, worker in enumerate(self._workers, start=1)
        ]
        self._changed = threading.Condition()  # guards all of the following
        self._jobs: list[_QueueItem] = []  # a heap
        self._streams: list[_Stream] = []
        self._stepping = False  # whether a thread advances the streams
        self._num_cold = len(backends)
        self._waiting = 0  # tokens
        self._computing = 0  # items
        self._closed = False
        self._numbers = count()
        self._seconds_per_token = _SECONDS_PER_TOKEN / 4  # as measured

    # --- called in the event loop ---

    def start(self) -> None:
        """Start the threads, which send results to the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._watcher = asyncio.ensure_future(self._kill_overdue_workers())
        for thread in self.threads:
            thread.start()

    @property
    def ready(self) -> bool:
        """Whether the model can predict: all workers have been warm, and one is alive and not stuck."""
        now = time.monotonic()
        pairs = zip(self._workers, self.threads, strict=True)
        return self.warm.is_set() and any(
            thread.is_alive() and worker.backend.alive and now < worker.overdue_at for worker, thread in pairs
        )

    async def _kill_overdue_workers(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_EVERY)
            with self._changed:
                for worker in self._workers:
                    if time.monotonic() > worker.overdue_at:
                        worker.backend.kill()

    async def submit(self, items: Sequence[tuple[Any, int]]) -> list[Any]:
        """Predict items, each given with its number of tokens. Raises QueueFullError, or the exception of a worker."""
        return await self._enqueue([(item, max(1, tokens)) for item, tokens in items], exclusive=False)

    async def run_exclusive(self, calls: Sequence[tuple[Callable[[], Any], int]]) -> list[Any]:
        """Call functions one at a time in a thread and return their results; each is given with its work in tokens."""
        return await self._enqueue([(function, max(1, tokens)) for function, tokens in calls], exclusive=True)

    async def _enqueue(self, items: Sequence[tuple[Any, int]], exclusive: bool) -> list[Any]:
        request = _Request(self._loop.create_future(), [None] * len(items), len(items))
        if not items:
            return []
        deadline, total = time.monotonic(), sum(tokens for _, tokens in items)
        with self._changed:
            if self._waiting + total > self.max_queue:
                raise QueueFullError(self._waiting * self._seconds_per_token / len(self.threads))
            for position, (payload, tokens) in enumerate(items):
                deadline += tokens * _SECONDS_PER_TOKEN
                number = next(self._numbers)
                heappush(self._jobs, _QueueItem(deadline, number, tokens, payload, exclusive, request, position))
            self._add_waiting_tokens(total)
            self._changed.notify()
        try:
            return await request.future
        finally:
            if request.missing:  # The caller has gone or an item failed: nobody waits for the rest.
                self._drop(request)

    def _drop(self, request: _Request) -> None:
        with self._changed:
            dropped = [job for job in self._jobs if job.request is request]
            if dropped:
                self._jobs = [job for job in self._jobs if job.request is not request]
                heapify(self._jobs)
                self._add_waiting_tokens(-sum(job.tokens for job in dropped))
                self.metrics.add_dropped(self.model, len(dropped))

    def stream(self, make_iterator: Callable[[], Iterator[str]]) -> AsyncGenerator[str]:
        """Yield pieces of a text as they are generated, taking turns with other work. Raises QueueFullError."""
        with self._changed:
            self._streams = [stream for stream in self._streams if not stream.stopped]
            if len(self._streams) >= self.max_streams:
                raise QueueFullError(1.0)
            stream = _Stream(make_iterator)
            self._streams.append(stream)
            self._changed.notify()
        return self._stream_pieces(stream)

    async def _stream_pieces(self, stream: _Stream) -> AsyncGenerator[str]:
        try:
            while (piece := await stream.queue.get()) is not _END:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            stream.stopped = True

    async def close(self) -> None:
        """Predict the items that wait, and end the threads; kill the workers that take long."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if not await asyncio.to_thread(self._join, _CLOSE_TIMEOUT):
            self.kill_workers()
            await asyncio.to_thread(self._join, 1.0)
        self._watcher.cancel()

    def kill_workers(self) -> None:
        """End the processes of the workers by force; any thread may call this."""
        for worker in self._workers:
            worker.backend.kill()

    @property
    def computing(self) -> bool:
        """Whether a thread still runs."""
        return any(thread.is_alive() for thread in self.threads)

    def _join(self, seconds: float) -> bool:
        """Wait until the threads have ended; return whether they have."""
        end = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not self.computing

    # --- called in the threads ---

    def _thread_main(self, worker: _Worker) -> None:
        if self._warm_up(worker):
            with self._changed:
                self._num_cold -= 1
                if not self._num_cold:
                    self.warm.set()
        try:
            self._serve_batches(worker)
        finally:
            worker.backend.close()

    def _warm_up(self, worker: _Worker) -> bool:
        """Prepare a worker for its first batch; return whether that succeeded."""
        error = self._call(worker, worker.backend.warm_up, _START_TIMEOUT)
        if error is not None and not self._closed:
            log.error("%s: warming up failed", self.model, exc_info=error)
        return error is None

    def _call(self, worker: _Worker, function: Callable[[], ResultT], seconds: float) -> ResultT | Exception:
        """Call a function that may get stuck; return its result, or its exception."""
        with self._changed:
            worker.overdue_at = time.monotonic() + seconds
        try:
            return _result_or_exception(function)
        finally:
            with self._changed:
                worker.overdue_at = math.inf

    def _serve_batches(self, worker: _Worker) -> None:
        """Predict batches; between two batches, predict a piece of each stream unless another thread does."""
        while True:
            with self._changed:
                if not self._has_work():
                    self._changed.wait(_CHECK_EVERY)
                if self._closed and not self._jobs:
                    return
                idle = not self._has_work()
                batch = self._next_batch()
                self._computing += len(batch)
                streams = [] if self._stepping else list(self._streams)
                self._stepping = self._stepping or bool(streams)
            if batch:
                self._compute(worker, batch)
                with self._changed:
                    self._computing -= len(batch)
            if streams:
                self._call(worker, partial(self._advance_streams, streams), self.timeout)
                with self._changed:
                    self._stepping = False
            if idle:
                self._call(worker, worker.backend.check, _CHECK_TIMEOUT)
            if not worker.backend.alive and not self._closed and self._warm_up(worker):
                log.warning("%s: a worker was replaced", self.model)

    def _has_work(self) -> bool:
        return bool(self._jobs or self._closed or (self._streams and not self._stepping))

    def _next_batch(self) -> list[_QueueItem]:
        """Take the items of the next batch from the queue."""
        batch: list[_QueueItem] = []
        tokens = 0
        share = math.ceil((len(self._jobs) + self._computing) / len(self.threads))
        while self._jobs and len(batch) < share and not (batch and batch[0].exclusive):
            first = self._jobs[0]
            if batch and (first.exclusive or tokens + first.tokens > self.batch_tokens):
                break
            batch.append(heappop(self._jobs))
            tokens += first.tokens
        if batch:
            self._add_waiting_tokens(-tokens)
        return batch

    def _compute(self, worker: _Worker, batch: list[_QueueItem]) -> None:
        started = time.perf_counter()
        answers = self._results(worker, [job.payload for job in batch], batch[0].exclusive)
        seconds, tokens = time.perf_counter() - started, sum(job.tokens for job in batch)
        with self._changed:
            self._seconds_per_token += 0.1 * (seconds / tokens - self._seconds_per_token)
        self.metrics.observe_batch(self.model, len(batch), tokens, seconds)
        self._loop.call_soon_threadsafe(_set_results, batch, answers)

    def _results(self, worker: _Worker, payloads: list[Any], exclusive: bool) -> list[Any]:
        """Predict each item; an item that fails gets its exception as result."""
        if exclusive:
            return [self._call(worker, payloads[0], self.timeout)]
        results = self._call(worker, lambda: list(worker.backend(payloads)), self.timeout)
        if not isinstance(results, Exception) and len(results) != len(payloads):
            results = RuntimeError(f"{len(results)} results for {len(payloads)} items")
        if not isinstance(results, Exception):
            return results
        if len(payloads) == 1 or isinstance(results, WorkerKilledError):
            return [results] * len(payloads)
        return [self._results(worker, [item], exclusive)[0] for item in payloads]

    def _advance_streams(self, streams: Sequence[_Stream]) -> None:
        for stream in streams:
            self._advance_stream(stream)

    def _advance_stream(self, stream: _Stream) -> None:
        def next_piece() -> Any:
            if stream.iterator is None:
                stream.iterator = iter(stream.make_iterator())
            return next(stream.iterator, _END)

        piece = _END if stream.stopped else _result_or_exception(next_piece)
        if piece is _END or isinstance(piece, Exception):
            with self._changed:
                if stream in self._streams:
                    self._streams.remove(stream)
        self._loop.call_soon_threadsafe(stream.queue.put_nowait, piece)

    def _add_waiting_tokens(self, tokens: int) -> None:
        self._waiting += tokens
        self.metrics.set_queue_tokens(self.model, self._waiting)


def _result_or_exception(function: Callable[[], ResultT]) -> ResultT | Exception:
    """Call a function and return its result, or its exception."""
    try:
        return function()
    except BaseException as error:  # a thread without it would end
        return as_exception(error)


def _set_results(batch: list[_QueueItem], answers: list[Any]) -> None:
    """Pass results to the requests that wait for them; runs in the event loop."""
    for job, answer in zip(batch, answers, strict=True):
        request = job.request
        if request.future.done():
            continue
        if isinstance(answer, Exception):
            request.future.set_exception(answer)
            continue
        request.answers[job.position] = answer
        request.missing -= 1
        if not request.missing:
            request.future.set_result(request.answers)
