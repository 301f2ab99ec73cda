"""`config.yaml` of a run folder: written with the number of its form, read under the schema that a command line meets.

Every key must be one of its recipe and data set, of the kind and within the bounds that `grunlp.configuration.schema`
asks of what
is typed, and none may be missing. Nothing in it is executed or looked up: `predict` opens no file that it names.
`evaluate` on a split, and a training that goes on, read the data files it names, which lie where the training found
them; these are named in the log.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from grunlp.configuration.migrations import FORMAT_VERSION, migrate
from grunlp.configuration.paths import flatten_keys, resource_dir
from grunlp.configuration.schema import DATASETS_BY_RECIPE, check_choice, check_combination, check_value, unknown_key
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import read_yaml

_TRAINED_ON = "trained_on"  # what a fine-tuned run has beside its keys: the data of each training, one behind the other


def save_config(file: Path, config: DictConfig) -> None:
    """Write how a run is built and trained, with all that stands for something else replaced by it."""
    write_file_atomically(file, f"format: {FORMAT_VERSION}\n{OmegaConf.to_yaml(config, resolve=True)}")


def load_config(file: Path) -> DictConfig:
    """Read what `save_config` wrote, now or in an earlier version.

    Raises:
        UserError: it is of a later version, or no configuration of a run.
    """
    content = read_yaml(file)
    try:
        content = migrate(content, _schema_of_config)
        known = _schema_of_config(content)
        trained_on = content.pop(_TRAINED_ON, None)
        validate_config(content, known)
        if trained_on is not None:
            _check_trained_on(trained_on, content["recipe"])
            content[_TRAINED_ON] = trained_on
    except UserError as error:
        raise UserError(f"{file}: {error.message}", error.details, error.hint) from None
    return OmegaConf.create(content)


def validate_config(content: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise UserError unless the groups have exactly these keys, with values of their kinds and within bounds."""
    values = flatten_keys(content)
    for key in values:
        if key not in schema:
            raise unknown_key(key, list(schema))
    for key, default in schema.items():
        if key not in values:
            raise UserError(f"{key} is missing", "each key stands there", "Copy the whole folder again.")
        check_value(key, values[key], default)
    if "recipe" in schema:
        check_combination(values)


def _check_trained_on(trained_on: Any, recipe: str) -> None:
    if recipe != "finetune" or not isinstance(trained_on, list):
        raise UserError(f"{_TRAINED_ON} is out of place", "recipe=finetune has a list of data", "Copy it again.")
    for data in trained_on:
        keys = _schema_of_config({"recipe": "srl", "data": data})
        validate_config({"data": data}, {key: default for key, default in keys.items() if key.startswith("data.")})


def _schema_of_config(content: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the recipe and the data set that these settings name, with their defaults."""
    recipe, data = content.get("recipe"), content.get("data")
    check_choice("recipe", str(recipe), sorted(DATASETS_BY_RECIPE))
    name = str(data.get("name")) if isinstance(data, Mapping) else str(data)
    check_choice("data.name", name, DATASETS_BY_RECIPE[str(recipe)])
    return dict(schema_for(str(recipe), name))


@cache
def schema_for(recipe: str, data: str) -> Mapping[str, Any]:
    """Every dotted key that `recipe=NAME data=NAME` has, with its default, as Hydra composes them.

    Without Hydra, which takes half a second.
    """
    files = {name: read_yaml(resource_dir("configs") / f"{name}.yaml") for name in ("config", f"recipe/{recipe}")}
    root, own = files["config"], files[f"recipe/{recipe}"]
    found = {
        **flatten_keys(root),
        **flatten_keys({"data": read_yaml(resource_dir("configs") / "data" / f"{data}.yaml")}),
        **flatten_keys(own),
    }
    if recipe == "finetune":  # it takes over the network that it starts from
        srl = flatten_keys(read_yaml(resource_dir("configs") / "recipe" / "srl.yaml"))
        found |= {key: value for key, value in srl.items() if key.startswith("model.")}
    return {key: value for key, value in found.items() if key.partition(".")[0] not in ("defaults", "hydra")}
