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

from grunlp.runs.layout import (
    CHECKPOINT_DIR,
    LOG_DIR,
    NonZeroRankExit,
    ReplayFinished,
    RunMode,
    save_weights,
    write_metrics,
)
from grunlp.training.checkpointing import (
    RESUME_CHECKPOINT,
    AppendingCSVLogger,
    AtomicCheckpointIO,
    ResumeCheckpoint,
    completed_steps,
    peak_memory_mib,
)
from grunlp.training.datamodule_base import ResumableDataModule
from grunlp.training.nan_guard import NonFiniteLossCallback, replay_bad_batch
from grunlp.training.options import TrainerOptions
from grunlp.training.weight_averaging import LAST_EPOCH_CHECKPOINT, EMACallback, load_best_weights
from grunlp.utils import distributed

log = logging.getLogger(__name__)
logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises at the level of information,
logging.getLogger("pytorch_lightning.profilers").setLevel(logging.INFO)  # and prints its profiles there
for _message in (
    r"`isinstance\(treespec, LeafSpec\)`",  # Lightning's own use of torch
    "The number of training batches",  # small data sets are no fault
    "The '(train|val)_dataloader' does not have many workers",  # encoding takes a hundredth of a step
    # `ResumableDataModule` goes on where it ended
    "You're resuming from a checkpoint that ended before the epoch ended",
    "(Checkpoint|Experiment logs) directory .* exists and is not empty",  # and so do these
    "`broadcast_buffers` is deprecated",  # its successor is not in all versions of torch that serve
):
    warnings.filterwarnings("ignore", message=_message)

# Which way is up. A score that is not here cannot be monitored: guessing a direction keeps the worst weights.
MONITOR_MODES: dict[str, Literal["min", "max"]] = {
    "dev/f1": "max",
    "dev/accuracy": "max",
    "dev/bleu": "max",
    "dev/rouge": "max",
    "dev/loss": "min",
}


class EpochSummary(Callback):
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
        shown = ("train/loss_epoch", *MONITOR_MODES, "dev/perplexity", *speeds)
        parts = [f"{name.replace('_epoch', '')} {scores[name]:.4g}" for name in shown if name in scores]
        seconds = time.perf_counter() - self.started
        print(
            f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}: {', '.join(parts)}, {seconds:.0f} s", flush=True
        )


def make_trainer(
    run_dir: Path, seed: int, options: TrainerOptions, extra_callbacks: Sequence[Callback] = ()
) -> Trainer:
    """Build the trainer.

    Args:
        run_dir: logs go to `run_dir/logs`, checkpoints to `run_dir/checkpoint`.
        seed: of the training.
        options: the group `trainer` of the configuration; processes and machines have met by now
            (`grunlp.utils.distributed`).
        extra_callbacks: callbacks of the recipe.
    """
    o = options
    mode, folder = MONITOR_MODES[o.monitor], run_dir / CHECKPOINT_DIR
    callbacks: list[Callback] = [
        EarlyStopping(o.monitor, mode=mode, patience=o.patience),
        _model_checkpoint("best", folder, o.monitor, mode, 1),
        RichProgressBar() if sys.stdout.isatty() else EpochSummary(),
        LearningRateMonitor("step"),
        NonFiniteLossCallback(run_dir, seed, o.on_nonfinite_loss),
        *extra_callbacks,
    ]
    if o.average_last_epochs:
        callbacks.append(_model_checkpoint(LAST_EPOCH_CHECKPOINT, folder, "epoch", "max", o.average_last_epochs))
    if o.ema_decay:
        callbacks.append(EMACallback(o.ema_decay))
    callbacks.append(ResumeCheckpoint(folder, seed, o.checkpoint_every_seconds))
    loggers: list[Logger] = [
        TensorBoardLogger(run_dir / LOG_DIR, name="", version="tensorboard"),
        AppendingCSVLogger(run_dir / LOG_DIR / "csv", completed_steps(folder / RESUME_CHECKPOINT)),
    ]
    if o.wandb:
        from pytorch_lightning.loggers import WandbLogger

        loggers.append(WandbLogger(save_dir=run_dir))
    precision = o.precision
    if precision == "auto":
        on_gpu = o.accelerator in ("auto", "gpu") and torch.cuda.is_available()
        precision = "bf16-mixed" if on_gpu and torch.cuda.is_bf16_supported() else "32-true"
    # nothing here reads what it did not write
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return Trainer(
        max_epochs=o.max_epochs,
        gradient_clip_val=o.gradient_clip_val or None,
        accumulate_grad_batches=o.accumulate_grad_batches,
        accelerator=o.accelerator,
        devices=o.devices,
        num_nodes=o.num_nodes,
        strategy=_ddp_strategy() if distributed.world_size() > 1 else "auto",
        precision=precision,  # type: ignore[arg-type]  # one of the choices of TrainerOptions
        limit_train_batches=o.limit_train_batches or None,
        limit_val_batches=o.limit_train_batches or None,
        callbacks=callbacks,
        logger=loggers,
        plugins=[AtomicCheckpointIO()],
        deterministic="warn",  # else threads add up the gradients of what was read by index in any order
        reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=sys.stdout.isatty(),
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        log_every_n_steps=10,
        profiler="simple" if o.profile else None,
    )


