"""The Lightning trainer of every recipe, and the final steps of all recipes: fit, then evaluate dev and test once."""

import logging
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback, EarlyStopping, LearningRateMonitor, RichProgressBar
from pytorch_lightning.loggers import Logger
from pytorch_lightning.strategies import DDPStrategy
from torch import nn

from grunlp.runs.layout import CHECKPOINT_DIR, RESUME_CHECKPOINT, RunMode, save_weights, write_metrics
from grunlp.training.checkpointing import (
    AppendingCSVLogger,
    AtomicCheckpointIO,
    ModelCheckpoint,
    ResumeCheckpoint,
    RunTensorBoardLogger,
    completed_steps,
    peak_memory_mib,
    resume_checkpoint_of,
    translate_restore_errors,
)
from grunlp.training.datamodule_base import ResumableDataModule
from grunlp.training.nan_guard import NonFiniteLossCallback, replay_bad_batch
from grunlp.training.options import TrainerOptions
from grunlp.training.weight_averaging import LAST_EPOCH_CHECKPOINT, EMACallback, load_best_weights
from grunlp.utils import distributed

log = logging.getLogger(__name__)

# Direction of each score. Others cannot be monitored: a wrong direction would keep the worst weights.
MONITOR_MODES: dict[str, Literal["min", "max"]] = {
    "dev/f1": "max",
    "dev/accuracy": "max",
    "dev/bleu": "max",
    "dev/rouge": "max",
    "dev/loss": "min",
}

# Warnings of Lightning and PyTorch that do not concern the user.
_IGNORED_WARNINGS = (
    r"`isinstance\(treespec, LeafSpec\)`",  # Lightning's own use of PyTorch
    "The number of training batches",  # a small data set is not an error
    "The '(train|val)_dataloader' does not have many workers",  # encoding takes a hundredth of a step
    # `ResumableDataModule` continues at the right batch
    "You're resuming from a checkpoint that ended before the epoch ended",
    "(Checkpoint|Experiment logs) directory .* exists and is not empty",  # in a resumed training
    "`broadcast_buffers` is deprecated",  # some supported versions of PyTorch lack its successor
)


class EpochSummary(Callback):
    """A callback that prints one line for each epoch if there is no terminal for a progress bar."""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self.started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the scores of the epoch."""
        if not trainer.is_global_zero:
            return
        scores = {name: float(value) for name, value in trainer.callback_metrics.items()}
        speeds = [f"train/{unit}_per_second" for unit in ("predicates", "words", "tokens", "windows")]
        shown = ("train/loss_epoch", *MONITOR_MODES, "dev/perplexity", *speeds)
        summary = [f"{name.replace('_epoch', '')} {scores[name]:.4g}" for name in shown if name in scores]
        seconds = time.perf_counter() - self.started
        epochs = f"{trainer.current_epoch + 1}/{trainer.max_epochs}"
        print(f"epoch {epochs}: {', '.join(summary)}, {seconds:.0f} s", flush=True)


def make_trainer(
    run_dir: Path, seed: int, options: TrainerOptions, extra_callbacks: Sequence[Callback] = ()
) -> Trainer:
    """Make the trainer.

    Args:
        run_dir: logs go to `run_dir/logs`, checkpoints to `run_dir/checkpoint`.
        seed: random seed of the training.
        options: the group `trainer` of the configuration, after `resolve_devices`.
        extra_callbacks: callbacks of the recipe.
    """
    _silence_lightning()
    mode, folder = MONITOR_MODES[options.monitor], run_dir / CHECKPOINT_DIR
    callbacks: list[Callback] = [
        EarlyStopping(options.monitor, mode=mode, patience=options.patience),
        _model_checkpoint("best", folder, options.monitor, mode, 1),
        RichProgressBar() if sys.stdout.isatty() else EpochSummary(),
        LearningRateMonitor("step"),
        NonFiniteLossCallback(run_dir, seed, options.on_nonfinite_loss),
        *extra_callbacks,
    ]
    if options.average_last_epochs:
        callbacks.append(_model_checkpoint(LAST_EPOCH_CHECKPOINT, folder, "epoch", "max", options.average_last_epochs))
    if options.ema_decay:
        callbacks.append(EMACallback(options.ema_decay))
    callbacks.append(ResumeCheckpoint(folder, seed, options.checkpoint_every_seconds))
    loggers: list[Logger] = [
        RunTensorBoardLogger(run_dir),
        AppendingCSVLogger(run_dir, completed_steps(folder / RESUME_CHECKPOINT)),
    ]
    if options.wandb:
        from pytorch_lightning.loggers import WandbLogger

        loggers.append(WandbLogger(save_dir=run_dir))
    precision: str = options.precision
    if precision == "auto":
        on_gpu = options.accelerator in ("auto", "gpu") and torch.cuda.is_available()
        precision = "bf16-mixed" if on_gpu and torch.cuda.is_bf16_supported() else "32-true"
    # no operation here reads uninitialized memory
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return Trainer(
        max_epochs=options.max_epochs,
        gradient_clip_val=options.gradient_clip_val or None,
        accumulate_grad_batches=options.accumulate_grad_batches,
        accelerator=options.accelerator,
        devices=options.devices,
        num_nodes=options.num_nodes,
        strategy=_ddp_strategy() if distributed.world_size() > 1 else "auto",
        precision=precision,  # type: ignore[arg-type]  # one of the choices of TrainerOptions
        limit_train_batches=options.limit_train_batches or None,
        limit_val_batches=options.limit_train_batches or None,
        callbacks=callbacks,
        logger=loggers,
        plugins=[AtomicCheckpointIO()],
        deterministic="warn",  # otherwise threads sum the gradients of indexing in any order
        reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=sys.stdout.isatty(),
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        log_every_n_steps=10,
        profiler="simple" if options.profile else None,
    )


def _silence_lightning() -> None:
    """Silence advertisements and irrelevant warnings of Lightning, but not its profiler."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("pytorch_lightning.profilers").setLevel(logging.INFO)
    for message in _IGNORED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)


