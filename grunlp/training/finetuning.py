"""What training on from a trained labeller needs beyond training anew."""

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from torch import Tensor, nn
from torch.optim import Optimizer

from grunlp.modules.sentence_encoder import SentenceEncoder


def layerwise_lr_decay(
    encoder: SentenceEncoder, learning_rate: float, layerwise_lr_decay: float, encoder_learning_rate: float
) -> dict[nn.Module, float]:
    """Lower rates for lower layers (Howard and Ruder 2018, §3.2): each has `layerwise_lr_decay` times the rate of the
    one above.

    Args:
        encoder: that of the labeller.
        learning_rate: of what lies above it.
        layerwise_lr_decay: at most 1.
        encoder_learning_rate: of a pretrained encoder.
    """
    layers = encoder.layers_bottom_up()
    rates = {layer: learning_rate * layerwise_lr_decay ** (len(layers) - i) for i, layer in enumerate(layers)}
    pretrained = encoder.pretrained
    return rates if pretrained is None else {**rates, pretrained.transformer: encoder_learning_rate}


class FreezeLayers(Callback):
    """Leaves layers as they are in the first epochs.

    Args:
        layers: which.
        epochs: how many.
    """

    def __init__(self, layers: list[nn.Module], epochs: int) -> None:
        self.layers, self.epochs = layers, epochs

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Freeze, or thaw."""
        for layer in self.layers:
            layer.requires_grad_(trainer.current_epoch >= self.epochs)


class L2SPRegularization(Callback):
    """Pulls weights towards where they started: adds strength / 2 · |w - w_0|² to the loss (Li et al. 2018, eq. 2).

    Args:
        l2_sp: of the pull.
    """

    def __init__(self, l2_sp: float) -> None:
        self.l2_sp = l2_sp
        self.initial_weights: list[Tensor] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Keep the weights, before those of a checkpoint take their place."""
        self.initial_weights = [parameter.detach().clone() for parameter in pl_module.parameters()]

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Add the gradient of the pull."""
        for parameter, old in zip(pl_module.parameters(), self.initial_weights, strict=True):
            if parameter.grad is not None:
                parameter.grad.add_(parameter.detach() - old, alpha=self.l2_sp)
