"""What `over=key=values` says: the values that a search tries."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from grunlp.configuration.options import unknown_key
from grunlp.utils.errors import UserError

NUM_GRID_POINTS = 5  # of a range of numbers with a point
_FIXED_KEYS = ("recipe", "run_dir", "overwrite")

Assignment = tuple[tuple[str, Any], ...]  # a value for each key


class Dimension(NamedTuple):
    """The values of one key.

    key: dotted.
    values: of a grid.
    bounds: of a range `a..b`; None for a list.
    """

    key: str
    values: list[Any]
    bounds: tuple[float, float] | None


def parse_search_space(texts: Sequence[str], defaults: Mapping[str, Any]) -> list[Dimension]:
    """Read `model.hidden_size=32..512`, `model.dropout=0.1,0.3`, several of them with `;` between.

    `a..b` of whole numbers is doubled from a to b, which comes last; of others it has five values at equal ratios.

    Args:
        texts: each as it stands after `over=`.
        defaults: every key of the configuration, whose kinds the values have.

    Raises:
        UserError: an unknown key, one named twice, a wrong kind, an empty or repeating list, a range from b to a.
    """
    ranges: list[Dimension] = []
    for text in (part.strip() for whole in texts for part in whole.split(";")):
        key, equals, words = text.partition("=")
        if not equals or not words:
            raise UserError(f"over={text}", "a key and its values are needed", "Type over=model.hidden_size=32..512")
        if key not in defaults:
            raise unknown_key(key, list(defaults))
        fixed = key in _FIXED_KEYS or (key.startswith("data.") and key != "data.history")
        if fixed or key in [other.key for other in ranges]:
            there = "it is of the search, or changes what is scored" if fixed else "it is named twice"
            raise UserError(f"over={key}", there, "Name keys of the network or its training, each once.")
        ranges.append(_parse_dimension(key, words, defaults[key]))
    return ranges


def expand_grid(ranges: Sequence[Dimension]) -> list[Assignment]:
    """Every combination, the last key fastest."""
    keys = [one.key for one in ranges]
    return [tuple(zip(keys, some, strict=True)) for some in product(*(one.values for one in ranges))]


def as_overrides(values: Assignment) -> list[str]:
    """As they are typed for a training."""
    return [f"{key}={_format_value(value)}" for key, value in values]


def trial_name(values: Assignment) -> str:
    """A name for a folder: "hidden_size-32_dropout-0.3"."""
    keys = [key for key, _ in values]
    last = [key.rpartition(".")[2] for key in keys]
    short = last if len(set(last)) == len(last) else keys
    return "_".join(f"{key}-{_format_value(value)}" for key, (_, value) in zip(short, values, strict=True))


def _format_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parse_dimension(key: str, words: str, default: Any) -> Dimension:
    if ".." not in words:
        values = [_parse_value(key, word, default) for word in words.split(",")]
        if len(set(values)) < len(values):
            raise UserError(f"over={key}={words}", "a value is repeated", "Name each once.")
        return Dimension(key, values, None)
    if not isinstance(default, int | float) or isinstance(default, bool):
        there = "only numbers have ranges"
        raise UserError(
            f"over={key}={words}", there, f"Type the values with commas, over={key}={_format_value(default)},…"
        )
    low, high = (_parse_value(key, word, default) for word in words.split("..", 1))
    if not 0 < low < high:
        there = "a range goes from a number above 0 to a larger one"
        raise UserError(f"over={key}={words}", there, f"Type over={key}=A..B, or the values with commas.")
    if isinstance(default, int):
        values = [low]
        while values[-1] * 2 < high:
            values.append(values[-1] * 2)
        values.append(high)
    else:
        values = [float(f"{value:.4g}") for value in np.geomspace(low, high, NUM_GRID_POINTS)]
    return Dimension(key, values, (low, high))


def _parse_value(key: str, word: str, default: Any) -> Any:
    """A word as the kind of the default."""
    kinds = {bool: "true or false", int: "whole numbers", float: "numbers"}
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[word]
        if isinstance(default, int | float):
            return type(default)(word)
        if word:
            return word
        raise ValueError
    except (KeyError, ValueError):
        there = f"expected {kinds.get(type(default), 'words')}, with commas or as a range"
        raise UserError(
            f"over={key}: {word!r} is no value", there, f"Type over={key}={_format_value(default)},…"
        ) from None
