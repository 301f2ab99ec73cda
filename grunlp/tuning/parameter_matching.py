"""Networks with other cells and as many weights."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from grunlp.runs.layout import WEIGHTS
from grunlp.runs.weights import tensor_shapes
from grunlp.utils.errors import UserError

# Sizes that keep their proportion to `hidden_size`, where a network has them.
SCALED_KEYS = ("decoder_hidden_size", "predicate_hidden_size")
_MAX_HIDDEN_SIZE = 65_536


def scale_model(model: Mapping[str, Any], hidden_size: int) -> dict[str, int]:
    """All sizes of a network whose hidden size is another. model: its group of the configuration."""
    share = hidden_size / model["hidden_size"]
    others = {key: max(1, round(model[key] * share)) for key in SCALED_KEYS if key in model}
    return {"hidden_size": hidden_size, **others}


def match_parameter_count(count: Callable[[int], int], target: int, start: int, step: int) -> int:
    """The size with the number of weights nearest to `target`, the smaller of two, by bisection.

    Args:
        count: weights at a size; never fewer at a larger one.
        target: how many are wanted.
        start: where to begin.
        step: sizes are multiples of it.

    Raises:
        UserError: no size has so many.
    """
    high = -(-start // step)  # in steps
    while count(step * high) < target:
        high *= 2
        if step * high > _MAX_HIDDEN_SIZE:
            raise UserError(f"no hidden size has {target} weights", f"{_MAX_HIDDEN_SIZE} has fewer", "Type match=time")
    low = 0  # the count at low is below target, that at high is not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(step * middle) < target else (low, middle)
    return step * (low if low and target - count(step * low) <= count(step * high) - target else high)


def count_parameters(network: nn.Module) -> int:
    """Numbers in its file of weights."""
    return sum(tensor.numel() for tensor in network.state_dict().values())


def num_parameters_of_run(run: Path) -> int:
    """The same of a finished run."""
    return sum(math.prod(shape) for shape in tensor_shapes(run / WEIGHTS).values())
