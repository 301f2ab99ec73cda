"""Options that every training has: its run folder, trainer and optimizer. This module imports no heavy library."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grunlp.configuration.options import option
from grunlp.utils.errors import UserError

Accelerator = Literal["auto", "cpu", "gpu", "mps"]
Precision = Literal["auto", "32-true", "16-mixed", "bf16-mixed", "64-true"]
NonFinitePolicy = Literal["stop", "skip"]


def monitor_option(default: str) -> Any:
    """Declare `trainer.monitor`; the annotation in a recipe lists the scores that it computes on dev."""
    return option(default, "score that selects the best epoch and decides on early stopping")


@dataclass
class RunOptions:
    """The random seed and the run folder."""

    seed: int = option(1, "random seed", minimum=0, maximum=2**32 - 1)
    run_dir: str | None = option(None, "new folder of the run; null: runs/<recipe>/<date-time>", content="text")
    overwrite: bool = option(False, "replace a run that exists in run_dir")


@dataclass
class TrainerOptions:
    """Length of the training, hardware, and files to keep."""

    monitor: str = monitor_option("dev/loss")
    max_epochs: int = option(10, "largest number of passes over the training data", minimum=1, maximum=10**6)
    patience: int = option(5, "epochs without a better score before the training ends", minimum=1, maximum=10**6)
    gradient_clip_val: float = option(1.0, "largest norm of the gradient; 0: no clipping", minimum=0.0, maximum=1e9)
    accumulate_grad_batches: int = option(
        1, "batches whose gradients are summed for one optimizer step", minimum=1, maximum=10**6
    )
    ema_decay: float = option(
        0.999, "decay of the exponential moving average of the weights; 0: no average", minimum=0.0, maximum=0.999999
    )
    average_last_epochs: int = option(
        0,
        "number of last epochs whose weights are averaged, if the average scores better than the best epoch; 0: none",
        minimum=0,
        maximum=1000,
    )
    accelerator: Accelerator = option("auto", "hardware to train on")
    devices: int | Literal["auto"] = option(
        1,
        "number of processes on each machine, each with a GPU or a share of the cores; auto: one for each GPU",
        minimum=1,
        maximum=4096,
    )
    num_nodes: int = option(
        1, "number of machines; start the command on each with torchrun or srun", minimum=1, maximum=65_536
    )
    precision: Precision = option(
        "auto", "floating-point precision; auto: bf16-mixed on a GPU that supports it, otherwise 32-true"
    )
    limit_train_batches: int = option(
        0, "for debugging: number of batches of an epoch and of dev; 0: all", minimum=0, maximum=10**9
    )
    checkpoint_every_seconds: float = option(
        300.0, "seconds between checkpoints to resume from; 0: only at the end of an epoch", minimum=0, maximum=10**9
    )
    on_nonfinite_loss: NonFinitePolicy = option(
        "stop", "if a loss or gradient is NaN or infinite: stop the training, or skip the batch"
    )
    wandb: bool = option(False, "also log to Weights & Biases; requires the package wandb")
    profile: bool = option(False, "print a profile of the time spent")


@dataclass
class StreamingTrainerOptions(TrainerOptions):
    """Length of the training, hardware, and files to keep, also for streamed data."""

    batches_per_epoch: int = option(
        0, "length of an epoch of streamed data, in batches of each process", minimum=0, maximum=10**9
    )


@dataclass
class OptimizerOptions:
    """AdamW and its learning rate, which rises during the warm-up and then falls linearly to 0."""

    learning_rate: float = option(0.002, "peak learning rate", minimum=0.0, maximum=100.0)
    weight_decay: float = option(0.01, "weight decay of AdamW", minimum=0.0, maximum=100.0)
    warmup_fraction: float = option(
        0.1, "fraction of all steps during which the learning rate rises", minimum=0.0, maximum=1.0
    )


@dataclass
class EncoderOptimizerOptions(OptimizerOptions):
    """AdamW and its learning rates; a pretrained encoder has its own."""

    encoder_learning_rate: float = option(
        0.00015, "peak learning rate of the pretrained encoder; 0: frozen", minimum=0.0, maximum=100.0
    )


def check_optional_packages(values: Mapping[str, Any]) -> None:
    """Raise UserError for options that need a package which is not installed.

    Args:
        values: the configuration by dotted key.
    """
    if values["trainer.wandb"] and importlib.util.find_spec("wandb") is None:
        raise UserError("trainer.wandb=true", "the package wandb is not installed", "Type pip install wandb")


def check_cross_validation(values: Mapping[str, Any]) -> None:
    """Raise UserError for folds that do not exist. `values` is the configuration by dotted key."""
    folds, fold, outer = values["data.num_folds"], values["data.fold"], values["data.outer_num_folds"]
    if folds in (1, 2) or (folds and fold >= folds):
        raise UserError(
            f"data.num_folds={folds} with data.fold={fold}",
            "data.num_folds is at least 3, and data.fold counts from 0",
            "Type data.num_folds=5 data.fold=0, for example.",
        )
    if outer and (not folds or outer == 1 or values["data.outer_fold"] >= outer):
        raise UserError(
            f"data.outer_num_folds={outer} with data.outer_fold={values['data.outer_fold']} and data.num_folds={folds}",
            "there are at least two outer folds, counted from 0, and data.num_folds divides all but one of them",
            "Type data.outer_num_folds=5 data.outer_fold=0 data.num_folds=5, for example.",
        )


def check_streaming(values: Mapping[str, Any], datasets: Mapping[str, Any]) -> None:
    """Raise UserError for options that cannot be combined with a streamed training split.

    Args:
        values: the configuration by dotted key.
        datasets: options classes of the data sets of its recipe, with `streamable`.
    """
    buffer_size, dataset = values["loader.stream_buffer_size"], values["data.name"]
    if not buffer_size:
        if values["trainer.batches_per_epoch"]:
            raise UserError(
                f"trainer.batches_per_epoch={values['trainer.batches_per_epoch']} without loader.stream_buffer_size",
                "the length of an epoch can only be set for streamed data",
                "Omit it, or type trainer.limit_train_batches=N for fewer batches.",
            )
        return
    setting = f"loader.stream_buffer_size={buffer_size}"
    if not datasets[dataset].streamable:
        streamable = ", ".join(name for name, options in datasets.items() if options.streamable)
        raise UserError(
            f"{setting} with data={dataset}",
            f"recipe={values['recipe']} can only stream data={streamable}",
            "Type loader.stream_buffer_size=0",
        )
    if not values["trainer.batches_per_epoch"]:
        raise UserError(
            f"{setting} without trainer.batches_per_epoch",
            "a stream has no end, so an epoch needs a number of batches for each process",
            "Type trainer.batches_per_epoch=1000, for example.",
        )
    if values.get("data.num_folds") or values.get("data.train_fraction", 1.0) < 1:
        raise UserError(
            f"{setting} with data.num_folds or data.train_fraction",
            "folds and fractions need all examples at once",
            "Omit them, or type loader.stream_buffer_size=0",
        )
    if not values["loader.shuffle_each_epoch"]:
        raise UserError(
            f"{setting} with loader.shuffle_each_epoch=false",
            "each pass over a stream has a different order of files and batches",
            "Type loader.stream_buffer_size=0",
        )
