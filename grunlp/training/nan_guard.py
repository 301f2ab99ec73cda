"""Detection of NaN and infinite losses and gradients, and replay of the batch that caused them.

`nonfinite/` in the run folder has the data to replay the batch that stopped the training, or the first such batch:

    weights.safetensors   weights of the network, and the recurrent state of the task
    batch.json            epoch and batch, counted from 0, its examples, its loss, and the position in a stream

`python -m grunlp.train replay_bad_batch=RUN` reads the data as the training did, makes the same batch, draws the same
random numbers and prints the loss.
"""

import json
import logging
import math
import shutil
import struct
import warnings
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from torch import Tensor
from torch.optim import Optimizer

from grunlp.runs.file_list import run_file
from grunlp.runs.layout import NAN_DEBUG_DIR, WEIGHTS
from grunlp.runs.weights import load_tensors, save_tensors
from grunlp.training.datamodule_base import ResumableDataModule, datamodule_of, derive_seed
from grunlp.training.lightning_base import BaseLightningModule
from grunlp.training.options import NonFinitePolicy
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import DataError, UserError
from grunlp.utils.safe_load import read_json

log = logging.getLogger(__name__)

MAX_SKIPPED_PER_EPOCH = 10  # batches
_INFO_FILE = "batch.json"
_MAX_EXAMPLES_SHOWN = 8  # in a message


