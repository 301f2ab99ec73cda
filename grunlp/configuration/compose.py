"""Composition of a checked configuration from the arguments of a training command.

Hydra composes a configuration from the defaults of the options classes, registered by `register_schemas`, and the files
in `configs/`, which is next to the package in a checkout and inside it when installed. Everything a user typed is
checked before anything heavy is imported and before any data are read.
"""

import importlib.util
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from grunlp.configuration.options import Option, check_choice, check_value, unknown_key
from grunlp.configuration.paths import flatten_keys, list_config_group, resource_dir
from grunlp.configuration.schema import Schemas
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import read_yaml

CONFIG_GROUPS = ("recipe", "data", "model", "debug")
DEFAULT_RECIPE = "srl"
_RECIPE_SYNONYMS = {
    **dict.fromkeys(("ner", "pos", "chunk", "chunking", "tagging", "tagger"), "tag"),
    **dict.fromkeys(("sentiment", "classification", "classifier"), "classify"),
    **dict.fromkeys(("mt", "nmt", "translation"), "translate"),
    **dict.fromkeys(("summarization", "summarisation", "summarise"), "summarize"),
    **dict.fromkeys(("language_model", "language-model", "generate"), "lm"),
    **dict.fromkeys(("forecasting", "timeseries", "time-series"), "forecast"),
}


def register_schemas(schemas: Schemas) -> None:
    """Register the default configuration of each recipe and data set with Hydra, as `schema/<recipe>--<data set>`.

    Schemas registered earlier are removed, because Hydra copies all registered ones at each composition.
    """
    store = ConfigStore.instance()
    store.repo.pop("schema", None)
    for recipe, schema in schemas.items():
        for dataset in schema.datasets:
            node = schema.defaults(recipe, dataset)
            store.store(group="schema", name=f"{recipe}--{dataset}", node=node, package="_global_")


def normalize_overrides(overrides: Sequence[str], schemas: Schemas) -> list[str]:
    """Rewrite the overrides a user typed in Hydra's syntax.

    Strings are quoted, so that they may contain any character; a leading ~ is expanded. The user's own files imply
    `data=files` and become absolute paths, so that a run finds them again wherever it is evaluated.
    """
    recipe, dataset = _chosen("recipe", overrides) or DEFAULT_RECIPE, _chosen("data", overrides)
    if recipe not in schemas:
        return list(overrides)
    datasets = list(schemas[recipe].datasets)
    by_dataset = {name: schemas[recipe].options(recipe, name) for name in datasets}
    keys = {override.partition("=")[0] for override in overrides}
    files = datasets[0]
    implied = not dataset and any(by_dataset[files][key].content == "path" for key in keys & set(by_dataset[files]))
    options: dict[str, Option] = {}
    for name in reversed([dataset] if dataset in by_dataset else [files] if implied else datasets):
        options |= by_dataset[name]
    normalized = []
    for override in overrides:
        key, equals, value = override.partition("=")
        content = options[key].content if key in options else "word"
        is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        if is_quoted and "path" in content and "\\" not in value:
            value, is_quoted = value[1:-1], False
        if equals and content != "word" and value not in ("", "null") and not is_quoted:
            value = os.path.expanduser(value)
            if content == "path" or (content == "path or name" and os.path.exists(value)):
                value = os.path.abspath(value)
            # Inside Hydra's quotes a backslash is literal, except before a quote or at the end.
            override = f"{key}='" + re.sub(r"(\\*)('|$)", r"\1\1\2", value).replace("'", "\\'") + "'"
        normalized.append(override)
    return [*normalized, f"data={files}"] if implied else normalized


def _chosen(group: str, overrides: Sequence[str]) -> str:
    """Return the last member of a group that was typed, or the first one of a sweep; "" if none was typed."""
    members = [override.partition("=")[2] for override in overrides if override.startswith(f"{group}=")]
    return members[-1].partition(",")[0] if members else ""


def compose_config(overrides: Sequence[str], schemas: Schemas) -> DictConfig:
    """Compose `configs/config.yaml` with `overrides` and check the result.

    Args:
        overrides: the overrides as the user typed them.
        schemas: the schemas of all recipes.

    Raises:
        UserError: an override cannot be parsed, names an unknown key or group member, or has an invalid value.
    """
    overrides = normalize_overrides(overrides, schemas)
    parsed = _parse(overrides)
    groups = [override for override in parsed if override.key_or_group in CONFIG_GROUPS]
    chosen = {override.key_or_group: str(override.value()) for override in groups}
    recipe = chosen.get("recipe", DEFAULT_RECIPE)
    _check_groups(recipe, chosen, schemas)
    register_schemas({recipe: schemas[recipe]})
    defaults = drop_inapplicable_debug_keys(_compose(tuple(str(override.input_line) for override in groups)), schemas)
    default_values = flatten(defaults)
    for override in parsed:
        if override not in groups:
            _check_key(override, list(default_values))
    has_keys = len(groups) < len(parsed)
    config = drop_inapplicable_debug_keys(_compose(tuple(overrides)), schemas) if has_keys else defaults
    values = flatten(config)
    for key, option in schemas[config.recipe].options(config.recipe, config.data.name).items():
        check_value(replace(option, default=default_values[key]), values[key])
    schemas[config.recipe].check(values)
    return config


