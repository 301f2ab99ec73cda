"""What tasks share whose networks tell one token after another."""

import math

from torch import nn

from grunlp.training.lightning_base import BaseLightningModule


class PerplexityTask(BaseLightningModule):
    """Logs `train/loss_step`, `train/tokens_per_second`, `dev/loss` and `dev/perplexity`; losses in nats a token.

    Args:
        model: the network.
        total_steps, learning_rate, weight_decay, warmup: as for `BaseLightningModule`.
    """

    throughput_unit = "tokens"

    def __init__(
        self, model: nn.Module, total_steps: int, learning_rate: float, weight_decay: float, warmup_fraction: float
    ) -> None:
        super().__init__(model, total_steps, learning_rate, {}, weight_decay, warmup_fraction)

    def on_validation_epoch_end(self) -> None:
        """Log the mean over the whole split."""
        loss = self.validation_loss()
        self.log("dev/loss", loss, prog_bar=True)
        self.log("dev/perplexity", math.exp(min(loss, 100.0)))
