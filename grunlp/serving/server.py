"""uvicorn with timeouts for slow clients and a graceful shutdown."""

import asyncio
import errno
import json
import logging
import math
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import FrameType
from typing import Any, NoReturn

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from grunlp.serving.limits import ServerLimits
from grunlp.serving.request_middleware import RequestGuardMiddleware
from grunlp.utils.errors import UserError

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

_DRAIN_SECONDS = 1.0
_DESCRIPTORS_PER_CONNECTION = 2  # its socket, and a file that it is sent
_RESERVED_DESCRIPTORS = 32  # for what the system and libraries open
_MAX_CHUNKS = 4096  # of a body; each takes about 10 microseconds, however small it is
_MAX_REJECTED = 64  # connections that read why they are closed; further ones are closed at once


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Open the sockets of a host on one port; 0: any free port. Raises UserError if that fails."""
    sockets: list[socket.socket] = []
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise _bind_error(host, error) from None
    try:
        for family, _, _, _, address in addresses:
            if sockets and family == sockets[0].family:
                continue
            # asyncio sets TCP_NODELAY only on sockets that were created with IPPROTO_TCP.
            listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sockets.append(listener)
            listener.bind((address[0], sockets[0].getsockname()[1] or port, *address[2:]))
            listener.listen()  # From now on, clients wait instead of being rejected.
    except OSError as error:
        for listener in sockets:
            listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise _bind_error(host, error) from None
        message = f"host={host} port={port}: {error.strerror}"
        raise UserError(message, "the port must be free", "Type port=0 for any free port") from None
    return sockets


def _bind_error(host: str, error: Exception) -> UserError:
    return UserError(
        f"host={host}: {getattr(error, 'strerror', None) or error}",
        "expected a name or an address of this machine",
        "Type host=127.0.0.1, or host=0.0.0.0 to be reachable from other machines",
    )


def fit_connections(limits: ServerLimits, workers: int) -> ServerLimits:
    """Return limits whose connections fit into the file descriptors that this process may open.

    Args:
        limits: the limits that were asked for.
        workers: number of worker processes.

    Raises:
        UserError: there are not enough descriptors for a single connection.
    """
    if resource is None:
        return limits
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_now = len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else _RESERVED_DESCRIPTORS
    others = open_now + _MAX_REJECTED + _RESERVED_DESCRIPTORS + 2 * workers
    wanted = others + _DESCRIPTORS_PER_CONNECTION * limits.max_connections
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS allows less than it says
            soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limits
    connections = (soft - others) // _DESCRIPTORS_PER_CONNECTION
    if connections < 1:
        raise UserError(
            f"this process may open {soft} file descriptors",
            f"a server needs {others + _DESCRIPTORS_PER_CONNECTION} or more",
            f"Type ulimit -n {max(1024, wanted)}",
        )
    log.warning("max_connections=%d: this process may open only %d file descriptors", connections, soft)
    return replace(limits, max_connections=connections)


def make_server(app: FastAPI, limits: ServerLimits) -> "GracefulServer":
    """Make the server of an app that `create_app` made; its `run` returns after a signal to stop.

    HTTP is parsed by h11: unlike the faster httptools it limits the size of headers, and rejects requests that proxies
    may parse differently.
    """
    gate: RequestGuardMiddleware = app.state.gate

    def kill_workers() -> None:
        for model in app.state.models.values():
            model.scheduler.kill_workers()

    protocol = type("Protocol", (TimeoutProtocol,), {"server_limits": limits, "rejected": set()})
    config = uvicorn.Config(
        gate,
        http=protocol,
        ws="none",
        h11_max_incomplete_event_size=limits.max_header_bytes,
        timeout_graceful_shutdown=math.ceil(limits.send_timeout) + 1,
        server_header=False,
        proxy_headers=False,
        access_log=False,
        log_config=None,
    )
    return GracefulServer(config, gate, limits, kill_workers)


class TooManyChunksError(h11.RemoteProtocolError):
    """The error for a body in more than `_MAX_CHUNKS` chunks."""


class _Connection(h11.Connection):
    """The parser of a connection, which bounds the number of chunks of each body."""

    _chunks = 0

    def next_event(self) -> Any:
        """Return the next event. Raises TooManyChunksError."""
        event = super().next_event()
        if isinstance(event, h11.Data):
            self._chunks += event.chunk_start
            if self._chunks > _MAX_CHUNKS:
                raise TooManyChunksError("too many chunks", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage):
            self._chunks = 0
        return event


class TimeoutProtocol(H11Protocol):
    """A connection that is closed when its client sends headers or reads responses too slowly.

    Attributes:
        server_limits: the limits of the server.
        rejected: the connections that were answered by `_send_error` and are not closed yet.
    """

    server_limits: ServerLimits
    rejected: "set[TimeoutProtocol]"
    _timer: asyncio.TimerHandle | None = None
    _deadline: asyncio.TimerHandle | None = None  # of the running request
    _rejected = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeout of the first request."""
        self.conn = _Connection(h11.SERVER, self.server_limits.max_header_bytes)
        super().connection_made(transport)
        if len(self.connections) > self.server_limits.max_connections:
            self._send_error(503, "Too many connections are open.", "Try again later.", [(b"retry-after", b"1")])
            return
        self._set_timeout(self.server_limits.header_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeouts."""
        self._set_timeout(None)
        self._limit_request(False)
        self.rejected.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data; the timeout of the headers starts with their first part."""
        if self._rejected or self.transport.is_closing():
            return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._set_timeout(None)
            self._limit_request(self.cycle is not None and not self.cycle.response_complete)
        elif self._timer is None:
            self._set_timeout(self.server_limits.header_timeout)

    def on_response_complete(self) -> None:
        """Start the next request of the connection, if there is one."""
        self._limit_request(False)
        super().on_response_complete()
        self._limit_request(self.cycle is not None and not self.cycle.response_complete)

    def pause_writing(self) -> None:
        """Start the timeout of a client that does not read."""
        super().pause_writing()
        self._set_timeout(self.server_limits.send_timeout)

    def resume_writing(self) -> None:
        """Cancel the timeout of a client that reads again."""
        super().resume_writing()
        self._set_timeout(None)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even if its client has not read everything."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:
        """Reject data that are not HTTP, or headers that are too large."""
        error = sys.exception()
        if isinstance(error, TooManyChunksError):
            self._send_error(413, f"The body has more than {_MAX_CHUNKS} chunks.", "Send it with Content-Length.")
        elif isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431:
            self._send_error(431, "The headers are too large.", "Send fewer or shorter ones.")
        else:
            self._send_error(400, "The request is not HTTP.", "Send HTTP/1.1.")

    def _send_error(self, status: int, error: str, hint: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        """Send an error response to an invalid request, and close the connection.

        For a short time, data from the client are read and discarded: if the connection were closed with unread data,
        the system might discard the response (RFC 9112, §9.6).
        """
        body = json.dumps({"error": error, "hint": hint}).encode()
        own_headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        events = [
            h11.Response(status_code=status, headers=[*own_headers, *(headers or [])]),
            h11.Data(body),
            h11.EndOfMessage(),
        ]
        self.connections.discard(self)  # It does not count as a connection any more.
        if len(self.rejected) >= _MAX_REJECTED:
            self.transport.abort()
            return
        try:
            for event in events:
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # a response has started
            self.transport.close()
            return
        self._rejected = True
        self.rejected.add(self)
        self.transport.write_eof()
        self._set_timeout(_DRAIN_SECONDS)

    def _limit_request(self, running: bool) -> None:
        """Start the time in which a request must be read and answered, and its response be read, or end it."""
        if not running and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        elif running and self._deadline is None:
            limits = self.server_limits
            seconds = limits.body_timeout + limits.response_timeout + limits.send_timeout
            self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _set_timeout(self, seconds: float | None) -> None:
        """Close the connection after this many seconds, or never; replaces an earlier timeout."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)


class GracefulServer(uvicorn.Server):
    """A server that answers running requests before it stops.

    After SIGTERM or Ctrl-C it rejects new requests with 503 and stops when all others are answered or their time is up.
    A second signal ends the process at once.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        guard: RequestGuardMiddleware,
        limits: ServerLimits,
        kill_workers: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self.guard, self.limits, self.kill_workers = guard, limits, kill_workers
        self._shutdown_deadline = float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the shutdown; end the process at once after the second signal."""
        if self.guard.stopping:
            self.exit_now()
        self.guard.stopping = True
        self._shutdown_deadline = time.monotonic() + self.limits.shutdown_timeout

    def exit_now(self) -> NoReturn:
        """End the workers and the process by force, without waiting for anything."""
        self.kill_workers()
        sys.stderr.flush()
        os._exit(0)  # An interpreter that exits normally crashes while its threads compute.

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: answer the requests whose time is over, and give clients a last time to read."""
        self.guard.cut_off()
        abort = asyncio.get_running_loop().call_later(self.limits.send_timeout, self._abort_connections)
        await super().shutdown(sockets)
        abort.cancel()

    def _abort_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    async def on_tick(self, counter: int) -> bool:
        """Check whether to end now; called ten times a second."""
        is_done = self.guard.stopping and (not self.guard.in_flight or time.monotonic() > self._shutdown_deadline)
        return await super().on_tick(counter) or is_done
