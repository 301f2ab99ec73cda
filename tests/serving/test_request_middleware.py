"""Requests that mean no good: each has an answer of the right status that shows nothing of the inside, and then the
server answers a good one."""

import contextlib
import gzip
import json
import re
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from grunlp.serving.limits import ServerLimits
from tests.serving.client import INSIDE, Answer, ask, connect, post, read, request, wait_until
from tests.serving.conftest import LIMITS, Running, running
from tests.serving.models import Moody, language_model, measured_classifier, writer

pytestmark = pytest.mark.slow  # starts servers; several tests are about time and need an idle machine

GOOD = {"text": "She gave him a book."}
PREDICT, STREAM = "/models/default/predict", "/models/writes-on/stream"
BIG = LIMITS.max_body_bytes + 1


def body(value: bytes | str | object, *headers: str) -> bytes:
    return request(PREDICT, value, *headers)


def get(path: str, *headers: str, method: str = "GET") -> bytes:
    return request(path, None, *headers, method=method)


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def chunked(data: bytes, *headers: str) -> bytes:
    return request(PREDICT, data, "Transfer-Encoding: chunked", *headers)


def compressed(name: str, data: bytes) -> bytes:
    return request(PREDICT, data, f"Content-Encoding: {name}")


ACR = "Access-Control-Request"
BOMB = gzip.compress(b" " * 50_000_000)

