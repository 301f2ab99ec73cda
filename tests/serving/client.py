"""Raw requests: what no well-behaved client would send."""

import json
import re
import socket
import time
from contextlib import suppress
from typing import Any, NamedTuple

# Nothing of these may stand in an answer: paths, names of what the server is made of, traces.
INSIDE = re.compile(
    r"Traceback|File \"|/secret|/tmp|/home|/work|\.py\b|site-packages|pydantic|starlette|fastapi|uvicorn|h11|asyncio"
    r"|Exception|\w+Error\b|object at 0x|torch|<class",
    re.IGNORECASE,
)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def connect(port: int, timeout: float = 10) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout)


def request(
    path: str = "/models/default/predict",
    body: bytes | str | object = None,
    *headers: str,
    method: str = "POST",
    kind: str | None = "application/json",
    host: str = "localhost",
    length: int | str | None = None,
) -> bytes:
    """The bytes of a request. body: bytes and text as they are, other things as JSON."""
    if isinstance(body, str):
        body = body.encode()
    elif body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers]
    if body is not None and not any(
        line.lower().startswith(("transfer-encoding", "content-length")) for line in headers
    ):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    if kind and body is not None:
        lines.append(f"Content-Type: {kind}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def read(sock: socket.socket) -> Answer | None:
    """One answer; None where the connection ends before one is whole."""
    got = b""
    try:
        while b"\r\n\r\n" not in got:
            part = sock.recv(65536)
            if not part:
                return None
            got += part
        head, _, rest = got.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        chunked = headers.get("transfer-encoding") == "chunked"
        size = int(headers.get("content-length", 0))
        while not rest.endswith(b"0\r\n\r\n") if chunked else len(rest) < size:
            part = sock.recv(65536)
            if not part:
                return None
            rest += part
    except ConnectionError:
        return None
    if chunked:
        rest = _unchunk(rest)
    return Answer(int(first.split()[1]), headers, rest)


def _unchunk(data: bytes) -> bytes:
    parts = []
    while data:
        size, _, data = data.partition(b"\r\n")
        parts.append(data[: int(size, 16)])
        data = data[int(size, 16) + 2 :]
    return b"".join(parts)


def ask(port: int, raw: bytes, timeout: float = 10) -> Answer | None:
    """Send bytes on a connection of their own and read the answer."""
    with connect(port, timeout) as sock:
        with suppress(ConnectionError):  # refused in the middle: the answer may be there
            sock.sendall(raw)
        return read(sock)


def post(port: int, path: str, body: object) -> Answer:
    """A request of a well-behaved client, answered."""
    answer = ask(port, request(path, body))
    assert answer is not None
    return answer


def wait_until(condition: Any, seconds: float = 5) -> None:
    """Until a condition holds; it fails where it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
