"""Weights that are better than the last ones: a running average, the best epoch, the mean of several."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from pytorch_lightning import LightningDataModule, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint, WeightAveraging
from torch import Tensor

log = logging.getLogger(__name__)

LAST_EPOCH_CHECKPOINT = "last-{epoch}"  # checkpoints of the last epochs


class EMACallback(WeightAveraging):
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
        # the weights themselves after the last step, to show what averaging did
        self.last_weights: dict[str, Tensor] = {}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the average in the place of the weights, and these aside."""
        self.last_weights = {name: value.detach().cpu().clone() for name, value in pl_module.state_dict().items()}
        super().on_train_end(trainer, pl_module)


def load_best_weights(trainer: Trainer, task: LightningModule, data: LightningDataModule) -> int:
    """Put the weights of the best epoch into the task, or the mean of the last ones where that scores better.

    Returns:
        how many epochs were trained.
    """
    callback = trainer.checkpoint_callback
    assert isinstance(callback, ModelCheckpoint)
    if callback.best_model_path:
        folder = Path(callback.best_model_path).parent
        best = _load(Path(callback.best_model_path))
        assert callback.monitor is not None
        _log_ema_score(trainer, task, data, callback.monitor)
        last = [_load(path) for path in sorted(folder.glob(LAST_EPOCH_CHECKPOINT.format(epoch="*")))]
        if last:
            mean = {name: _mean_tensor([weights[name] for weights in last]) for name in best}
            assert callback.best_model_score is not None
            score = float(callback.best_model_score)
            other = _evaluate(trainer, task, mean, data, callback.monitor)
            better = other > score if callback.mode == "max" else other < score
            said = "%s: mean of the last %d epochs %.4f, best epoch %.4f; %s is kept"
            log.info(said, callback.monitor, len(last), other, score, "the mean" if better else "the best epoch")
            best = mean if better else best
        task.load_state_dict(best)
    return trainer.current_epoch


def _log_ema_score(trainer: Trainer, task: LightningModule, data: LightningDataModule, monitor: str) -> None:
    """Say what the running average is worth: its score after the last epoch, and that of the weights themselves."""
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, EMACallback):
            average = float(trainer.callback_metrics[monitor])
            own = _evaluate(trainer, task, callback.last_weights, data, monitor)
            callback.last_weights = {}  # they are of no more use
            said = "%s after the last epoch: running average of the weights %.4f, the weights themselves %.4f"
            log.info(said, monitor, average, own)


def _load(path: Path) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return weights


def _mean_tensor(weights: Sequence[Tensor]) -> Tensor:
    """Of one weight; what is no number with a point, a counter say, is that of one of them."""
    return torch.stack(list(weights)).mean(dim=0) if weights[0].is_floating_point() else weights[0]


def _evaluate(
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