def _ddp_strategy() -> DDPStrategy:
    """Make the strategy that averages gradients over processes (Li et al. 2020), with gloo or NCCL."""
    # Which weights get gradients depends on the batch: on predicates, frozen layers, clusters of an adaptive softmax.
    # No buffer changes in training; broadcasting them would deadlock processes with different numbers of dev batches.
    return DDPStrategy(
        cluster_environment=distributed.cluster_environment(), find_unused_parameters=True, broadcast_buffers=False
    )


def _model_checkpoint(
    name: str, folder: Path, monitor: str, mode: Literal["min", "max"], count: int
) -> ModelCheckpoint:
    """Make the callback that keeps the epochs with the best scores; a repeated epoch overwrites its file."""
    # in a relative path, "~" is expanded
    return ModelCheckpoint(
        folder.absolute(), name, monitor=monitor, mode=mode, save_top_k=count, enable_version_counter=False
    )


def fit(
    trainer: Trainer,
    task: LightningModule,
    data: ResumableDataModule,
    run_dir: Path,
    mode: RunMode,
    num_removed: int = 0,
) -> str | None:
    """Train, load the weights of the best epoch into `task.model`, and save them with the duration to the run folder.

    The training resumes from the checkpoint in the run folder, if there is one.

    Args:
        trainer: see `make_trainer`.
        task: a Lightning module with a `model`, which is in evaluation mode afterwards.
        data: the training and development data.
        run_dir: the run folder.
        mode: the mode of the training; REPLAY only prints the loss of the saved batch.
        num_removed: number of training examples that were left out, for `metrics.json`.

    Returns:
        a summary for the user; None if this process has nothing more to do: on ranks other than 0, and in a replay.
    """
    if mode is RunMode.REPLAY:
        print(replay_bad_batch(task, data, run_dir))
        return None
    weights = sum(parameter.numel() for parameter in task.parameters())
    log.info("%.2f million weights, %d threads", weights / 1e6, torch.get_num_threads())
    if distributed.world_size() > 1:
        batches = distributed.world_size() * trainer.accumulate_grad_batches
        message = "%d processes (%s), which take turns with batches: %d batches in a step, %.1f MB of gradients"
        log.info(message, distributed.world_size(), distributed.backend(), batches, 4e-6 * weights)
    path = run_dir / CHECKPOINT_DIR / RESUME_CHECKPOINT
    with translate_restore_errors(trainer, path):
        trainer.fit(task, datamodule=data, ckpt_path=str(path) if path.is_file() else None, weights_only=True)
    checkpoint = resume_checkpoint_of(trainer)
    seconds, memory = checkpoint.seconds, max(checkpoint.peak_memory, peak_memory_mib())
    is_rank_zero = distributed.rank() == 0
    distributed.destroy_process_group()
    if not is_rank_zero:
        return None
    epochs = load_best_weights(trainer, task, data)
    model = task.model
    assert isinstance(model, nn.Module)
    save_weights(run_dir, model.eval())
    training = {"seconds": seconds, "epochs": epochs, "left_out": num_removed, "peak_memory_mib": memory}
    write_metrics(run_dir, "training", training)
    return f"trained in {seconds / 60:.1f} minutes, at most {memory:.0f} MiB; everything is in {run_dir}"


class Report(Protocol):
    """Scores of a split."""

    def as_dict(self) -> dict[str, Any]:
        """Return the scores for `metrics.json`."""

    def report(self) -> str:
        """Return the scores for the user."""


class HasSplits(Protocol):
    """A protocol for data with a development split and optionally a test split."""

    dev: Any
    test: Any


ReportT = TypeVar("ReportT", bound=Report)


def fit_and_evaluate(
    trainer: Trainer,
    task: LightningModule,
    data: ResumableDataModule,
    corpus: HasSplits,
    evaluate: Callable[[Any], ReportT],
    run_dir: Path,
    mode: RunMode,
    num_removed: int = 0,
) -> dict[str, ReportT]:
    """Train, then evaluate dev and test once with the weights that were best on dev.

    The scores are printed and saved to `metrics.json`.

    Args:
        trainer: see `fit`.
        task: see `fit`.
        data: see `fit`.
        corpus: the splits to evaluate.
        evaluate: returns the scores of a split.
        run_dir: see `fit`.
        mode: see `fit`.
        num_removed: see `fit`.

    Returns:
        the scores by split; empty if this process has nothing more to do, as in `fit`.
    """
    summary = fit(trainer, task, data, run_dir, mode, num_removed)
    results: dict[str, ReportT] = {}
    if summary is None:
        return results
    for split in ("dev", "test"):
        examples = getattr(corpus, split)
        if examples is not None:
            results[split] = evaluate(examples)
            write_metrics(run_dir, split, results[split].as_dict())
            print(f"\n{split}\n{results[split].report()}")
    print(f"\n{summary}")
    return results
