"""Checkpoints from which a training resumes as if it had never been interrupted.

A checkpoint is saved before a batch, and only when no gradients are accumulated. It contains the weights, their
average, the optimizer, the schedule, the state of early stopping and of the selection of the best epoch, and the
position in the epoch. It contains no state of random generators, because the random numbers of a batch depend only on
the seed, the epoch and the index of the batch (`grunlp.training.datamodule_base.derive_seed`).
"""

import csv
import logging
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from lightning_fabric.plugins import TorchCheckpointIO
from pytorch_lightning import LightningModule, Trainer, callbacks
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from pytorch_lightning.loggers.csv_logs import ExperimentWriter
from pytorch_lightning.trainer.connectors import checkpoint_connector
from torch import Tensor

from grunlp.runs.file_list import list_run_file, run_file
from grunlp.runs.layout import LOG_DIR, RESUME_CHECKPOINT
from grunlp.training.datamodule_base import datamodule_of, derive_seed
from grunlp.utils import distributed
from grunlp.utils.atomic_io import atomic_path
from grunlp.utils.error_translation import wrap_library_errors
from grunlp.utils.errors import DataError, UserError
from grunlp.utils.signals import TerminationSignal, raise_signal, signal_handlers

log = logging.getLogger(__name__)

_NOT_A_CHECKPOINT, _START_HINT = "is not a checkpoint of grunlp", "Remove it to train from the start."


class AtomicCheckpointIO(TorchCheckpointIO):
    """Checkpoint input and output that writes atomically, and reads only tensors and plain values, never code."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write a checkpoint, into `checkpoint/` of a run folder."""
        file = Path(path)
        with atomic_path(run_file(file.parent.parent, f"{file.parent.name}/{file.name}")) as temporary:
            try:
                with temporary.open("wb") as stream:
                    torch.save(checkpoint, stream)
            except RuntimeError as error:  # torch's own, raised while it handled that of the stream
                if isinstance(error.__context__, OSError):
                    raise error.__context__ from None
                raise

    def load_checkpoint(self, path: Any, map_location: Any = "cpu", weights_only: bool | None = True) -> dict[str, Any]:
        """Read a checkpoint, always with `weights_only=True`."""
        with wrap_library_errors(path, _NOT_A_CHECKPOINT, _START_HINT):  # the unpickler raises anything
            checkpoint: dict[str, Any] = torch.load(path, map_location=map_location, weights_only=True)
            parts = (("global_step", int), ("callbacks", dict))  # Lightning ignores it if the latter is missing
            if not all(isinstance(checkpoint.get(name), kind) for name, kind in parts):
                raise ValueError("the number of steps or the state of the callbacks is missing")
        return checkpoint


@contextmanager
def translate_restore_errors(trainer: Trainer, path: Path) -> Iterator[None]:
    """Convert errors of Lightning while it restores the state of a training from a checkpoint to DataError.

    Args:
        trainer: the trainer, with a `ResumeCheckpoint`.
        path: the checkpoint.
    """
    callback = resume_checkpoint_of(trainer)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        frames = traceback.walk_tb(error.__traceback__)
        is_restoring = any(frame.f_code.co_filename == checkpoint_connector.__file__ for frame, _ in frames)
        if callback.has_begun or not is_restoring:
            raise
        details = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        raise DataError(path, None, _NOT_A_CHECKPOINT, details, _START_HINT) from error


class ModelCheckpoint(callbacks.ModelCheckpoint):
    """A callback that keeps the epochs with the best scores; if one cannot be saved, those saved before are kept.

    Attributes:
        write_error: why the last epoch that should have been kept was not saved; None if it was.
    """

    write_error: UserError | None = None

    def _update_best_and_save(self, current: Tensor, trainer: Trainer, monitor_candidates: dict[str, Tensor]) -> None:
        before = self.state_dict() | {"best_k_models": dict(self.best_k_models)}
        update = super()._update_best_and_save
        self.write_error = _try_to_save(trainer, lambda: update(current, trainer, monitor_candidates))
        if self.write_error is not None:
            log.warning("the weights of this epoch were not saved: %s", self.write_error.message)
            for name, value in before.items():
                setattr(self, name, value)


def _try_to_save(trainer: Trainer, save: Callable[[], None]) -> UserError | None:
    """Call a function that saves a checkpoint, and return why it could not be written; all ranks return the same.

    A full disk should not end the training.
    """
    error = None
    try:
        save()
    except UserError as caught:  # on rank 0, which writes
        error = caught
        trainer.strategy.barrier()  # the one after writing, where the other ranks wait
    if distributed.all_reduce_max(int(error is not None)):
        return error or UserError("the first process could not write the checkpoint")
    return None


