"""The Lightning trainer of every recipe."""

import logging
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback, EarlyStopping, LearningRateMonitor, ModelCheckpoint, RichProgressBar
from pytorch_lightning.loggers import Logger, TensorBoardLogger
from pytorch_lightning.strategies import DDPStrategy
from torch import nn

from grunlp.runs.layout import CHECKPOINT, LOGS, Excused, Replayed, Start, save_weights, write_metrics
from grunlp.training.checkpointing import (
    POINT,
    KeptCSVLogger,
    ResumePoint,
    WholeCheckpoints,
    peak_memory_mib,
    steps_done,
)
from grunlp.training.datamodule_base import EpochData
from grunlp.training.nan_guard import BadLoss, LossGuard, replay
from grunlp.training.weight_averaging import LAST, RunningAverage, load_best
from grunlp.utils import distributed

log = logging.getLogger(__name__)
logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises at the level of information,
logging.getLogger("pytorch_lightning.profilers").setLevel(logging.INFO)  # and prints its profiles there
for _message in (
    r"`isinstance\(treespec, LeafSpec\)`",  # Lightning's own use of torch
    "The number of training batches",  # small data sets are no fault
    "The '(train|val)_dataloader' does not have many workers",  # encoding takes a hundredth of a step
    "You're resuming from a checkpoint that ended before the epoch ended",  # `EpochData` goes on where it ended
    "(Checkpoint|Experiment logs) directory .* exists and is not empty",  # and so do these
    "`broadcast_buffers` is deprecated",  # its successor is not in all versions of torch that serve
):
    warnings.filterwarnings("ignore", message=_message)

# Which way is up. A score that is not here cannot be monitored: guessing a direction keeps the worst weights.
DIRECTIONS: dict[str, Literal["min", "max"]] = {
    "dev/f1": "max",
    "dev/accuracy": "max",
    "dev/bleu": "max",
    "dev/rouge": "max",
    "dev/loss": "min",
}


