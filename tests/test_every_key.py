"""Every key of every command and recipe has an effect: code outside of the declarations reads it."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from grunlp.configuration.options import options_of
from grunlp.data.datasets.corpus import SPLITS
from grunlp.tasks import predictive_specs
from grunlp.tasks.command_options import CompareOptions
from grunlp.tasks.config import schemas
from grunlp.tasks.registry import TASKS

ROOT = Path(__file__).parents[1]


def names_read(folders: Iterable[Path]) -> set[str]:
    """The attributes, arguments and texts in the code of some folders, their declarations of options left out."""
    return {name for folder in folders for file in folder.rglob("*.py") for name in _names(file)}


@cache
def _names(file: Path) -> frozenset[str]:
    if "options" in file.stem or file.stem in ("migrations", "completion"):
        return frozenset()
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.rpartition(".")[2])
            found.add(node.value.removeprefix("{split}_"))
    return frozenset(found)


SHARED = [ROOT / "grunlp" / name for name in ("data", "decoding", "modules", "training", "configuration", "runs")]


@pytest.mark.parametrize("spec", predictive_specs(), ids=lambda spec: spec.name)
def test_keys_of_commands(spec) -> None:
    folders = [ROOT / "grunlp/tasks" / spec.name, ROOT / "grunlp/decoding"]
    shared = {name for file in (ROOT / "grunlp/tasks").glob("*.py") for name in _names(file)}
    used = names_read(folders) | shared
    keys = {*options_of(spec.predict_options), *options_of(spec.evaluate_options), *options_of(CompareOptions)}
    compare = _names(ROOT / "grunlp/compare.py")
    unused = keys - used - compare
    assert not unused


@pytest.mark.parametrize("recipe", list(TASKS))
def test_keys_of_recipes(recipe: str) -> None:
    task = ROOT / "grunlp" / Path(*TASKS[recipe].split(".")[1:])
    commands = {name for file in (ROOT / "grunlp").glob("*.py") for name in _names(file)}
    used = names_read([task, *SHARED]) | commands | names_read([ROOT / "recipes"])
    for dataset in schemas()[recipe].datasets:
        keys = {key.rpartition(".")[2] for key in schemas()[recipe].options(recipe, dataset)}
        companions = {f"{split}_{part}" for split in SPLITS for part in ("target", "words_file", "rows")} & {
            f"{split}_{part}" for split in SPLITS for part in used
        }  # read as f"{split}_{companion}"
        unused = keys - used - companions - {"name"}
        assert not unused, f"{dataset}: {unused}"