def _check_groups(recipe: str, chosen: Mapping[str, str], schemas: Schemas) -> None:
    """Raise UserError for a recipe, data set or preset that does not exist or does not fit the recipe."""
    if recipe in _RECIPE_SYNONYMS and recipe not in schemas:
        name = _RECIPE_SYNONYMS[recipe]
        details = f"there are: {', '.join(schemas)}"
        raise UserError(f"recipe={recipe}: no such choice", details, f"Type recipe={name}, which does that.")
    for group, member in chosen.items():
        check_choice(group, member, list_config_group(group))
    dataset, preset = chosen.get("data"), chosen.get("model")
    if dataset is not None:
        check_dataset(recipe, dataset, schemas)
    if preset is not None and preset not in list_presets(recipe):  # it sets keys that other recipes do not have
        preset_recipe = _preset_recipe(preset)
        raise UserError(
            f"recipe={recipe} with model={preset}",
            f"this preset is for recipe={preset_recipe}",
            f"Type recipe={preset_recipe}",
        )


def list_presets(recipe: str) -> list[str]:
    """List the presets of a recipe's model, the choices for `model=`."""
    return [preset for preset in list_config_group("model") if _preset_recipe(preset) == recipe]


def _preset_recipe(preset: str) -> str:
    return str(read_yaml(resource_dir("configs") / "model" / f"{preset}.yaml")["recipe"])


def check_dataset(recipe: str, dataset: str, schemas: Schemas) -> None:
    """Raise UserError unless the recipe can read the data set."""
    datasets = list(schemas[recipe].datasets)
    if dataset not in datasets:
        others = [name for name, schema in schemas.items() if dataset in schema.datasets]
        raise UserError(
            f"recipe={recipe} with data={dataset}",
            f"this recipe reads data={', '.join(datasets)}; data={dataset} is for recipe={', '.join(others)}",
            f"Type data={datasets[0]}, or recipe={others[0]}" if others else f"Type data={datasets[0]}",
        )


def check_sweep(overrides: Sequence[str], schemas: Schemas) -> None:
    """Check every combination of a multirun (`seed=1,2,3`) as `compose_config` checks a single training."""
    choices = []
    for override in _parse(normalize_overrides(overrides, schemas)):
        if override.is_sweep_override():
            choices.append([f"{override.key_or_group}={value}" for value in override.sweep_string_iterator()])
        else:
            choices.append([str(override.input_line)])
    for combination in product(*choices):
        compose_config(combination, schemas)


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
                "all keys that have an effect already exist",
                "Write key=value without + or ~; --help lists the keys.",
            )
    return parsed


@lru_cache(maxsize=256)  # a search checks the same configurations again and again, at a quarter of a second each
def _compose(overrides: tuple[str, ...]) -> DictConfig:
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


def drop_inapplicable_debug_keys(config: DictConfig, schemas: Schemas) -> DictConfig:
    """Copy a composed configuration without the keys of `debug=NAME` that its recipe does not have."""
    options = schemas[config.recipe].options(config.recipe, config.data.name)
    kept = OmegaConf.create(OmegaConf.to_container(config))
    assert isinstance(kept, DictConfig)
    for key in flatten(config):
        if key not in options:
            group, _, name = key.rpartition(".")
            parent = OmegaConf.select(kept, group) if group else kept
            del parent[name]
            if group and not parent:
                del kept[group]
    OmegaConf.set_struct(kept, True)
    return kept


def flatten(config: DictConfig) -> dict[str, Any]:
    """List every key of a configuration in dotted form with its value: {"model.hidden_size": 256, ...}."""
    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict)
    return flatten_keys(container)


def _check_key(override: Override, known: Sequence[str]) -> None:
    key = override.key_or_group
    members = [name for name in known if name.startswith(f"{key}.")]
    if members:
        raise UserError(
            f"{key} is a group of keys, not a key", f"there are: {', '.join(members)}", f"Set {members[0]}=…"
        )
    if key == "data.name":
        datasets = ", ".join(list_config_group("data"))
        raise UserError("data.name cannot be set", f"data sets: {datasets}", "Type data=NAME")
    if key not in known:
        raise unknown_key(key, known)


RecipeFunction = Callable[[DictConfig, Path, Any], None]  # takes a configuration, a folder and a `RunMode`


def load_recipe(name: str) -> RecipeFunction:
    """Load the `run` function of `recipes/<name>.py`."""
    path = resource_dir("recipes") / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"grunlp_recipe_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run: RecipeFunction = module.run
    return run
