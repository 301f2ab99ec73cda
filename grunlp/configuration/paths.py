"""Where configurations and recipes lie, and their keys in dotted form. Imports nothing heavy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PACKAGE_DIR = Path(__file__).parents[1]


def resource_dir(name: str) -> Path:
    """Where `configs` or `recipes` lie: inside the installed package, else beside it in a checkout."""
    inside = _PACKAGE_DIR / name
    return inside if inside.is_dir() else _PACKAGE_DIR.parent / name


def list_config_group(group: str) -> list[str]:
    """The names a config group offers, for `recipe=`, `data=` and `debug=`."""
    return sorted(path.stem for path in (resource_dir("configs") / group).glob("*.yaml"))


def flatten_keys(groups: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Every key of nested groups with its value: {"model.hidden_size": 256, ...}."""
    found: dict[str, Any] = {}
    for name, value in groups.items():
        group = isinstance(value, Mapping) and value
        found |= flatten_keys(value, f"{prefix}{name}.") if group else {f"{prefix}{name}": value}
    return found
