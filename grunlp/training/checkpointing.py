"""Checkpoints from which a training goes on as though it had never stopped.

One is taken before a batch is trained on, and only where no gradients wait for an update. It holds the weights, their
average, the optimiser, the schedule, what early stopping and the choice of the best epoch have seen, and the position
in the epoch. No state of random generators is among it: whatever a batch draws begins from the seed, the epoch and the
number of the batch (`grunlp.training.datamodule_base.derive_seed`).
"""

import csv
import logging
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from lightning_fabric.plugins import TorchCheckpointIO
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import CSVLogger

from grunlp.training.datamodule_base import datamodule_of, derive_seed
from grunlp.utils import distributed
from grunlp.utils.atomic_io import atomic_path
from grunlp.utils.errors import UserError
from grunlp.utils.signals import TerminationSignal, raise_signal, signal_handlers

log = logging.getLogger(__name__)

RESUME_CHECKPOINT = "resume.ckpt"


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes checkpoints whole or not at all; reads tensors and plain values from them, and never code."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write one."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(Path(path)) as part:
            torch.save(checkpoint, part)

    def load_checkpoint(self, path: Any, map_location: Any = "cpu", weights_only: bool | None = True) -> dict[str, Any]:
        """Read one, always as weights only."""
        try:
            found: dict[str, Any] = torch.load(path, map_location=map_location, weights_only=True)
        except Exception as error:  # whatever the unpickler finds wrong
            there = str(error).splitlines()[0]
            way = "Remove it to train from the beginning."
            raise UserError(f"{path}: no checkpoint of grunlp", there, way) from None
        return found


class ResumeCheckpoint(Callback):
    """Saves checkpoints to go on from, at times and when the training is told to end. It stands behind the callbacks
    that do something at the beginning of a batch.

    Args:
        folder: of the checkpoints.
        seed: of the training.
        every_n_seconds: seconds between them; 0 saves at each epoch's end alone.

    Attributes:
        seconds: that the training has taken, before it was interrupted included.
        peak_memory: most that its processes have held, in MiB.
    """

    def __init__(self, folder: Path, seed: int, every_n_seconds: float) -> None:
        self.path, self.seed, self.every_n_seconds = folder / RESUME_CHECKPOINT, seed, every_n_seconds
        self.previous_seconds, self.peak_memory = 0.0, 0.0
        self.started = self.last_saved = time.monotonic()
        self.resumed = False
        self.pending_signal: int | None = None  # the signal that told it to end
        self._signal_scope = ExitStack()

    @property
    def seconds(self) -> float:
        """So far."""
        return self.previous_seconds + time.monotonic() - self.started

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"seconds": self.seconds, "memory": max(self.peak_memory, peak_memory_mib())}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Count on from there."""
        self.previous_seconds, self.peak_memory = state_dict["seconds"], state_dict["memory"]

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Say where the other checkpoints lie, should the run have been moved, and that no batch is begun."""
        for state in checkpoint["callbacks"].values():
            if "best_k_models" in state:
                _relocate_checkpoints(state, self.path.parent.resolve())
        loops = checkpoint["loops"]["fit_loop"]
        batches = loops["epoch_loop.batch_progress"]
        batches["current"]["ready"], batches["is_last_batch"] = batches["current"]["completed"], False
        loops["epoch_loop.state_dict"]["_batches_that_stepped"] -= 1  # the trainer, when it begins, adds one
        self.resumed = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen to signals. Where an epoch goes on, begin it for those that wait for its beginning: the trainer
        holds that they heard of it."""
        self.started = self.last_saved = time.monotonic()
        self._signal_scope.enter_context(signal_handlers(self._on_signal))
        if not self.resumed:
            return
        epoch, batch = datamodule_of(trainer).resume_position
        log.info("going on with epoch %d, batch %d", epoch + 1, datamodule_of(trainer).global_batch_index(batch) + 1)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            callback.on_train_epoch_start(trainer, pl_module)
        pl_module.on_train_epoch_start()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Save where it is time to, then let the batch draw its own random numbers."""
        data, epoch = datamodule_of(trainer), trainer.current_epoch
        if batch_idx % trainer.accumulate_grad_batches == 0:
            # what one process is told, or finds, all do: saving takes all of them
            self.pending_signal = distributed.all_reduce_max(self.pending_signal or 0) or None
            if distributed.all_reduce_max(self._should_save(batch_idx, epoch)):
                data.resume_position = (epoch, batch_idx)
                self._save(trainer)
            if self.pending_signal is not None:
                raise TerminationSignal(self.pending_signal)
        torch.manual_seed(derive_seed(self.seed, epoch, data.global_batch_index(batch_idx), 0))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave signals to those who had them."""
        self._signal_scope.close()
        if self.pending_signal is not None:
            raise TerminationSignal(self.pending_signal)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """The same."""
        self._signal_scope.close()

    def _should_save(self, batch: int, epoch: int) -> bool:
        if self.pending_signal is not None:
            return True
        if not self.every_n_seconds:
            return batch == 0 and epoch > 0
        return time.monotonic() - self.last_saved >= self.every_n_seconds

    def _save(self, trainer: Trainer) -> None:
        try:
            trainer.save_checkpoint(self.path)
        except UserError as error:  # the training may well be worth more than the point
            log.warning("no checkpoint to go on from was saved: %s", error.message)
        for logger in trainer.loggers:
            logger.save()
        self.last_saved = time.monotonic()

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        """What handles a signal: the first waits for the next batch, the second does not."""
        if self.pending_signal is not None:
            raise_signal(signum, frame)
        self.pending_signal = signum
        if distributed.rank() == 0:
            print("stopping: a checkpoint is saved first; again to stop at once", file=sys.stderr, flush=True)


def _relocate_checkpoints(state: dict[str, Any], folder: Path) -> None:
    """Let the state of a ModelCheckpoint name files of a folder."""

    def moved(path: str) -> str:
        return str(folder / Path(path).name) if path else path

    state["dirpath"] = str(folder)
    for name in ("best_model_path", "last_model_path", "kth_best_model_path"):
        state[name] = moved(state[name])
    state["best_k_models"] = {moved(path): score for path, score in state["best_k_models"].items()}


class AppendingCSVLogger(CSVLogger):
    """One that goes on with the lines of a training that was interrupted, instead of removing them.

    Args:
        folder: of `metrics.csv`.
        from_step: steps from which on lines are written anew; 0 keeps none.
    """

    def __init__(self, folder: Path, from_step: int) -> None:
        super().__init__(folder.parent, name="", version=folder.name)
        file, rows = folder / "metrics.csv", list[dict[str, Any]]()
        if from_step and file.is_file():
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            whole = lines if lines[-1:] and lines[-1].endswith("\n") else lines[:-1]  # a kill may cut the last one
            rows = [row for row in csv.DictReader(whole) if int(row["step"]) < from_step]
        self.experiment.metrics = [{name: value for name, value in row.items() if value} for row in rows]
        self.save()  # at once: the experiment removes what lies there


def completed_steps(checkpoint: Path) -> int:
    """Updates of the weights before a checkpoint; 0 where there is none."""
    if not checkpoint.is_file():
        return 0
    return int(AtomicCheckpointIO().load_checkpoint(checkpoint)["global_step"])


def peak_memory_mib() -> float:
    """Most memory this process has held so far, in MiB; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
