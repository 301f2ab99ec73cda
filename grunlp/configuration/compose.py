"""From the words of a command line to a checked configuration.

Hydra composes `configs/`; this module finds those files (beside the package in a checkout, inside it when installed),
and checks what the user typed before anything heavy is imported and before any data is read.
"""

import importlib.util
import os
import re
from collections.abc import Callable, Sequence
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

from grunlp.configuration.paths import flatten_keys, list_config_group, resource_dir
from grunlp.configuration.saved_config import schema_for
from grunlp.configuration.schema import (
    DATASETS_BY_RECIPE,
    MODEL_PRESETS,
    check_choice,
    check_combination,
    check_optional_dependencies,
    check_value,
    unknown_key,
)
from grunlp.utils.errors import UserError

CONFIG_GROUPS = ("recipe", "data", "model", "debug")

_PATH_KEYS = {f"data.{split}{kind}" for split in ("train", "dev", "test") for kind in ("", "_words", "_target")}
_STRING_KEYS = _PATH_KEYS | {
    "init",
    "run_dir",
    "data.field",
    "vocabulary.vectors",
    "model.encoder",
    "model.init",
    "model.quantiles",
    *(
        f"data.{key}"
        for key in ("extra", "path", "config", "text", "words", "tags", "source", "target", "references", "label")
    ),
    *(f"data.{key}" for key in ("time", "targets", "group", "known", "static")),
}


def normalize_overrides(overrides: Sequence[str]) -> list[str]:
    """What the user typed as Hydra is to read it.

    Paths are quoted, so that any can be typed; files of one's own imply the first data set that `DATASETS_BY_RECIPE`
    names for the
    recipe, `data=files` for instance, and become absolute, so that a run finds them again from wherever it is
    evaluated.
    """
    completed, keys = [], {override.partition("=")[0] for override in overrides}
    recipes = [override.partition("=")[2] for override in overrides if override.startswith("recipe=")]
    kind = DATASETS_BY_RECIPE.get(recipes[-1] if recipes else "srl", ("files",))[0]
    given = {f"data={sets[0]}" for sets in DATASETS_BY_RECIPE.values()} & set(overrides)
    own = given or ("data" not in keys and bool(keys & _PATH_KEYS))
    for override in overrides:
        key, equals, value = override.partition("=")
        if equals and key in _STRING_KEYS and value not in ("", "null") and value[0] not in "'\"":
            value = os.path.expanduser(value)
            value = os.path.abspath(value) if own and key in _PATH_KEYS else value
            # within Hydra's quotes a backslash is itself, unless it stands before a quote or at the end
            override = f"{key}='" + re.sub(r"(\\*)('|$)", r"\1\1\2", value).replace("'", "\\'") + "'"
        completed.append(override)
    return [*completed, f"data={kind}"] if own and "data" not in keys else completed


def compose_config(overrides: Sequence[str]) -> DictConfig:
    """Compose `configs/config.yaml` with `overrides` and check the result.

    Raises:
        UserError: for an override that does not parse, names no key or group member, or has a wrong value.
    """
    overrides = normalize_overrides(overrides)
    parsed = _parse(overrides)
    groups = [override for override in parsed if override.key_or_group in CONFIG_GROUPS]
    for override in groups:
        check_choice(override.key_or_group, str(override.value()), list_config_group(override.key_or_group))
    recipe = next((str(override.value()) for override in groups if override.key_or_group == "recipe"), "srl")
    for override in groups:  # such a preset has keys that other recipes do not know
        preset = MODEL_PRESETS.get(str(override.value())) if override.key_or_group == "model" else recipe
        if preset != recipe:
            there = f"it is for recipe={preset}"
            raise UserError(f"recipe={recipe} with {override.input_line}", there, f"Type recipe={preset}")
    defaults = drop_inapplicable_debug_keys(_compose([str(override.input_line) for override in groups]))
    for override in parsed:
        if override not in groups:
            _check_key(override, defaults)
    config = drop_inapplicable_debug_keys(_compose(overrides))
    values = keys(config)
    for key, default in keys(defaults).items():
        check_value(key, values[key], default)
    check_combination(values)
    check_optional_dependencies(values)
    return config


def check_sweep(overrides: Sequence[str]) -> None:
    """Check every combination of a multirun, `seed=1,2,3`, as `compose_config` checks one."""
    choices = []
    for override in _parse(normalize_overrides(overrides)):
        if override.is_sweep_override():
            choices.append([f"{override.key_or_group}={value}" for value in override.sweep_string_iterator()])
        else:
            choices.append([str(override.input_line)])
    for combination in product(*choices):
        compose_config(combination)


def _parse(overrides: Sequence[str]) -> list[Override]:
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise UserError(
            f"cannot read the arguments: {str(error).splitlines()[0]}",
            f"you typed: {' '.join(overrides)}",
            "Write key=value, for example: python -m grunlp.train recipe=srl trainer.max_epochs=3",
        ) from None
    for override in parsed:
        if override.is_add() or override.is_force_add() or override.is_delete():
            raise UserError(
                f"{override.input_line}: keys cannot be added or deleted",
                "every key that has an effect exists already",
                "Write key=value without + or ~; --help lists the keys.",
            )
    return parsed


def _compose(overrides: Sequence[str]) -> DictConfig:
    if GlobalHydra.instance().is_initialized():
        GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(resource_dir("configs").resolve()), version_base="1.3"):
            return compose("config", overrides=list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(
            f"cannot compose the configuration: {str(error).splitlines()[0]}",
            f"you typed: {' '.join(overrides)}",
            "python -m grunlp.train --help lists recipes, data sets and keys.",
        ) from None


def drop_inapplicable_debug_keys(config: DictConfig) -> DictConfig:
    """A composed configuration without the keys of `debug=NAME` that its recipe does not have."""
    known = schema_for(config.recipe, config.data.name)
    kept = OmegaConf.create(OmegaConf.to_container(config))
    assert isinstance(kept, DictConfig)
    for key in keys(config):
        if key not in known:
            group, _, name = key.rpartition(".")
            del (OmegaConf.select(kept, group) if group else kept)[name]
    OmegaConf.set_struct(kept, True)
    return kept


def keys(config: DictConfig) -> dict[str, Any]:
    """Every key of a configuration in dotted form, with its value: {"model.hidden_size": 256, ...}."""
    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict)
    return flatten_keys(container)


def _check_key(override: Override, defaults: DictConfig) -> None:
    key, known = override.key_or_group, list(keys(defaults))
    if any(name.startswith(f"{key}.") for name in known):
        inner = [name for name in known if name.startswith(f"{key}.")]
        raise UserError(f"{key} is a group of keys, not a key", f"there are: {', '.join(inner)}", f"Set {inner[0]}=…")
    if key == "data.name":
        raise UserError(
            "data.name cannot be set", f"data sets: {', '.join(list_config_group('data'))}", "Type data=NAME"
        )
    if key not in known:
        raise unknown_key(key, known)


RecipeFunction = Callable[[DictConfig, Path, Any], None]  # of a configuration, a folder and a `Start`


def load_recipe(name: str) -> RecipeFunction:
    """The `run` function of `recipes/<name>.py`."""
    path = resource_dir("recipes") / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"grunlp_recipe_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run: RecipeFunction = module.run
    return run
