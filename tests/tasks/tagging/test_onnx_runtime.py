"""The tagger in the exported script answers as the predictor does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grunlp.tasks import Predictor
from grunlp.tasks.tagging.export import TaggerExporter
from grunlp.tasks.tagging.onnx_runtime import TaggerRuntime
from tests.exporting.graph_runner import check_answers, make_runtime


def test_it_answers_as_the_predictor_does(runs: dict[str, Path], predictors: dict[str, Predictor]) -> None:
    tagger: Any = predictors["tagger"]
    exporter = TaggerExporter(tagger.run)
    check_answers(exporter, exporter.random_examples([4, 1, 9, 3], np.random.default_rng(0)))
    texts = ["Anna sees the cat. The dog sleeps.", ""]
    found = list(make_runtime(exporter)(texts, 1))
    assert [record["line"] for record in found] == [1, 1, 2] and found[2]["tags"] == []
    first, second = tagger(texts[0])
    for record, expected in zip(found, (first, second), strict=False):
        assert {key: record[key] for key in ("words", "tags", "spans")} == {
            key: expected[key] for key in ("words", "tags", "spans")
        }


def test_spans_of_hand_made_scores_are_legal() -> None:
    tags = ["O", "B-X", "I-X"]
    no = None  # a forbidden transition
    model: dict[str, Any] = {"words": ["", "<unk>"], "characters": ["", "<unk>"], "max_word_length": 20, "spans": True}
    model |= {"tags": tags, "start": [0, 0, no], "transitions": [[0, 0, no], [0, 0, 0], [0, 0, 0]], "end": [0, 0, 0]}
    scores = np.array([[[0.0, 1.0, 5.0], [0.0, 1.0, 2.0], [3.0, 0.0, 0.0]]])
    (record,) = TaggerRuntime(model, lambda *_: [scores])([json.dumps({"words": ["a", "b", "c"]})], 1)  # type: ignore[arg-type]
    assert record["tags"] == ["B-X", "I-X", "O"]
    assert record["spans"] == [{"label": "X", "start": 0, "end": 2, "text": "a b"}]


@pytest.mark.parametrize("line", ["She left.", '{"words": ["She", "left", "."]}'])
def test_offsets_belong_to_texts_alone(line: str, predictors: dict[str, Predictor]) -> None:
    tagger: Any = predictors["tagger"]
    (record,) = make_runtime(TaggerExporter(tagger.run))([line], 1)
    assert record["words"] == ["She", "left", "."] and ("offsets" in record) == (line[0] != "{")
