"""Selection of the final weights: an exponential moving average, the best epoch, or the mean of the last epochs."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from pytorch_lightning import LightningDataModule, LightningModule, Trainer
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor

from grunlp.training.checkpointing import AtomicCheckpointIO, ModelCheckpoint
from grunlp.utils.errors import WriteError

log = logging.getLogger(__name__)

LAST_EPOCH_CHECKPOINT = "last-{epoch}"  # file name of the checkpoints of the last epochs


class EMACallback(WeightAveraging):
    """A callback that keeps and scores an exponential moving average of the weights (Polyak and Juditsky 1992).

    Args:
        decay: the factor by which each step multiplies the old average. It is smaller in the first steps, (1 + n) / (10
            + n) after n steps, so that the average is useful from the first epoch.
    """

    def __init__(self, decay: float) -> None:
        def update(average: list[Tensor], current: list[Tensor], steps: Tensor | int) -> None:
            count = int(steps)
            torch._foreach_lerp_(average, current, 1 - min(decay, (1 + count) / (10 + count)))

        super().__init__(multi_avg_fn=update, use_buffers=False)
        self.last_weights: dict[str, Tensor] = {}  # not averaged, after the last step: to log the effect

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Replace the weights with their average, and keep a copy of the weights."""
        self.last_weights = {name: value.detach().cpu().clone() for name, value in pl_module.state_dict().items()}
        super().on_train_end(trainer, pl_module)


def load_best_weights(trainer: Trainer, task: LightningModule, data: LightningDataModule) -> int:
    """Load the weights of the best epoch into the task, or the mean of the last epochs if it scores better.

    Returns:
        the number of epochs trained.

    Raises:
        WriteError: no epoch could be saved.
        UserError: a checkpoint is damaged.
    """
    callback = trainer.checkpoint_callback
    assert isinstance(callback, ModelCheckpoint)
    if callback.write_error is not None and not callback.best_model_path:
        raise WriteError(callback.write_error.message, "no epoch was saved", "Free disk space.")
    if callback.best_model_path:
        folder = Path(callback.best_model_path).parent
        best = _load(Path(callback.best_model_path))
        assert callback.monitor is not None
        _log_ema_score(trainer, task, data, callback.monitor)
        last = [_load(path) for path in sorted(folder.glob(LAST_EPOCH_CHECKPOINT.format(epoch="*")))]
        if last:
            mean = {name: _mean_tensor([weights[name] for weights in last]) for name in best}
            assert callback.best_model_score is not None
            best_score = float(callback.best_model_score)
            mean_score = _evaluate(trainer, task, mean, data, callback.monitor)
            is_better = mean_score > best_score if callback.mode == "max" else mean_score < best_score
            message = "%s: mean of the last %d epochs %.4f, best epoch %.4f; %s is kept"
            kept = "the mean" if is_better else "the best epoch"
            log.info(message, callback.monitor, len(last), mean_score, best_score, kept)
            best = mean if is_better else best
        task.load_state_dict(best)
    return trainer.current_epoch


def _log_ema_score(trainer: Trainer, task: LightningModule, data: LightningDataModule, monitor: str) -> None:
    """Log the scores of the averaged and the plain weights after the last epoch."""
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, EMACallback):
            averaged = float(trainer.callback_metrics[monitor])
            plain = _evaluate(trainer, task, callback.last_weights, data, monitor)
            callback.last_weights = {}  # free the memory
            message = "%s after the last epoch: moving average of the weights %.4f, the weights themselves %.4f"
            log.info(message, monitor, averaged, plain)


def _load(path: Path) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = AtomicCheckpointIO().load_checkpoint(path)["state_dict"]
    return weights


def _mean_tensor(weights: Sequence[Tensor]) -> Tensor:
    """Return the mean of the values of one parameter; for integers, such as counters, the first value."""
    return torch.stack(list(weights)).mean(dim=0) if weights[0].is_floating_point() else weights[0]


def _evaluate(
    trainer: Trainer, task: LightningModule, weights: dict[str, Tensor], data: LightningDataModule, monitor: str
) -> float:
    """Return the score of the weights on dev, or on the part of dev that the trainer reads."""
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