class NonFiniteLossCallback(Callback):
    """A callback that stops at, or skips, batches with a NaN or infinite loss or gradient.

    It also logs `train/gradient_norm`. The gradient is checked before an optimizer step, so it may come from any of the
    accumulated batches; all of them are named in the log and skipped. With `precision=16-mixed` the gradient scaler
    handles it.

    Args:
        run_dir: the run folder.
        seed: random seed of the training.
        policy: "stop" or "skip" such batches.
    """

    def __init__(self, run_dir: Path, seed: int, policy: NonFinitePolicy) -> None:
        self.run_dir, self.seed, self.policy = run_dir, seed, policy
        self.skipped = 0  # in this epoch
        self.loss_is_nonfinite = False  # of the current batch

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"skipped": self.skipped}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        self.skipped = int(state_dict["skipped"])

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset the number of skipped batches."""
        self.skipped = 0

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        """Check the loss."""
        value = float(loss.detach())
        self.loss_is_nonfinite = not math.isfinite(value)
        if self.loss_is_nonfinite:
            number = datamodule_of(trainer).global_batch_index(trainer.fit_loop.epoch_loop.batch_idx)
            self._handle_non_finite(trainer, pl_module, f"loss {value}", value, range(number, number + 1))

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Discard the gradient of a non-finite loss and the gradients accumulated with it."""
        if self.loss_is_nonfinite:
            _zero_grad(pl_module)

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Check the gradient before it is clipped."""
        gradients = [parameter.grad for parameter in pl_module.parameters() if parameter.grad is not None]
        if not gradients:
            return
        norm = torch.nn.utils.get_total_norm(gradients)
        pl_module.log("train/gradient_norm", norm, batch_size=1)
        if trainer.precision != "16-mixed" and not bool(torch.isfinite(norm)):
            data, step = datamodule_of(trainer), trainer.fit_loop.epoch_loop.batch_idx
            first, end = step - step % trainer.accumulate_grad_batches, (step + 1) * data.world_size
            batches = range(first * data.world_size, min(end, data.num_batches(trainer.current_epoch)))
            self._handle_non_finite(trainer, pl_module, f"gradient {float(norm)}", None, batches)
            _zero_grad(pl_module)

    def _handle_non_finite(
        self, trainer: Trainer, module: LightningModule, quantity: str, loss: float | None, batches: range
    ) -> None:
        """Log the non-finite value, save the batch for a replay, and stop if configured."""
        data, epoch = datamodule_of(trainer), trainer.current_epoch
        names = [name for batch in batches for name in data.example_ids(epoch, batch)]
        more = f" and {len(names) - _MAX_EXAMPLES_SHOWN} more" if len(names) > _MAX_EXAMPLES_SHOWN else ""
        shown = ", ".join(names[:_MAX_EXAMPLES_SHOWN]) + more
        numbers = "/".join(str(batch + 1) for batch in batches)
        message = f"epoch {epoch + 1}, batch {numbers}: {quantity}"
        self.skipped += 1
        skip = self.policy == "skip" and self.skipped <= MAX_SKIPPED_PER_EPOCH
        if not skip or not (self.run_dir / NAN_DEBUG_DIR / _INFO_FILE).is_file():
            info: dict[str, Any] = {"epoch": epoch, "batch": batches[-1], "seed": self.seed, "ranks": data.world_size}
            info |= {"loss": _loss_to_hex(loss), "examples": names, "bookmark": data.position_state()}
            _save_debug_batch(self.run_dir, module, info)
        if skip:
            log.warning("%s; skipped. Its examples: %s", message, shown)
            return
        details = f"its examples: {shown}"
        if self.policy == "skip":
            details = f"more than {MAX_SKIPPED_PER_EPOCH} batches of an epoch are not finite; {details}"
        hint = (
            f"Type python -m grunlp.train replay_bad_batch={self.run_dir} to see it again. Correct the data, or lower "
            f"optimizer.learning_rate; or resume: resume={self.run_dir} trainer.on_nonfinite_loss=skip"
        )
        raise UserError(message, details, hint)


def _zero_grad(module: LightningModule) -> None:
    for parameter in module.parameters():
        parameter.grad = None


def _loss_to_hex(loss: float | None) -> str | None:
    """Encode a loss, which may be NaN or infinite, as the bytes of a double for JSON."""
    return None if loss is None else struct.pack(">d", loss).hex()


def _loss_from_hex(text: str) -> float:
    loss: float = struct.unpack(">d", bytes.fromhex(text))[0]
    return loss


def _save_debug_batch(run_dir: Path, task: LightningModule, info: dict[str, Any]) -> None:
    """Write the files that `replay_bad_batch` reads."""
    tensors = {f"task.{name}": value for name, value in task.state_dict().items()}
    if isinstance(task, BaseLightningModule):
        tensors |= {f"carried.{name}": value for name, value in task.recurrent_state().items()}
    weights, info_file = (run_file(run_dir, f"{NAN_DEBUG_DIR}/{name}") for name in (WEIGHTS, _INFO_FILE))
    info_file.unlink(missing_ok=True)  # the file of another batch would not match these weights
    save_tensors(weights, {name: value.detach().cpu() for name, value in tensors.items()})
    write_file_atomically(info_file, json.dumps(info, indent=1, ensure_ascii=False))


def replay_bad_batch(task: LightningModule, data: ResumableDataModule, run_dir: Path) -> str:
    """Recompute the loss of the saved batch with the weights of that step; return a report.

    Raises:
        UserError: no batch is saved, or the loss differs from that of the training.
    """
    folder = run_dir / NAN_DEBUG_DIR
    info = _read_info(folder)
    tensors = load_tensors(folder / WEIGHTS, require_finite=False)
    task.load_state_dict({name[5:]: value for name, value in tensors.items() if name.startswith("task.")})
    if isinstance(task, BaseLightningModule):
        state = {name[8:]: value for name, value in tensors.items() if name.startswith("carried.")}
        task.set_recurrent_state(state)
    data.world_size = info["ranks"]
    epoch, number = info["epoch"], info["batch"]
    batch = data.rebuild_batch(epoch, number, info.get("bookmark", {}))
    task.train()
    task.on_train_epoch_start()
    torch.manual_seed(derive_seed(info["seed"], epoch, number, 0))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You are trying to `self.log")
        loss = task.training_step(batch, number // data.world_size)
    assert isinstance(loss, Tensor)
    loss.backward()
    gradients = [parameter.grad for parameter in task.parameters() if parameter.grad is not None]
    norm = float(torch.nn.utils.get_total_norm(gradients))
    value = float(loss.detach())
    result = f"epoch {epoch + 1}, batch {number + 1}: loss {value}, norm of its gradient {norm}"
    if info["loss"] is not None and not _same_loss(value, info["loss"]):
        details = f"the training had {_loss_from_hex(info['loss'])}"
        raise UserError(result, details, "Use the versions of grunlp and torch and the machine of the training.")
    return f"{result}\nas in the training; its examples: {', '.join(info['examples'])}"


def copy_debug_state(run_dir: Path, target_dir: Path) -> None:
    """Copy the saved batch of a run to another folder, for `replay_bad_batch`. Raises UserError if there is none."""
    _read_info(run_dir / NAN_DEBUG_DIR)
    shutil.copytree(run_dir / NAN_DEBUG_DIR, target_dir / NAN_DEBUG_DIR)


def _same_loss(loss: float, saved_hex: str) -> bool:
    saved = _loss_from_hex(saved_hex)
    return loss == saved or (math.isnan(loss) and math.isnan(saved))


def _read_info(folder: Path) -> dict[str, Any]:
    try:
        info: dict[str, Any] = read_json(folder / _INFO_FILE)
    except DataError:
        details = "every loss of this training was finite"
        raise UserError(
            f"{folder} has no batch to replay", details, "Type replay_bad_batch= with another run."
        ) from None
    return info
