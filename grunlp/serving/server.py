"""uvicorn, patient for a while only, and stopping with good manners."""

import asyncio
import errno
import json
import os
import socket
import sys
import time
from types import FrameType

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from grunlp.serving.limits import ServerLimits
from grunlp.serving.request_middleware import RequestGuardMiddleware
from grunlp.utils.errors import UserError

_DRAIN_SECONDS = 1.0


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Sockets of a host, with one port; 0: any that is free. Raises UserError where none can be had."""
    sockets: list[socket.socket] = []
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise _bind_error(host, error) from None
    try:
        for family, _, _, _, address in places:
            if sockets and family == sockets[0].family:
                continue
            # only where a socket says that it is TCP does asyncio have it send what is ready at once (TCP_NODELAY)
            one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sockets.append(one)
            one.bind((address[0], sockets[0].getsockname()[1] or port, *address[2:]))
            one.listen()  # from now on clients wait instead of being turned away
    except OSError as error:
        for one in sockets:
            one.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise _bind_error(host, error) from None
        wrong = f"host={host} port={port}: {error.strerror}"
        raise UserError(wrong, "a free port of this machine is needed", "Type port=0") from None
    return sockets


def _bind_error(host: str, error: Exception) -> UserError:
    there = "a name or an address of this machine is needed"
    way = "Type host=127.0.0.1, or host=0.0.0.0 to be reached from other machines"
    return UserError(f"host={host}: {getattr(error, 'strerror', None) or error}", there, way)


def make_server(app: FastAPI, limits: ServerLimits) -> "GracefulServer":
    """A server of an app that `create_app` made; its `run` returns when it is told to stop.

    HTTP is parsed by h11: unlike the faster httptools it bounds what it keeps of headers, and refuses what proxies read
    in two ways.
    """
    gate: RequestGuardMiddleware = app.state.gate

    protocol = type("Protocol", (TimeoutProtocol,), {"server_limits": limits})
    config = uvicorn.Config(
        gate,
        http=protocol,
        ws="none",
        h11_max_incomplete_event_size=limits.max_header_bytes,
        timeout_graceful_shutdown=max(1, round(limits.send_timeout)),
        server_header=False,
        proxy_headers=False,
        access_log=False,
        log_config=None,
    )
    return GracefulServer(config, gate, limits.shutdown_timeout)


class TimeoutProtocol(H11Protocol):
    """A connection that is closed when its client is too slow with headers, or in reading answers.

    Attributes:
        server_limits: the limits of the server.
    """

    server_limits: ServerLimits
    _timer: asyncio.TimerHandle | None = None
    _rejected = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        if len(self.connections) > self.server_limits.max_connections:
            self._send_error(503, "Too many connections are open.", "Try again later.", [(b"retry-after", b"1")])
            return
        self._set_timeout(self.server_limits.header_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._set_timeout(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; while that is part of a request's head, the clock goes on from the first part."""
        if self._rejected or self.transport.is_closing():
            return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._set_timeout(None)
        elif self._timer is None:
            self._set_timeout(self.server_limits.header_timeout)

    def pause_writing(self) -> None:
        """The client leaves unread what it was sent."""
        super().pause_writing()
        self._set_timeout(self.server_limits.send_timeout)

    def resume_writing(self) -> None:
        """It reads on."""
        super().resume_writing()
        self._set_timeout(None)

    def timeout_keep_alive_handler(self) -> None:
        """No further request came. What is still unread then stays so."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:
        """What was sent is no HTTP; too large headers have a status of their own."""
        error = sys.exception()
        if isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431:
            self._send_error(431, "The headers are too large.", "Send fewer or shorter ones.")
        else:
            self._send_error(400, "The request is not HTTP.", "Send HTTP/1.1.")

    def _send_error(self, status: int, error: str, hint: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        """Answer before there is a request, or instead, and hang up.

        What the client still sends is read and forgotten for a while: to close with something unread would let the
        system throw the answer away (RFC 9112, §9.6).
        """
        body = json.dumps({"error": error, "hint": hint}).encode()
        own = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        events = [
            h11.Response(status_code=status, headers=[*own, *(headers or [])]),
            h11.Data(body),
            h11.EndOfMessage(),
        ]
        try:
            for event in events:
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # an answer is under way
            self.transport.close()
            return
        self._rejected = True
        self.connections.discard(self)  # it takes nobody's place
        self.transport.write_eof()
        self._set_timeout(_DRAIN_SECONDS)

    def _set_timeout(self, seconds: float | None) -> None:
        """Hang up after so long, or never, instead of what was said before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)


class GracefulServer(uvicorn.Server):
    """Told to stop, by SIGTERM or Ctrl-C, it refuses what is new with 503 and ends when all it took is answered.

    Told again, it ends the process at once.
    """

    def __init__(self, config: uvicorn.Config, guard: RequestGuardMiddleware, shutdown_timeout: float) -> None:
        super().__init__(config)
        self.guard, self.shutdown_timeout = guard, shutdown_timeout
        self._shutdown_deadline = float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        if self.guard.stopping:
            self.should_exit = self.force_exit = True
        self.guard.stopping = True
        self._shutdown_deadline = time.monotonic() + self.shutdown_timeout

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        await super().shutdown(sockets)
        if self.force_exit:  # an interpreter that ends in the usual way crashes where its threads still compute
            sys.stderr.flush()
            os._exit(0)

    async def on_tick(self, counter: int) -> bool:
        """Whether to end now; asked ten times a second."""
        done = self.guard.stopping and (not self.guard.in_flight or time.monotonic() > self._shutdown_deadline)
        return await super().on_tick(counter) or done
