"""The `serve` command: shutdown, log, run paths and errors."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import grunlp
from grunlp import serve
from tests.conftest import Call
from tests.serving.client import Answer, ask, connect, post, read, request, wait_until
from tests.serving.test_worker_processes import gone


@pytest.fixture
def process(slow: None) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The command, and the port it found."""
    command = [sys.executable, "-m", "grunlp.serve", "port=0", "max_tokens=3000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        said = running.stderr.readline()
        found = re.search(r"serving default at http://127.0.0.1:(\d+)", said)
        assert found, said
        try:
            yield running, int(found[1])
        finally:
            running.kill()


def test_it_finishes_what_it_took(process: tuple[subprocess.Popen[str], int]) -> None:
    running, port = process
    assert post(port, "/models/default/predict", {"text": "He left."}).status == 200
    answers: list[Answer | None] = []
    long = request("/models/default/predict", {"text": "She gave him a book, and he left. " * 150})
    thread = threading.Thread(target=lambda: answers.append(ask(port, long, 60)))
    with connect(port) as idle:
        thread.start()
        time.sleep(0.1)
        running.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        idle.sendall(request("/models/default/predict", {"text": "He left."}))
        refused = read(idle)
    assert refused is not None and refused.status == 503 and refused.headers["connection"] == "close"
    thread.join(60)
    (answer,) = answers
    assert answer is not None and answer.status == 200 and len(answer.json()["records"][0]) == 150
    assert running.wait(20) == 0
    assert running.stderr is not None and "Traceback" not in running.stderr.read()


def test_told_twice_it_ends_at_once(process: tuple[subprocess.Popen[str], int]) -> None:
    running, port = process
    assert post(port, "/models/default/predict", {"text": "He left."}).status == 200
    long = request("/models/default/predict", {"text": "She gave him a book, and he left. " * 290})
    with ExitStack() as clients:
        for _ in range(4):  # seconds of work
            clients.enter_context(connect(port)).sendall(long)
        time.sleep(0.3)
        for _ in range(2):
            running.send_signal(signal.SIGTERM)
            time.sleep(0.05)
        assert running.wait(20) == 0
    assert running.stderr is not None
    assert [line for line in running.stderr if not line.startswith("recurrence: ")] == []


def test_clients_write_nothing_to_its_log(process: tuple[subprocess.Popen[str], int]) -> None:
    running, port = process
    for raw, status in (
        (request("/models/default/predict", {"text": "a " * 1000}), 200),
        (b"noise\r\n\r\n", 400),
        (request("/models", None, "Upgrade: websocket", "Connection: Upgrade", method="GET"), 200),
    ):
        answer = ask(port, raw)
        assert answer is not None and answer.status == status
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 0
    assert running.stderr is not None
    assert [line for line in running.stderr if not line.startswith("recurrence: ")] == []  # said once


def small_limits() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_without_descriptors_it_answers_and_logs_a_line_a_minute(start: Any) -> None:
    """Of three hundred connections, most are closed; the log stays short, and then all is as before."""
    process, port = start("workers=1", preexec_fn=small_limits)
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(port))
        time.sleep(3)
    wait_until(lambda: status_of(port, "/ready") == 200, 30)
    assert post(port, "/models/default/predict", {"text": "He left."}).status == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert process.stderr is not None and len(process.stderr.read()) < 5000


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_descriptors_that_run_out_are_logged_once(start: Any) -> None:
    """Even where something else takes them: the limit is lowered while the server runs."""
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("needs prlimit")
    process, port = start("workers=0")
    used = len(os.listdir(f"/proc/{process.pid}/fd"))
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (used + 2, 4096))
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(connect(port))
        time.sleep(3)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (4096, 4096))
    wait_until(lambda: status_of(port, "/ready") == 200, 30)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert process.stderr is not None
    written = process.stderr.read()
    assert written.count("out of system resource") == 1 and len(written) < 5000


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
def test_a_disk_that_is_full_for_a_while(start: Any) -> None:
    """No file can grow: the server answers, and a worker that dies is replaced as soon as there is space again."""
    import resource

    process, port = start("workers=1")
    (worker,) = children(process.pid)
    for pid in (process.pid, worker):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    for route in ("predict", "drawing"):
        assert post(port, f"/models/default/{route}", {"text": "She gave him a book. " * 200}).status == 200
    for path in ("/", "/docs", "/docs/files/swagger-ui-bundle.js", "/metrics", "/openapi.json"):
        assert status_of(port, path) == 200
    os.kill(worker, signal.SIGKILL)
    answer = ask(port, request("/models/default/predict", {"text": "He left."}), 60)
    assert answer is not None and answer.status in (200, 503)  # libraries may need a temporary file to start
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: status_of(port, "/ready") == 200, 180)
    assert post(port, "/models/default/predict", {"text": "He left."}).status == 200


