"""The `compare` command."""

import json
from pathlib import Path

import pytest

from grunlp import compare
from tests.conftest import Call, assert_refused


def test_a_run_does_not_differ_from_itself(trained: Path, call: Call, tmp_path: Path) -> None:
    status, out, _ = call(compare.main, f"{trained}/run", f"{trained}/run", f"metrics={tmp_path}/c.json")
    assert status == 0 and "+0.00" in out
    rows = json.loads((tmp_path / "c.json").read_text())
    assert rows["srl-eval"]["difference"] == 0 and rows["srl-eval"]["p_randomisation"] == 1
    assert {"senses", "predicates", "found", "found-right-sense"} <= set(rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "compare needs two"),
        (["a", "b"], "not a finished run"),
        (["a", "b", "gold=x", "input=y"], "Omit one of the two"),
    ],
)
def test_compare_refuses_wrong_arguments(call: Call, arguments: list[str], message: str) -> None:
    assert_refused(call(compare.main, *arguments), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{}/run", "{}/run", "metrics={}/no/where.json"], "there is no folder"),
        (["{}/run", "{}/run", "metrics={}/train.out"], "nothing is overwritten"),
    ],
)
def test_compare_refuses_wrong_arguments_of_a_run(
    trained: Path, call: Call, arguments: list[str], message: str
) -> None:
    assert_refused(call(compare.main, *(argument.format(trained) for argument in arguments)), message)
