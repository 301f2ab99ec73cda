"""`config.yaml` of a run folder: written with a format number, and validated on reading like the command line.

Every key must be an option of the recipe and data set, with a value of the declared type within the declared bounds; no
key may be missing. Nothing in the file is executed or imported: `predict` opens no file that it names. `evaluate` on a
split and a resumed training read the data files it names, at the paths used in training, and log them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from grunlp.configuration.migrations import FORMAT_VERSION, migrate, stored_format
from grunlp.configuration.options import Option, check_choice, check_value, options_of, unknown_key
from grunlp.configuration.paths import flatten_keys
from grunlp.configuration.schema import RecipeSchema, Schemas
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import read_yaml

_TRAINED_ON = "trained_on"  # key of a fine-tuned run: the data of each training, in order


def save_config(file: Path, config: DictConfig) -> None:
    """Write a configuration with its interpolations resolved."""
    write_file_atomically(file, f"format: {FORMAT_VERSION}\n{OmegaConf.to_yaml(config, resolve=True)}")


def load_config(file: Path, schemas: Schemas) -> DictConfig:
    """Read what `save_config` wrote, in this version or an earlier one.

    Raises:
        UserError: the file was written by a later version, or is not the configuration of a run.
    """
    content = read_yaml(file)
    try:
        content = migrate(content)
        schema, options = _find_options(content, schemas)
        trained_on = content.pop(_TRAINED_ON, None)
        _validate(content, options)
        schema.check(flatten_keys(content))
        if trained_on is not None:
            _validate_trained_on(trained_on, schema)
            content[_TRAINED_ON] = trained_on
    except UserError as error:
        raise UserError(f"{file}: {error.message}", error.details, error.hint) from None
    return OmegaConf.create(content)


def require_current_format(file: Path) -> None:
    """Raise UserError unless a configuration has the current format, because older trainings cannot be resumed."""
    version = stored_format(read_yaml(file))
    if version != FORMAT_VERSION:
        raise UserError(
            f"{file.parent}: started by an earlier version of grunlp",
            f"its run folder has format {version}; this version resumes format {FORMAT_VERSION}",
            "Resume it with the version that started it, or train again with run_dir=NEW_FOLDER",
        )


def _find_options(content: Mapping[str, Any], schemas: Schemas) -> tuple[RecipeSchema, Mapping[str, Option]]:
    """Find the schema and the options of the recipe and data set in a configuration."""
    recipe, data = str(content.get("recipe")), content.get("data")
    check_choice("recipe", recipe, sorted(schemas))
    dataset = str(data.get("name")) if isinstance(data, Mapping) else str(data)
    check_choice("data.name", dataset, list(schemas[recipe].datasets))
    return schemas[recipe], schemas[recipe].stored_options(recipe, dataset)


def _validate(content: Mapping[str, Any], options: Mapping[str, Option], optional: Mapping[str, Option] = {}) -> None:
    """Raise UserError unless a configuration has all these keys, valid values, and no other keys except `optional`."""
    values, known = flatten_keys(content), {**optional, **options}
    for key, value in values.items():
        if key not in known:
            raise unknown_key(key, known)
        check_value(known[key], value)
    for key in options:
        if key not in values:
            raise UserError(f"{key} is missing", "every key must be present", "Copy the whole folder again.")


def _validate_trained_on(trained_on: Any, schema: RecipeSchema) -> None:
    if not schema.trained_on or not isinstance(trained_on, list):
        raise UserError(
            f"{_TRAINED_ON} is not allowed", "only recipe=finetune has this list", "Copy the whole folder again."
        )
    for data in trained_on:
        dataset = str(data.get("name")) if isinstance(data, Mapping) else str(data)
        check_choice(f"{_TRAINED_ON}.name", dataset, list(schema.trained_on))
        dataset_options, earlier_options = (
            options_of(datasets[dataset], "data.") for datasets in (schema.datasets, schema.trained_on)
        )
        _validate(
            {"data": {key: value for key, value in data.items() if key != "name"}}, dataset_options, earlier_options
        )
