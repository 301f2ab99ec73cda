"""The `evaluate` command: stored scores, files against files, reports and errors."""

import json
from pathlib import Path

import pytest

from grunlp import evaluate, predict
from grunlp.data.tags import invalid_transitions
from grunlp.data.writers import write_columns
from tests.conftest import Call, assert_refused
from tests.random_srl_corpus import toy_corpus

TEST = toy_corpus(12, 3)


def test_evaluate_repeats_the_score_of_the_training(trained: Path, call: Call) -> None:
    before = json.loads((trained / "run/metrics.json").read_text())
    status, out, _ = call(evaluate.main, f"run={trained}/run", "split=test")
    assert status == 0 and "Overall" in out and "ARG1" in out
    assert json.loads((trained / "run/metrics.json").read_text()) == before
    status, again, _ = call(
        evaluate.main, f"run={trained}/run", f"input={trained}/test.conll", f"metrics={trained}/m.json"
    )
    assert again == out and json.loads((trained / "m.json").read_text()) == before["test"]


def test_predictions_score_as_evaluate_says(trained: Path, call: Call) -> None:
    _, expected, _ = call(evaluate.main, f"run={trained}/run", "split=test")
    status, out, _ = call(predict.main, f"run={trained}/run", f"input={trained}/test.conll")
    assert status == 0
    (trained / "predicted.jsonl").write_text(out)
    metrics = (trained / "run/metrics.json").read_text()
    _, found, _ = call(evaluate.main, f"gold={trained}/test.conll", f"predicted={trained}/predicted.jsonl")
    tables = expected.index("most frequent senses")
    assert found.splitlines()[:-1] == expected[:tables].splitlines(), "all that is of given predicates"
    assert (trained / "run/metrics.json").read_text() == metrics
    records = [json.loads(line) for line in out.splitlines()]
    assert [r["words"] for r in records] == [e["words"] for e in TEST], "order kept"
    for record in records:
        for frame in record["frames"]:
            assert invalid_transitions(frame["tags"]) == [] and frame["tags"][frame["index"]] == "B-V"
            for argument in frame["arguments"]:
                assert argument["text"] == " ".join(record["words"][argument["start"] : argument["end"]])


def test_the_report_is_one_page(trained: Path, call: Call, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    assert call(evaluate.main, f"run={trained}/run", f"input={trained}/test.conll", f"report={report}")[0] == 0
    page = report.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert page.startswith("<!doctype html>") and "<svg" in page and "http" not in page, "nothing from outside"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no model to evaluate"),
        (["run=nowhere"], "not a finished run"),
        (["gold=x"], "need each other"),
        (["gold=a", "predicted=b", "input=c"], "need each other"),
        (["gold=nowhere.a", "predicted=nowhere.b"], "does not exist"),
        (["split=tset"], "Did you mean split=test?"),
    ],
)
def test_evaluate_refuses_wrong_arguments(call: Call, arguments: list[str], message: str) -> None:
    assert_refused(call(evaluate.main, *arguments), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run={}/run", "words=x"], "words= without a file of props"),
        (["run={}/run", "metrics={}/train.out"], "nothing is overwritten"),
        (["run={}/run", "report={}/train.out"], "nothing is overwritten"),
        (["run={}/run", "report={}/no/where.html"], "there is no folder"),
        (["run={}/run", "metrics={}/no/where.json"], "there is no folder"),
    ],
)
def test_evaluate_refuses_wrong_arguments_of_a_run(
    trained: Path, call: Call, arguments: list[str], message: str
) -> None:
    assert_refused(call(evaluate.main, *(argument.format(trained) for argument in arguments)), message)


def test_files_with_other_sentences_are_refused(trained: Path, call: Call) -> None:
    with (trained / "other.conll").open("w") as file:
        write_columns(toy_corpus(12, 4), file)
    status, _, err = call(evaluate.main, f"gold={trained}/test.conll", f"predicted={trained}/other.conll")
    assert status == 2 and "sentence 1 differs in its words" in err
    with (trained / "shorter.conll").open("w") as file:
        write_columns(TEST[:-1], file)
    status, _, err = call(evaluate.main, f"gold={trained}/test.conll", f"predicted={trained}/shorter.conll")
    assert status == 2 and "predicted ends before sentence 12" in err
