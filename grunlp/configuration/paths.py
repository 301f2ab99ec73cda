"""Locations of configurations and recipes, and dotted keys. This module imports no heavy library."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PACKAGE_DIR = Path(__file__).parents[1]


def resource_dir(name: str) -> Path:
    """Return the folder `configs` or `recipes`: inside the installed package, or next to it in a checkout."""
    installed = _PACKAGE_DIR / name
    return installed if installed.is_dir() else _PACKAGE_DIR.parent / name


def list_config_group(group: str) -> list[str]:
    """List the members of a config group, the choices for `recipe=`, `data=`, `model=` or `debug=`."""
    return sorted(path.stem for path in (resource_dir("configs") / group).glob("*.yaml"))


def flatten_keys(groups: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """List every key of nested groups with its value: {"model.hidden_size": 256, ...}."""
    values: dict[str, Any] = {}
    for name, value in groups.items():
        is_group = isinstance(value, Mapping) and value
        values |= flatten_keys(value, f"{prefix}{name}.") if is_group else {f"{prefix}{name}": value}
    return values
