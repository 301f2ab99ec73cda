"""From the words of a command line to a checked configuration.

Hydra composes `configs/`; this module finds those files (beside the package in a checkout, inside it when installed),
and checks what the user typed before anything heavy is imported and before any data is read: unknown keys, wrong
types and bad choices end in a `GrunlpError` of three parts.
"""

import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from grunlp.errors import GrunlpError, nearest

_PACKAGE = Path(__file__).parent
GROUPS = ("recipe", "data", "debug")

# Words a key may take. Each model's signature states the same as a Literal; a test holds the two together.
CHOICES: dict[str, tuple[str, ...]] = {
    "model.predicate": ("states", "input"),
    "model.characters": ("cnn", "gru", "none"),
    "model.residual": ("none", "add", "highway"),
    "model.decoder": ("viterbi", "crf"),
    "trainer.accelerator": ("auto", "cpu", "gpu", "mps"),
    "split": ("train", "dev", "test"),
}

# Bounds by the last part of a key: (least, most), both allowed.
BOUNDS: dict[str, tuple[float, float]] = {
    "hidden_size": (1, 65536),
    "num_layers": (1, 64),
    "word_size": (1, 65536),
    "character_size": (2, 65536),
    "max_epochs": (1, 1_000_000),
    "batch_tokens": (1, 100_000_000),
    "learning_rate": (0.0, 100.0),
    "patience": (1, 1_000_000),
    "warmup": (0.0, 1.0),
}


def folder(name: str) -> Path:
    """Where `configs` or `recipes` lie: inside the installed package, else beside it in a checkout."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def available(group: str) -> list[str]:
    """The names a config group offers, for `recipe=`, `data=` and `debug=`."""
    return sorted(path.stem for path in (folder("configs") / group).glob("*.yaml"))


def complete(overrides: Sequence[str]) -> list[str]:
    """What the user typed as Hydra reads it: paths quoted, `data=files` added where `data.train=FILE` implies it."""
    completed = [quote_paths(override) for override in overrides]
    named = {override.partition("=")[0] for override in overrides}
    if "data" not in named and "data.train" in named:
        completed.append("data=files")
    return completed


def compose_config(overrides: Sequence[str]) -> DictConfig:
    """Compose `configs/config.yaml` with `overrides` and check the result.

    Raises:
        GrunlpError: for an override that does not parse, names no key or group member, or has a wrong value.
    """
    overrides = complete(overrides)
    parsed = _parse(overrides)
    groups = [override for override in parsed if override.key_or_group in GROUPS]
    for override in groups:
        _check_choice(override.key_or_group, str(override.value()), available(override.key_or_group))
    # without debug, which may put a number where null is the default
    defaults = _compose([str(override.input_line) for override in groups if override.key_or_group != "debug"])
    for override in parsed:
        if override not in groups:
            _check_key(override, defaults)
    config = _compose(overrides)
    check_values(config, defaults)
    return config


def check_sweep(overrides: Sequence[str]) -> None:
    """Check every combination of a multirun, `seed=1,2,3`, as `compose_config` checks one."""
    choices = []
    for override in _parse(complete(overrides)):
        if override.is_sweep_override():
            choices.append([f"{override.key_or_group}={value}" for value in override.sweep_string_iterator()])
        else:
            choices.append([str(override.input_line)])
    for combination in product(*choices):
        compose_config(combination)


def quote_paths(override: str) -> str:
    """Quote a value that is a path with signs Hydra's grammar would trip over (blanks, commas, brackets, =)."""
    key, equals, value = override.partition("=")
    is_path = key.lstrip("+~").startswith(("data.", "run_dir")) or key.endswith(".vectors")
    if (
        equals
        and is_path
        and value[:1] not in ("'", '"', "[", "{")
        and any(sign in value for sign in " ,()[]{}=:;#'\"\\")
    ):
        # within Hydra's quotes a backslash is itself, unless it stands before a quote or at the end
        return f"{key}='" + re.sub(r"(\\*)('|$)", r"\1\1\2", value).replace("'", "\\'") + "'"
    return override


def _parse(overrides: Sequence[str]) -> list[Override]:
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise GrunlpError(
            f"cannot read the arguments: {str(error).splitlines()[0]}",
            f"you typed: {' '.join(overrides)}",
            "Write key=value, for example: python -m grunlp.train recipe=srl trainer.max_epochs=3",
        ) from None
    for override in parsed:
        if override.is_add() or override.is_force_add() or override.is_delete():
            raise GrunlpError(
                f"{override.input_line}: keys cannot be added or deleted",
                "every key that has an effect exists already",
                "Write key=value without + or ~; --help lists the keys.",
            )
    return parsed


