"""Where configurations and recipes lie, and their keys in dotted form. Imports nothing heavy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """Where `configs` or `recipes` lie: inside the installed package, else beside it in a checkout."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def available(group: str) -> list[str]:
    """The names a config group offers, for `recipe=`, `data=` and `debug=`."""
    return sorted(path.stem for path in (folder("configs") / group).glob("*.yaml"))


def dotted(groups: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Every key of nested groups with its value: {"model.hidden_size": 256, ...}."""
    found: dict[str, Any] = {}
    for name, value in groups.items():
        group = isinstance(value, Mapping) and value
        found |= dotted(value, f"{prefix}{name}.") if group else {f"{prefix}{name}": value}
    return found
