"""The ASGI middleware that enforces the limits of a request and adds the headers of every response.

It reads the body itself, so that slow clients and those that disconnect never reach a model.
"""

import asyncio
import codecs
import logging
import re
import time
from collections.abc import Collection
from email.message import Message as EmailMessage
from typing import Any

import numpy as np
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grunlp.serving.errors import (
    INTERNAL_ERROR,
    APIError,
    as_exception,
    default_error,
    response_too_large,
    retry_later,
)
from grunlp.serving.limits import ServerLimits
from grunlp.serving.prometheus import ServerMetrics

log = logging.getLogger(__name__)

# Headers of all responses that do not set their own.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_UNGUARDED_PATHS = ("/health", "/ready", "/metrics")  # also answered while the server stops
_DRAIN_SECONDS, _DRAIN_BYTES = 1.0, 8_000_000  # of a rejected body to read, so that its sender reads the response
_CLOSE = {"Connection": "close"}
_CHUNK_BYTES = 65_536  # of a response that are sent before its client has read what came before
_KEPT_HEADERS = ("allow", "content-range", "retry-after")  # of an error response that the framework made
_MAX_NESTING_DEPTH = 16  # of brackets in a body; no valid one has more than three levels
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class ClientDisconnectedError(Exception):
    """The exception for a client that has disconnected."""


