"""The search space of a study: `search_space=KEY=VALUES`."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from grunlp.configuration.options import unknown_key
from grunlp.utils.errors import UserError

NUM_GRID_POINTS = 5  # of a range of fractional numbers
_FIXED_KEYS = ("recipe", "run_dir", "overwrite")

Assignment = tuple[tuple[str, Any], ...]  # a value for each key


class Dimension(NamedTuple):
    """The values of one key.

    Attributes:
        key: the dotted key.
        values: the values of a grid.
        bounds: both ends of a range `a..b`; None for a list.
    """

    key: str
    values: list[Any]
    bounds: tuple[float, float] | None


def parse_search_space(texts: Sequence[str], defaults: Mapping[str, Any]) -> list[Dimension]:
    """Parse `model.hidden_size=32..512`, `model.dropout=0.1,0.3`, and several of them separated by `;`.

    A range `a..b` of whole numbers doubles from a to b; a range of other numbers has five values with equal ratios.

    Args:
        texts: the text after each `search_space=`.
        defaults: every key of the configuration with its value, whose type the values must have.

    Raises:
        UserError: a key is unknown or given twice, a value has the wrong type, a list is empty or repeats a value, or
            the ends of a range are not in increasing order.
    """
    ranges: list[Dimension] = []
    for text in (part.strip() for whole in texts for part in whole.split(";")):
        key, equals, words = text.partition("=")
        if not equals or not words:
            raise UserError(
                f"search_space={text}", "a key and its values are needed", "Type search_space=model.hidden_size=32..512"
            )
        if key not in defaults:
            raise unknown_key(key, list(defaults))
        fixed = key in _FIXED_KEYS or (key.startswith("data.") and key != "data.history")
        if fixed or key in [other.key for other in ranges]:
            details = "the search sets it, or it affects which data are scored" if fixed else "it is given twice"
            raise UserError(
                f"search_space={key}", details, "Use keys of the network or of its training, each only once."
            )
        ranges.append(_parse_dimension(key, words, defaults[key]))
    return ranges


def expand_grid(ranges: Sequence[Dimension]) -> list[Assignment]:
    """Return every combination of values; the last key varies fastest."""
    keys = [dimension.key for dimension in ranges]
    combinations = product(*(dimension.values for dimension in ranges))
    return [tuple(zip(keys, combination, strict=True)) for combination in combinations]


def as_overrides(values: Assignment) -> list[str]:
    """Return the values as arguments of a training."""
    return [f"{key}={_format_value(value)}" for key, value in values]


def trial_name(values: Assignment) -> str:
    """Return the name of a folder for these values: "hidden_size-32_dropout-0.3"."""
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
            raise UserError(f"search_space={key}={words}", "a value is repeated", "List each value once.")
        return Dimension(key, values, None)
    if not isinstance(default, int | float) or isinstance(default, bool):
        raise UserError(
            f"search_space={key}={words}",
            "only numbers have ranges",
            f"Type the values with commas, search_space={key}={_format_value(default)},…",
        )
    low, high = (_parse_value(key, word, default) for word in words.split("..", 1))
    if not 0 < low < high:
        details = "a range goes from a number above 0 to a larger one"
        raise UserError(
            f"search_space={key}={words}", details, f"Type search_space={key}=A..B, or the values with commas."
        )
    if isinstance(default, int):
        values = [low]
        while values[-1] * 2 < high:
            values.append(values[-1] * 2)
        values.append(high)
    else:
        values = [float(f"{value:.4g}") for value in np.geomspace(low, high, NUM_GRID_POINTS)]
    return Dimension(key, values, (low, high))


def _parse_value(key: str, word: str, default: Any) -> Any:
    """Convert a word to the type of the default."""
    types = {bool: "true or false", int: "whole numbers", float: "numbers"}
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[word]
        if isinstance(default, int | float):
            return type(default)(word)
        if word:
            return word
        raise ValueError
    except (KeyError, ValueError):
        raise UserError(
            f"search_space={key}: {word!r} has the wrong type",
            f"expected {types.get(type(default), 'words')}, with commas or as a range",
            f"Type search_space={key}={_format_value(default)},…",
        ) from None
