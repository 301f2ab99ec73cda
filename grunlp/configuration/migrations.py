"""Settings of run folders from earlier versions of grunlp, brought to the form of this one.

`config.yaml` says by `format` which form a run has; those of before it was written are of form 0. Where keys come, go
or change their names, or another file of the folder changes: raise FORMAT, add a step, and keep a run of the new form
under `tests/formats/`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from grunlp.configuration.paths import dotted
from grunlp.utils.errors import GrunlpError

FORMAT = 2

Settings = dict[str, Any]
Known = Mapping[str, Any]  # dotted keys that the recipe and its data have today


def migrate(content: Settings, known: Callable[[Settings], Known]) -> Settings:
    """The settings of a run in today's form.

    Args:
        content: of its `config.yaml`; `format` is taken out.
        known: tells the keys that such settings have today.

    Raises:
        GrunlpError: a later version of grunlp has made it.
    """
    form = content.pop("format", 0)
    if type(form) is not int or form < 0:
        raise GrunlpError(f"format: {form!r:.60}", f"a whole number, {FORMAT} at most", "Copy the whole folder again.")
    if form > FORMAT:
        there = f"this version of grunlp reads those up to {FORMAT}"
        raise GrunlpError(f"a run of format {form}, which is newer", there, "Type pip install --upgrade grunlp")
    for step in _STEPS[form:]:
        step(content, known(content))
    return content


# What runs of form 0 did where they lack a key that has come later.
_SINCE_0 = {
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


def _from_0(content: Settings, known: Known) -> None:
    """Keys that had come one by one."""
    _add(content, known, _SINCE_0)
    trained_on = content.get("trained_on", [])
    for data in trained_on if isinstance(trained_on, list) else []:
        _add({"data": data}, known, {key: value for key, value in _SINCE_0.items() if key.startswith("data.")})


def _from_1(content: Settings, known: Known) -> None:
    """Streams came: all data were read whole before."""
    _add(content, known, {"loader.stream": 0})


def _add(content: Settings, known: Known, values: Known) -> None:
    """Put values where there are none yet, in groups that are there."""
    there = dotted(content)
    for key, value in values.items():
        group, _, name = key.rpartition(".")
        if key in known and key not in there and isinstance(content.get(group), dict):
            content[group][name] = value


_STEPS: tuple[Callable[[Settings, Known], None], ...] = (_from_0, _from_1)
assert len(_STEPS) == FORMAT
