"""Configurations of all recipes: the functions of `grunlp.configuration`, applied to the options of the tasks.

This module imports no heavy library.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

from omegaconf import DictConfig

from grunlp.configuration import compose, saved_config
from grunlp.configuration.options import Option, check_choice
from grunlp.configuration.paths import list_config_group
from grunlp.configuration.schema import RecipeSchema, Section
from grunlp.tasks.registry import TASKS
from grunlp.training.options import check_optional_packages


@cache
def schemas() -> dict[str, RecipeSchema]:
    """Return the schema of every recipe."""
    return {recipe: import_module(f"{package}.options").RECIPES[recipe] for recipe, package in TASKS.items()}


def normalize_overrides(overrides: Sequence[str]) -> list[str]:
    """Rewrite overrides in Hydra's syntax. See `grunlp.configuration.compose`."""
    return compose.normalize_overrides(overrides, schemas())


def compose_config(overrides: Sequence[str]) -> DictConfig:
    """Compose and check a configuration. See `grunlp.configuration.compose`."""
    config = compose.compose_config(overrides, schemas())
    check_optional_packages(compose.flatten(config))
    return config


def check_sweep(overrides: Sequence[str]) -> None:
    """Check every combination of a multirun. See `grunlp.configuration.compose`."""
    compose.check_sweep(overrides, schemas())


def load_config(file: Path) -> DictConfig:
    """Read and check the `config.yaml` of a run folder. See `grunlp.configuration.saved_config`."""
    return saved_config.load_config(file, schemas())


def read_config(path: Path, required_files: Sequence[str] = ()) -> DictConfig:
    """Read the configuration of a finished run. See `grunlp.runs.layout`."""
    from grunlp.runs import layout  # imports torch

    return layout.read_config(path, schemas(), required_files)


def load_initial_config(path: Path) -> DictConfig:
    """Read the configuration of a training to resume. See `grunlp.runs.layout`."""
    from grunlp.runs import layout  # imports torch

    return layout.load_initial_config(path, schemas())


def recipe_sections(config: DictConfig) -> list[Section]:
    """List the options of a configuration in groups, with its values as their defaults."""
    values = compose.flatten(config)
    sections = schemas()[config.recipe].sections(config.recipe, config.data.name)
    return [
        section._replace(options=[replace(option, default=values[option.key]) for option in section.options])
        for section in sections
    ]


def training_options(arguments: Sequence[str]) -> dict[str, Option]:
    """List the options of `grunlp-train` by key, given the arguments that precede the one being typed.

    Raises:
        UserError: the recipe or data set does not exist.
    """
    chosen = dict(argument.partition("=")[::2] for argument in arguments)
    recipe = chosen.get("recipe", compose.DEFAULT_RECIPE)
    check_choice("recipe", recipe, list(schemas()))
    datasets = list(schemas()[recipe].datasets)
    dataset = chosen.get("data", datasets[0])
    check_choice("data", dataset, datasets)
    presets = compose.list_presets(recipe)
    groups = {"recipe": list(schemas()), "data": datasets, "model": presets, "debug": list_config_group("debug")}
    options = {
        **{name: Option(name, str, None, "", choices=tuple(members)) for name, members in groups.items()},
        "resume": Option("resume", str, None, "unfinished run to resume", content="run"),
        "replay_bad_batch": Option(
            "replay_bad_batch", str, None, "run that was stopped by a non-finite loss", content="run"
        ),
    }
    keys = schemas()[recipe].options(recipe, dataset).items()
    return options | {key: option for key, option in keys if key not in ("recipe", "data.name")}
