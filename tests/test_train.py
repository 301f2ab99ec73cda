"""The `train` command: its log, its run folder and its errors."""

import json
from pathlib import Path

import pytest

from grunlp import train
from grunlp.runs.file_list import foreign_entries
from tests.conftest import Call, assert_refused


def test_training_reports_formats_epochs_and_scores(trained: Path) -> None:
    out, err = (trained / "train.out").read_text(), (trained / "train.err").read_text()
    assert "read as: columns" in err and "read as: json-lines" in err
    assert "removed because they occur in dev or test" in err
    assert out.count("epoch ") == 6 and "dev/f1" in out and "predicates_per_second" in out
    assert "95 % interval" in out and "0 illegal tags in the output; a plain argmax would have made" in out
    assert "Warning" not in err and "Traceback" not in err and "litlogger" not in err


def test_the_run_folder_is_complete(trained: Path) -> None:
    names = {path.name for path in (trained / "run").iterdir()}
    files = {"weights.safetensors", "config.yaml", "vocabulary.json", "metrics.json", "card.md", "data_manifest.json"}
    assert names == {*files, "logs", "run_files.json"}
    assert not list(foreign_entries(trained / "run")), "every file is on the list of those that the training wrote"
    assert not list((trained / "run").rglob("*.ckpt")), "nothing that must be unpickled"
    assert list((trained / "run").rglob("metrics.csv")) and list((trained / "run").rglob("events.out.*"))
    assert [p.name for p in trained.iterdir() if p.name in ("outputs", "multirun", "train.log", "runs")] == []
    metrics = json.loads((trained / "run/metrics.json").read_text())
    assert set(metrics) == {"training", "dev", "test"}
    assert metrics["test"]["srl-eval"]["f1"] > 95, "the toy task has a known answer"
    assert f"{metrics['test']['srl-eval']['f1']:.2f}" in (trained / "run/card.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recipe=finetune", "init_from=nowhere", "data.train=x", "data.dev=x"], "not a finished run"),
        (["recipe=finetune", "data.train=x", "data.dev=x", "data.extra_train=y"], "unknown key data.extra_train"),
        (["recipe=srl", "model.hiden_size=1"], "Did you mean model.hidden_size?"),
        (["train.conll"], "Write key=value"),
        (["~model.dropout"], "cannot be added or deleted"),
        (["--cfg", "job", "model.hiden_size=3"], "Did you mean model.hidden_size?"),
    ],
)
def test_train_refuses_wrong_arguments(call: Call, arguments: list[str], message: str) -> None:
    assert_refused(call(train.main, *arguments), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run_dir={}/run"], "overwrite=true"),
        (["run_dir={}/run", "overwrite=true", "data.train=nowhere", "data.dev=x"], "does not exist"),
        (["run_dir={}/same", "data.train={}/test.conll", "data.dev={}/test.conll"], "were removed"),
    ],
)
def test_train_refuses_wrong_arguments_of_a_run(trained: Path, call: Call, arguments: list[str], message: str) -> None:
    assert_refused(call(train.main, *(argument.format(trained) for argument in arguments)), message)


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe", ["srl", "tag", "classify", "translate", "summarize", "lm", "pretrain", "forecast", "finetune"]
)
def test_a_missing_file_is_named(recipe: str, call: Call, tmp_path: Path) -> None:
    arguments = [f"recipe={recipe}", f"data.train={tmp_path}/none.txt", f"run_dir={tmp_path}/run"]
    if recipe != "forecast":
        arguments.append(f"data.dev={tmp_path}/none.txt")
    if recipe in ("translate", "summarize"):
        arguments += [f"data.{split}_target={tmp_path}/none.txt" for split in ("train", "dev")]
    status, _, err = call(train.main, *arguments)
    assert status == 2 and f"{tmp_path}/none.txt: " in err and "Traceback" not in err, err