# A name, what is sent, and the statuses that may come back.
SENT: list[tuple[str, bytes, int | tuple[int, ...]]] = [
    # --- bodies that are no JSON, or not what is asked for
    ("no body", request(PREDICT, b""), 422),
    ("no body and no length", get(PREDICT, "Content-Type: application/json", method="POST"), 422),
    ("not JSON", body("hello"), 400),
    ("JSON cut off", body('{"text": "She'), 400),
    ("something after the JSON", body('{"text": "a"} x'), 400),
    ("two JSON objects", body('{"text": "a"}{"text": "b"}'), 400),
    ("UTF-16", body('{"text": "a"}'.encode("utf-16-le")), 400),
    ("UTF-16, other way round", body('{"text": "a"}'.encode("utf-16-be")), 400),
    ("UTF-16 that says so", body('{"text": "a"}'.encode("utf-16")), 400),
    ("UTF-32", body('{"text": "a"}'.encode("utf-32")), 400),
    ("a byte order mark", body('{"text": "a"}'.encode("utf-8-sig")), 400),
    ("deep brackets", body('{"texts": ' + "[" * 16 + "]" * 16 + "}"), 400),
    ("brackets less deep", body('{"texts": ' + "[" * 15 + "]" * 15 + "}"), 422),
    ("brackets in a text", body({"text": '[{"' * 50 + "\\"}), 200),
    ("comments", body('{"text": "a" /* b */}'), 400),
    ("single quotes", body("{'text': 'a'}"), 400),
    ("an array", body(["a"]), 422),
    ("a string", body('"a"'), 422),
    ("a number", body("7"), 422),
    ("null", body("null"), 422),
    ("true", body("true"), 422),
    ("an empty object", body({}), 422),
    ("arrays in arrays", body("[" * 90_000 + "]" * 90_000), (400, 422)),
    ("open arrays", body("[" * 199_000), 400),
    ("objects in objects", body('{"a":' * 30_000 + "1" + "}" * 30_000), (400, 422)),
    ("a deep text", body('{"text":' + "[" * 50_000 + "]" * 50_000 + "}"), (400, 422)),
    ("a text that is null", body({"text": None}), 422),
    ("a text that is a number", body({"text": 7}), 422),
    ("a text that is a list", body({"text": ["a"]}), 422),
    ("a text that is an object", body({"text": {"$gt": ""}}), 422),
    ("text and texts", body({"text": "a", "texts": ["b"]}), 422),
    ("an unknown key", body({"text": "a", "path": "/etc/passwd"}), 422),
    ("a key of prototypes", body({"text": "a", "__proto__": {"admin": True}}), 422),
    ("ten thousand keys", body({str(i): i for i in range(10_000)}), 422),
    ("a long key", body({"k" * 100_000: 1}), 422),
    ("no texts", body({"texts": []}), 422),
    ("texts with null", body({"texts": ["a", None]}), 422),
    ("too many texts", body({"texts": ["a"] * (LIMITS.max_texts + 1)}), 422),
    ("too long a text", body({"text": "a" * (LIMITS.max_characters + 1)}), 422),
    ("texts too long together", body({"texts": ["a" * (LIMITS.max_characters // 2 + 1)] * 2}), 422),
    ("too many tokens", body({"text": "a " * (LIMITS.max_tokens + 1)}), 413),
    ("too many empty lines", body({"text": "\n" * (LIMITS.max_tokens + 2)}), 413),
    ("a number of many digits", body('{"text": ' + "9" * 100_000 + "}"), (400, 422)),
    ("a number beyond all bounds", body('{"text": 1e999999}'), 422),
    ("half a character", body('{"text": "\\ud800"}'), 422),
    ("NaN", body('{"text": NaN}'), 422),
    ("UTF-16", request(PREDICT, '{"text": "ä"}'.encode("utf-16-le")[:-1]), 400),
    ("bytes that are no UTF-8", request(PREDICT, b'{"text": "\xff\xfe\xfa"}'), 400),
    ("Latin-1", request(PREDICT, '{"text": "é"}'.encode("latin-1")), 400),
    ("a line end in a string", body('{"text": "a\nb"}'), 400),
    ("zero bytes", request(PREDICT, b"\0" * 1000), 400),
    ("pickle", request(PREDICT, b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n(S'id'\ntR."), 400),
    ("YAML", body("text: !!python/object/apply:os.system [id]"), 400),
    ("XML with entities", body('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'), 400),
    # --- other models and addresses
    ("measurements for a labeller", body({"measurements": [[1.0]]}), 409),
    ("a text for measurements", request("/models/waves/predict", GOOD), 409),
    ("measurements of another width", request("/models/waves/predict", {"measurements": [[1.0]]}), 422),
    ("ragged measurements", request("/models/waves/predict", {"measurements": [[1, 2], [3]]}), 422),
    ("infinite measurements", request("/models/waves/predict", '{"measurements": [[1, Infinity]]}'), 422),
    ("measurements beyond float32", request("/models/waves/predict", {"measurements": [[1e300, 1]]}), 422),
    ("empty steps", request("/models/waves/predict", {"measurements": [[], []]}), 422),
    ("too many steps", request("/models/waves/predict", {"measurements": [[1, 2]] * (LIMITS.max_tokens + 1)}), 422),
    ("no table", request("/models/loads/predict", {"text": "hello"}), 422),
    ("an empty table", request("/models/loads/predict", {"text": ""}), 422),
    ("a file for a table", request("/models/loads/predict", {"text": "/etc/passwd"}), 422),
    ("an address for a table", request("/models/loads/predict", {"text": "http://localhost/table.csv"}), 422),
    ("a table of other columns", request("/models/loads/predict", {"text": "a,b\n1,2\n"}), 422),
    ("a table of bad times", request("/models/loads/predict", {"text": "time,load\nnever,1\nnow,2\n"}), 422),
    ("a model that fails", request("/models/moody/predict", {"text": "fail"}), 500),
    ("a model that panics", request("/models/moody/predict", {"text": "panic"}), 500),
    ("a model that exits", request("/models/moody/predict", {"text": "exit"}), 500),
    ("a model that panics in a drawing", request("/models/moody/drawing", {"text": "panic"}), 500),
    ("a model that refuses", request("/models/moody/predict", {"text": "refuse"}), 422),
    ("a model that takes too long", request("/models/moody/predict", {"text": "sleep 3.5"}), 503),
    ("no such model", request("/models/nobody/predict", GOOD), 404),
    ("a path for a model", request("/models/../../etc/passwd/predict", GOOD), 404),
    ("a path in disguise", request("/models/..%2f..%2fetc%2fpasswd/predict", GOOD), 404),
    ("a model's folder", request("/models/%2fsecret%2fplace%2fof%2fmodels%2fwaves/predict", GOOD), 404),
    ("a zero byte for a model", request("/models/%00/predict", GOOD), 404),
    ("bad percents", request("/models/%zz%f/predict", GOOD), 404),
    ("a very long model", request("/models/" + "a" * 10_000 + "/predict", GOOD), 404),
    ("a file beside the documentation", get("/docs/files/../../../../../../etc/passwd"), 404),
    ("the same in disguise", get("/docs/files/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd"), 404),
    ("with backslashes", get("/docs/files/..%5c..%5c..%5cetc%5cpasswd"), 404),
    ("a folder of files", get("/docs/files/"), 404),
    ("nothing", get("/nothing"), 404),
    ("many slashes", get("//////models"), 404),
    ("a query", get("/models?" + "a=b&" * 3000), 200),
    ("a long address", get("/" + "a" * (LIMITS.max_header_bytes + 1000)), 431),
    # --- streams
    ("a stream of a labeller", request("/models/default/stream", {"prompt": "a"}), 409),
    ("a stream without a prompt", request(STREAM, {}), 422),
    ("a stream that is too long", request(STREAM, {"prompt": "a", "length": LIMITS.max_length + 1}), 422),
    ("a stream of no length", request(STREAM, {"prompt": "a", "length": 0}), 422),
    ("a cold stream", request(STREAM, {"prompt": "a", "temperature": 0}), 422),
    ("a stream of no number", request(STREAM, '{"prompt": "a", "temperature": NaN}'), 422),
    ("a stream of a negative seed", request(STREAM, {"prompt": "a", "seed": -1}), 422),
    ("a stream of no probability", request(STREAM, {"prompt": "a", "top_p": 0}), 422),
    ("a long prompt", request(STREAM, {"prompt": "a" * (LIMITS.max_prompt + 1)}), 422),
    ("prompts to draw too much from", request("/models/writes-on/predict", {"texts": ["a"] * 6}), 413),
    ("a table of too many rows", request("/models/loads/predict", {"text": "\n" * (LIMITS.max_tokens + 1)}), 413),
    ("a long prompt, all at once", request("/models/writes-on/predict", {"text": "a" * (LIMITS.max_prompt + 1)}), 413),
    # --- methods
    ("GET", get(PREDICT), 405),
    ("GET with a body", request("/models", {"a": 1}, method="GET"), 200),
    ("PUT", request(PREDICT, GOOD, method="PUT"), 405),
    ("DELETE", get("/models", method="DELETE"), 405),
    ("a question of another site", get(PREDICT, "Origin: http://evil", f"{ACR}-Method: POST", method="OPTIONS"), 405),
    ("TRACE", get("/models", method="TRACE"), 405),
    ("a method that is none", get("/models", method="BREW"), 405),
    ("CONNECT", b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 404, 405)),
    # --- headers of the body
    ("no type", request(PREDICT, GOOD, kind=None), 415),
    ("text", request(PREDICT, GOOD, kind="text/plain"), 415),
    ("a form", request(PREDICT, b"text=a", kind="application/x-www-form-urlencoded"), 415),
    ("parts", request(PREDICT, b"--x\r\n\r\n--x--", kind="multipart/form-data; boundary=x"), 415),
    ("a type that is none", request(PREDICT, GOOD, kind="application/json/x; ;;=\"\\"), 415),
    ("another charset", request(PREDICT, GOOD, kind="application/json; charset=utf-7"), 415),
    ("gzip", compressed("gzip", gzip.compress(b'{"text": "a"}', mtime=0)), 415),
    ("a gzip bomb", compressed("gzip", BOMB), 415),
    ("a deflate bomb", compressed("deflate", zlib.compress(b" " * 50_000_000)), 415),
    ("brotli", compressed("br", b"\x0b\x02\x80a\x03"), 415),
    ("a chain of encodings", compressed("gzip, gzip", BOMB), 415),
    ("an unknown encoding", compressed("x", b"a"), 415),
    ("too large a body", body(b" " * BIG), 413),
    ("too large a body by its length alone", request(PREDICT, b"{", length=10**12), 413),
    ("a length of many digits", request(PREDICT, b"{", length="9" * 200), (400, 413)),
    ("a negative length", request(PREDICT, b"{}", length=-1), 400),
    ("a length that is no number", request(PREDICT, b"{}", length="two"), 400),
    ("two lengths", request(PREDICT, b'{"text": "a"}', "Content-Length: 13", "Content-Length: 2"), 400),
    ("a length and chunks", chunked(chunks(b'{"text": "a"}'), "Content-Length: 4"), 400),
    ("chunks too large", chunked(chunks(*[b" " * 10_000] * 30)), 413),
    ("a chunk too large by its length", chunked(b"ffffffffff\r\n" + b" " * BIG), 413),
    ("a chunk of no size", chunked(b"xyz\r\nabc\r\n0\r\n\r\n"), 400),
    ("a chunk of a negative size", chunked(b"-5\r\nabc\r\n0\r\n\r\n"), 400),
    ("a chunk with a long note", chunked(b"1;" + b"a" * 100_000 + b"\r\n{\r\n0\r\n\r\n"), (400, 431)),
    ("more chunks than are read", chunked(chunks(*[b" "] * 4097)), 413),
    ("as many chunks as are read", chunked(chunks(*[b" "] * 4082, *[bytes([byte]) for byte in b'{"text": "a"}'])), 200),
    ("a chunk cut wrong", chunked(b"2\r\nabcdef\r\n0\r\n\r\n"), 400),
    ("gzip as a transfer", request(PREDICT, BOMB, "Transfer-Encoding: gzip"), (400, 501)),
    ("a transfer in disguise", request(PREDICT, b"{}", "Transfer-Encoding: xchunked"), (400, 501)),
    # --- other headers
    ("many headers", get("/models", *(f"X-{i}: a" for i in range(LIMITS.max_headers + 1))), 431),
    ("large headers", get("/models", "X-A: " + "a" * (LIMITS.max_header_bytes + 1000)), 431),
    ("a header without a colon", get("/models", "hello"), 400),
    ("a header of zero bytes", get("/models", "X-A: a\0b"), 400),
    ("a name with a blank", get("/models", "X A : b"), 400),
    ("a folded header", get("/models", "X-A: a", " b"), (200, 400)),
    ("no host", b"GET /models HTTP/1.1\r\n\r\n", 400),
    ("two hosts", get("/models", "Host: evil"), 400),
    ("a host of another site", request(PREDICT, GOOD, host="evil.example"), 421),
    ("a host with a name before it", request("/models", GOOD, host="localhost@evil"), 421),
    ("an answer in a header", get("/models", "X-A: a\r\nSet-Cookie: b"), 200),
    ("a range", get("/models", "Range: bytes=0-1,1-2,2-3"), 200),
    ("a range beyond a file", get("/docs/files/swagger-ui.css", "Range: bytes=99999999-"), 416),
    ("a range beyond a file of the page", get("/page/script.js", "Range: bytes=99999999-"), 416),
    ("a range that is none", get("/page/script.js", "Range: bytes=x-y"), (200, 400)),
    ("a range of another unit", get("/page/script.js", "Range: words=1-2"), (200, 400)),
    ("a range backwards", get("/page/script.js", "Range: bytes=9-1"), (200, 400, 416)),
    ("an unknown expectation", body(GOOD, "Expect: miracles"), (200, 417)),
    ("WebSocket", get("/models", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: YQ=="), 200),
    ("HTTP/2 in clear", get("/models", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"), 200),
    # --- what is no HTTP/1.1
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("HTTP/0.9", b"GET /models\r\n\r\n", 400),
    ("HTTP/7", b"GET /models HTTP/7.0\r\nHost: localhost\r\n\r\n", 505),
    ("a whole address of another server", get("http://evil.example/models"), (200, 404)),
    ("TLS", bytes.fromhex("160301020001000001fc0303") + b"\x01" * 100 + b"\r\n\r\n", 400),
    ("SSH", b"SSH-2.0-OpenSSH_9.9\r\n\r\n", 400),
    ("noise", bytes(range(256)) * 20 + b"\r\n\r\n", 400),
    ("line ends", b"\r\n" * 1000 + b"x\r\n\r\n", 400),
]  # fmt: skip

FINE: list[tuple[str, object]] = [
    ("no words", {"text": ""}),
    ("blanks", {"text": " \t\n \u3000"}),
    ("zero characters", {"text": "a\0b\x01\x1b[31m"}),
    ("one long word", {"text": "a" * LIMITS.max_characters}),
    ("marks on marks", {"text": "e" + "\u0301" * 1000}),
    ("from right to left", {"text": "\u202e\u05d0\u05d1 \u202c gave"}),
    ("emoji", {"text": "👩‍👩‍👧‍👦 gave 🏳️‍🌈 a book 🫠"}),
    ("characters of private use", {"text": "\uffff\ufdd0\ue000\U0010ffff"}),
    ("markup", {"text": "<script>alert(1)</script> ${7*7} {{7*7}} '; DROP TABLE a; --"}),
    ("verbs alone", {"text": "is was be been " * 10}),
    ("a date like 2024-99-99", {"text": "On 9999999999999999999-99-99 he left."}),
    ("many texts", {"texts": ["", "a", "He left."] * 6}),
]


def check(answer: Answer | None, expected: int | tuple[int, ...]) -> None:
    """An answer of such a status, which shows nothing of the inside."""
    assert answer is not None, "no answer"
    assert answer.status in (expected if isinstance(expected, tuple) else (expected,)), answer
    text = answer.body.decode()
    if answer.status >= 400:
        assert set(answer.json()) == {"error", "hint"} and all(answer.json().values())
        assert answer.headers["content-type"] == "application/json"
        assert not INSIDE.search(text), text
        assert len(text) < 1000
    if answer.status in (429, 503):
        assert int(answer.headers["retry-after"]) >= 1
    assert not {"server", "x-powered-by", "set-cookie", "access-control-allow-origin"} & set(answer.headers)


def check_good(served: Running) -> None:
    answer = post(served.port, PREDICT, GOOD)
    assert answer.status == 200
    expected = {"records": [served.models["default"](GOOD["text"])]}
    assert answer.body == json.dumps(expected, ensure_ascii=False).encode()


@pytest.mark.parametrize(("raw", "expected"), [case[1:] for case in SENT], ids=[case[0] for case in SENT])
def test_bytes(served: Running, raw: bytes, expected: int | tuple[int, ...]) -> None:
    check(ask(served.port, raw), expected)
    check_good(served)


@pytest.mark.parametrize("given", [case[1] for case in FINE], ids=[case[0] for case in FINE])
def test_odd_texts_have_answers(served: Running, given: dict[str, list[str]]) -> None:
    answer = post(served.port, PREDICT, given)
    texts = given.get("texts", [given.get("text")])
    assert answer.status == 200
    expected = {"records": [served.models["default"](text) for text in texts]}
    assert answer.body == json.dumps(expected, ensure_ascii=False).encode()
    check_good(served)


def test_after_a_length_and_chunks_nothing_more_is_read(served: Running) -> None:
    with connect(served.port) as sock:
        sock.sendall(chunked(chunks(b'{"text": "a"}'), "Content-Length: 4") + request(PREDICT, GOOD))
        check(read(sock), 400)
        assert read(sock) is None


def slow_headers(sock: socket.socket) -> None:
    """The server hangs up soon, however the bytes keep coming."""
    started = time.monotonic()
    with contextlib.suppress(OSError):
        for byte in request(PREDICT, GOOD):
            sock.sendall(bytes([byte]))
            time.sleep(0.1)
    assert time.monotonic() - started < LIMITS.header_timeout + 2


def test_slow_headers_are_given_up(served: Running) -> None:
    with connect(served.port) as sock:
        slow_headers(sock)
    check_good(served)


def test_slow_headers_of_a_second_request(served: Running) -> None:
    with connect(served.port) as sock:
        sock.sendall(request(PREDICT, GOOD))
        assert read(sock)
        slow_headers(sock)
    check_good(served)


def test_a_connection_without_a_request_is_closed(served: Running) -> None:
    with connect(served.port, 5) as sock:
        assert read(sock) is None  # at the latest after header_timeout, well before the 5 of the socket


@pytest.mark.parametrize("transfer", ["length", "chunks"])
def test_a_slow_body_is_given_up(served: Running, transfer: str) -> None:
    head = request(PREDICT, b"", length=1000) if transfer == "length" else chunked(b"")
    with connect(served.port) as sock:
        sock.sendall(head)
        started = time.monotonic()
        while time.monotonic() - started < 3:
            try:
                sock.sendall(b" " if transfer == "length" else b"1\r\n \r\n")
            except OSError:
                break
            time.sleep(0.1)
            sock.settimeout(0.01)
            try:
                if sock.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                continue
            finally:
                sock.settimeout(10)
        assert time.monotonic() - started < LIMITS.body_timeout + 1
        check(read(sock), 408)
    check_good(served)


def test_a_body_that_never_ends(served: Running) -> None:
    with connect(served.port) as sock:
        sent = 0
        try:
            sock.sendall(chunked(b""))
            for _ in range(5000):
                sock.sendall(chunks(b" " * 10_000)[:-5])
                sent += 10_000
        except OSError:
            pass
        assert sent < 40_000_000
        answer = read(sock)
        assert answer is None or answer.status == 413  # what the system still held may have pushed it out
    check_good(served)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"POST /mod",
        request(PREDICT, b"", length=1000),
        request(PREDICT, b'{"text"', length=1000),
        chunked(b"5\r\nab"),
        request(PREDICT, GOOD),
        request(STREAM, {"prompt": "a", "length": 200}),
    ],
    ids=["nothing", "a part of a line", "no body", "a part of a body", "a part of a chunk", "no answer", "no pieces"],
)
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_vanishes(served: Running, raw: bytes, how: str) -> None:
    for _ in range(5):
        with connect(served.port) as sock:
            if how == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(raw)
    wait_until(lambda: served.app.state.gate.in_flight == 0)
    check_good(served)


def test_who_vanishes_is_not_worked_for(served: Running) -> None:
    moody = served.models["moody"]
    with connect(served.port) as first:
        first.sendall(request("/models/moody/predict", {"text": "sleep 0.5"}))
        time.sleep(0.1)
        for i in range(10):
            with connect(served.port) as sock:
                sock.sendall(request("/models/moody/predict", {"text": f"vanished {i}"}))
                time.sleep(0.01)
        assert read(first)
    wait_until(lambda: served.app.state.gate.in_flight == 0)
    assert not [text for text in moody.seen if text.startswith("vanished")]
    check_good(served)


def test_half_closed(served: Running) -> None:
    with connect(served.port) as sock:
        sock.sendall(request(PREDICT, GOOD))
        sock.shutdown(socket.SHUT_WR)
        answer = read(sock)
        assert answer is None or answer.status == 200
    check_good(served)


def test_many_requests_in_one_go(served: Running) -> None:
    with connect(served.port) as sock:
        sock.sendall(get("/models") * 50)
        assert ask(served.port, get("/health"))
        got = b""
        while got.count(b"HTTP/1.1 200") < 50:
            got += sock.recv(65536)
    check_good(served)


def test_what_follows_a_body_is_another_request(served: Running) -> None:
    with connect(served.port) as sock:
        sock.sendall(request(PREDICT, b'{"text": "a"}GET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n', length=13))
        got = b""
        while not re.search(rb"HTTP/1.1 200 .*HTTP/1.1 404 ", got, re.DOTALL):
            part = sock.recv(65536)
            assert part, got
            got += part
    check_good(served)


def test_a_client_that_never_reads(served: Running) -> None:
    """A file larger than the buffers of the system is on its way; then it is left."""
    wait_until(lambda: not served.server.server_state.connections)
    with connect(served.port) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(5):
            sock.sendall(get("/docs/files/swagger-ui-bundle.js"))
        wait_until(lambda: served.app.state.gate.in_flight == 1)
        wait_until(lambda: not served.server.server_state.connections and not served.app.state.gate.in_flight)
    check_good(served)


def test_too_many_connections(served: Running) -> None:
    wait_until(lambda: not served.server.server_state.connections)
    open_ones = [connect(served.port) for _ in range(LIMITS.max_connections)]
    try:
        time.sleep(0.1)
        check(ask(served.port, b""), 503)
    finally:
        for sock in open_ones:
            sock.close()
    wait_until(lambda: not served.server.server_state.connections)
    check_good(served)


def test_who_is_refused_a_connection_reads_why() -> None:
    """Though it sends a whole request before it reads, and the server does not wait for that."""
    for server in running({"moody": Moody()}, replace(LIMITS, max_connections=2, header_timeout=30)):
        with connect(server.port), connect(server.port):
            time.sleep(0.1)
            for _ in range(30):
                with connect(server.port) as sock:
                    time.sleep(0.005)
                    for part in (request(PREDICT, b"", length=50_000), b" " * 50_000):
                        sock.sendall(part)
                        time.sleep(0.005)
                    check(read(sock), 503)
        wait_until(lambda server=server: not server.server.server_state.connections)
        assert post(server.port, "/models/moody/predict", {"text": "a"}).status == 200


def test_too_much_waiting(served: Running) -> None:
    """Far more work than the queue holds: some is refused at once, none is lost, and Retry-After says when to come."""
    slow = connect(served.port)
    slow.sendall(request("/models/moody/predict", {"text": "sleep 1"}))
    time.sleep(0.1)
    many = [connect(served.port) for _ in range(20)]
    for sock in many:
        sock.sendall(request("/models/moody/predict", {"text": "a " * 300}))
    answers = [read(sock) for sock in (slow, *many)]
    for sock in (slow, *many):
        sock.close()
    statuses = [answer.status for answer in answers if answer]
    assert len(statuses) == 21 and set(statuses) == {200, 429}
    for answer in answers:
        check(answer, (200, 429))
    check_good(served)


def test_too_many_streams(served: Running) -> None:
    many = [connect(served.port) for _ in range(6)]
    for sock in many:
        sock.sendall(request(STREAM, {"prompt": "a" * 20, "length": 200}))
    statuses = [answer.status for answer in map(read, many) if answer]
    for sock in many:
        sock.close()
    assert len(statuses) == 6 and set(statuses) == {200, 429}
    check_good(served)


def test_how_many_kinds_there_are() -> None:
    assert len(SENT) + len(FINE) >= 60


def test_every_answer_has_security_headers(served: Running) -> None:
    for path in ("/models", "/nothing", "/docs", "/docs/files/swagger-ui.css", "/openapi.json"):
        answer = ask(served.port, get(path))
        assert answer is not None
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"


def test_the_model_goes_on_after_a_panic(served: Running) -> None:
    for text in ("panic", "exit") * 2:
        check(ask(served.port, request("/models/moody/predict", {"text": text})), 500)
    assert post(served.port, "/models/moody/predict", {"text": "a"}).status == 200
    check(ask(served.port, get("/ready")), 200)


def test_a_model_that_is_stuck_makes_the_server_unready(served: Running) -> None:
    check(ask(served.port, request("/models/moody/predict", {"text": f"sleep {LIMITS.response_timeout + 1}"})), 503)
    check(ask(served.port, get("/ready")), 503)
    wait_until(lambda: (answer := ask(served.port, get("/ready"))) and answer.status == 200)


LARGE = replace(LIMITS, max_response_bytes=8_000_000, max_unsent_bytes=20_000_000, response_timeout=2.0)


@pytest.fixture(scope="module")
def large() -> Iterator[Running]:
    """A server of large answers."""
    moody = Moody()
    long = ["search.max_length=1000", "search.min_length_ratio=1.0", "search.beam=1"]
    limits = replace(LARGE, response_timeout=30.0)  # enough for long texts on a busy machine
    yield from running({"moody": moody, "letters": writer("character", *long)}, limits)


@pytest.mark.parametrize(("size", "status"), [(7_999_000, 200), (7_999_999, 413), (30_000_000, 413)])
def test_no_answer_is_larger_than_the_limit(large: Running, size: int, status: int) -> None:
    for route in ("predict", "drawing") if status == 413 else ("predict",):
        answer = ask(large.port, request(f"/models/moody/{route}", {"text": f"big {size}"}))
        assert answer is not None and answer.status == status and len(answer.body) <= LARGE.max_response_bytes
        if status == 413:
            assert answer.json()["hint"] == "Send less at a time."
    wait_until(lambda: large.app.state.gate.unsent_bytes == 0)


@pytest.mark.parametrize("route", ["predict", "drawing", "stream"])
def test_source_times_target_is_limited(large: Running, route: str) -> None:
    """Ten thousand characters that would be as many again are refused before anything is computed."""
    text = "e" * 2000
    for server in running({"letters": large.models["letters"]}, replace(LARGE, max_prompt=6000, max_length=1000)):
        started = time.monotonic()
        answer = post(server.port, f"/models/letters/{route}", {"prompt" if route == "stream" else "text": text})
        assert answer.status == 413 and "attention weights" in answer.json()["error"]
        assert time.monotonic() - started < 1


def test_an_attention_map_that_is_too_large_is_not_drawn(large: Running) -> None:
    for length, drawn in ((150, True), (199, False)):
        answer = post(large.port, "/models/letters/drawing", {"text": "e" * length})
        assert answer.status == 200 and len(answer.body) < LARGE.max_response_bytes
        assert ("<svg" in answer.json()["html"]) == drawn
        assert drawn or "40,000" in answer.json()["html"]


def slow_reader(port: int, raw: bytes) -> socket.socket:
    """A client that sends a request and does not read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", port))
    sock.sendall(raw)
    return sock


def test_slow_readers_of_large_answers_are_limited_together(large: Running) -> None:
    gate = large.app.state.gate
    with contextlib.ExitStack() as stack:
        raw = request("/models/moody/predict", {"text": "big 7900000"})
        for _ in range(6):
            stack.enter_context(slow_reader(large.port, raw))
            time.sleep(0.05)
        largest, refused, started = 0, None, time.monotonic()
        while refused is None or refused.status != 503:
            assert time.monotonic() - started < 20, "the server limits no client"
            largest = max(largest, gate.unsent_bytes)
            refused = ask(large.port, raw)
            assert refused is not None
        check(refused, 503)
        assert largest <= LARGE.max_unsent_bytes
        assert post(large.port, "/models/moody/predict", {"text": "a"}).status == 200
        wait_until(lambda: gate.unsent_bytes == 0 and gate.in_flight == 0, 10)
    assert post(large.port, "/models/moody/predict", {"text": "big 7900000"}).status == 200


def test_a_reader_that_is_slow_without_end_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    """It reads often enough for `send_timeout`, but the whole request has a limit, too."""
    limits, total = replace(LARGE, send_timeout=3.0), 0
    for server in running({"moody": Moody()}, limits):
        gate = server.app.state.gate
        with slow_reader(server.port, request("/models/moody/predict", {"text": "big 7900000"})) as sock:
            started = time.monotonic()
            wait_until(lambda gate=gate: gate.in_flight == 1)
            while gate.in_flight and time.monotonic() - started < 20:
                total += len(sock.recv(10_000))
                time.sleep(0.01)
            seconds = time.monotonic() - started
    assert total < 7_900_000
    assert limits.send_timeout + 0.5 < seconds < limits.body_timeout + limits.response_timeout + limits.send_timeout + 2
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_request_cut_off_at_the_stop_is_answered_503() -> None:
    servers = running({"moody": Moody()}, replace(LIMITS, max_connections=8))
    server = next(servers)
    with connect(server.port) as waiting, connect(server.port) as sending:
        waiting.sendall(request("/models/moody/predict", {"text": "sleep 1.5"}))
        sending.sendall(request(PREDICT, b"", length=1000))
        wait_until(lambda: server.app.state.gate.in_flight == 2)
        server.app.state.gate.stopping = True
        server.server.should_exit = True
        for sock in (waiting, sending):
            answer = read(sock)
            check(answer, 503)
            assert answer is not None and answer.json()["error"] == "The server is stopping."
    with contextlib.suppress(StopIteration):
        next(servers)


def test_connections_beyond_all_bounds_are_closed_at_once() -> None:
    for server in running({"moody": Moody()}, replace(LIMITS, max_connections=2, header_timeout=30)):
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(connect(server.port)) for _ in range(150)]
            wait_until(lambda server=server: len(server.server.config.http_protocol_class.rejected) <= 64)
            answers = [read(sock) for sock in socks[2:]]
            refused = [answer for answer in answers if answer is not None]
            assert len(refused) >= 64 and all(answer.status == 503 for answer in refused)
        wait_until(lambda server=server: not server.server.server_state.connections)
        assert post(server.port, "/models/moody/predict", {"text": "a"}).status == 200


@pytest.mark.parametrize("now", [0.0, -1.0, 4e9], ids=["set back", "before 1970", "ahead"])
def test_the_clock_does_not_matter(served: Running, monkeypatch: pytest.MonkeyPatch, now: float) -> None:
    """Times are measured by a clock that cannot be set."""
    monkeypatch.setattr(time, "time", lambda: now)
    for _ in range(3):
        check_good(served)
    with connect(served.port) as sock:
        started = time.monotonic()
        sock.sendall(request(PREDICT, b"", length=1000))
        check(read(sock), 408)
        assert time.monotonic() - started < LIMITS.body_timeout + 2
    for path in ("/metrics", "/page/script.js", "/ready"):
        check(ask(served.port, get(path)), 200)
    answer = ask(served.port, request(STREAM, {"prompt": "a", "length": 5}))
    assert answer is not None and answer.body.endswith(b'{"done": true}\n')


def test_slow_readers_of_streams_leave_their_places() -> None:
    """The text is generated though nobody reads, and then others have their turn."""
    limits = replace(LIMITS, max_length=100_000, max_queue=100_000, response_timeout=1.5)
    for server in running({"writes": language_model()}, limits):
        raw = request("/models/writes/stream", {"prompt": "a", "length": 100_000})
        with contextlib.ExitStack() as stack:
            for _ in range(limits.max_streams):
                stack.enter_context(slow_reader(server.port, raw))
            wait_until(lambda server=server: server.app.state.gate.in_flight == limits.max_streams)
            check(ask(server.port, raw), 429)
            wait_until(lambda server=server: server.app.state.gate.in_flight == 0, 10)
            answer = ask(server.port, request("/models/writes/stream", {"prompt": "a", "length": 5}))
            assert answer is not None and answer.body.endswith(b'{"done": true}\n')


def test_a_stream_is_no_larger_than_the_limit() -> None:
    limits = replace(LIMITS, max_length=20_000, max_queue=20_000, response_timeout=60.0, max_response_bytes=65_536)
    for server in running({"writes": language_model()}, limits):
        answer = ask(server.port, request("/models/writes/stream", {"prompt": "a", "length": 20_000}), 60)
        assert answer is not None and answer.status == 200 and len(answer.body) <= limits.max_response_bytes + 200
        last = json.loads(answer.body.splitlines()[-1])
        assert last == {"error": "The response would have more than 65536 bytes.", "hint": "Send less at a time."}


def _latency(port: int, raw: bytes) -> tuple[Answer | None, float]:
    """The answer to a request, and the longest time in which /health answers meanwhile."""
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, port, raw, 60)
        longest = 0.0
        while not answer.done():
            started = time.perf_counter()
            assert ask(port, get("/health"), 60)
            longest = max(longest, time.perf_counter() - started)
        return answer.result(), longest


def test_no_body_holds_up_other_requests() -> None:
    """Each has as many bytes as are allowed, and is slow to check where every part of it costs time."""
    path = "/models/waves/predict"
    steps = json.dumps({"measurements": [[""] * 200] * 860}, separators=(",", ":"))
    ragged = {"measurements": [[""]] * 5000}
    keys = {f"{number:x}": 1 for number in range(40_000)}
    cases = [
        (request(path, steps), 422, "measurements.0.0: "),
        (request(path, ragged), 422, "measurements.0.0: "),
        (request(path, {"texts": [1] * 100_000}), 422, "texts.0: "),
        (request(path, keys), 422, "0: Extra inputs are not permitted"),
        (request("/models/waves/drawing", keys), 422, "text: "),
        (request(path, chunks(*[b" "] * 300_000), "Transfer-Encoding: chunked"), 413, "The body has more than 4096"),
    ]
    for server in running({"waves": measured_classifier()}, ServerLimits()):
        for raw, status, error in cases:
            answer, seconds = _latency(server.port, raw)
            check(answer, status)
            assert answer is not None and answer.json()["error"].startswith(error), answer
            assert seconds < 1, (error, seconds)


def test_the_error_of_a_range_is_about_the_range(served: Running) -> None:
    answer = ask(served.port, get("/page/script.js", "Range: bytes=x-y"))
    assert answer is not None and answer.json()["error"] == "The header Range is not valid."
