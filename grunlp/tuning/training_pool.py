"""Trainings side by side, each a process of its own on one thread.

    python -m grunlp.tuning.training_pool recipe=NAME ...

is `python -m grunlp.train` that ends when the process that started it does, however that ended: no training goes on
unseen in a folder that another command has taken up.
"""

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from grunlp.runs.layout import CONFIG, MODEL_CARD
from grunlp.utils.errors import UserError

_LOG_TAIL_LINES = 12  # lines of a log that are shown
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class TrainingJob(NamedTuple):
    """One to be done.

    folder: of its run; its log is beside it.
    overrides: what to type, but for the folder.
    """

    folder: Path
    overrides: tuple[str, ...]

    @property
    def finished(self) -> bool:
        """Whether its run lies there. The card is written last."""
        return (self.folder / MODEL_CARD).is_file()

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder.with_name(f"{self.folder.name}.log")


def usable_cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class TrainingPool:
    """Trains so many at a time; a context that no training outlives.

    Args:
        jobs: how many; 0: one a usable core.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs or usable_cores()
        self.running: dict[TrainingJob, subprocess.Popen[bytes]] = {}
        self.done: deque[TrainingJob] = deque()

    def __enter__(self) -> "TrainingPool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait()

    @property
    def has_capacity(self) -> bool:
        """Whether another may be started."""
        return len(self.running) + len(self.done) < self.jobs

    @property
    def has_running_jobs(self) -> bool:
        """Whether there is one to wait for."""
        return bool(self.running or self.done)

    def start(self, training: TrainingJob) -> None:
        """Start one. Of a finished training nothing is done again."""
        if training.finished:
            self.done.append(training)
            return
        training.folder.parent.mkdir(parents=True, exist_ok=True)
        again = ["overwrite=true"] if (training.folder / CONFIG).is_file() else []
        command = [sys.executable, "-m", "grunlp.tuning.training_pool", *training.overrides, *again]
        with training.log.open("wb") as log:
            self.running[training] = subprocess.Popen(
                [*command, f"run_dir={training.folder}"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | dict.fromkeys(_THREAD_VARIABLES, "1"),
            )

    def wait(self) -> TrainingJob:
        """The next that is done.

        Raises:
            UserError: it failed.
        """
        while not self.done:
            for training, process in list(self.running.items()):
                if process.poll() is not None:
                    del self.running[training]
                    _require_success(training, process.returncode)
                    self.done.append(training)
            if not self.done:
                time.sleep(0.1)
        return self.done.popleft()

    def run(self, trainings: Iterable[TrainingJob]) -> Iterator[TrainingJob]:
        """All of them, as they are done."""
        left = deque(trainings)
        while left or self.has_running_jobs:
            while left and self.has_capacity:
                self.start(left.popleft())
            yield self.wait()


def _require_success(training: TrainingJob, status: int) -> None:
    if status or not training.finished:
        lines = training.log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
        there = "\n".join(f"  {line}" for line in lines[-_LOG_TAIL_LINES:]) or "  it said nothing"
        way = f"See {training.log}; the same command goes on with what is not done."
        raise UserError(f"the training of {training.folder} failed with status {status}", there, way)


class ProgressReporter:
    """A line for each training that is done, with the time left.

    Args:
        total: how many there are.
    """

    def __init__(self, total: int) -> None:
        self.total, self.count = total, 0
        self.started = time.perf_counter()
        self.first = 0  # done before, and therefore at once

    def update(self, what: str, done_before: bool) -> None:
        """Print what was done."""
        self.count += 1
        self.first += done_before
        seconds, new = time.perf_counter() - self.started, self.count - self.first
        left = seconds / new * (self.total - self.count) if new else 0.0
        after = f"; about {_format_duration(left)} left" if left else ""
        print(f"[{self.count}/{self.total}] {what}{' (done before)' if done_before else ''}{after}", flush=True)


def _format_duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _exit_with_parent() -> None:
    """End when the other side of standard input does."""
    while os.read(0, 1):  # not sys.stdin, whose lock the interpreter would want at its end
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    from grunlp.train import main

    sys.exit(main())
