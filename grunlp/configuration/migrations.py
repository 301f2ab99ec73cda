"""Settings of run folders from earlier versions of grunlp, brought to the form of this one.

`config.yaml` says by `format` which form a run has; those of before it was written are of form 0. Where keys come, go
or change their names, or another file of the folder changes: raise FORMAT_VERSION, add a step, and keep a run of the
new form
under `tests/formats/`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from grunlp.configuration.paths import flatten_keys
from grunlp.utils.errors import UserError

FORMAT_VERSION = 2

ConfigDict = dict[str, Any]
Schema = Mapping[str, Any]  # dotted keys that the recipe and its data have today


def migrate(content: ConfigDict, schema: Callable[[ConfigDict], Schema]) -> ConfigDict:
    """The settings of a run in today's form.

    Args:
        content: of its `config.yaml`; `format` is taken out.
        schema: tells the keys that such settings have today.

    Raises:
        UserError: a later version of grunlp has made it.
    """
    form = content.pop("format", 0)
    if type(form) is not int or form < 0:
        raise UserError(
            f"format: {form!r:.60}", f"a whole number, {FORMAT_VERSION} at most", "Copy the whole folder again."
        )
    if form > FORMAT_VERSION:
        there = f"this version of grunlp reads those up to {FORMAT_VERSION}"
        raise UserError(f"a run of format {form}, which is newer", there, "Type pip install --upgrade grunlp")
    for step in _MIGRATIONS[form:]:
        step(content, schema(content))
    return content


# What runs of form 0 did where they lack a key that has come later.
_DEFAULTS_ADDED_IN_1 = {
    "model.cell": "gru",
    "model.shapes": False,
    "data.folds": 0,
    "data.fold": 0,
    "data.outer_folds": 0,
    "data.outer_fold": 0,
    "data.share": 1.0,
    "trainer.accumulate": 1,
    "trainer.devices": 1,
    "trainer.num_nodes": 1,
    "trainer.average_last": 0,
    "trainer.save_every": 300.0,
    "trainer.bad_loss": "stop",
}


def _v0_to_v1(content: ConfigDict, schema: Schema) -> None:
    """Keys that had come one by one."""
    _add_missing(content, schema, _DEFAULTS_ADDED_IN_1)
    trained_on = content.get("trained_on", [])
    for data in trained_on if isinstance(trained_on, list) else []:
        _add_missing(
            {"data": data},
            schema,
            {key: value for key, value in _DEFAULTS_ADDED_IN_1.items() if key.startswith("data.")},
        )


def _v1_to_v2(content: ConfigDict, schema: Schema) -> None:
    """Streams came: all data were read whole before."""
    _add_missing(content, schema, {"loader.stream": 0})


def _add_missing(content: ConfigDict, schema: Schema, values: Schema) -> None:
    """Put values where there are none yet, in groups that are there."""
    there = flatten_keys(content)
    for key, value in values.items():
        group, _, name = key.rpartition(".")
        if key in schema and key not in there and isinstance(content.get(group), dict):
            content[group][name] = value


_MIGRATIONS: tuple[Callable[[ConfigDict, Schema], None], ...] = (_v0_to_v1, _v1_to_v2)
assert len(_MIGRATIONS) == FORMAT_VERSION
