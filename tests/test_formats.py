"""Run folders of every form that grunlp has written can be read: of form N a run of each kind lies in formats/N."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from grunlp.configuration.migrations import FORMAT_VERSION
from grunlp.configuration.saved_config import save_config
from grunlp.tasks import task_of
from grunlp.tasks.config import compose_config, load_config
from grunlp.training.checkpoint_io import load_init_weights
from grunlp.utils.errors import UserError

FOLDER = Path(__file__).parent / "formats"
RUNS = ("srl", "tag", "encoder", "pretrain", "classify", "measured", "translate", "lm", "forecast", "finetune")


def load(run: Path) -> Any:
    return task_of(run).load_trained(run)


@pytest.mark.parametrize("form", range(FORMAT_VERSION + 1))
@pytest.mark.parametrize("kind", RUNS)
def test_runs_of_each_form(form: int, kind: str) -> None:
    folder = FOLDER / str(form) / kind
    assert folder.is_dir(), f"a run of form {form} of each kind is kept"
    config = load_config(
        folder / "config.yaml"
    )  # a key that came or went needs a new form, see grunlp/configuration/migrations.py
    assert config.trainer.accumulate_grad_batches == 1
    if kind == "pretrain":
        load_init_weights(str(folder))
    elif kind != "finetune":
        load(folder)
    else:
        assert [data.name for data in config.trained_on] == ["toy-srl", "toy-srl"]


def test_a_newer_form(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "0/tag", tmp_path / "run")
    file = tmp_path / "run/config.yaml"
    old = file.read_text()
    file.write_text(f"format: {FORMAT_VERSION + 1}\n{old}")
    with pytest.raises(UserError, match=rf"(?s)format {FORMAT_VERSION + 1}, which is newer.*install --upgrade grunlp"):
        load(tmp_path / "run")
    for wrong in ("-1", "true", "1.0", "one", "null"):
        file.write_text(f"format: {wrong}\n{old}")
        with pytest.raises(UserError, match="format"):
            load(tmp_path / "run")


def test_a_run_written_now_says_its_form(tmp_path: Path) -> None:
    config = compose_config(["recipe=tag", "data=toy-srl"])
    save_config(tmp_path / "config.yaml", config)
    assert yaml.safe_load((tmp_path / "config.yaml").read_text())["format"] == FORMAT_VERSION
    assert load_config(tmp_path / "config.yaml") == config