def _ddp_strategy() -> DDPStrategy:
    """Processes whose gradients are averaged (Li et al. 2020), over gloo or NCCL as they have met."""
    # Which weights take part depends on the batch: on predicates, frozen layers, parts of an adaptive softmax. No
    # buffer changes in training; sending them would make processes wait that evaluate unlike numbers of batches.
    return DDPStrategy(
        cluster_environment=distributed.cluster_environment(), find_unused_parameters=True, broadcast_buffers=False
    )


def _model_checkpoint(
    name: str, folder: Path, monitor: str, mode: Literal["min", "max"], count: int
) -> ModelCheckpoint:
    """Keeps the epochs with the best scores. A training that does an epoch again writes the same file again."""
    return ModelCheckpoint(folder, name, monitor=monitor, mode=mode, save_top_k=count, enable_version_counter=False)


def fit(
    trainer: Trainer, task: LightningModule, data: ResumableDataModule, run_dir: Path, num_removed: int, mode: RunMode
) -> str:
    """Train, put the weights of the best epoch into the task's model and into the run folder, beside what it took.

    A training goes on from the checkpoint that lies in the run folder, if there is one.

    Args:
        task: with a `model`, which comes out in evaluation mode.
        num_removed: training sentences left out, for `metrics.json`.
        mode: whether to train at all.

    Returns:
        what it took, as a line for people.

    Raises:
        Replayed: a loss was shown again instead.
        Excused: the network is trained, and another process goes on with it.
    """
    if mode is RunMode.REPLAY:
        raise ReplayFinished(replay_bad_batch(task, data, run_dir))
    weights = sum(parameter.numel() for parameter in task.parameters())
    log.info("%.2f million weights, %d threads", weights / 1e6, torch.get_num_threads())
    if distributed.world_size() > 1:
        batches = distributed.world_size() * trainer.accumulate_grad_batches
        said = "%d processes (%s), a batch each in turn: %d batches an update, %.1f MB of gradients"
        log.info(said, distributed.world_size(), distributed.backend(), batches, 4e-6 * weights)
    path = run_dir / CHECKPOINT_DIR / RESUME_CHECKPOINT
    trainer.fit(task, datamodule=data, ckpt_path=str(path) if path.is_file() else None, weights_only=True)
    (point,) = (one for one in trainer.callbacks if isinstance(one, ResumeCheckpoint))  # type: ignore[attr-defined]
    seconds, memory = point.seconds, max(point.peak_memory, peak_memory_mib())
    others = distributed.rank() > 0
    distributed.destroy_process_group()
    if others:
        raise NonZeroRankExit
    epochs = load_best_weights(trainer, task, data)
    model = task.model
    assert isinstance(model, nn.Module)
    save_weights(run_dir, model.eval())
    took = {"seconds": seconds, "epochs": epochs, "left_out": num_removed, "peak_memory_mib": memory}
    write_metrics(run_dir, "training", took)
    return f"trained in {seconds / 60:.1f} minutes, {memory:.0f} MiB at most; everything is in {run_dir}"


class Report(Protocol):
    """What any scoring can do."""

    def as_dict(self) -> dict[str, Any]:
        """For `metrics.json`."""

    def report(self) -> str:
        """For people."""


class HasSplits(Protocol):
    """Any data with these; test may be None."""

    dev: Any
    test: Any


T = TypeVar("T", bound=Report)


def evaluate_splits(run_dir: Path, corpus: HasSplits, evaluate: Callable[[Any], T]) -> dict[str, T]:
    """Score dev and, this once, test with the weights that dev has chosen; print and keep what comes out."""
    found = {}
    for split in ("dev", "test"):
        examples = getattr(corpus, split)
        if examples is not None:
            scores = found[split] = evaluate(examples)
            write_metrics(run_dir, split, scores.as_dict())
            print(f"\n{split}\n{scores.report()}")
    return found
