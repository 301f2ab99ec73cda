"""The `tune` command: wrong arguments, and the missing extra."""

import sys
from pathlib import Path

import pytest

from grunlp import tune
from tests.conftest import Call

SMALL = ("recipe=tag", "search_space=model.hidden_size=8,16,64", "folds=3")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to tune"),
        (["recipe=tag"], "Type search_space=model.hidden_size=32..512"),
        (["recipe=tag", "search_space=model.hiden_size=8..16"], "Did you mean model.hidden_size?"),
        (["recipe=tag", "search_space=model.hidden_size=8..100000"], "model.hidden_size=100000 is out of bounds"),
        (["recipe=tag", "search_space=model.dropout=0.5,1.5"], "model.dropout=1.5 is out of bounds"),
        (["recipe=tag", "search_space=model.cell=gru,lstn"], "Did you mean model.cell=lstm?"),
        (["recipe=tag", "search_space=model.hidden_size=8..16", "folds=2"], "folds=2"),
        (["recipe=tag", "search_space=model.hidden_size=8..16", "data.num_folds=5"], "Type folds=5"),
        (["recipe=tag", "search_space=model.hidden_size=8..16", "run_dir=x"], "Type study=FOLDER"),
        (["recipe=tag", "search_space=model.hidden_size=8..16", "model.hidden_size=8"], "is both set and varied"),
        (["recipe=tag", "search_space=model.hidden_size=8..16", "fold=2"], "unknown key fold"),
        (["recipe=pretrain", "search_space=model.hidden_size=8..16"], "recipe=pretrain has no score"),
        (
            ["recipe=tag", "search_space=model.hidden_size=8..16", "nested_cv=true", "trials=4"],
            "nested_cv=true with trials",
        ),
        (["recipe=tag", "search_space=model.hidden_size=8..16", "data.train=x"], "refit=true without data.dev"),
        (["recipe=tag", "search_space=model.hidden_size=8..16", "--multirun"], "--multirun: not key=value"),
        (["study=nowhere"], "nowhere contains no study"),
        (["recipe=tag", "search_space=model.hidden_size=8..16", "study={}"], "is not empty"),
        (["recipe=lm", "search_space=trainer.monitor=dev/loss,dev/f1"], "there are: dev/loss"),
    ],
)
def test_tune_refuses_wrong_arguments(call: Call, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "something").write_text("")
    status, out, err = call(tune.main, *(word.format(tmp_path) for word in arguments))
    assert status == 2 and out == "" and message in err
    assert [path.name for path in tmp_path.iterdir()] == ["something"]


def test_tune_without_optuna_says_what_to_install(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    status, _, err = call(tune.main, *SMALL)
    assert status == 2 and "pip install 'grunlp[tune]'" in err
