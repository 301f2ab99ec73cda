"""What holds for predictors of every kind: answers come in order, lazily, and depend on nothing but the question."""

import logging
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import grunlp
from grunlp.tasks import Predictor
from grunlp.utils.errors import UserError
from tests.tasks.conftest import SENTENCES

TEXTS = [
    "",
    "Anna sees the cat . The dog likes bread .",
    "One line.\nAnother\n",
    "ünknown \ud800 words",
    *SENTENCES[:6],
]
KINDS = ["labeller", "tagger", "classifier", "measured", "writer", "language-model"]


def inputs(kind: str) -> list[Any]:
    if kind == "measured":
        random = np.random.default_rng(1)
        return [random.normal(size=(steps, 2)).astype("f") for steps in (0, 1, 30, 7, 7, 12)]
    return TEXTS[:6] if kind == "language-model" else TEXTS


def fast(predictor: Predictor) -> Predictor:
    return replace(predictor, length=20) if predictor.task == "language_modeling" else predictor


def alike(one: Any, other: Any) -> bool:
    """Equal, but for the rounding of numbers."""
    if isinstance(one, float):
        return one == pytest.approx(other, abs=2e-5)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


@pytest.mark.parametrize("kind", KINDS)
def test_alone_in_a_batch_and_in_a_stream(kind: str, predictors: dict[str, Predictor]) -> None:
    predictor, given = fast(predictors[kind]), inputs(kind)
    alone = [predictor(one) for one in given]
    assert alike(predictor.predict_batch(given), alone)
    assert alike(list(predictor.predict_iter(iter(given))), alone)
    if hasattr(predictor, "batch_tokens"):
        assert alike(replace(predictor, batch_tokens=1).predict_batch(given), alone)
    assert predictor.predict_batch([]) == [] and all(
        isinstance(record, dict) for records in alone for record in records
    )
    assert not torch.is_inference_mode_enabled()


@pytest.mark.parametrize("kind", KINDS)
def test_threads_share_a_predictor(kind: str, predictors: dict[str, Predictor]) -> None:
    predictor, given = fast(predictors[kind]), inputs(kind)
    alone = [predictor(one) for one in given]
    order = random.Random(1).choices(range(len(given)), k=3 * len(given))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: predictor(given[i]), order))
    assert all(alike(answer, alone[i]) for i, answer in zip(order, found, strict=True))


def test_a_stream_is_lazy(predictors: dict[str, Predictor]) -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            assert not torch.is_inference_mode_enabled(), "what users compute between is theirs"
            yield "Anna sees the cat ."

    stream = predictors["tagger"].predict_iter(endless())
    assert read == 0
    first = next(stream)
    assert len(first) == 1 and 0 < read < 5000 and not torch.is_inference_mode_enabled()


@pytest.mark.parametrize("kind", ["labeller", "tagger"])
def test_one_line_and_words_that_are_given(kind: str, predictors: dict[str, Predictor]) -> None:
    labeller = predictors[kind]
    one, two = labeller("Anna sees the cat .\nThe dog sleeps .")
    assert (one["line"], two["line"], two["words"]) == (1, 2, ["The", "dog", "sleeps", "."])
    records = labeller.label([one["words"], (), tuple(two["words"])])  # type: ignore[attr-defined]
    assert [record["words"] for record in records] == [one["words"], [], two["words"]]
    key = "frames" if kind == "labeller" else "tags"
    tags = [[frame["tags"] for frame in record["frames"]] if key == "frames" else record["tags"] for record in records]
    assert (
        tags[0] == ([frame["tags"] for frame in one["frames"]] if key == "frames" else one["tags"])
        and "text" not in records[0]
    )


def test_programming_errors(predictors: dict[str, Predictor]) -> None:
    with pytest.raises(TypeError, match="several texts"):
        next(predictors["tagger"].predict_iter("one text"))
    with pytest.raises(TypeError, match="expected a str, got bytes"):
        predictors["labeller"](b"bytes")
    with pytest.raises(UserError, match="is not a finished run"):
        grunlp.load("nowhere")


def test_loading_and_asking_is_quiet(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for path in runs.values():
            grunlp.load(path)
        grunlp.load(runs["tagger"])("Anna sees.")
    assert capsys.readouterr() == ("", "") and not caplog.records