class ResumeCheckpoint(Callback):
    """A callback that saves checkpoints to resume from, periodically and when a signal interrupts the training.

    It must come after all callbacks that act at the start of a batch.

    Args:
        folder: folder of the checkpoints.
        seed: random seed of the training.
        every_n_seconds: seconds between checkpoints; 0: save only at the end of each epoch.

    Attributes:
        seconds: duration of the training, including that before an interruption.
        peak_memory: peak memory of the processes of the training, in MiB.
        has_begun: whether the training has begun, after its state was restored.
    """

    def __init__(self, folder: Path, seed: int, every_n_seconds: float) -> None:
        self.path, self.seed, self.every_n_seconds = folder / RESUME_CHECKPOINT, seed, every_n_seconds
        self.previous_seconds, self.peak_memory = 0.0, 0.0
        self.started = self.last_saved = time.monotonic()
        self.resumed = self.has_begun = False
        self.pending_signal: int | None = None
        self._signal_scope = ExitStack()

    @property
    def seconds(self) -> float:
        """Duration of the training so far."""
        return self.previous_seconds + time.monotonic() - self.started

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"seconds": self.seconds, "memory": max(self.peak_memory, peak_memory_mib())}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        self.previous_seconds, self.peak_memory = float(state_dict["seconds"]), float(state_dict["memory"])

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Correct the paths of other checkpoints if the run was moved, and mark the current batch as not started."""
        _require_numbers(checkpoint["loops"])
        for state in checkpoint["callbacks"].values():
            _require_numbers({name: state[name] for name in ("best_score", "best_k_models") if name in state})
            if "best_k_models" in state:
                _relocate_checkpoints(state, self.path.parent.resolve())
        loops = checkpoint["loops"]["fit_loop"]
        batches = loops["epoch_loop.batch_progress"]
        batches["current"]["ready"], batches["is_last_batch"] = batches["current"]["completed"], False
        loops["epoch_loop.state_dict"]["_batches_that_stepped"] -= 1  # the trainer adds one when it starts
        self.resumed = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Handle signals; in a resumed epoch, call the epoch-start hooks, which the trainer skips."""
        self.has_begun = True
        self.started = self.last_saved = time.monotonic()
        self._signal_scope.enter_context(signal_handlers(self._on_signal))
        if not self.resumed:
            return
        epoch, batch = datamodule_of(trainer).resume_position
        log.info("resuming at epoch %d, batch %d", epoch + 1, datamodule_of(trainer).global_batch_index(batch) + 1)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            callback.on_train_epoch_start(trainer, pl_module)
        pl_module.on_train_epoch_start()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Save a checkpoint if it is due, then seed the random generator for the batch."""
        data, epoch = datamodule_of(trainer), trainer.current_epoch
        if batch_idx % trainer.accumulate_grad_batches == 0:
            # if one process has to save, all do, because saving needs all of them
            self.pending_signal = distributed.all_reduce_max(self.pending_signal or 0) or None
            if distributed.all_reduce_max(self._should_save(batch_idx, epoch)):
                data.resume_position = (epoch, batch_idx)
                self._save(trainer)
            if self.pending_signal is not None:
                raise TerminationSignal(self.pending_signal)
        torch.manual_seed(derive_seed(self.seed, epoch, data.global_batch_index(batch_idx), 0))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the previous signal handlers."""
        self._signal_scope.close()
        if self.pending_signal is not None:
            raise TerminationSignal(self.pending_signal)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Restore the previous signal handlers."""
        self._signal_scope.close()

    def _should_save(self, batch: int, epoch: int) -> bool:
        if self.pending_signal is not None:
            return True
        if not self.every_n_seconds:
            return batch == 0 and epoch > 0
        return time.monotonic() - self.last_saved >= self.every_n_seconds

    def _save(self, trainer: Trainer) -> None:
        error = _try_to_save(trainer, lambda: trainer.save_checkpoint(self.path))
        if error is not None:
            log.warning("no checkpoint to resume from was saved: %s", error.message)
        for logger in trainer.loggers:
            logger.save()
        self.last_saved = time.monotonic()

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        """Handle a signal: the first one stops before the next batch, the second one stops at once."""
        if self.pending_signal is not None:
            raise_signal(signum, frame)
        self.pending_signal = signum
        if distributed.rank() == 0:
            print("stopping after saving a checkpoint; press again to stop at once", file=sys.stderr, flush=True)


def resume_checkpoint_of(trainer: Trainer) -> ResumeCheckpoint:
    """Return the callback of a trainer that saves checkpoints to resume from."""
    (callback,) = (c for c in trainer.callbacks if isinstance(c, ResumeCheckpoint))  # type: ignore[attr-defined]
    return callback


def _require_numbers(state: Any) -> None:
    """Raise TypeError unless all values in nested dictionaries are numbers."""
    if isinstance(state, dict):
        for value in state.values():
            _require_numbers(value)
    elif not isinstance(state, int | float | Tensor):
        raise TypeError(f"{state!r:.60} is not a number")


def _relocate_checkpoints(state: dict[str, Any], folder: Path) -> None:
    """Change the paths in the state of a ModelCheckpoint to files in a folder."""

    def moved(path: str) -> str:
        return str(folder / Path(path).name) if path else path

    state["dirpath"] = str(folder)
    for name in ("best_model_path", "last_model_path", "kth_best_model_path"):
        state[name] = moved(state[name])
    state["best_k_models"] = {moved(path): score for path, score in state["best_k_models"].items()}


@contextmanager
def _warn_on_full_disk(folder: Path) -> Iterator[None]:
    """Let a training go on whose logs cannot be written."""
    try:
        yield
    except (OSError, ValueError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__  # Lightning names a wrong cause
        if not isinstance(cause, OSError):
            raise
        log.warning("cannot write to %s: %s", folder, cause.strerror or cause)


class RunTensorBoardLogger(TensorBoardLogger):
    """A TensorBoard logger that lists its files as files of the run.

    Args:
        run_dir: the run folder; the files are in `logs/tensorboard`.
    """

    def __init__(self, run_dir: Path) -> None:
        self.folder, self.is_closed = (run_dir / LOG_DIR / "tensorboard").absolute(), False
        super().__init__(self.folder.parent, name="", version=self.folder.name)
        if distributed.rank() == 0:
            run_file(run_dir, f"{LOG_DIR}/tensorboard/{self.NAME_HPARAMS_FILE}").unlink(missing_ok=True)
            before = set(self.folder.iterdir())
            self.experiment  # noqa: B018 - makes the file of this process
            for file in set(self.folder.iterdir()) - before:
                list_run_file(run_dir, f"{LOG_DIR}/tensorboard/{file.name}")

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log metrics, unless the disk was full before: the thread that writes them has then ended."""
        if self.is_closed:
            return
        self.is_closed = True
        with _warn_on_full_disk(self.folder):
            super().log_metrics(metrics, step)
            self.is_closed = False

    def save(self) -> None:
        """Write what is logged to the disk."""
        with _warn_on_full_disk(self.folder):
            super().save()

    def finalize(self, status: str) -> None:
        """Write what is logged, and close the file."""
        with _warn_on_full_disk(self.folder):
            super().finalize(status)

    @property
    def log_dir(self) -> str:
        """The folder; that of the base class expands `~` and `$` in its name."""
        return str(self.folder)


