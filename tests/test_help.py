"""`--help` of every command: examples that can be typed."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from grunlp import compare, evaluate, predict, train
from grunlp.configuration.compose import CONFIG_GROUPS, flatten
from grunlp.tasks.config import compose_config
from grunlp.utils.cli import Command
from tests.conftest import Call

SCRIPTS = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]["scripts"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_has_examples_of_keys_that_it_explains(name: str) -> None:
    module, _, main = SCRIPTS[name].partition(":")
    command = getattr(import_module(module), main)
    assert isinstance(command, Command) and module == name.replace("-", ".", 1).replace("-", "_")
    text = command.help_text([])
    examples = re.findall(
        rf"^  (?:.*\| )?(?:python -m {re.escape(module)}|.*{name}) .*?(?= {{3,}}|$)", text, re.MULTILINE
    )
    assert len(examples) >= 2, text
    rest = text
    for example in examples:
        rest = rest.replace(example, "")
    trainings = {"key", *flatten(compose_config([])), *CONFIG_GROUPS, "data.train", "data.dev", "data.test"}
    known = {*re.findall(r"([a-z][\w.]*)=", rest), *(trainings if "grunlp.train" in text else ())}
    for example in examples:
        used = {
            word.partition("=")[0] for word in shlex.split(example.replace("[", "").replace("]", "")) if "=" in word
        }
        assert used <= known, example


def test_data_check_has_examples() -> None:
    for arguments in ([], ["check"]):
        command = [sys.executable, "-m", "grunlp.data", *arguments, "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.count("  python -m grunlp.data check ") >= 3


@pytest.mark.parametrize("main", [train.main, evaluate.main, predict.main, compare.main])
def test_help_names_the_command(call: Call, main: Callable[[], int]) -> None:
    status, out, err = call(main, "--help")
    assert status == 0 and err == "" and "python -m grunlp." in out
    if main is train.main:
        for expected in ("propbank-ewt", "model.hidden_size=256", "trainer.max_epochs=", "tiny", "srl"):
            assert expected in out
