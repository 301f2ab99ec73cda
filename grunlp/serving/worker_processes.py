"""The workers that predict for a model: this process, or separate processes.

Threads of one process compete for Python's global interpreter lock, also with the thread that handles HTTP, so two
threads that predict sentences are not faster than one. Processes do not compete for it.
"""

import logging
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NoReturn

import torch

from grunlp.serving.dynamic_batching import WorkerDiedError, WorkerKilledError
from grunlp.serving.errors import as_exception
from grunlp.tasks import Predictor
from grunlp.tasks.predictor import SentencePredictor

log = logging.getLogger(__name__)

_SHUTDOWN_TIMEOUT = 5.0  # seconds
MAX_WORK_PER_CALL = 400  # words of a sentence times its predicates that are predicted in one call


class LocalWorker:
    """A worker in this process. Its results are those of `SentencePredictor.predict_partial`.

    Args:
        predictor: the model. Batches contain only sentences; other inputs are predicted directly.
    """

    alive = True  # It cannot be killed either.

    def __init__(self, predictor: Predictor[Any, Any]) -> None:
        self.predictor = predictor

    def warm_up(self) -> None:
        """Predict a small input: the first prediction takes longer than later ones."""
        self.predictor.warm_up()

    def __call__(self, items: Sequence[Any], /) -> Sequence[Any]:
        """Predict a batch, as `grunlp.serving.dynamic_batching.ComputeBackend` describes."""
        assert isinstance(self.predictor, SentencePredictor)
        return list(self.predictor.predict_partial(items, MAX_WORK_PER_CALL))

    def check(self) -> None:
        """Do nothing, like `kill` and `close`, because a local worker has no process."""

    kill = close = check


class ProcessWorker:
    """A process with a copy of the model, which predicts on one core.

    It ends when this process ends, for whatever reason. If somebody else kills it, another process repeats its batch.

    Args:
        predictor: the model.
    """

    def __init__(self, predictor: SentencePredictor) -> None:
        self.predictor = predictor
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: Connection | None = None
        self._warm = self._killed = False

    @property
    def alive(self) -> bool:
        """Whether the process is warm and has not ended."""
        process = self.process
        return self._warm and process is not None and process.poll() is None

    def warm_up(self) -> None:
        """Start a process, in place of an earlier one, and wait until it has predicted a small input."""
        self.close()
        self._killed = False
        self.connection, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            # Its own process group, which Ctrl-C does not reach: the server still needs it.
            self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment, process_group=0)
        _send(self.connection, self.predictor)
        _receive(self.connection)
        self._warm = True

    def __call__(self, items: Sequence[Any], /) -> Sequence[Any]:
        """Predict a batch, as `LocalWorker` does.

        Raises:
            Exception: the exception that the process raised.
            WorkerDiedError: the process ended, and so did the one that replaced it.
            WorkerKilledError: `kill` was called.
        """
        for _ in range(2):
            try:
                answers = self._request(items)
            except (EOFError, OSError):
                self.close()
                if self._killed:
                    log.error("a worker process did not answer in time and was killed")
                    raise WorkerKilledError from None
                log.error("a worker process has died")
                continue
            if isinstance(answers, Exception):
                raise answers
            return list(answers)
        raise WorkerDiedError

    def check(self) -> None:
        """Let the process predict nothing; a process that does not answer is closed."""
        try:
            self._request([])
        except (EOFError, OSError):
            self.close()
            log.error("a worker process was found dead")

    def kill(self) -> None:
        """End the process by force; a running call raises WorkerKilledError."""
        self._killed = True
        if (process := self.process) is not None:
            process.kill()

    def _request(self, items: Sequence[Any]) -> Any:
        if self.connection is None:
            self.warm_up()
        assert self.connection is not None
        _send(self.connection, items)
        return _receive(self.connection)

    def close(self) -> None:
        """End the process."""
        self._warm = False
        if self.connection is not None:
            self.connection.close()
        if self.process is not None:
            try:
                self.process.wait(_SHUTDOWN_TIMEOUT)
            except subprocess.TimeoutExpired:  # It is still computing.
                self.process.kill()
                self.process.wait()
        self.connection = self.process = None


def make_workers(predictor: Predictor[Any, Any], num_processes: int) -> Sequence[LocalWorker | ProcessWorker]:
    """Make the workers of a model: processes for batches of sentences, or this process if `num_processes` is 0."""
    if num_processes and isinstance(predictor, SentencePredictor):
        return [ProcessWorker(predictor) for _ in range(num_processes)]
    return [LocalWorker(predictor)]


def _send(connection: Connection, message: object) -> None:
    # Connection.send would share the memory of tensors through files.
    connection.send_bytes(pickle.dumps(message))


def _receive(connection: Connection) -> Any:
    return pickle.loads(connection.recv_bytes())


def _serve(connection: Connection) -> NoReturn:
    """Predict batches received through a connection. Raises EOFError or ConnectionError when it is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # It ends when the server does.
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(1)
    worker = LocalWorker(_receive(connection))
    worker.warm_up()
    _send(connection, "warm")
    while True:
        items = _receive(connection)
        try:
            answers: Any = worker(items)
        except BaseException as error:
            answers = as_exception(error)
        try:
            _send(connection, answers)
        except (pickle.PicklingError, TypeError, AttributeError):  # an exception of a library
            _send(connection, RuntimeError(f"{type(answers).__name__}: {answers}"))


if __name__ == "__main__":
    with Connection(int(sys.argv[1])) as theirs, suppress(EOFError, ConnectionError):
        _serve(theirs)