class EpochLines(Callback):
    """One plain line an epoch, where there is no terminal to draw a bar on."""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self.started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print what the epoch brought."""
        if not trainer.is_global_zero:
            return
        scores = {name: float(value) for name, value in trainer.callback_metrics.items()}
        speeds = (
            "train/predicates_per_second",
            "train/words_per_second",
            "train/tokens_per_second",
            "train/windows_per_second",
        )
        shown = ("train/loss_epoch", *DIRECTIONS, "dev/perplexity", *speeds)
        parts = [f"{name.replace('_epoch', '')} {scores[name]:.4g}" for name in shown if name in scores]
        seconds = time.perf_counter() - self.started
        print(
            f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}: {', '.join(parts)}, {seconds:.0f} s", flush=True
        )


def make_trainer(
    run_dir: Path,
    seed: int,
    monitor: str,
    max_epochs: int,
    patience: int,
    gradient_clip: float,
    accumulate: int,
    average: float,
    average_last: int,
    accelerator: str,
    devices: int,
    num_nodes: int,
    precision: str,
    limit_batches: int,
    save_every: float,
    bad_loss: BadLoss,
    wandb: bool,
    profile: bool,
    more: Sequence[Callback] = (),
) -> Trainer:
    """Build the trainer.

    Args:
        run_dir: logs go to `run_dir/logs`, checkpoints to `run_dir/checkpoint`.
        seed: of the training.
        monitor: the score by which the best epoch is kept and training stops early; a key of DIRECTIONS.
        max_epochs: most passes over the training data.
        patience: epochs without a better score after which training stops.
        gradient_clip: largest norm of the gradient; 0 clips nothing.
        accumulate: batches whose gradients are added up for one change of the weights.
        average: decay of the running average of the weights; 0 keeps the last ones.
        average_last: epochs whose weights `fit` averages and keeps where that scores better than the best epoch; 0
            averages none.
        accelerator: "auto", "cpu", "gpu" or "mps".
        devices, num_nodes: processes a machine, which have met by now (`grunlp.utils.distributed`), and machines.
        precision: "auto" is bf16-mixed on a GPU that has it, else 32; or any of Lightning's.
        limit_batches: for debugging, batches an epoch and split; 0 takes all. Of a stream, the batches of an epoch.
        save_every: seconds between checkpoints to go on from; 0 saves one at each epoch's end alone.
        bad_loss: see `LossGuard`.
        wandb: log to Weights & Biases as well; the package must be installed.
        profile: print at the end where the time went.
        more: callbacks of the recipe.
    """
    mode, folder = DIRECTIONS[monitor], run_dir / CHECKPOINT
    callbacks: list[Callback] = [
        EarlyStopping(monitor, mode=mode, patience=patience),
        _kept("best", folder, monitor, mode, 1),
        RichProgressBar() if sys.stdout.isatty() else EpochLines(),
        LearningRateMonitor("step"),
        LossGuard(run_dir, seed, bad_loss),
        *more,
    ]
    if average_last:
        callbacks.append(_kept(LAST, folder, "epoch", "max", average_last))
    if average:
        callbacks.append(RunningAverage(average))
    callbacks.append(ResumePoint(folder, seed, save_every))
    loggers: list[Logger] = [
        TensorBoardLogger(run_dir / LOGS, name="", version="tensorboard"),
        KeptCSVLogger(run_dir / LOGS / "csv", steps_done(folder / POINT)),
    ]
    if wandb:
        from pytorch_lightning.loggers import WandbLogger

        loggers.append(WandbLogger(save_dir=run_dir))
    if precision == "auto":
        on_gpu = accelerator in ("auto", "gpu") and torch.cuda.is_available()
        precision = "bf16-mixed" if on_gpu and torch.cuda.is_bf16_supported() else "32-true"
    # nothing here reads what it did not write
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return Trainer(
        max_epochs=max_epochs,
        gradient_clip_val=gradient_clip or None,
        accumulate_grad_batches=accumulate,
        accelerator=accelerator,
        devices=devices,
        num_nodes=num_nodes,
        strategy=_several() if distributed.count() > 1 else "auto",
        precision=precision,  # type: ignore[arg-type]  # a word that grunlp.configuration.schema allows
        limit_train_batches=limit_batches or None,
        limit_val_batches=limit_batches or None,
        callbacks=callbacks,
        logger=loggers,
        plugins=[WholeCheckpoints()],
        deterministic="warn",  # else threads add up the gradients of what was read by index in any order
        reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=sys.stdout.isatty(),
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        log_every_n_steps=10,
        profiler="simple" if profile else None,
    )


def _several() -> DDPStrategy:
    """Processes whose gradients are averaged (Li et al. 2020), over gloo or NCCL as they have met."""
    # Which weights take part depends on the batch: on predicates, frozen layers, parts of an adaptive softmax. No
    # buffer changes in training; sending them would make processes wait that evaluate unlike numbers of batches.
    return DDPStrategy(
        cluster_environment=distributed.environment(), find_unused_parameters=True, broadcast_buffers=False
    )


def _kept(name: str, folder: Path, monitor: str, mode: Literal["min", "max"], count: int) -> ModelCheckpoint:
    """Keeps the epochs with the best scores. A training that does an epoch again writes the same file again."""
    return ModelCheckpoint(folder, name, monitor=monitor, mode=mode, save_top_k=count, enable_version_counter=False)


def fit(trainer: Trainer, task: LightningModule, data: EpochData, run_dir: Path, left_out: int, start: Start) -> str:
    """Train, put the weights of the best epoch into the task's model and into the run folder, beside what it took.

    A training goes on from the checkpoint that lies in the run folder, if there is one.

    Args:
        task: with a `model`, which comes out in evaluation mode.
        left_out: training sentences left out, for `metrics.json`.
        start: whether to train at all.

    Returns:
        what it took, as a line for people.

    Raises:
        Replayed: a loss was shown again instead.
        Excused: the network is trained, and another process goes on with it.
    """
    if start is Start.REPLAY:
        raise Replayed(replay(task, data, run_dir))
    weights = sum(parameter.numel() for parameter in task.parameters())
    log.info("%.2f million weights, %d threads", weights / 1e6, torch.get_num_threads())
    if distributed.count() > 1:
        batches = distributed.count() * trainer.accumulate_grad_batches
        said = "%d processes (%s), a batch each in turn: %d batches an update, %.1f MB of gradients"
        log.info(said, distributed.count(), distributed.backend(), batches, 4e-6 * weights)
    if data.streamed:
        trainer.limit_val_batches = 1.0  # `limit_batches` makes epochs there, and cuts nothing
    path = run_dir / CHECKPOINT / POINT
    trainer.fit(task, datamodule=data, ckpt_path=str(path) if path.is_file() else None, weights_only=True)
    (point,) = (one for one in trainer.callbacks if isinstance(one, ResumePoint))  # type: ignore[attr-defined]
    seconds, memory = point.seconds, max(point.memory, peak_memory_mib())
    others = distributed.rank() > 0
    distributed.leave()
    if others:
        raise Excused
    epochs = load_best(trainer, task, data)
    model = task.model
    assert isinstance(model, nn.Module)
    save_weights(run_dir, model.eval())
    took = {"seconds": seconds, "epochs": epochs, "left_out": left_out, "peak_memory_mib": memory}
    write_metrics(run_dir, "training", took)
    return f"trained in {seconds / 60:.1f} minutes, {memory:.0f} MiB at most; everything is in {run_dir}"


class Reported(Protocol):
    """What any scoring can do."""

    def as_dict(self) -> dict[str, Any]:
        """For `metrics.json`."""

    def report(self) -> str:
        """For people."""


class Splits(Protocol):
    """Any data with these; test may be None."""

    dev: Any
    test: Any


Scored = TypeVar("Scored", bound=Reported)


def score_splits(run_dir: Path, corpus: Splits, score: Callable[[Any], Scored]) -> dict[str, Scored]:
    """Score dev and, this once, test with the weights that dev has chosen; print and keep what comes out."""
    found = {}
    for split in ("dev", "test"):
        examples = getattr(corpus, split)
        if examples is not None:
            scores = found[split] = score(examples)
            write_metrics(run_dir, split, scores.as_dict())
            print(f"\n{split}\n{scores.report()}")
    return found
