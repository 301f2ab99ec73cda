"""Measure the prediction server's throughput and latency against plain PyTorch, and its behaviour under overload.

    python scripts/bench_serve.py                     throughput and latency; 2 minutes on an idle machine
    python scripts/bench_serve.py soak minutes=10     overload: ten minutes at twice the capacity measured at first
    keys: clients=16 seconds=20 minutes=10

It compares `python -m grunlp.serve` with its default settings to a plain server: the same weights in `nn.GRU`
(GRUNLP_KERNEL=off) behind FastAPI and uvicorn with its fastest event loop and parser. The plain server predicts one
sentence at a time in the event loop, which avoids waiting between threads. Both use PyTorch's default number of threads
and run in their own processes. The clients are coroutines in this process with persistent connections; the share of a
core that they use is printed.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import grunlp
from grunlp.configuration.options import option, parse_options
from grunlp.utils.cli import command


@dataclass
class Options:
    """Options of this script."""

    clients: int = option(16, "concurrent clients", minimum=1, maximum=1024)
    seconds: float = option(20.0, "duration of each measurement", minimum=0.1, maximum=86_400.0)
    minutes: float = option(10.0, "duration of the soak test", minimum=0.01, maximum=10_000.0)


SENTENCES = [
    "He left.",
    "Was she glad?",
    "She gave him a book.",
    "The keys are in the car.",
    "Nobody knew why the lights went out.",
    "They had been waiting for the bus since noon.",
    "The committee will announce its decision on Friday.",
    "My sister, who lives by the sea, sends us fish every winter.",
    "After the storm, the villagers repaired the bridge and cleared the road.",
    "If you want to bake bread at home, you need flour, water, salt and some patience.",
    "The engineer explained that the pump had failed because someone forgot to close the valve.",
    "Although the team had trained for months, they lost the first match and decided to change their coach.",
    "The museum, which opened in spring, shows paintings that were thought lost, letters that nobody had read, and "
    "a clock that still strikes the hour.",
]
_SOAK_CONNECTIONS = 400  # more than the server accepts, so that it must refuse some


def plain_app() -> Any:
    """Build the plain server to compare with."""
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Text(BaseModel):
        text: str

    app, labeller = FastAPI(), grunlp.load("default")

    @app.post("/models/default/predict")
    async def predict(request: Text) -> dict[str, Any]:
        return {"records": [labeller(request.text)]}

    return app


@contextmanager
def server(command: list[str], **environment: str) -> Iterator[tuple[int, int]]:
    """Run a server in a subprocess, wait until it is ready, and yield its port and process id."""
    process = subprocess.Popen(
        [sys.executable, *command], stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if match := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                asyncio.run(_wait_until_ready(int(match[1])))
                yield int(match[1]), process.pid
                return
        raise RuntimeError(f"{command}: the server did not start")
    finally:
        process.terminate()
        print(f"  server exit status: {process.wait(60)}")


async def _wait_until_ready(port: int) -> None:
    """Poll /ready until it is not 503; the plain server has no such route and is ready when it listens."""
    client = HTTPClient(port)
    while (await client.send(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n"))[0] == 503:
        await asyncio.sleep(0.1)
    client.close()


class HTTPClient:
    """HTTP client with a persistent connection, reopened when the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Send a POST request and return status and body; the status is 0 if there was no response."""
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        return await self.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def send(self, raw: bytes) -> tuple[int, bytes]:
        """Send a complete request; see `post`."""
        try:
            if self.streams is not None and self.streams[0].at_eof():
                self.close()  # the server closed the idle connection
            if self.streams is None:
                self.streams = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = self.streams
            writer.write(raw)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = re.search(rb"content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            if b"connection: close" in head:
                self.close()
            return int(head.split(b" ", 2)[1]), body
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0, b""

    def close(self) -> None:
        """Close the connection."""
        if self.streams is not None:
            self.streams[1].close()
        self.streams = None


def request_bodies() -> tuple[list[bytes], list[bytes]]:
    """Return the request body and the expected response body for each sentence."""
    labeller = grunlp.load("default")
    records = [{"records": [labeller(text)]} for text in SENTENCES]
    return (
        [json.dumps({"text": text}).encode() for text in SENTENCES],
        [json.dumps(record, ensure_ascii=False).encode() for record in records],
    )


PATH = "/models/default/predict"


async def closed_loop(port: int, clients: int, seconds: float, bodies: list[bytes]) -> list[float]:
    """Run clients that each send the next request after each response; return all response times."""
    response_times: list[float] = []
    end = time.perf_counter() + seconds
    indices = count()

    async def run_client() -> None:
        client = HTTPClient(port)
        while (started := time.perf_counter()) < end:
            status, _ = await client.post(PATH, bodies[next(indices) % len(bodies)])
            assert status == 200, status
            response_times.append(time.perf_counter() - started)
        client.close()

    await asyncio.gather(*(run_client() for _ in range(clients)))
    return response_times


def throughput(port: int, clients: int, seconds: float, bodies: list[bytes]) -> float:
    """Print and return the sentences per second, after two seconds of warm-up."""
    asyncio.run(closed_loop(port, clients, 2, bodies))
    before = time.process_time()
    times = asyncio.run(closed_loop(port, clients, seconds, bodies))
    share = (time.process_time() - before) / seconds
    print(f"  {clients} clients: {len(times) / seconds:7.1f} sentences/s, median latency {1e3 * median(times):.1f} ms")
    print(f"  CPU use of the clients: {100 * share:.0f} % of a core")
    return len(times) / seconds


def latency(port: int, seconds: float, bodies: list[bytes]) -> None:
    """Print the latency of a single client that pauses between requests."""
    sentence = bodies[6]

    async def run_client() -> list[float]:
        client, response_times = HTTPClient(port), []
        end = time.perf_counter() + seconds
        while (started := time.perf_counter()) < end:
            await client.post(PATH, sentence)
            response_times.append(time.perf_counter() - started)
            await asyncio.sleep(0.01)
        client.close()
        return response_times

    times = asyncio.run(run_client())
    p99 = quantiles(times, n=100)[98]
    print(f"  one client: median latency {1e3 * median(times):.1f} ms, 99th percentile {1e3 * p99:.1f} ms")


def resident_memory(pid: int) -> float:
    """Return the resident memory of a process and its children in bytes."""
    children = " ".join(file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children"))
    process_ids = [pid, *map(int, children.split())]
    pages = sum(int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) for process_id in process_ids)
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


async def soak(port: int, pid: int, rate: float, seconds: float, bodies: list[bytes], expected: list[bytes]) -> None:
    """Send `rate` requests per second for `seconds`, answered or not; print the outcomes and the memory growth."""
    outcomes: Counter[str] = Counter()
    idle_clients = [HTTPClient(port) for _ in range(_SOAK_CONNECTIONS)]
    memory: list[float] = []
    tasks: set[asyncio.Task[None]] = set()

    async def send_request(client: HTTPClient, index: int) -> None:
        status, body = await client.post(PATH, bodies[index])
        if status == 200:
            outcomes["correct" if body == expected[index] else "incorrect"] += 1
        else:
            outcomes["refused (429 or 503)" if status in (429, 503) else f"failed ({status})"] += 1
        idle_clients.append(client)

    started = time.perf_counter()
    for number in count():
        due = started + number / rate
        if due > started + seconds:
            break
        if number % max(1, int(rate * seconds / 200)) == 0:
            memory.append(resident_memory(pid))
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        if not idle_clients:
            outcomes["not sent: all connections busy"] += 1
            continue
        task = asyncio.ensure_future(send_request(idle_clients.pop(), number % len(bodies)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    for outcome, requests in sorted(outcomes.items()):
        print(f"  {outcome:32} {requests:8}")
    tenth = max(1, len(memory) // 10)  # the first tenth is warm-up
    first, last = median(memory[tenth : 2 * tenth] or memory), median(memory[-tenth:])
    growth = 100 * (last / first - 1)
    print(f"  memory: {first / 2**20:.0f} MiB at first, {last / 2**20:.0f} MiB at the end, {growth:+.1f} %")


@command(lambda arguments: __doc__ or "")
def main(arguments: list[str]) -> int:
    """Run the comparison or the soak test."""
    soaking = "soak" in arguments
    options = parse_options([word for word in arguments if word != "soak"], Options)
    bodies, expected = request_bodies()
    serve = ["-m", "grunlp.serve", "port=0"]
    print("grunlp.serve")
    with server(serve) as (port, pid):
        fast = throughput(port, options.clients, options.seconds, bodies)
        if soaking:
            print(f"soak test at {2 * fast:.0f} sentences/s, twice the throughput, for {options.minutes:g} minutes")
            asyncio.run(soak(port, pid, 2 * fast, 60 * options.minutes, bodies, expected))
            return 0
        latency(port, options.seconds, bodies)
    print("plain PyTorch, unbatched")
    with server([__file__, "plain"], GRUNLP_KERNEL="off") as (port, _):
        slow = throughput(port, options.clients, options.seconds, bodies)
        latency(port, options.seconds, bodies)
    print(f"throughput ratio: {fast / slow:.1f}")
    return 0


def serve_plain() -> None:
    """Run the plain server; this is the entry point of its process."""
    import uvicorn

    uvicorn.run(plain_app(), port=0, access_log=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["plain"]:
        serve_plain()
    else:
        sys.exit(main())