def test_a_run_has_its_whole_path(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise what is hidden of it in answers would be every "."."""
    seen: dict[str, Any] = {}
    monkeypatch.setattr(serve, "_serve", lambda models, *_: seen.update(models))
    folder = grunlp.load("default").path
    monkeypatch.chdir(folder)
    assert call(serve.main, "run=.", "port=0")[0] == 0
    assert seen["default"].path == folder.resolve()


def test_mistakes(call: Call) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments, said in (
            ([f"port={port}"], "port=0"),
            ([f"host={'a' * 70}"], "address of this machine"),
            (["host=ex ample..com"], "address of this machine"),
            (["host=no.such.host.invalid"], "address of this machine"),
            (["run=nowhere"], "nowhere"),
            (["max_textes=3"], "Did you mean max_texts?"),
            (["max_tokens=20000"], "Type max_queue=20000"),
            (["port=99999"], "it must be from 0 to 65535"),
            (["body_timeout=0"], "it must be from 0.1"),
        ):
            status, out, err = call(serve.main, *arguments)
            assert status == 2 and said in err and not out, err


def test_help_names_every_key_with_its_default(call: Call) -> None:
    status, out, _ = call(serve.main, "--help")
    assert status == 0
    for key, value in ((key, option.default) for key, option in serve.list_options([])["serve"].items()):
        assert f"  {key}={'null' if value is None else value} " in out, key


def children(pid: int) -> list[int]:
    """The processes that a process has started, but for those that have ended."""
    found = [child for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()]
    return [int(child) for child in found if not gone(int(child))]


@pytest.fixture
def start(slow: None) -> Iterator[Callable[..., tuple[subprocess.Popen[str], int]]]:
    """Starts the command with further arguments and waits until it is ready; returns it and its port."""
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **options: Any) -> tuple[subprocess.Popen[str], int]:
        command = [sys.executable, "-m", "grunlp.serve", "port=0", *arguments]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)
        processes.append(process)
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"serving .* at http://127.0.0.1:(\d+)", line):
                break
        else:
            raise AssertionError("it did not start")
        wait_until(lambda: status_of(int(found[1]), "/ready") == 200, 180)
        return process, int(found[1])

    yield run
    for process in processes:
        for child in children(process.pid) if process.poll() is None else []:
            os.kill(child, signal.SIGKILL)
        process.kill()
        process.communicate()


def status_of(port: int, path: str) -> int:
    answer = ask(port, request(path, method="GET"))
    assert answer is not None
    return answer.status


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("signals", [1, 2])
def test_a_stop_with_frozen_workers_ends(start: Any, signals: int) -> None:
    """One signal: the waiting request is answered 503 and the processes are killed in time. Two: at once."""
    process, port = start("workers=2", "shutdown_timeout=1", "response_timeout=20")
    frozen = children(process.pid)
    assert len(frozen) == 2
    for child in frozen:
        os.kill(child, signal.SIGSTOP)
    answers: list[Answer | None] = []
    thread = threading.Thread(
        target=lambda: answers.append(ask(port, request("/models/default/predict", {"text": "He left."}), 30))
    )
    thread.start()
    time.sleep(0.3)
    started = time.monotonic()
    for _ in range(signals):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
    assert process.wait(20) == 0
    assert time.monotonic() - started < (15 if signals == 1 else 2)
    thread.join(10)
    wait_until(lambda: all(map(gone, frozen)), 2)
    if signals == 1:
        (answer,) = answers
        assert answer is not None and answer.status == 503 and answer.json()["error"] == "The server is stopping."
        assert process.stderr is not None and "Traceback" not in process.stderr.read()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", ["frozen", "killed"])
def test_a_worker_is_replaced_while_nobody_asks(start: Any, how: str) -> None:
    process, port = start("workers=1")
    (worker,) = children(process.pid)
    started = time.monotonic()
    os.kill(worker, signal.SIGSTOP if how == "frozen" else signal.SIGKILL)
    wait_until(lambda: status_of(port, "/ready") == 503, 20)  # a check each 5 seconds, which waits for 10
    assert status_of(port, "/health") == 200
    wait_until(lambda: status_of(port, "/ready") == 200, 40)
    assert time.monotonic() - started < 45
    assert gone(worker) and len(children(process.pid)) == 1
    assert post(port, "/models/default/predict", {"text": "He left."}).status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_that_freezes_while_it_predicts_is_replaced(start: Any) -> None:
    process, port = start("workers=1", "response_timeout=2")
    (worker,) = children(process.pid)
    os.kill(worker, signal.SIGSTOP)
    for _ in range(3):
        assert post(port, "/models/default/predict", {"text": "He left."}).status in (200, 503)
    wait_until(lambda: gone(worker), 10)
    wait_until(lambda: status_of(port, "/ready") == 200, 40)
    assert post(port, "/models/default/predict", {"text": "He left."}).status == 200
