"""How the server does under load: against plain PyTorch, for one client, and at twice what it can do.

  python scripts/bench_serve.py                     sentences a second and latency; 2 minutes on an idle machine
  python scripts/bench_serve.py soak minutes=10     ten minutes at twice its capacity, after 30 seconds to measure that
  keys: clients=16 seconds=20 minutes=10

What is compared: `python -m grunlp.serve` as it comes, and `plain` below: the same weights through torch's `nn.GRU`
(GRUNLP_KERNEL=off) behind FastAPI and uvicorn with its fastest parts, a sentence at a time in the event loop, which
spares it threads that wait for each other. Torch has its default threads in both. Each runs in a process of its own.
The clients are coroutines in this process, which write and read bytes on connections that stay open; what share of a
core they took is printed.
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
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import grunlp
from grunlp.configuration.key_value_args import parse_arguments

DEFAULTS: dict[str, Any] = {"clients": 16, "seconds": 20.0, "minutes": 10.0}
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
_OPEN = 400  # connections of the soak: more than the server takes, so that it has to refuse some


def plain_app() -> Any:
    """What the server is measured against."""
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Text(BaseModel):
        text: str

    app, labeller = FastAPI(), grunlp.load("default")

    @app.post("/models/default/predict")
    async def predict(given: Text) -> dict[str, Any]:
        return {"records": [labeller(given.text)]}

    return app


@contextmanager
def server(command: list[str], **environment: str) -> Iterator[tuple[int, int]]:
    """The port of a server in a process of its own, and that process's number."""
    process = subprocess.Popen(
        [sys.executable, *command], stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                asyncio.run(_until_ready(int(found[1])))
                yield int(found[1]), process.pid
                return
        raise RuntimeError(f"{command}: it did not start")
    finally:
        process.terminate()
        print(f"  it ended with status {process.wait(60)}")


async def _until_ready(port: int) -> None:
    """Until a server answers that it is; `plain` has no such address, and is when it listens."""
    client = HTTPClient(port)
    while (await client.send(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n"))[0] == 503:
        await asyncio.sleep(0.1)
    client.close()


class HTTPClient:
    """A connection that stays open, and is opened again where it was closed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of an answer; status 0 where none came."""
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        return await self.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def send(self, raw: bytes) -> tuple[int, bytes]:
        """As `post`, for a whole request."""
        try:
            if self.streams is not None and self.streams[0].at_eof():
                self.close()  # the server hung up on a connection that was idle for long, as it may
            if self.streams is None:
                self.streams = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = self.streams
            writer.write(raw)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            found = re.search(rb"content-length: (\d+)", head)
            body = await reader.readexactly(int(found[1]) if found else 0)
            if b"connection: close" in head:
                self.close()
            return int(head.split(b" ", 2)[1]), body
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0, b""

    def close(self) -> None:
        """Hang up."""
        if self.streams is not None:
            self.streams[1].close()
        self.streams = None


def request_bodies() -> tuple[list[bytes], list[bytes]]:
    """The body of a request for each sentence, and of the answer it must have, which is that of the text alone."""
    labeller = grunlp.load("default")
    records = [{"records": [labeller(text)]} for text in SENTENCES]
    return (
        [json.dumps({"text": text}).encode() for text in SENTENCES],
        [json.dumps(record, ensure_ascii=False).encode() for record in records],
    )


PATH = "/models/default/predict"


async def closed_loop(port: int, clients: int, seconds: float, bodies: list[bytes]) -> list[float]:
    """Clients that each ask again as soon as they are answered; how long each answer took."""
    took: list[float] = []
    end = time.perf_counter() + seconds
    numbers = count()

    async def ask() -> None:
        client = HTTPClient(port)
        while (started := time.perf_counter()) < end:
            status, _ = await client.post(PATH, bodies[next(numbers) % len(bodies)])
            assert status == 200, status
            took.append(time.perf_counter() - started)
        client.close()

    await asyncio.gather(*(ask() for _ in range(clients)))
    return took


def throughput(port: int, clients: int, seconds: float, bodies: list[bytes]) -> float:
    """Sentences a second."""
    asyncio.run(closed_loop(port, clients, 2, bodies))
    before = time.process_time()
    took = asyncio.run(closed_loop(port, clients, seconds, bodies))
    share = (time.process_time() - before) / seconds
    print(
        f"  {clients} clients: {len(took) / seconds:7.1f} sentences/s, half of them within {1e3 * median(took):.1f} ms"
    )
    print(f"  the clients took {100 * share:.0f} % of a core")
    return len(took) / seconds


def latency(port: int, seconds: float, bodies: list[bytes]) -> None:
    """One client, a sentence at a time, with pauses as of people."""
    sentence = bodies[6]

    async def ask() -> list[float]:
        client, took = HTTPClient(port), []
        end = time.perf_counter() + seconds
        while (started := time.perf_counter()) < end:
            await client.post(PATH, sentence)
            took.append(time.perf_counter() - started)
            await asyncio.sleep(0.01)
        client.close()
        return took

    took = asyncio.run(ask())
    print(f"  one client: median {1e3 * median(took):.1f} ms, 99 % within {1e3 * quantiles(took, n=100)[98]:.1f} ms")


def resident_memory(pid: int) -> float:
    """Of a process and its children, in bytes."""
    children = " ".join(file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children"))
    numbers = [pid, *map(int, children.split())]
    pages = sum(int(Path(f"/proc/{number}/statm").read_text().split()[1]) for number in numbers)
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


async def soak(port: int, pid: int, rate: float, seconds: float, bodies: list[bytes], expected: list[bytes]) -> None:
    """So many requests a second, whether they are answered or not; what became of them, and of the memory."""
    found: Counter[str] = Counter()
    free = [HTTPClient(port) for _ in range(_OPEN)]
    memory: list[float] = []
    running: set[asyncio.Task[None]] = set()

    async def ask(client: HTTPClient, which: int) -> None:
        status, body = await client.post(PATH, bodies[which])
        if status == 200:
            found["right" if body == expected[which] else "wrong"] += 1
        else:
            found["refused with 429 or 503" if status in (429, 503) else f"lost ({status})"] += 1
        free.append(client)

    started = time.perf_counter()
    for number in count():
        due = started + number / rate
        if due > started + seconds:
            break
        if number % max(1, int(rate * seconds / 200)) == 0:
            memory.append(resident_memory(pid))
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        if not free:
            found["not sent: all connections busy"] += 1
            continue
        task = asyncio.ensure_future(ask(free.pop(), number % len(bodies)))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    for what, times in sorted(found.items()):
        print(f"  {what:32} {times:8}")
    tenth = max(1, len(memory) // 10)  # the first is warming up
    first, last = median(memory[tenth : 2 * tenth] or memory), median(memory[-tenth:])
    print(f"  memory {first / 2**20:.0f} MiB, at the end {last / 2**20:.0f} MiB: {100 * (last / first - 1):+.1f} %")


def main(arguments: list[str]) -> None:
    """Run what was asked for."""
    soaking = "soak" in arguments
    given = parse_arguments([word for word in arguments if word != "soak"], DEFAULTS)
    bodies, right = request_bodies()
    serve = ["-m", "grunlp.serve", "port=0"]
    print("grunlp.serve")
    with server(serve) as (port, pid):
        fast = throughput(port, given["clients"], given["seconds"], bodies)
        if soaking:
            print(f"at {2 * fast:.0f} sentences/s, twice that, for {given['minutes']:g} minutes")
            asyncio.run(soak(port, pid, 2 * fast, 60 * given["minutes"], bodies, right))
            return
        latency(port, given["seconds"], bodies)
    print("plain PyTorch, no batches")
    with server([__file__, "plain"], GRUNLP_KERNEL="off") as (port, _):
        slow = throughput(port, given["clients"], given["seconds"], bodies)
        latency(port, given["seconds"], bodies)
    print(f"grunlp.serve answers {fast / slow:.1f} times as many sentences a second")


def serve_plain() -> None:
    """In the other process."""
    import uvicorn

    uvicorn.run(plain_app(), port=0, access_log=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["plain"]:
        serve_plain()
    else:
        main(sys.argv[1:])
