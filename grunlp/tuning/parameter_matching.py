"""Hidden sizes that give networks with different cells the same number of parameters."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from grunlp.runs.layout import WEIGHTS
from grunlp.runs.weights import tensor_shapes
from grunlp.utils.errors import UserError

# Sizes that scale with `hidden_size`, in networks that have them.
SCALED_KEYS = ("decoder_hidden_size", "predicate_hidden_size")
_MAX_HIDDEN_SIZE = 65_536


def scale_model(model: Mapping[str, Any], hidden_size: int) -> dict[str, int]:
    """Return all sizes of a network with another hidden size. `model` is the group of the configuration."""
    ratio = hidden_size / model["hidden_size"]
    others = {key: max(1, round(model[key] * ratio)) for key in SCALED_KEYS if key in model}
    return {"hidden_size": hidden_size, **others}


def match_parameter_count(count: Callable[[int], int], target: int, start: int, step: int) -> int:
    """Find by bisection the size whose number of parameters is nearest to a target; of two, the smaller one.

    Args:
        count: returns the number of parameters at a size; it does not decrease with the size.
        target: the number of parameters.
        start: the size to start from.
        step: sizes are multiples of this number.

    Raises:
        UserError: no size gives so large a number of parameters.
    """
    high = -(-start // step)  # in steps
    while count(step * high) < target:
        high *= 2
        if step * high > _MAX_HIDDEN_SIZE:
            raise UserError(
                f"no hidden size has {target} parameters", f"{_MAX_HIDDEN_SIZE} has fewer", "Type match_budget=time"
            )
    low = 0  # invariant: the count is below the target at low, but not at high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(step * middle) < target else (low, middle)
    return step * (low if low and target - count(step * low) <= count(step * high) - target else high)


def count_parameters(network: nn.Module) -> int:
    """Return the number of parameters in the weights file of a network."""
    return sum(tensor.numel() for tensor in network.state_dict().values())


def num_parameters_of_run(run: Path) -> int:
    """Return the number of parameters in the weights file of a run."""
    return sum(math.prod(shape) for shape in tensor_shapes(run / WEIGHTS).values())
