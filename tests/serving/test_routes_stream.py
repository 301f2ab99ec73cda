"""`POST /models/{id}/stream` sends the pieces of a text as they are drawn."""

import json
from dataclasses import replace
from typing import Any

from fastapi.testclient import TestClient

from grunlp.decoding.sampling import Sampling
from grunlp.serving.app import create_app
from grunlp.tasks.language_modeling.predictor import LanguageModelPredictor
from grunlp.tasks.seq2seq.predictor import GREEDY_TEMPERATURE, Seq2SeqPredictor
from tests.serving.client import post
from tests.serving.conftest import LIMITS, Running
from tests.serving.models import language_model


def pieces(served: Running, id: str, **options: Any) -> list[dict[str, Any]]:
    answer = post(served.port, f"/models/{id}/stream", options)
    assert answer.status == 200 and answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.body.decode().splitlines()]


def test_a_stream_holds_the_tokens_of_the_predictor(served: Running) -> None:
    model = served.models["writes-on"]
    assert isinstance(model, LanguageModelPredictor)
    *lines, last = pieces(served, "writes-on", prompt="the quick")
    assert last == {"done": True} and len(lines) == 40
    assert [line["piece"] for line in lines] == list(model.stream_tokens("the quick"))
    options = {"temperature": 0.5, "top_k": 5, "top_p": 0.9, "seed": 7}
    own = replace(model, length=20, sampling=Sampling(**options))
    *lines, last = pieces(served, "writes-on", prompt="the", length=20, **options)
    assert [line["piece"] for line in lines] == list(own.stream_tokens("the"))
    assert pieces(served, "writes-on", prompt="the", seed=2) != pieces(served, "writes-on", prompt="the", seed=3)


def test_a_sequence_to_sequence_model_streams(served: Running) -> None:
    model = served.models["translates"]
    assert isinstance(model, Seq2SeqPredictor)
    for options in ({}, {"temperature": 2.0, "top_k": 4, "seed": 5}):
        drawn = {"temperature": GREEDY_TEMPERATURE, "top_k": 0, "top_p": 1.0, "seed": 1} | options
        (record,) = replace(model, search=Sampling(**drawn))("one two three")
        *lines, last = pieces(served, "translates", prompt="one two three", **options)
        assert len(lines) > 3 and last == {"done": True}
        assert "".join(line["piece"] for line in lines) == record["texts"][0]["text"]
    likeliest = [{"piece": piece} for piece in model.stream_tokens("one two three")]
    assert pieces(served, "translates", prompt="one two three") == [*likeliest, last]
    assert len(pieces(served, "translates", prompt="one two three", length=2)) == 3
    assert pieces(served, "translates", prompt=" ") == [last]


def test_a_stream_sends_pieces_before_the_end_and_reports_its_timeout() -> None:
    """The first lines are there before the last are drawn, and a stream that takes too long says so."""
    limits = replace(LIMITS, response_timeout=0.5, max_length=100_000, max_queue=100_000)
    with TestClient(create_app({"m": language_model()}, limits)) as client:
        lines = client.post("/models/m/stream", json={"prompt": "a", "length": 100_000}).text.splitlines()
    assert 10 < len(lines) < 50_000 and json.loads(lines[-1])["error"] == "The time is over."
