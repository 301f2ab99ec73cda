"""Prediction of continuations: records and streams."""

from typing import Any

from grunlp.tasks import Predictor
from tests.tasks.test_predictor import fast


def test_pieces_are_the_text(predictors: dict[str, Predictor]) -> None:
    model: Any = fast(predictors["language-model"])
    (record,) = model("Anna ")
    assert record["prompt"] == "Anna" and "".join(model.stream_tokens("Anna ")) == record["text"] != ""
