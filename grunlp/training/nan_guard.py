"""Losses and gradients that are no numbers: which examples they come from, and how to see it again.

`nonfinite/` in the run folder keeps what the one that stopped the training takes to be seen again, or else the first:

    weights.safetensors   of the network, and what else the task was in the middle of
    batch.json            epoch and batch, counted from 0, its examples, its loss, and its bookmark, where it has one

`python -m grunlp.train replay_bad_batch=RUN` reads the data as the training did, makes the same batch, draws the same
random
numbers and shows the loss.
"""

import json
import logging
import math
import shutil
import struct
import warnings
from pathlib import Path
from typing import Any, get_args

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from torch import Tensor
from torch.optim import Optimizer

from grunlp.runs.layout import NAN_DEBUG_DIR, WEIGHTS
from grunlp.runs.weights import load_tensors, save_tensors
from grunlp.training.datamodule_base import ResumableDataModule, datamodule_of, derive_seed
from grunlp.training.lightning_base import BaseLightningModule
from grunlp.training.options import NonFinitePolicy
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import DataError, UserError
from grunlp.utils.safe_load import read_json

log = logging.getLogger(__name__)

NON_FINITE_POLICIES = get_args(NonFinitePolicy)

MAX_SKIPPED_PER_EPOCH = 10  # batches an epoch that may be skipped
_INFO_FILE = "batch.json"
_MAX_EXAMPLES_SHOWN = 8  # examples in a message


class NonFiniteLossCallback(Callback):
    """Stops at, or leaves out, batches whose loss or gradient is no finite number; logs `train/gradient_norm`.

    The gradient is looked at where the weights are about to be changed by it, so it may come from any of the batches
    accumulated for that; all of them are named, and left out. With 16-mixed it is left to the scaler of gradients.

    Args:
        run_dir: of the run.
        seed: of the training.
        on_nonfinite_loss: "stop" or "skip".
    """

    def __init__(self, run_dir: Path, seed: int, on_nonfinite_loss: NonFinitePolicy) -> None:
        self.run_dir, self.seed, self.on_nonfinite_loss = run_dir, seed, on_nonfinite_loss
        self.skipped = 0  # of this epoch
        self.loss_is_nonfinite = False  # whether the loss of the batch is

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"skipped": self.skipped}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Count on from there."""
        self.skipped = state_dict["skipped"]

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count anew."""
        self.skipped = 0

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        """Look at a loss."""
        value = float(loss.detach())
        self.loss_is_nonfinite = not math.isfinite(value)
        if self.loss_is_nonfinite:
            number = datamodule_of(trainer).global_batch_index(trainer.fit_loop.epoch_loop.batch_idx)
            self._handle_non_finite(trainer, pl_module, f"loss {value}", value, range(number, number + 1))

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave out what a bad loss would do, with what other batches have accumulated by now."""
        if self.loss_is_nonfinite:
            _zero_grad(pl_module)

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Look at the gradient before it is clipped."""
        gradients = [parameter.grad for parameter in pl_module.parameters() if parameter.grad is not None]
        if not gradients:
            return
        norm = torch.nn.utils.get_total_norm(gradients)
        pl_module.log("train/gradient_norm", norm, batch_size=1)
        if trainer.precision != "16-mixed" and not bool(torch.isfinite(norm)):
            data, turn = datamodule_of(trainer), trainer.fit_loop.epoch_loop.batch_idx
            first, end = turn - turn % trainer.accumulate_grad_batches, (turn + 1) * data.world_size
            batches = range(first * data.world_size, min(end, data.num_batches(trainer.current_epoch)))
            self._handle_non_finite(trainer, pl_module, f"gradient {float(norm)}", None, batches)
            _zero_grad(pl_module)

    def _handle_non_finite(
        self, trainer: Trainer, module: LightningModule, what: str, loss: float | None, batches: range
    ) -> None:
        """Say it, keep it, and stop where that is asked for."""
        data, epoch = datamodule_of(trainer), trainer.current_epoch
        names = [name for batch in batches for name in data.example_ids(epoch, batch)]
        shown = ", ".join(names[:_MAX_EXAMPLES_SHOWN]) + (
            f" and {len(names) - _MAX_EXAMPLES_SHOWN} more" if len(names) > _MAX_EXAMPLES_SHOWN else ""
        )
        places = "/".join(str(batch + 1) for batch in batches)
        wrong = f"epoch {epoch + 1}, batch {places}: {what}"
        self.skipped += 1
        skip = self.on_nonfinite_loss == "skip" and self.skipped <= MAX_SKIPPED_PER_EPOCH
        if not skip or not (self.run_dir / NAN_DEBUG_DIR / _INFO_FILE).is_file():
            about: dict[str, Any] = {"epoch": epoch, "batch": batches[-1], "seed": self.seed, "ranks": data.world_size}
            about |= {"loss": _loss_to_hex(loss), "examples": names, "bookmark": data.position_state()}
            _save_debug_batch(self.run_dir / NAN_DEBUG_DIR, module, about)
        if skip:
            log.warning("%s; skipped. Its examples: %s", wrong, shown)
            return
        there = f"its examples: {shown}"
        if self.on_nonfinite_loss == "skip":
            there = f"more than {MAX_SKIPPED_PER_EPOCH} batches of an epoch are bad; {there}"
        way = (
            f"Type python -m grunlp.train replay_bad_batch={self.run_dir} to see it again. Mend the data, or lower "
            f"optimizer.learning_rate; or go on: resume={self.run_dir} trainer.on_nonfinite_loss=skip"
        )
        raise UserError(wrong, there, way)


