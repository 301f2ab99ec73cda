"""Parallel trainings, each in a process with one thread.

    python -m grunlp.tuning.training_pool recipe=NAME ...

runs `python -m grunlp.train`, and ends whenever the process that started it ends, so that no training continues
unnoticed in a folder that another command uses.
"""

import os
import runpy
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

_LOG_TAIL_LINES = 12  # of the log of a failed training
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class TrainingJob(NamedTuple):
    """A training to run.

    Attributes:
        folder: its run folder; the log is next to it.
        overrides: its arguments, without `run_dir`.
    """

    folder: Path
    overrides: tuple[str, ...]

    @property
    def finished(self) -> bool:
        """True if the run has a model card, the file that a training writes last."""
        return (self.folder / MODEL_CARD).is_file()

    @property
    def log(self) -> Path:
        """The log file."""
        return self.folder.with_name(f"{self.folder.name}.log")


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class TrainingPool:
    """A pool of training processes, as a context manager that ends them on exit.

    Args:
        jobs: number of parallel trainings; 0: one for each core.
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
        """True if another training may be started."""
        return len(self.running) + len(self.done) < self.jobs

    @property
    def has_running_jobs(self) -> bool:
        """True if a training is running, or has ended and was not yet collected."""
        return bool(self.running or self.done)

    def start(self, training: TrainingJob) -> None:
        """Start a training, unless it is finished."""
        if training.finished:
            self.done.append(training)
            return
        training.folder.parent.mkdir(parents=True, exist_ok=True)
        overwrite = ["overwrite=true"] if (training.folder / CONFIG).is_file() else []
        command = [sys.executable, "-m", "grunlp.tuning.training_pool", *training.overrides, *overwrite]
        with training.log.open("wb") as log:
            self.running[training] = subprocess.Popen(
                [*command, f"run_dir={training.folder}"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | dict.fromkeys(_THREAD_VARIABLES, "1"),
            )

    def wait(self) -> TrainingJob:
        """Wait until a training finishes, and return it.

        Raises:
            UserError: the training failed.
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
        """Run trainings and yield each when it is finished."""
        queue = deque(trainings)
        while queue or self.has_running_jobs:
            while queue and self.has_capacity:
                self.start(queue.popleft())
            yield self.wait()


def _require_success(training: TrainingJob, status: int) -> None:
    if status or not training.finished:
        lines = training.log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
        tail = "\n".join(f"  {line}" for line in lines[-_LOG_TAIL_LINES:]) or "  its log is empty"
        hint = f"See {training.log}; the same command continues with the unfinished trainings."
        raise UserError(f"the training of {training.folder} failed with status {status}", tail, hint)


class ProgressReporter:
    """A reporter that prints a line for each finished training, with the remaining time.

    Args:
        total: number of trainings.
    """

    def __init__(self, total: int) -> None:
        self.total, self.count = total, 0
        self.started = time.perf_counter()
        self.num_done_before = 0

    def update(self, description: str, done_before: bool) -> None:
        """Print a finished training. `done_before` says whether it was finished before this command started."""
        self.count += 1
        self.num_done_before += done_before
        seconds, trained = time.perf_counter() - self.started, self.count - self.num_done_before
        remaining = seconds / trained * (self.total - self.count) if trained else 0.0
        suffix = f"; about {_format_duration(remaining)} left" if remaining else ""
        print(f"[{self.count}/{self.total}] {description}{' (done before)' if done_before else ''}{suffix}", flush=True)


def _format_duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _exit_with_parent() -> None:
    """End this process when its standard input is closed, which means that the parent process has ended."""
    while os.read(0, 1):  # sys.stdin has a lock that the interpreter needs at exit.
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    runpy.run_module("grunlp.train", run_name="__main__", alter_sys=True)
