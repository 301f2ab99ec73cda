"""The Tab key, in Python and in real shells."""

import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from grunlp import completion
from grunlp.completion import completions
from grunlp.tasks.config import schemas
from tests.conftest import Call

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place with two runs and a file with a blank in its name."""
    for run in ("runs/mine", "runs/tag/monday"):
        (tmp_path / run).mkdir(parents=True)
        (tmp_path / run / "config.yaml").write_text("recipe: tag\n")
    (tmp_path / "my file.txt").write_text("text")
    (tmp_path / ".hidden").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("grunlp-train reci", ["recipe="]),
        ("grunlp-train recipe=t", ["recipe=tag", "recipe=translate"]),
        ("/usr/bin/grunlp-train recipe=tag data=wn", ["data=wnut17"]),
        ("grunlp-train recipe=lm data=wn", []),
        ("grunlp-train recipe=tag model.ce", ["model.cell="]),
        ("grunlp-train recipe=forecast model.decoder", []),
        ("grunlp-train recipe=nonsense model.ce", []),
        ("grunlp-train recipe=tag model.cell=ls", ["model.cell=lstm"]),
        ("grunlp-train trainer.wandb=", ["trainer.wandb=true", "trainer.wandb=false"]),
        ("grunlp-train seed=", []),
        ("grunlp-train debug=t", ["debug=tiny"]),
        ("grunlp-train recipe=classify model=", ["model=keras-gru-64-32"]),
        ("grunlp-train recipe=tag data.form", []),
        ("grunlp-train recipe=srl data.format=conllu", ["data.format=conllu"]),
        ("grunlp-train data.train=my", ["data.train=my file.txt"]),
        ("grunlp-train resume=runs/m", ["resume=runs/mine", "resume=runs/mine/"]),
        ("grunlp-predict output_format=", ["output_format=auto", "output_format=text", "output_format=json"]),
        ("grunlp-predict output_f", ["output_format="]),
        ("grunlp-predict output_format=text output_f", []),
        ("grunlp-predict --", ["--help"]),
        ("grunlp-predict input=my", ["input=my file.txt"]),
        ("grunlp-predict 'input=my", []),
        ("grunlp-predict input=.h", ["input=.hidden"]),
        ("grunlp-predict input=nowhere/", []),
        ("grunlp-evaluate run=", ["run=default", "run=runs/mine", "run=runs/tag/monday", "run=my file.txt",
                                  "run=runs/"]),
        ("grunlp-predict run=runs/mine,runs/t", ["run=runs/mine,runs/tag/monday", "run=runs/mine,runs/tag/"]),
        ("grunlp-compare runs/m", ["runs/mine", "runs/mine/"]),
        ("grunlp-compare cells=gru,l", ["cells=gru,lstm"]),
        ("grunlp-compare recipe=tag model.ce", ["model.cell="]),
        ("grunlp-tune recipe=lm search_space=model.dr", ["search_space=model.dropout="]),
        ("grunlp-completion z", ["zsh"]),
        ("", []),
        ("grunlp-train", []),
    ],
)  # fmt: skip
def test_what_a_line_may_go_on_with(line: str, words: list[str]) -> None:
    assert completions(line) == words


@pytest.mark.parametrize("name", ["predict", "evaluate", "compare", "export", "tune", "serve"])
def test_every_command_offers_the_options_it_declares(name: str) -> None:
    options = {key for group in import_module(f"grunlp.{name}").list_options([]).values() for key in group}
    assert options and {f"{key}=" for key in options} <= set(completions(f"grunlp-{name} "))


def test_train_offers_the_options_of_the_recipe() -> None:
    assert {f"{key}=" for key in schemas()["tag"].options("tag", "files") if key != "data.name"} <= set(
        completions("grunlp-train recipe=tag ")
    ) | {"recipe="}


def test_mistakes_end_in_plain_messages(call: Call) -> None:
    status, _, err = call(completion.main, "tcsh")
    assert status == 2 and "there are: bash, zsh, fish" in err
    assert call(completion.main, "--help")[1].startswith("Complete keys")


@pytest.fixture
def shell(folder: Path, slow: None) -> dict[str, str]:
    """An environment in which `grunlp-completion` is this source."""
    (folder / "bin").mkdir()
    command = folder / "bin/grunlp-completion"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m grunlp.completion "$@"\n')
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(folder)}


def ask(environment: dict[str, str], *command: str) -> list[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("grunlp-train recipe=t", ["tag", "translate"]),
        ("grunlp-train recipe=tag model.ce", ["model.cell="]),
        ("grunlp-predict input=my", [r"my\ file.txt"]),
        ("grunlp-train seed=", []),
    ],
)
def test_bash(line: str, words: list[str], shell: dict[str, str]) -> None:
    script = """
    source <(grunlp-completion bash)
    complete -p grunlp-train grunlp-predict >/dev/null || exit 1
    compopt() { :; }  # it works only while a key is pressed
    COMP_LINE="$1" COMP_POINT=${#1}
    _grunlp
    [[ ${#COMPREPLY[@]} == 0 ]] || printf '%s\\n' "${COMPREPLY[@]}"
    """
    assert ask(shell, "bash", "--norc", "-c", script, "bash", line) == words


def test_zsh(shell: dict[str, str]) -> None:
    script = """
    autoload -Uz compinit && compinit -u
    source <(grunlp-completion zsh)
    print -- $_comps[grunlp-train]
    compadd() { print -- "$@" }  # the real one works only while a key is pressed
    LBUFFER="grunlp-train recipe=t" _grunlp
    LBUFFER="grunlp-train recipe=tag model.ce" _grunlp
    """
    assert ask(shell, "zsh", "-f", "-c", script) == [
        "_grunlp", "-S  --", "-- recipe=tag recipe=translate", "-S  -- model.cell=", "--",
    ]  # fmt: skip


def test_fish(shell: dict[str, str]) -> None:
    script = (
        "grunlp-completion fish | source; complete -C 'grunlp-train recipe=t'; complete -C 'grunlp-predict input=my'"
    )
    assert ask(shell, "fish", "--no-config", "-c", script) == ["recipe=tag", "recipe=translate", "input=my file.txt"]
