"""The optimizer and the learning-rate schedule of every task."""

from collections.abc import Mapping
from typing import Any

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from grunlp.training.options import OptimizerOptions


def adamw(
    module: nn.Module, learning_rate: float, weight_decay: float, lr_overrides: Mapping[nn.Module, float]
) -> AdamW:
    """Make AdamW with weight decay on weight matrices only, not on biases or embeddings.

    Args:
        module: the module whose trainable weights are optimized.
        learning_rate: learning rate of the parts without an override.
        weight_decay: weight decay of the weight matrices.
        lr_overrides: learning rates of parts of `module`.
    """
    embeddings = {id(p) for part in module.modules() if isinstance(part, nn.Embedding) for p in part.parameters()}
    rates = {id(p): rate for part, rate in lr_overrides.items() for p in part.parameters()}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in module.parameters():
        if parameter.requires_grad:
            decay = weight_decay if parameter.dim() > 1 and id(parameter) not in embeddings else 0.0
            groups.setdefault((rates.get(id(parameter), learning_rate), decay), []).append(parameter)
    # beta2 is 0.98, since the usual 0.999 averages over more steps than a small corpus has in an epoch
    return AdamW(
        [{"params": params, "lr": rate, "weight_decay": decay} for (rate, decay), params in groups.items()],
        lr=learning_rate,
        betas=(0.9, 0.98),
        fused=True,
    )


def linear_warmup_decay(optimizer: Optimizer, total_steps: int, warmup_fraction: float) -> LambdaLR:
    """Make a schedule whose rate rises linearly in the first fraction of the steps, then falls linearly to 0."""
    warmup_steps = max(1, round(total_steps * warmup_fraction))

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        return max(0.0, (total_steps - step) / max(1, total_steps - warmup_steps))

    return LambdaLR(optimizer, factor)


def scheduled_adamw(
    module: nn.Module, options: OptimizerOptions, total_steps: int, lr_overrides: Mapping[nn.Module, float]
) -> dict[str, Any]:
    """Make the optimizer and schedule in the form that Lightning expects. Arguments as for `adamw`."""
    optimizer = adamw(module, options.learning_rate, options.weight_decay, lr_overrides)
    schedule = linear_warmup_decay(optimizer, total_steps, options.warmup_fraction)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