class RequestGuardMiddleware:
    """The middleware that checks requests and times them out.

    Args:
        app: the app behind it.
        limits: the limits of a request.
        metrics: the metrics in which responses are counted.
        hosts: names that the header Host may have, without ports; None: any. This prevents pages of other sites from
            calling a server on this machine through a host name that resolves to it (DNS rebinding).

    Attributes:
        stopping: set to refuse new requests.
        unsent_bytes: bytes of large responses that their clients have not read yet.
    """

    def __init__(
        self, app: ASGIApp, limits: ServerLimits, metrics: ServerMetrics, hosts: Collection[str] | None
    ) -> None:
        self.app, self.limits, self.metrics, self.hosts = app, limits, metrics, hosts
        self.stopping = False
        self.unsent_bytes = 0
        self._running: dict[asyncio.Task[Any], _Response] = {}
        self._cut_off = False

    @property
    def in_flight(self) -> int:
        """Number of requests that are not answered completely."""
        return len(self._running)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        response = _Response(send, self)
        task = asyncio.current_task()
        assert task is not None
        self._running[task] = response
        started = time.perf_counter()
        try:
            await self._handle(scope, receive, response)
        except ClientDisconnectedError:
            response.status = 499  # the status that nginx logs; it is not sent
        except asyncio.CancelledError:
            if response.status or not self._cut_off:
                raise
            await response.close_with(self._stopping_error(), receive)
        finally:
            del self._running[task]
            self.metrics.count(scope, response.status, time.perf_counter() - started)

    def cut_off(self) -> None:
        """Answer the requests that still wait for their response with 503."""
        self._cut_off = True
        for task, response in self._running.items():
            if not response.status:
                task.cancel()

    async def _handle(self, scope: Scope, receive: Receive, response: "_Response") -> None:
        try:
            self._check(scope)
            body = await self._read(receive)
            _check_content_type(scope, body)
        except APIError as error:
            await response.close_with(error, receive)
            return
        try:
            await self._run(scope, body, receive, response)
        except APIError as error:
            await response.send_error(error)
        except ClientDisconnectedError:
            raise
        except Exception:
            log.exception("a request failed")
            if not response.status:
                await response.send_error(INTERNAL_ERROR)

    def _check(self, scope: Scope) -> None:
        """Raise APIError for headers that are not allowed."""
        headers = Headers(scope=scope)
        if self.stopping and scope["path"] not in _UNGUARDED_PATHS:
            raise self._stopping_error()
        if scope["http_version"] not in ("1.0", "1.1"):
            raise APIError(505, "This version of HTTP is not supported.", "Send HTTP/1.1.")
        if self.hosts is not None and _hostname(headers.get("host", "")) not in self.hosts:
            raise APIError(421, "This server does not answer to that name.", "Start it with hosts=NAME to allow it.")
        if len(scope["headers"]) > self.limits.max_headers:
            raise APIError(431, f"There are more than {self.limits.max_headers} headers.", "Send fewer.")
        size = len(scope["raw_path"]) + len(scope["query_string"]) + sum(len(k) + len(v) for k, v in scope["headers"])
        if size > self.limits.max_header_bytes:  # The parser limits only headers that arrive in parts.
            raise APIError(
                431, f"The headers have more than {self.limits.max_header_bytes} bytes.", "Send shorter ones."
            )
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise APIError(415, "Bodies with a Content-Encoding are not read.", "Send the body as it is.")
        if "content-length" in headers and "transfer-encoding" in headers:  # ambiguous (RFC 9112, §6.1)
            raise APIError(400, "There are both Content-Length and Transfer-Encoding.", "Send one of them.")
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self.limits.max_body_bytes:
            raise self._too_large()

    def _stopping_error(self) -> APIError:
        return retry_later(503, "The server is stopping.", self.limits.shutdown_timeout)

    def _too_large(self) -> APIError:
        return APIError(413, f"The body has more than {self.limits.max_body_bytes} bytes.", "Send less at a time.")

    async def _read(self, receive: Receive) -> bytes:
        """Read the body, within the limits of size and time."""
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.limits.body_timeout):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientDisconnectedError
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self.limits.max_body_bytes:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            text = f"The body did not arrive within {self.limits.body_timeout:g} seconds."
            raise APIError(408, text, "Send it at once.") from None

    async def _run(self, scope: Scope, body: bytes, receive: Receive, response: "_Response") -> None:
        """Let the app answer, and stop it when the client disconnects or the time is up."""
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        disconnected = asyncio.ensure_future(
            receive()
        )  # The body has been read, so the next message means that the client has disconnected.

        async def replay() -> Message:
            return messages.pop() if messages else await asyncio.shield(disconnected)

        work = asyncio.ensure_future(_call_app(self.app, scope, replay, response))
        try:
            both = {work, disconnected}
            await asyncio.wait(both, timeout=self.limits.response_timeout, return_when=asyncio.FIRST_COMPLETED)
            if response.status:  # What remains is the time in which the client reads it, which `Protocol` limits.
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            work.cancel()
            await asyncio.wait({work})
            if disconnected.done():
                raise ClientDisconnectedError
            raise retry_later(503, f"There was no response within {self.limits.response_timeout:g} seconds.", 1)
        finally:
            work.cancel()
            disconnected.cancel()


