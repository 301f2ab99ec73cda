"""Exports of classifiers."""

from pathlib import Path

import pytest

from grunlp.tasks.classification.checkpoint import TrainedClassifier, build_classifier
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesCollator
from grunlp.tasks.classification.export import ClassifierExporter
from tests.exporting.untrained_models import config, prove, shaken
from tests.random_srl_corpus import toy_corpus, vocabulary_of


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["last", "max", "mean", "attention"])
def test_text_classifiers_export(pooling: str, tmp_path: Path) -> None:
    c = config(
        "classify", "data=toy-sentiment", f"model.pooling={pooling}", "model.char_encoder=none", "loader.max_length=12"
    )
    classes = ["bad", "good"] if pooling == "max" else ["bad", "fair", "good"]
    collate = TextClassificationCollator(vocabulary_of(toy_corpus(40)), None, classes, 12)
    model = shaken(build_classifier(c, collate, None))
    prove(ClassifierExporter(TrainedClassifier(tmp_path, c, collate, model)), tmp_path / "out")


@pytest.mark.slow
def test_time_series_classifiers_export(tmp_path: Path) -> None:
    c = config("classify", "data=toy-waves", "model.layer_width_ratio=0.5", "model.cell=lstm")
    collate = TimeSeriesCollator(["a", "b", "c"], 2)
    model = shaken(build_classifier(c, collate, None))
    prove(ClassifierExporter(TrainedClassifier(tmp_path, c, collate, model)), tmp_path / "out")
