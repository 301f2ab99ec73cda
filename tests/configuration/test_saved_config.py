"""`config.yaml` of a run folder: written and read back, and refused where a key or value is not an option."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from grunlp.configuration.saved_config import load_config, require_current_format, save_config
from grunlp.tasks.config import compose_config, schemas
from grunlp.utils.errors import UserError

FINETUNE = ["recipe=finetune", "init_from=old", "data.train=a", "data.dev=b"]


@pytest.mark.parametrize("recipe", ["srl", "tag", "forecast", "lm"])
def test_what_is_saved_is_read_back(recipe: str, tmp_path: Path) -> None:
    config = compose_config([f"recipe={recipe}", "seed=5"])
    save_config(tmp_path / "config.yaml", config)
    assert load_config(tmp_path / "config.yaml", schemas()) == config
    require_current_format(tmp_path / "config.yaml")


def test_interpolations_are_resolved(tmp_path: Path) -> None:
    save_config(tmp_path / "config.yaml", OmegaConf.create({"a": 3, "b": "${a}"}))
    assert "b: 3" in (tmp_path / "config.yaml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 1", "", r"config\.yaml: seed is missing"),
        ("seed: 1", "seed: 1\nsed: 2", r"config\.yaml: unknown key sed"),
        ("seed: 1", "seed: one", "wrong type"),
        ("recipe: tag", "recipe: tga", r"(?s)config\.yaml: recipe=tga.*no such choice|no such choice"),
        ("  name: toy-srl", "  name: toy-slr", "no such choice"),
        ("seed: 1", "seed: 1\ntrained_on: []", "trained_on is not allowed"),
    ],
)
def test_other_keys_and_values_are_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    save_config(file, compose_config(["recipe=tag", "data=toy-srl", "seed=1"]))
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=message):
        load_config(file, schemas())


def test_a_configuration_of_an_earlier_format_is_not_resumed(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("format: 1\n")
    with pytest.raises(UserError, match=r"(?s)earlier version of grunlp.*format 1"):
        require_current_format(file)
