"""The classifier of time series in the exported script answers as the predictor does."""

from pathlib import Path

import numpy as np
import pytest

from grunlp.tasks.classification.checkpoint import TrainedClassifier
from grunlp.tasks.classification.collate import TimeSeriesCollator
from grunlp.tasks.classification.export import ClassifierExporter
from grunlp.tasks.config import compose_config
from tests.exporting.graph_runner import check_answers, make_runtime
from tests.tasks.classification.test_model import number_model, sequences

CONFIG = compose_config(["recipe=classify", "data=toy-waves"])


def exporter() -> ClassifierExporter:
    classes = ["no", "yes"]
    run = TrainedClassifier(Path("run"), CONFIG, TimeSeriesCollator(classes, 3), number_model(classes, 3))
    return ClassifierExporter(run)


def test_it_answers_as_the_predictor_does() -> None:
    classifier = exporter()
    random = classifier.random_examples([2, 5], np.random.default_rng(0))
    found = check_answers(classifier, [*sequences(4, 1, 6), *random])
    assert [record["id"] for record in found] == list("12345")
    assert all(sum(record["probabilities"].values()) == pytest.approx(1.0, abs=1e-5) for record in found)


def test_a_series_without_steps_has_the_answer_of_the_network() -> None:
    classifier = exporter()
    (expected,) = classifier.reference_answers(sequences(0))
    for lines in (["[]"], ["[[1, 2, 3]]", "[]"]):
        *_, record = make_runtime(classifier)(lines, 1)
        assert record["label"] == expected["label"]
        assert record["probabilities"] == pytest.approx(expected["probabilities"], abs=2e-6)


@pytest.mark.parametrize("line", ["no JSON", "[[1, 2]]", '{"a": 1}', '[["x", 1, 2]]'])
def test_lines_of_another_form_end_the_script(line: str) -> None:
    with pytest.raises(SystemExit, match=r"line 5: expected a JSON array of steps of 3 numbers"):
        list(make_runtime(exporter())(["[[1, 2, 3]]", line], 4))
