"""The Lightning trainer of every recipe."""

import logging
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import torch
from pytorch_lightning import LightningDataModule, LightningModule, Trainer
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint, RichProgressBar, WeightAveraging
from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger
from torch import Tensor, nn

from grunlp.run_folder import CHECKPOINT, LOGS, save_weights, write_metrics

log = logging.getLogger(__name__)
logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises at the level of information,
logging.getLogger("pytorch_lightning.profilers").setLevel(logging.INFO)  # and prints its profiles there
for _message in (
    r"`isinstance\(treespec, LeafSpec\)`",  # Lightning's own use of torch
    "The number of training batches",  # small data sets are no fault
    "The '(train|val)_dataloader' does not have many workers",  # encoding takes a hundredth of a step
):
    warnings.filterwarnings("ignore", message=_message)

_LAST = "last-{epoch}"  # checkpoints of the last epochs

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


class RunningAverage(WeightAveraging):
    """Scores and keeps a running average of the weights instead of the last ones (Polyak and Juditsky 1992).

    Args:
        decay: how much of the average each step keeps. The first steps keep less, (1 + n) / (10 + n) after n, so that
            the average is of use from the first epoch.
    """

    def __init__(self, decay: float) -> None:
        def update(average: list[Tensor], current: list[Tensor], steps: Tensor | int) -> None:
            count = int(steps)
            torch._foreach_lerp_(average, current, 1 - min(decay, (1 + count) / (10 + count)))

        super().__init__(multi_avg_fn=update, use_buffers=False)
        self.last: dict[str, Tensor] = {}  # the weights themselves after the last step, to show what averaging did

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the average in the place of the weights, and these aside."""
        self.last = {name: value.detach().cpu().clone() for name, value in pl_module.state_dict().items()}
        super().on_train_end(trainer, pl_module)


def make_trainer(
    run_dir: Path,
    monitor: str,
    max_epochs: int,
    patience: int,
    gradient_clip: float,
    average: float,
    average_last: int,
    accelerator: str,
    precision: str,
    limit_batches: int,
    wandb: bool,
    profile: bool,
    more: Sequence[Callback] = (),
) -> Trainer:
    """Build the trainer.

    Args:
        run_dir: logs go to `run_dir/logs`, the checkpoint of the best epoch to `run_dir/checkpoint`.
        monitor: the score by which the best epoch is kept and training stops early; a key of DIRECTIONS.
        max_epochs: most passes over the training data.
        patience: epochs without a better score after which training stops.
        gradient_clip: largest norm of the gradient; 0 clips nothing.
        average: decay of the running average of the weights; 0 keeps the last ones.
        average_last: epochs whose weights `fit` averages and keeps where that scores better than the best epoch; 0
            averages none.
        accelerator: "auto", "cpu", "gpu" or "mps".
        precision: "auto" is bf16-mixed on a GPU that has it, else 32; or any of Lightning's.
        limit_batches: for debugging, batches an epoch and split; 0 takes all.
        wandb: log to Weights & Biases as well; the package must be installed.
        profile: print at the end where the time went.
        more: callbacks of the recipe.
    """
    mode = DIRECTIONS[monitor]
    callbacks: list[Callback] = [
        EarlyStopping(monitor, mode=mode, patience=patience),
        ModelCheckpoint(run_dir / CHECKPOINT, "best", monitor=monitor, mode=mode, save_weights_only=False),
        RichProgressBar() if sys.stdout.isatty() else EpochLines(),
        *more,
    ]
    if average_last:
        last = ModelCheckpoint(run_dir / CHECKPOINT, _LAST, monitor="epoch", mode="max", save_top_k=average_last)
        callbacks.append(last)
    if average:
        callbacks.append(RunningAverage(average))
    loggers: list[Logger] = [
        TensorBoardLogger(run_dir / LOGS, name="", version="tensorboard"),
        CSVLogger(run_dir / LOGS, name="", version="csv"),
    ]
    if wandb:
        from pytorch_lightning.loggers import WandbLogger

        loggers.append(WandbLogger(save_dir=run_dir))
    if precision == "auto":
        on_gpu = accelerator in ("auto", "gpu") and torch.cuda.is_available()
        precision = "bf16-mixed" if on_gpu and torch.cuda.is_bf16_supported() else "32-true"
    return Trainer(
        max_epochs=max_epochs,
        gradient_clip_val=gradient_clip or None,
        accelerator=accelerator,
        devices=1,
        precision=precision,  # type: ignore[arg-type]  # a word that grunlp.checks allows
        limit_train_batches=limit_batches or None,
        limit_val_batches=limit_batches or None,
        callbacks=callbacks,
        logger=loggers,
        reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=sys.stdout.isatty(),
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        log_every_n_steps=10,
        profiler="simple" if profile else None,
    )


def peak_memory_mib() -> float:
    """Most memory this process has held so far, in MiB; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def fit(trainer: Trainer, task: LightningModule, data: LightningDataModule, run_dir: Path, left_out: int) -> str:
    """Train, put the weights of the best epoch into the task's model and into the run folder, beside what it took.

    Args:
        task: with a `model`, which comes out in evaluation mode.
        left_out: training sentences left out, for `metrics.json`.

    Returns:
        what it took, as a line for people.
    """
    weights = sum(parameter.numel() for parameter in task.parameters())
    log.info("%.2f million weights, %d threads", weights / 1e6, torch.get_num_threads())
    started = time.perf_counter()
    trainer.fit(task, data)
    seconds, memory = time.perf_counter() - started, peak_memory_mib()
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