class AppendingCSVLogger(CSVLogger):
    """A CSV logger that continues the file of an interrupted training instead of replacing it.

    Args:
        run_dir: the run folder; the file is `logs/csv/metrics.csv`.
        from_step: rows from this step on are replaced; 0 replaces all.
    """

    def __init__(self, run_dir: Path, from_step: int) -> None:
        folder = (run_dir / LOG_DIR / "csv").absolute()  # in a relative one, "~" is expanded
        super().__init__(folder.parent, name="", version=folder.name)
        if distributed.rank() == 0:
            run_file(run_dir, f"{LOG_DIR}/csv/{ExperimentWriter.NAME_HPARAMS_FILE}").unlink(missing_ok=True)
            run_file(run_dir, f"{LOG_DIR}/csv/{ExperimentWriter.NAME_METRICS_FILE}")
        file, rows = folder / "metrics.csv", list[dict[str, Any]]()
        if from_step and file.is_file():
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            is_complete = lines[-1:] and lines[-1].endswith("\n")  # killed while writing, it may have a partial line
            complete = lines if is_complete else lines[:-1]
            rows = [row for row in csv.DictReader(complete) if int(row["step"]) < from_step]
        self.experiment.metrics = [{name: value for name, value in row.items() if value} for row in rows]
        self.save()  # now, since the experiment has removed the file

    def save(self) -> None:
        """Write the rows to the disk."""
        with _warn_on_full_disk(Path(self.log_dir)):
            super().save()


def completed_steps(checkpoint: Path) -> int:
    """Return the number of optimizer steps before a checkpoint; 0 if it does not exist."""
    if not checkpoint.is_file():
        return 0
    return int(AtomicCheckpointIO().load_checkpoint(checkpoint)["global_step"])


def peak_memory_mib() -> float:
    """Return the peak memory of this process in MiB; 0 if the system does not report it."""
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
