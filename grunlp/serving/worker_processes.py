"""What computes for a model: this process, or others beside it.

Threads of one process wait for each other wherever Python is at work, the one that speaks HTTP among them: two threads
that label sentences do no more together than one alone. Processes do not.
"""

import logging
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NoReturn

import torch

from grunlp.tasks import Predictor
from grunlp.tasks.classification.predictor import ClassifierPredictor
from grunlp.tasks.forecasting.predictor import ForecastPredictor
from grunlp.tasks.language_modeling.predictor import LanguageModelPredictor
from grunlp.tasks.srl.predictor import SRLPredictor
from grunlp.tasks.tagging.predictor import TaggerPredictor

log = logging.getLogger(__name__)

_SHUTDOWN_TIMEOUT = 5.0  # seconds
MAX_WORK_PER_CALL = 400  # words of a sentence times its predicates that are labelled in one go


class WorkerDied(Exception):
    """Processes that computed something ended before it was done."""


class LocalWorker:
    """This process. Of each sentence of a tagger its record; of one of a labeller the beginning of it, see
    `SRLPredictor.predict_partial`.

    Args:
        predictor: the model; batches are of sentences alone.
    """

    def __init__(self, predictor: Predictor[Any, Any]) -> None:
        self.predictor = predictor

    def warm_up(self) -> None:
        """Compute something small: the first time takes longer than others."""
        predictor = self.predictor
        if isinstance(predictor, ClassifierPredictor) and predictor.num_features is not None:
            predictor([[0.0] * predictor.num_features] * 3)
        elif isinstance(predictor, LanguageModelPredictor):
            replace(predictor, length=3)("a")
        elif not isinstance(predictor, ForecastPredictor):
            predictor("She gave him a book.")

    def __call__(self, items: Sequence[Any], /) -> Sequence[Any]:
        """See `grunlp.serving.dynamic_batching.ComputeBackend`."""
        if isinstance(self.predictor, SRLPredictor):
            return list(self.predictor.predict_partial(items, MAX_WORK_PER_CALL))
        assert isinstance(self.predictor, TaggerPredictor)
        return list(self.predictor.predict_examples(items))

    def close(self) -> None:
        """There is nothing to do."""


class ProcessWorker:
    """A process with a copy of the model, which computes on one core. It ends with this process, however that ends;
    should it be killed, another begins anew what it was at.

    Args:
        predictor: a labeller or tagger.
    """

    def __init__(self, predictor: SRLPredictor | TaggerPredictor) -> None:
        self.predictor = predictor
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: Connection | None = None

    def warm_up(self) -> None:
        """Start it, and wait until it is warm."""
        self.close()
        self.connection, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            # a group of its own, which Ctrl-C does not reach: the server still needs it
            self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment, process_group=0)
        _send(self.connection, self.predictor)
        _receive(self.connection)

    def __call__(self, items: Sequence[Any], /) -> Sequence[Any]:
        """As `LocalWorker`.

        Raises:
            Exception: as the process met it.
            Lost: the process ended, and so did the one after it.
        """
        for _ in range(2):
            try:
                answers = self._request(items)
            except (EOFError, OSError):
                log.error("a process that computed is gone; another takes its place")
                self.close()
                continue
            if isinstance(answers, Exception):
                raise answers
            return list(answers)
        raise WorkerDied

    def _request(self, items: Sequence[Any]) -> Any:
        if self.connection is None:
            self.warm_up()
        assert self.connection is not None
        _send(self.connection, items)
        return _receive(self.connection)

    def close(self) -> None:
        """End it."""
        if self.connection is not None:
            self.connection.close()
        if self.process is not None:
            try:
                self.process.wait(_SHUTDOWN_TIMEOUT)
            except subprocess.TimeoutExpired:  # it is in the middle of something
                self.process.kill()
                self.process.wait()
        self.connection = self.process = None


def make_workers(predictor: Predictor[Any, Any], processes: int) -> Sequence[LocalWorker | ProcessWorker]:
    """For batches of labellers and taggers so many processes; for others, and where there are none, this one."""
    if processes and isinstance(predictor, SRLPredictor | TaggerPredictor):
        return [ProcessWorker(predictor) for _ in range(processes)]
    return [LocalWorker(predictor)]


def _send(connection: Connection, what: object) -> None:
    connection.send_bytes(pickle.dumps(what))  # its own pickler would share the memory of tensors, by way of files


def _receive(connection: Connection) -> Any:
    return pickle.loads(connection.recv_bytes())


def _serve(connection: Connection) -> NoReturn:
    """Answer batches. Raises EOFError or ConnectionError when the other end is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # it ends when the server does
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(1)
    here = LocalWorker(_receive(connection))
    here.warm_up()
    _send(connection, "warm")
    while True:
        parts = _receive(connection)
        try:
            answers: Any = here(parts)
        except Exception as error:
            answers = error
        _send(connection, answers)


if __name__ == "__main__":
    with Connection(int(sys.argv[1])) as theirs, suppress(EOFError, ConnectionError):
        _serve(theirs)
