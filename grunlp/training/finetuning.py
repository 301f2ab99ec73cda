"""Fine-tuning of a trained labeller: learning rates by layer, frozen layers, and L2-SP regularization."""

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from torch import Tensor, nn
from torch.optim import Optimizer

from grunlp.modules.sentence_encoder import SentenceEncoder


def layerwise_lr_decay(
    encoder: SentenceEncoder, learning_rate: float, decay: float, encoder_learning_rate: float
) -> dict[nn.Module, float]:
    """Assign lower learning rates to lower layers (Howard and Ruder 2018, §3.2).

    Args:
        encoder: the sentence encoder of the labeller.
        learning_rate: learning rate of the layers above the encoder.
        decay: learning rate of a layer as a fraction of that of the layer above, at most 1.
        encoder_learning_rate: learning rate of a pretrained encoder.

    Returns:
        the learning rate of each layer.
    """
    layers = encoder.layers_bottom_up()
    rates = {layer: learning_rate * decay ** (len(layers) - i) for i, layer in enumerate(layers)}
    pretrained = encoder.pretrained
    return rates if pretrained is None else {**rates, pretrained.transformer: encoder_learning_rate}


class FreezeLayers(Callback):
    """A callback that freezes layers in the first epochs.

    Args:
        layers: the layers.
        epochs: number of epochs.
    """

    def __init__(self, layers: list[nn.Module], epochs: int) -> None:
        self.layers, self.epochs = layers, epochs

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Freeze or unfreeze the layers."""
        for layer in self.layers:
            layer.requires_grad_(trainer.current_epoch >= self.epochs)


class L2SPRegularization(Callback):
    """A callback that adds the penalty strength / 2 · |w - w_0|² on changes of the weights (Li et al. 2018, eq. 2).

    Args:
        strength: weight of the penalty.
    """

    def __init__(self, strength: float) -> None:
        self.strength = strength
        self.initial_weights: list[Tensor] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Copy the initial weights, before those of a checkpoint replace them."""
        self.initial_weights = [parameter.detach().clone() for parameter in pl_module.parameters()]

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Add the gradient of the penalty."""
        for parameter, initial in zip(pl_module.parameters(), self.initial_weights, strict=True):
            if parameter.grad is not None:
                parameter.grad.add_(parameter.detach() - initial, alpha=self.strength)