def _compose(overrides: Sequence[str]) -> DictConfig:
    if GlobalHydra.instance().is_initialized():
        GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(folder("configs").resolve()), version_base="1.3"):
            return compose("config", overrides=list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise GrunlpError(
            f"cannot compose the configuration: {str(error).splitlines()[0]}",
            f"you typed: {' '.join(overrides)}",
            "python -m grunlp.train --help lists recipes, data sets and keys.",
        ) from None


def keys(config: DictConfig) -> dict[str, Any]:
    """Every key of a configuration in dotted form, with its value: {"model.hidden_size": 256, ...}."""
    found: dict[str, Any] = {}

    def walk(node: Mapping[Any, Any], prefix: str) -> None:
        for name, value in node.items():
            if isinstance(value, Mapping) and value:
                walk(value, f"{prefix}{name}.")
            else:
                found[f"{prefix}{name}"] = value

    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict)
    walk(container, "")
    return found


def unknown_key(key: str, known: Sequence[str]) -> GrunlpError:
    """The error for a key that does not exist, with its neighbours and the nearest one."""
    parent = key.rpartition(".")[0]
    siblings = [name for name in known if name.rpartition(".")[0] == parent] or list(known)
    last = {name.rpartition(".")[2]: name for name in known}
    guess = nearest(key, known) or last.get(nearest(key.rpartition(".")[2], last) or "")
    advice = f"Did you mean {guess}?" if guess else "--help lists every key."
    return GrunlpError(f"unknown key {key}", f"there are: {', '.join(sorted(siblings))}", advice)


def _check_key(override: Override, defaults: DictConfig) -> None:
    key, known = override.key_or_group, list(keys(defaults))
    if any(name.startswith(f"{key}.") for name in known):
        inner = [name for name in known if name.startswith(f"{key}.")]
        raise GrunlpError(f"{key} is a group of keys, not a key", f"there are: {', '.join(inner)}", f"Set {inner[0]}=…")
    if key not in known:
        raise unknown_key(key, known)


def _check_choice(key: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        guess = nearest(value, choices)
        advice = f"Did you mean {key}={guess}?" if guess else f"Type {key}={choices[0]}, for example."
        raise GrunlpError(f"{key}={value}: no such choice", f"there are: {', '.join(choices)}", advice)


def check_values(config: DictConfig, defaults: DictConfig) -> None:
    """Check the type, the choice and the bounds of every value against the default it replaces."""
    values = keys(config)
    for key, default in keys(defaults).items():
        value = values[key]
        check_type(key, value, default)
        if key in CHOICES and value is not None:
            _check_choice(key, str(value), CHOICES[key])
        least, most = BOUNDS.get(key.rpartition(".")[2], (float("-inf"), float("inf")))
        if key.endswith("dropout"):
            least, most = 0.0, 0.99
        if isinstance(value, int | float) and not isinstance(value, bool) and not least <= value <= most:
            raise GrunlpError(
                f"{key}={value} is out of bounds", f"it lies from {least} to {most}", f"Type {key}={default}"
            )


_KINDS: dict[type, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    float: ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    str: ("a word or path", lambda value: isinstance(value, str | int | float) and not isinstance(value, bool)),
    list: ("a list, [a,b]", lambda value: isinstance(value, list)),
}


def check_type(key: str, value: Any, default: Any) -> None:
    """Raise unless `value` is of the kind of `default`. A key whose default is null takes null, a word or a number."""
    if default is None:
        if isinstance(value, dict | list):
            raise GrunlpError(f"{key}={value}: wrong type", "expected one value or null", f"Type {key}=null")
        return
    what, fits = _KINDS[type(default)]
    if not fits(value):
        raise GrunlpError(
            f"{key}={value}: wrong type", f"expected {what}, as in {key}={default}", f"Type {key}={default}"
        )


def parse_arguments(arguments: Sequence[str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Read `key=value` arguments of a command that needs no composition.

    Args:
        arguments: the words after the command's name.
        defaults: every key the command knows with its default; null means none.

    Returns:
        the defaults with the typed values put in, each of its default's type.

    Raises:
        GrunlpError: for an unknown key, a word without `=`, a wrong type or a bad choice.
    """
    values = dict(defaults)
    for argument in arguments:
        key, equals, text = argument.partition("=")
        if not equals:
            raise GrunlpError(f"{argument}: not key=value", f"there are: {', '.join(defaults)}", "Write key=value.")
        if key not in defaults:
            raise unknown_key(key, list(defaults))
        default = defaults[key]
        values[key] = _convert(text, default)
        check_type(key, values[key], default)
        if key in CHOICES:
            _check_choice(key, str(values[key]), CHOICES[key])
    return values


def _convert(text: str, default: Any) -> Any:
    if default is None or isinstance(default, str):
        return text
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def load_recipe(name: str) -> Callable[[DictConfig], None]:
    """The `run` function of `recipes/<name>.py`."""
    path = folder("recipes") / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"grunlp_recipe_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run: Callable[[DictConfig], None] = module.run
    return run