async def _call_app(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        await app(scope, receive, send)
    except (Exception, asyncio.CancelledError):
        raise
    except BaseException as error:  # It would end the event loop.
        raise as_exception(error) from error


class _Response:
    """A `send` that adds the headers of all responses, and replaces a response that may not be sent by an error.

    What has more than `_CHUNK_BYTES` is sent in parts, each when the client has read the one before, so that its memory
    can be counted until then.

    Attributes:
        status: HTTP status of the response; 0 before it starts.
    """

    def __init__(self, send: Send, guard: RequestGuardMiddleware) -> None:
        self.send, self.guard, self.status = send, guard, 0
        self._start: Message | None = None  # sent with the first part of the body
        self._replaced = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif not self._replaced:
            body = message.get("body", b"")
            if self._start is not None:
                if error := self._reason_to_replace(self._start, body):
                    self._replaced = True
                    await self.send_error(error)
                    return
                await self._send_start(self._start)
            await self._send_body(body, message.get("more_body", False))

    async def send_error(self, error: APIError, more_body: bool = False) -> None:
        """Send an error as the response."""
        response = error.response()
        await self._send_start({"type": "http.response.start", "status": error.status, "headers": response.raw_headers})
        await self._send_body(bytes(response.body), more_body)

    def _reason_to_replace(self, start: Message, body: bytes) -> APIError | None:
        """Return the error that is sent instead of a response, if any."""
        headers, limits, guard = Headers(raw=start["headers"]), self.guard.limits, self.guard
        if start["status"] >= 400 and headers.get("content-type") != "application/json":  # made by the framework
            return default_error(start["status"], {name: headers[name] for name in _KEPT_HEADERS if name in headers})
        if max(len(body), int(headers.get("content-length", 0))) > limits.max_response_bytes:
            return response_too_large(limits.max_response_bytes)
        if len(body) > _CHUNK_BYTES and guard.unsent_bytes + len(body) > limits.max_unsent_bytes:
            return retry_later(503, "Too many clients are reading large responses.", limits.send_timeout)
        return None

    async def _send_start(self, start: Message) -> None:
        self._start, self.status = None, start["status"]
        headers = MutableHeaders(scope=start)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        await self.send(start)

    async def _send_body(self, body: bytes, more_body: bool) -> None:
        counted = len(body) if len(body) > _CHUNK_BYTES else 0
        self.guard.unsent_bytes += counted
        try:
            for end in range(_CHUNK_BYTES, len(body), _CHUNK_BYTES):
                part = body[end - _CHUNK_BYTES : end]
                await self.send({"type": "http.response.body", "body": part, "more_body": True})
            rest = body[max(0, len(body) - 1) // _CHUNK_BYTES * _CHUNK_BYTES :]
            await self.send({"type": "http.response.body", "body": rest, "more_body": more_body})
        finally:
            self.guard.unsent_bytes -= counted

    async def close_with(self, error: APIError, receive: Receive) -> None:
        """Answer a request whose body was not read completely, and close the connection.

        If the connection were closed at once while the client still sends, the system might discard the response (RFC
        9112, §9.6). Therefore part of the body is read and discarded first.
        """
        error.headers |= _CLOSE
        await self.send_error(error, more_body=True)
        remaining = _DRAIN_BYTES
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while remaining > 0:
                    message = await receive()
                    remaining -= len(message.get("body", b""))
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            pass
        await self._send_body(b"", False)


def _hostname(host: str) -> str:
    """Return a host without its port: "localhost" for "localhost:8000", "::1" for "[::1]:8000"."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _check_content_type(scope: Scope, body: bytes) -> None:
    """Raise APIError for a body that is not declared as JSON, or cannot be JSON."""
    if scope["method"] != "POST":
        return
    header = EmailMessage()
    header["content-type"] = Headers(scope=scope).get("content-type", "")
    charset = header.get_param("charset", "utf-8")
    if header.get_content_type() != "application/json" or str(charset).lower() not in ("utf-8", "utf8"):
        raise APIError(415, "The Content-Type is not JSON in UTF-8.", "Send Content-Type: application/json.")
    if not _is_utf8(body):
        raise APIError(400, "The body is not JSON in UTF-8.", "Send it in UTF-8, without a byte order mark.")
    if _nesting_depth(body) > _MAX_NESTING_DEPTH:
        raise APIError(
            400, f"The body is nested in more than {_MAX_NESTING_DEPTH} levels.", "See /openapi.json for its schema."
        )


def _is_utf8(body: bytes) -> bool:
    """Check whether a body can be JSON in UTF-8; in UTF-16 and UTF-32 it would contain zero bytes."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body and not body.startswith(codecs.BOM_UTF8)


def _nesting_depth(body: bytes) -> int:
    """Return the nesting depth of the brackets of JSON, without those in strings."""
    brackets = np.frombuffer(_STRING.sub(b"", body).translate(None, _NO_BRACKETS), np.uint8)
    is_open = (brackets == ord("[")) | (brackets == ord("{"))
    return int(np.where(is_open, 1, -1).cumsum().max(initial=0))