def _zero_grad(module: LightningModule) -> None:
    for parameter in module.parameters():
        parameter.grad = None


def _loss_to_hex(loss: float | None) -> str | None:
    """A loss as JSON can hold it, whatever it is: the bytes of a double."""
    return None if loss is None else struct.pack(">d", loss).hex()


def _save_debug_batch(folder: Path, task: LightningModule, info: dict[str, Any]) -> None:
    """Write what `replay` reads."""
    tensors = {f"task.{name}": value for name, value in task.state_dict().items()}
    if isinstance(task, BaseLightningModule):
        tensors |= {f"carried.{name}": value for name, value in task.recurrent_state().items()}
    folder.mkdir(exist_ok=True)
    (folder / _INFO_FILE).unlink(missing_ok=True)  # of another loss, it would not fit these weights
    save_tensors(folder / WEIGHTS, {name: value.detach().cpu() for name, value in tensors.items()})
    write_file_atomically(folder / _INFO_FILE, json.dumps(info, indent=1, ensure_ascii=False))


def replay_bad_batch(task: LightningModule, data: ResumableDataModule, run_dir: Path) -> str:
    """Compute the loss that a training met, with the weights it had, and say what it is.

    Raises:
        UserError: nothing is kept there; or another loss than that comes out.
    """
    folder = run_dir / NAN_DEBUG_DIR
    about = _read_info(folder)
    tensors = load_tensors(folder / WEIGHTS)
    task.load_state_dict({name[5:]: value for name, value in tensors.items() if name.startswith("task.")})
    if isinstance(task, BaseLightningModule):
        task.set_recurrent_state({name[8:]: value for name, value in tensors.items() if name.startswith("carried.")})
    data.world_size = about["ranks"]
    epoch, number = about["epoch"], about["batch"]
    batch = data.rebuild_batch(epoch, number, about.get("bookmark", {}))
    turn = number // data.world_size
    task.train()
    task.on_train_epoch_start()
    torch.manual_seed(derive_seed(about["seed"], epoch, number, 0))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You are trying to `self.log")
        loss = task.training_step(batch, turn)
    assert isinstance(loss, Tensor)
    loss.backward()
    gradients = [parameter.grad for parameter in task.parameters() if parameter.grad is not None]
    norm = float(torch.nn.utils.get_total_norm(gradients))
    said = f"epoch {epoch + 1}, batch {number + 1}: loss {float(loss.detach())}, norm of its gradient {norm}"
    if about["loss"] is not None and not _same_loss(float(loss.detach()), about["loss"]):
        there = f"the training had {struct.unpack('>d', bytes.fromhex(about['loss']))[0]}"
        raise UserError(said, there, "Use the versions of grunlp and torch and the machine of the training.")
    return f"{said}\nas in the training; its examples: {', '.join(about['examples'])}"


def copy_debug_state(run_dir: Path, target_dir: Path) -> None:
    """Let `replay` find in another folder what a run keeps. Raises UserError where it keeps nothing."""
    _read_info(run_dir / NAN_DEBUG_DIR)
    shutil.copytree(run_dir / NAN_DEBUG_DIR, target_dir / NAN_DEBUG_DIR)


def _same_loss(loss: float, saved_hex: str) -> bool:
    found: float = struct.unpack(">d", bytes.fromhex(saved_hex))[0]
    return loss == found or (math.isnan(loss) and math.isnan(found))


def _read_info(folder: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = read_json(folder / _INFO_FILE)
    except DataError:
        there = "no loss of this training was other than a finite number"
        raise UserError(f"{folder} keeps nothing to replay", there, "Type replay_bad_batch=RUN of another") from None
    return about
