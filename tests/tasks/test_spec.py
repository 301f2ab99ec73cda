"""What a task inherits from its description: evaluation, comparison, and rendering."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grunlp.configuration.options import option
from grunlp.metrics.corpus_metric import Metric, MetricScores, ratio_of_sums
from grunlp.tasks.command_options import BatchedEvaluateOptions, CompareOptions, PredictOptions
from grunlp.tasks.model_card import CardText
from grunlp.tasks.spec import TaskSpec
from grunlp.utils.errors import UserError


@dataclass
class Options(BatchedEvaluateOptions):
    """Options of the toy task."""

    bonus: float = option(0.0, "added to each score", minimum=0.0, maximum=9.0)


@dataclass
class Score(MetricScores):
    """Mean of some numbers."""

    values: list[float]

    def compute_metrics(self) -> dict[str, Metric]:
        table = np.stack([self.values, np.ones(len(self.values))], axis=1)
        return {"mean": Metric(table, ratio_of_sums, "of numbers")}


class MeanTask(TaskSpec[float, PredictOptions, Options]):
    """A model is a number, and its scores are the examples plus that number."""

    name, description, predict_options, evaluate_options = "mean", "means", PredictOptions, Options

    def __init__(self) -> None:
        self.batch_tokens: list[int] = []

    def load_trained(self, path: Path) -> float:
        return float((path / "model").read_text())

    def build_model(self, run: Path, config: Any) -> Any: ...

    def make_predictor(self, trained: float) -> Any: ...

    def make_exporter(self, trained: float) -> Any: ...

    def predict(self, text: str | None, options: PredictOptions) -> int:
        return 0

    def card_text(self, recipe: str) -> CardText:
        return CardText("", "", "", "")

    def open_split(self, trained: float, split: str) -> list[float]:
        return {"test": [1.0, 3.0], "dev": [10.0]}[split]

    def open_input(self, trained: float, options: Options) -> list[float]:
        assert options.input is not None
        return json.loads(Path(options.input).read_text())

    def score(self, trained: float, examples: list[float], options: Options | None = None) -> Score:
        self.batch_tokens.append(options.batch_tokens if options else 0)
        bonus = options.bonus if options else 0.0
        return Score([example + trained + bonus for example in examples])


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    for name, number in (("a", "0"), ("b", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model").write_text(number)
    return [f"{tmp_path}/a", f"{tmp_path}/b"]


def test_scores_of_a_split_go_into_the_run_folder(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    task = MeanTask()
    assert task.evaluate(Options(run=runs[1])) == 0 and task.evaluate(Options(run=runs[1], split="dev")) == 0
    assert "mean" in capsys.readouterr().out
    stored = json.loads((Path(runs[1]) / "metrics.json").read_text())
    assert (stored["test"]["mean"]["score"], stored["dev"]["mean"]["score"]) == (4.0, 12.0)


def test_scores_of_a_file_do_not(runs: list[str], tmp_path: Path) -> None:
    (tmp_path / "in").write_text("[5.0, 6.0]")
    task, options = MeanTask(), Options(run=runs[0], input=f"{tmp_path}/in", metrics=f"{tmp_path}/scores", bonus=1.0)
    assert task.evaluate(options) == 0
    assert json.loads((tmp_path / "scores").read_text())["mean"]["score"] == 6.5
    assert not (Path(runs[0]) / "metrics.json").exists()
    with pytest.raises(UserError, match="nothing is overwritten"):
        task.evaluate(options)
    with pytest.raises(UserError, match="split= with input="):
        task.evaluate(Options(run=runs[0], input="x", split="dev"))
    with pytest.raises(UserError, match="no model to evaluate"):
        task.evaluate(Options())


def test_a_reason_not_to_store_is_printed(
    runs: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    task = MeanTask()
    assert task.reason_not_to_store(0.0, Options(run="default")) is not None
    monkeypatch.setattr(task, "reason_not_to_store", lambda trained, options: "because")
    assert task.evaluate(Options(run=runs[0])) == 0
    assert "not stored in the run folder: because" in capsys.readouterr().err
    assert not (Path(runs[0]) / "metrics.json").exists()


def test_an_evaluation_takes_the_time_and_counts_the_examples(runs: list[str]) -> None:
    result = MeanTask().evaluate_split(Path(runs[1]), "test")
    assert result.scores.metrics["mean"].value == 4.0 and result.num_examples == 2 and result.seconds >= 0


def test_two_models_are_compared_on_the_same_examples(runs: list[str]) -> None:
    task = MeanTask()
    rows = task.compare(runs, CompareOptions(batch_tokens=7))
    assert rows["mean"]["first"] == 2.0 and rows["mean"]["second"] == 4.0 and task.batch_tokens == [7, 7]
    assert task.compare(runs, CompareOptions(split="dev"))["mean"]["second"] == 12.0
    with pytest.raises(UserError, match="gold=gold"):
        task.compare_files(runs, "gold")


def test_records_are_drawn_escaped_and_counted() -> None:
    task = MeanTask()
    drawn = "".join(task.render_answer(None, "", [{"a": "<b>"}, {"a": "ä"}]))
    assert drawn.count("<figure") == 2 and "&lt;b&gt;" in drawn and "ä" in drawn
    assert (task.summarize([{}]), task.summarize([])) == ("1 text", "0 texts")
    assert task.hidden_size_multiple({}) == 1 and task.option_defaults("run") == {}
