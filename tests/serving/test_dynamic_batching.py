"""The queue of a model: what is computed together, in which order, and who gets which answer."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grunlp.serving import dynamic_batching
from grunlp.serving.dynamic_batching import BatchScheduler, QueueFullError
from grunlp.serving.prometheus import ServerMetrics


class Doubler:
    """Doubles numbers, and notes what was computed together. Held, it waits until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, parts: Sequence[Any]) -> list[Any]:
        self.batches.append(list(parts))
        self.go.wait(5)
        if "bad" in parts:
            raise ValueError("a bad part")
        return [2 * part for part in parts]


class Plugged:
    """A function that computes for a worker."""

    alive = True

    def __init__(self, compute: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
        self.compute, self.called = compute, list[str]()

    def check(self) -> None: ...

    def kill(self) -> None: ...

    def warm_up(self) -> None:
        self.called.append("warm_up")

    def __call__(self, parts: Sequence[Any], /) -> Sequence[Any]:
        return self.compute(parts)

    def close(self) -> None:
        self.called.append("close")


def scheduler(
    backends: Sequence[Plugged], budget: int = 100, queue: int = 10_000, timeout: float = 30.0
) -> BatchScheduler:
    limits = {"batch_tokens": budget, "max_queue": queue, "max_streams": 2, "timeout": timeout}
    return BatchScheduler("toy", backends, **limits, metrics=ServerMetrics())


@asynccontextmanager
async def working(
    *computers: Callable[[Sequence[Any]], Sequence[Any]], budget: int = 100, queue: int = 10_000
) -> AsyncIterator[BatchScheduler]:
    plugged = [Plugged(computer) for computer in computers]
    worker = scheduler(plugged, budget=budget, queue=queue)
    worker.start()
    yield worker
    await worker.close()
    assert not any(thread.is_alive() for thread in worker.threads)
    assert all(one.called[0] == "warm_up" and one.called[1:] == ["close"] for one in plugged)


async def held(double: Doubler, worker: BatchScheduler) -> "asyncio.Task[list[Any]]":
    """Let the thread hang in a first batch, so that what comes now has to wait."""
    double.go.clear()
    first = asyncio.ensure_future(worker.submit([(0, 1)]))
    while not double.batches:
        await asyncio.sleep(0.001)
    return first


def tasks(worker: BatchScheduler, requests: Sequence[Sequence[tuple[Any, int]]]) -> "list[asyncio.Task[list[Any]]]":
    return [asyncio.ensure_future(worker.submit(request)) for request in requests]


REQUESTS = st.lists(st.lists(st.tuples(st.integers(), st.integers(0, 60)), max_size=6), max_size=15)


@settings(max_examples=60, deadline=None)
@given(REQUESTS)
def test_all_are_answered_within_the_budget(requests: list[list[tuple[int, int]]]) -> None:
    async def go() -> None:
        double = Doubler()
        async with working(double, budget=50) as worker:
            first = await held(double, worker)
            waiting = tasks(worker, requests)
            await asyncio.sleep(0)
            double.go.set()
            answers = await asyncio.gather(first, *waiting)
        assert answers[1:] == [[2 * part for part, _ in request] for request in requests]
        sizes: dict[int, list[int]] = {}
        for request in requests:
            for part, tokens in request:
                sizes.setdefault(part, []).append(max(1, tokens))
        for batch in double.batches[1:]:
            assert len(batch) == 1 or sum(min(sizes[part]) for part in batch) <= 50
        assert sorted(part for batch in double.batches[1:] for part in batch) == sorted(
            part for request in requests for part, _ in request
        )

    asyncio.run(go())


def test_what_waits_is_computed_together_and_short_ones_first() -> None:
    async def go() -> None:
        double = Doubler()
        async with working(double, budget=100) as worker:
            first = await held(double, worker)
            long = tasks(worker, [[(i, 90) for i in range(100, 105)]])  # one request of five long parts
            await asyncio.sleep(0.001)
            short = tasks(worker, [[(i, 10)] for i in range(1, 8)])
            await asyncio.sleep(0)
            double.go.set()
            await asyncio.gather(first, *long, *short)
        assert double.batches[1] == [1, 2, 3, 4, 5, 6, 7]
        assert double.batches[2:] == [[100], [101], [102], [103], [104]]

    asyncio.run(go())


def test_a_long_one_is_not_put_off_for_ever() -> None:
    """Short ones keep coming; the long one, due after 0.2 seconds of a slow model, is computed nevertheless."""

    async def go() -> None:
        def compute(parts: Sequence[Any]) -> list[Any]:
            time.sleep(0.005)
            return list(parts)

        async with working(compute, budget=20) as worker:
            long = asyncio.ensure_future(worker.submit([("long", 200)]))

            async def client() -> None:
                while not long.done():
                    await worker.submit([("short", 10)])

            await asyncio.wait_for(asyncio.gather(long, *(client() for _ in range(10))), 5)

    asyncio.run(go())


def test_an_idle_worker_starts_at_once() -> None:
    async def go() -> None:
        async with working(Doubler()) as worker:
            took = []
            for i in range(50):
                started = time.perf_counter()
                assert await worker.submit([(i, 1)]) == [2 * i]
                took.append(time.perf_counter() - started)
            assert sorted(took)[25] < 0.003

    asyncio.run(go())


def test_a_bad_part_fails_its_own_request_alone() -> None:
    async def go() -> None:
        double = Doubler()
        async with working(double) as worker:
            first = await held(double, worker)
            waiting = tasks(worker, [[(1, 1)], [(2, 1), ("bad", 1), (3, 1)], [(4, 1)]])
            await asyncio.sleep(0)
            double.go.set()
            one, two, three = await asyncio.gather(*waiting, return_exceptions=True)
            assert (one, three) == ([2], [8]) and isinstance(two, ValueError)
            assert await first == [0] and await worker.submit([(5, 1)]) == [10]

    asyncio.run(go())


def test_a_full_queue_refuses_and_recovers() -> None:
    async def go() -> None:
        double = Doubler()
        async with working(double, queue=100) as worker:
            first = await held(double, worker)
            waiting = tasks(worker, [[(1, 60)], [(2, 60)], [(3, 40)]])
            await asyncio.sleep(0.01)
            with pytest.raises(QueueFullError):
                await waiting[1]
            double.go.set()
            assert await asyncio.gather(first, waiting[0], waiting[2]) == [[0], [2], [6]]
            assert await worker.submit([(4, 100)]) == [8]

    asyncio.run(go())


def test_a_cancelled_request_is_dropped_and_makes_room() -> None:
    async def go() -> None:
        double = Doubler()
        async with working(double, queue=100) as worker:
            first = await held(double, worker)
            (gone,) = tasks(worker, [[(7, 50), (8, 50)]])
            await asyncio.sleep(0.01)
            gone.cancel()
            await asyncio.sleep(0.01)
            (other,) = tasks(worker, [[(9, 100)]])
            await asyncio.sleep(0.01)
            double.go.set()
            assert await asyncio.gather(first, other) == [[0], [18]]
        assert double.batches == [[0], [9]]

    asyncio.run(go())


def test_calls_are_alone() -> None:
    async def go() -> None:
        double = Doubler()
        async with working(double) as worker:
            first = await held(double, worker)
            calls = [
                asyncio.ensure_future(worker.run_exclusive([(lambda i=i: (i, len(double.batches)), 1)]))
                for i in range(3)
            ]
            parts = tasks(worker, [[(1, 2)], [(2, 2)]])
            await asyncio.sleep(0)
            double.go.set()
            await asyncio.gather(first, *parts)
            assert [i for ((i, _),) in await asyncio.gather(*calls)] == [0, 1, 2]
        assert double.batches == [[0], [1, 2]]

    asyncio.run(go())


def test_calls_of_one_request_are_weighed_together() -> None:
    async def go() -> None:
        async with working(Doubler(), queue=100) as worker:
            with pytest.raises(QueueFullError):
                await worker.run_exclusive([(lambda: 1, 60), (lambda: 2, 60)])
            assert await worker.run_exclusive([(lambda: 1, 60), (lambda: 2, 40)]) == [1, 2]

    asyncio.run(go())


def test_computers_share_what_waits() -> None:
    async def go() -> None:
        doubles = [Doubler(), Doubler()]
        async with working(*doubles, budget=1000) as worker:
            first = [await held(double, worker) for double in doubles]
            waiting = tasks(worker, [[(i, 1)] for i in range(1, 21)])
            await asyncio.sleep(0)
            for double in doubles:
                double.go.set()
            assert await asyncio.gather(*first, *waiting) == [[0], [0], *([2 * i] for i in range(1, 21))]
        sizes = [len(batch) for double in doubles for batch in double.batches[1:]]
        assert sum(sizes) == 20 and max(sizes) <= 11  # half of what waits and what the other has

    asyncio.run(go())


@pytest.mark.parametrize("computers", [1, 3])
def test_streams_take_turns_and_hold_up_nobody(computers: int) -> None:
    async def go() -> None:
        order: list[str] = []

        def pieces(name: str) -> Iterator[str]:
            for i in range(200):
                time.sleep(0.001)
                order.append(name)
                yield f"{name}{i}"

        async def listen(name: str) -> list[str]:
            return [piece async for piece in worker.stream(lambda: pieces(name))]

        async with working(*(Doubler() for _ in range(computers))) as worker:
            listeners = [asyncio.ensure_future(listen(name)) for name in "ab"]
            await asyncio.sleep(0.05)
            with pytest.raises(QueueFullError):
                worker.stream(lambda: pieces("c"))
            assert await worker.submit([(3, 1)]) == [6]
            assert not any(listener.done() for listener in listeners)
            assert await asyncio.gather(*listeners) == [[f"{name}{i}" for i in range(200)] for name in "ab"]
            assert "".join(order[50:350]) in "ab" * 200
            async for _ in worker.stream(lambda: pieces("d")):
                break  # and it is forgotten
            assert [piece async for piece in worker.stream(lambda: iter("xy"))] == ["x", "y"]

    asyncio.run(go())


def test_a_stream_that_fails() -> None:
    async def go() -> None:
        def pieces() -> Iterator[str]:
            yield "a"
            raise ValueError("no more")

        async with working(Doubler()) as worker:
            got = []
            with pytest.raises(ValueError, match="no more"):
                async for piece in worker.stream(pieces):
                    got.append(piece)
            assert got == ["a"] and await worker.submit([(1, 1)]) == [2]

    asyncio.run(go())


def test_closing_finishes_what_waits() -> None:
    async def go() -> None:
        double = Doubler()
        async with working(double, budget=1) as worker:
            first = await held(double, worker)
            waiting = tasks(worker, [[(i, 1)] for i in range(20)])
            await asyncio.sleep(0)
            double.go.set()
        assert await asyncio.gather(first, *waiting) == [[0], *([2 * i] for i in range(20))]

    asyncio.run(go())


class Panic(BaseException):
    """What code in Rust raises when it panics: not an `Exception`."""


@pytest.mark.parametrize("error", [Panic("boom"), SystemExit(3), KeyboardInterrupt(), StopIteration(), GeneratorExit()])
def test_no_exception_ends_a_thread(error: BaseException) -> None:
    def compute(parts: Sequence[Any]) -> list[Any]:
        if "bad" in parts:
            raise error
        return [2 * part for part in parts]

    def pieces() -> Iterator[str]:
        yield "a"
        raise error

    def make_pieces() -> Iterator[str]:
        raise error

    async def go() -> None:
        async with working(compute) as worker:
            while not worker.ready:
                await asyncio.sleep(0.001)
            for _ in range(3):
                with pytest.raises(RuntimeError):
                    await asyncio.wait_for(worker.submit([("bad", 1), (1, 1)]), 5)
                with pytest.raises(RuntimeError):
                    await asyncio.wait_for(worker.run_exclusive([(make_pieces, 1)]), 5)
                for make in (pieces, make_pieces):
                    with pytest.raises(RuntimeError):
                        await asyncio.wait_for(drain(worker.stream(make)), 5)
            assert await worker.submit([(1, 1)]) == [2]
            assert worker.ready and all(thread.is_alive() for thread in worker.threads)

    async def drain(stream: Any) -> list[str]:
        return [piece async for piece in stream]

    asyncio.run(go())


def test_a_wrong_number_of_results_is_an_error() -> None:
    async def go() -> None:
        async with working(lambda parts: [1, 2, 3]) as worker:
            with pytest.raises(RuntimeError, match="3 results for 1 items"):
                await asyncio.wait_for(worker.submit([(0, 1)]), 5)

    asyncio.run(go())


class Mortal(Plugged):
    """A worker that can die, be killed and be warmed up again. Frozen, a call waits until the worker is killed."""

    def __init__(self) -> None:
        super().__init__(self.answer)
        self.alive, self.frozen, self.warm_ups = False, threading.Event(), 0
        self.killed = threading.Event()

    def warm_up(self) -> None:
        self.warm_ups += 1
        self.killed.clear()
        self.frozen.clear()
        self.alive = True

    def answer(self, parts: Sequence[Any]) -> list[Any]:
        self.check()
        if not self.alive:
            raise dynamic_batching.WorkerKilledError
        return list(parts)

    def check(self) -> None:
        if self.frozen.is_set() and self.killed.wait(10):
            self.alive = False

    def kill(self) -> None:
        self.killed.set()


@pytest.mark.parametrize("idle", [True, False], ids=["idle", "predicting"])
def test_a_frozen_worker_is_killed_and_replaced(idle: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_CHECK_EVERY", "_CHECK_TIMEOUT", "_WATCH_EVERY"):
        monkeypatch.setattr(dynamic_batching, name, 0.05)

    async def go() -> None:
        backend = Mortal()
        worker = scheduler([backend], timeout=0.2)
        worker.start()
        while not worker.ready:
            await asyncio.sleep(0.001)
        backend.frozen.set()
        if not idle:
            with pytest.raises(dynamic_batching.WorkerDiedError):
                await asyncio.wait_for(worker.submit([(1, 1), (2, 1)]), 5)
        while backend.warm_ups < 2:
            await asyncio.sleep(0.01)
        assert await asyncio.wait_for(worker.submit([(3, 1)]), 5) == [3] and worker.ready
        await worker.close()

    asyncio.run(asyncio.wait_for(go(), 10))


def test_a_worker_that_is_stuck_is_not_ready() -> None:
    async def go() -> None:
        double = Doubler()
        worker = scheduler([Plugged(double)], timeout=0.1)
        worker.start()
        first = await held(double, worker)
        assert worker.ready
        await asyncio.sleep(0.15)
        assert not worker.ready
        double.go.set()
        assert await first == [0] and worker.ready
        await worker.close()
        assert not worker.ready

    asyncio.run(go())


def test_one_worker_that_is_left_is_ready() -> None:
    async def go() -> None:
        backends = [Mortal(), Mortal()]
        worker = scheduler(backends)
        worker.start()
        await asyncio.to_thread(worker.warm.wait, 5)
        backends[0].alive = False
        assert worker.ready
        backends[1].alive = False
        assert not worker.ready
        await worker.close()

    asyncio.run(go())


def test_closing_kills_a_worker_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamic_batching, "_CLOSE_TIMEOUT", 0.1)

    async def go() -> None:
        backend = Mortal()
        worker = scheduler([backend])
        worker.start()
        await asyncio.to_thread(worker.warm.wait, 5)
        backend.frozen.set()
        lost = asyncio.ensure_future(worker.submit([(1, 1)]))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(worker.close(), 5)
        assert not worker.computing and backend.warm_ups == 1
        with pytest.raises(dynamic_batching.WorkerDiedError):
            await lost

    asyncio.run(go())
