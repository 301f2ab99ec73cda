"""What the README tells users to type can be typed: commands compose, scripts exist and say what they do."""

import re
import shlex
from pathlib import Path

import pytest

from grunlp import export, serve
from grunlp.compare import DEFAULTS as COMPARE
from grunlp.configuration.key_value_args import parse_arguments
from grunlp.configuration.paths import resource_dir
from grunlp.evaluate import DEFAULTS as EVALUATE
from grunlp.predict import DEFAULTS as PREDICT
from grunlp.tasks.config import compose_config
from grunlp.tasks.forecasting import commands as series_commands
from grunlp.tasks.language_modeling import commands as language_commands
from grunlp.tuning import cell_comparison, cross_validation

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("  #")[0].strip()
    for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip() and not line.startswith("#")
]


def arguments(command: str, program: str) -> list[str]:
    words = shlex.split(command.rpartition("|")[2])
    return words[words.index(program) + 1 :] if program in words else []


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 8
    assert "bash scripts/quickstart.sh" in COMMANDS and "bash scripts/test.sh" in COMMANDS


@pytest.mark.parametrize("command", [c for c in COMMANDS if "grunlp.train" in c and "resume=" not in c])
def test_training_commands_compose(command: str) -> None:
    compose_config([a for a in arguments(command, "grunlp.train") if not a.startswith("-")])


def test_serving_exporting_and_going_on() -> None:
    for program, command in (("grunlp.serve", serve), ("grunlp.export", export)):
        found = [arguments(line, program) for line in COMMANDS if program in line]
        assert found
        for given in found:
            parse_arguments(given, command.DEFAULTS)
    assert [line for line in COMMANDS if "resume=" in line] == ["python -m grunlp.train resume=RUN"]


@pytest.mark.parametrize("program", re.findall(r"```python\n(import (?:grunlp|spacy)\n.*?)```", README, re.DOTALL))
def test_python_examples_run(program: str) -> None:
    exec(program, {})


@pytest.mark.parametrize("command", [c for c in COMMANDS if re.search(r"grunlp\.(evaluate|compare|predict)", c)])
def test_other_commands_parse(command: str) -> None:
    if "cells=" in command:
        cell_comparison.parse_arguments(arguments(command, "grunlp.compare"))
        return
    for program, defaults in (("grunlp.evaluate", EVALUATE), ("grunlp.compare", COMPARE), ("grunlp.predict", PREDICT)):
        if "run=runs/seasons" in command:
            defaults = (
                series_commands.PREDICT_DEFAULTS if program == "grunlp.predict" else series_commands.EVALUATE_DEFAULTS
            )
        if "run=runs/reversal" in command:  # a network that writes texts; its search has keys of its own
            defaults = {**defaults, **compose_config(["recipe=translate"]).search}
        if "run=runs/shakespeare" in command:
            defaults = (
                language_commands.PREDICT_DEFAULTS
                if program == "grunlp.predict"
                else language_commands.EVALUATE_DEFAULTS
            )
        given = [a for a in arguments(command, program) if a != "--help"]
        parse_arguments([a for a in given if "=" in a], defaults)
        assert program != "grunlp.evaluate" or all("=" in a for a in given)


@pytest.mark.parametrize("command", [c for c in COMMANDS if "grunlp.tune" in c])
def test_searches_are_checked(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if "study=DIR" not in command:
        cross_validation.build_search_config(cross_validation.parse_request(arguments(command, "grunlp.tune"))[0])


@pytest.mark.parametrize("script", sorted(set(re.findall(r"scripts/\w+\.(?:sh|py)", README))))
def test_scripts_exist_and_say_what_they_do(script: str) -> None:
    head = (ROOT / script).read_text(encoding="utf-8")[:800]
    assert "#" in head or '"""' in head
    assert re.search(r"seconds|minute", head), "and how long they take"


def test_every_yaml_opens_with_its_command() -> None:
    files = sorted(resource_dir("configs").rglob("*.yaml"))
    assert len(files) >= 10
    for path in files:
        head = "\n".join(path.read_text(encoding="utf-8").splitlines()[:6])
        assert head.startswith("# ") and "python -m grunlp.train recipe=" in head, path