def load_best(trainer: Trainer, task: LightningModule, data: LightningDataModule) -> int:
    """Put the weights of the best epoch into the task, or the mean of the last ones where that scores better, and
    remove the checkpoints, which only served to keep them.

    Returns:
        how many epochs were trained.
    """
    callback = trainer.checkpoint_callback
    assert isinstance(callback, ModelCheckpoint)
    if callback.best_model_path:
        folder = Path(callback.best_model_path).parent
        best = _load(Path(callback.best_model_path))
        assert callback.monitor is not None
        _log_average(trainer, task, data, callback.monitor)
        last = [_load(path) for path in sorted(folder.glob(_LAST.format(epoch="*")))]
        if last:
            mean = {name: _mean([weights[name] for weights in last]) for name in best}
            assert callback.best_model_score is not None
            score = float(callback.best_model_score)
            other = _score(trainer, task, mean, data, callback.monitor)
            better = other > score if callback.mode == "max" else other < score
            said = "%s: mean of the last %d epochs %.4f, best epoch %.4f; %s is kept"
            log.info(said, callback.monitor, len(last), other, score, "the mean" if better else "the best epoch")
            best = mean if better else best
        task.load_state_dict(best)
        shutil.rmtree(folder)
    return trainer.current_epoch


def _log_average(trainer: Trainer, task: LightningModule, data: LightningDataModule, monitor: str) -> None:
    """Say what the running average is worth: its score after the last epoch, and that of the weights themselves."""
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, RunningAverage):
            average = float(trainer.callback_metrics[monitor])
            own = _score(trainer, task, callback.last, data, monitor)
            callback.last = {}  # they are of no more use
            said = "%s after the last epoch: running average of the weights %.4f, the weights themselves %.4f"
            log.info(said, monitor, average, own)


def _load(path: Path) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return weights


def _mean(weights: Sequence[Tensor]) -> Tensor:
    """Of one weight; what is no number with a point, a counter say, is that of one of them."""
    return torch.stack(list(weights)).mean(dim=0) if weights[0].is_floating_point() else weights[0]


def _score(
    trainer: Trainer, task: LightningModule, weights: dict[str, Tensor], data: LightningDataModule, monitor: str
) -> float:
    """What these weights score on dev, or on as much of it as the trainer reads."""
    task.load_state_dict(weights)
    plain = Trainer(
        devices=1,
        accelerator=trainer.accelerator,
        precision=trainer.precision,
        limit_val_batches=trainer.limit_val_batches,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    (scores,) = plain.validate(task, data, verbose=False)
    return float(scores[monitor])
