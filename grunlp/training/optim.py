"""The optimiser and the schedule that every task uses."""

from collections.abc import Mapping
from typing import Any

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR


def adamw(
    module: nn.Module, learning_rate: float, weight_decay: float, lr_overrides: Mapping[nn.Module, float]
) -> AdamW:
    """AdamW whose decay reaches weight matrices only: not biases, not the rows of tables.

    Args:
        module: whose trainable weights are optimised.
        learning_rate, weight_decay: as for `AdamW`.
        lr_overrides: parts of `module` with a learning rate of their own.
    """
    tables = {id(p) for part in module.modules() if isinstance(part, nn.Embedding) for p in part.parameters()}
    own = {id(p): rate for part, rate in lr_overrides.items() for p in part.parameters()}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in module.parameters():
        if parameter.requires_grad:
            decay = weight_decay if parameter.dim() > 1 and id(parameter) not in tables else 0.0
            groups.setdefault((own.get(id(parameter), learning_rate), decay), []).append(parameter)
    # beta2 of 0.98: the usual 0.999 remembers more steps than a small corpus has in an epoch
    return AdamW(
        [{"params": params, "lr": rate, "weight_decay": decay} for (rate, decay), params in groups.items()],
        lr=learning_rate,
        betas=(0.9, 0.98),
        fused=True,
    )


def linear_warmup_decay(optimizer: Optimizer, total_steps: int, warmup_fraction: float) -> LambdaLR:
    """Rate rising in a straight line over the first `warmup_fraction` share of the steps, then falling to 0 in
    another."""
    rising = max(1, round(total_steps * warmup_fraction))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return max(0.0, (total_steps - step) / max(1, total_steps - rising))

    return LambdaLR(optimizer, factor)


def scheduled_adamw(
    module: nn.Module,
    total_steps: int,
    learning_rate: float,
    lr_overrides: Mapping[nn.Module, float],
    weight_decay: float,
    warmup_fraction: float,
) -> dict[str, Any]:
    """Both together, as Lightning takes them. Arguments as above."""
    optimizer = adamw(module, learning_rate, weight_decay, lr_overrides)
    schedule = linear_warmup_decay(optimizer, total_steps, warmup_fraction)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
