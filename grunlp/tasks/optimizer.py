"""The optimiser and the schedule that every task uses."""

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR


def adamw(module: nn.Module, learning_rate: float, weight_decay: float) -> AdamW:
    """AdamW whose decay reaches weight matrices only: not biases, not the rows of tables."""
    tables = {id(p) for part in module.modules() if isinstance(part, nn.Embedding) for p in part.parameters()}
    decayed: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for parameter in module.parameters():
        (decayed if parameter.dim() > 1 and id(parameter) not in tables else free).append(parameter)
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]
    # beta2 of 0.98: the usual 0.999 remembers more steps than a small corpus has in an epoch
    return AdamW(groups, lr=learning_rate, betas=(0.9, 0.98), foreach=True)


def warmup_then_decay(optimizer: Optimizer, total_steps: int, warmup: float) -> LambdaLR:
    """Rate rising in a straight line over the first `warmup` share of the steps, then falling to 0 in another."""
    rising = max(1, round(total_steps * warmup))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return max(0.0, (total_steps - step) / max(1, total_steps - rising))

    return LambdaLR(optimizer, factor)
