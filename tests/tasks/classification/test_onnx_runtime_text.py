"""The classifier of texts in the exported script answers as the predictor does."""

import json
from pathlib import Path

import numpy as np
import pytest

from grunlp.tasks.classification.checkpoint import TrainedClassifier
from grunlp.tasks.classification.export import ClassifierExporter
from grunlp.tasks.config import compose_config
from tests.exporting.graph_runner import check_answers, make_runtime
from tests.tasks.classification.test_model import EXAMPLES, text_model

CONFIG = compose_config(["recipe=classify"])


def exporter(*overrides: str) -> ClassifierExporter:
    model, collate = text_model(["no", "perhaps", "yes"], *overrides)
    return ClassifierExporter(TrainedClassifier(Path("run"), CONFIG, collate, model))


@pytest.mark.parametrize("pooling", ["last", "attention"])
def test_it_answers_as_the_predictor_does(pooling: str) -> None:
    classifier = exporter(f"model.pooling={pooling}")
    random = classifier.random_examples([3, 7], np.random.default_rng(0))
    found = check_answers(classifier, [*EXAMPLES, *random])
    assert [record["id"] for record in found] == [str(i + 1) for i in range(len(EXAMPLES) + 2)]
    assert found[3]["words"] == [] and found[3]["weights"] == []
    for record in found:
        assert sum(record["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)
        assert record["probabilities"][record["label"]] == max(record["probabilities"].values())


def test_texts_are_tokenized_and_cut_as_in_the_training() -> None:
    runtime = make_runtime(exporter("loader.max_length=2"))
    text, words = runtime(["Good soup, bad day", json.dumps({"words": ["Good", "soup", "x"]})], 1)
    assert text["words"] == words["words"] == ["Good", "soup"] and text["label"] == words["label"]
    assert text["probabilities"] == words["probabilities"]
