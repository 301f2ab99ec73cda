"""Processes that compute beside the server: they answer as it would, and leave when they should."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from grunlp.data.raw_text import examples_from_text
from grunlp.serving import worker_processes
from grunlp.serving.dynamic_batching import WorkerDiedError, WorkerKilledError
from grunlp.serving.worker_processes import LocalWorker, ProcessWorker, make_workers
from grunlp.tasks import Predictor
from tests.serving.client import wait_until
from tests.serving.models import language_model

PARTS = list(examples_from_text("She gave him a book.\n\nWas he glad?"))


def gone(pid: int) -> bool:
    """Whether a process has ended; what nobody has waited for yet has, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture(scope="module")
def beside(box: Predictor[Any, Any], slow: None) -> Any:
    computer = ProcessWorker(box)  # type: ignore[arg-type]
    computer.warm_up()
    yield computer
    computer.close()


def test_it_answers_as_this_process_does(beside: ProcessWorker, box: Predictor[Any, Any]) -> None:
    assert beside(PARTS) == LocalWorker(box)(PARTS)
    assert beside.process is not None and beside.process.pid != os.getpid()


def test_its_errors_are_raised_here(beside: ProcessWorker) -> None:
    with pytest.raises((TypeError, KeyError)):
        beside([None])
    assert len(beside(PARTS)) == 3


def test_another_takes_the_place_of_one_that_was_killed_and_it_can_be_closed(beside: ProcessWorker) -> None:
    answers = beside(PARTS)
    assert beside.process is not None
    beside.process.send_signal(signal.SIGTERM)  # which a server that stops leaves to it, and it leaves to the server
    assert beside(PARTS) == answers
    beside.process.kill()
    beside.process.wait()
    assert beside(PARTS) == answers
    process = beside.process
    assert os.getpgid(process.pid) != os.getpgid(0)  # Ctrl-C does not reach it
    beside.close()
    assert process.returncode == 0


def test_what_cannot_be_started_is_lost(box: Predictor[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(WorkerDiedError):
        ProcessWorker(box)(PARTS)  # type: ignore[arg-type]


@pytest.mark.slow
def test_it_ends_with_its_server() -> None:
    """However that ends."""
    script = (
        "import time, grunlp\nfrom grunlp.serving.worker_processes import ProcessWorker\n"
        "b = ProcessWorker(grunlp.load())\nb.warm_up()\nprint(b.process.pid, flush=True)\ntime.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    try:
        assert not gone(pid)
        process.kill()
        process.wait()
        wait_until(lambda: gone(pid), 10)
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_only_sentences_are_computed_beside(box: Predictor[Any, Any]) -> None:
    assert [type(one) for one in make_workers(box, 2)] == [ProcessWorker, ProcessWorker]
    assert [type(one) for one in make_workers(box, 0)] == [LocalWorker]
    assert [type(one) for one in make_workers(language_model(), 2)] == [LocalWorker]


class UnpicklableError(Exception):
    """An exception that cannot be sent through a pipe."""

    def __reduce__(self) -> Any:
        raise TypeError("it stays where it is")


class Panic(BaseException):
    """What code in Rust raises when it panics."""


class Failing:
    """Stands for a labeller whose predictions fail as the words say."""

    def warm_up(self) -> None: ...

    def __call__(self, items: Any) -> Any:
        if items:
            raise {"exit": SystemExit, "panic": Panic, "pickle": UnpicklableError}[items[0]](items[0])
        return []


@pytest.mark.parametrize("kind", ["exit", "panic", "pickle"])
def test_no_exception_ends_the_process(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_processes, "LocalWorker", lambda predictor: Failing())
    ours, theirs = Pipe()
    thread = threading.Thread(target=_serve_until_closed, args=(theirs,), daemon=True)
    with monkeypatch.context() as patched:
        patched.setattr(signal, "signal", lambda *_: None)  # which only the main thread may call
        patched.setattr("torch.set_num_threads", lambda _: None)
        thread.start()
        with ours:
            worker_processes._send(ours, "a predictor")
            assert worker_processes._receive(ours) == "warm"
            worker_processes._send(ours, [kind])
            assert isinstance(worker_processes._receive(ours), RuntimeError)
            worker_processes._send(ours, [])
            assert worker_processes._receive(ours) == []
        thread.join(5)
    assert not thread.is_alive()


def _serve_until_closed(connection: Any) -> None:
    with connection, suppress(EOFError, ConnectionError):
        worker_processes._serve(connection)


def test_a_frozen_process_is_killed_and_replaced(beside: ProcessWorker) -> None:
    answers = beside(PARTS)
    assert beside.alive and beside.process is not None
    frozen = beside.process
    frozen.send_signal(signal.SIGSTOP)
    threading.Timer(0.5, beside.kill).start()
    with pytest.raises(WorkerKilledError):
        beside(PARTS)
    assert not beside.alive and gone(frozen.pid)
    beside.warm_up()
    assert beside.alive and beside(PARTS) == answers


def test_a_check_finds_a_dead_process(beside: ProcessWorker) -> None:
    beside.check()
    assert beside.alive and beside.process is not None
    beside.process.kill()
    beside.process.wait()
    assert not beside.alive
    beside.check()
    assert beside.process is None
    beside.warm_up()
    assert beside.alive
