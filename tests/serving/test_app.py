"""What the addresses answer."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from grunlp.decoding.sampling import Sampling
from grunlp.serving.app import create_app
from grunlp.serving.limits import DEFAULT_LIMITS
from grunlp.serving.model_service import assign_ids
from grunlp.tasks import Predictor
from grunlp.tasks.language_modeling.predictor import LanguageModelPredictor
from grunlp.tasks.seq2seq.predictor import GREEDY_TEMPERATURE, Seq2SeqPredictor
from tests.serving.client import ask, post, request
from tests.serving.conftest import LIMITS, Running
from tests.serving.models import Moody, language_model


def get(served: Running, path: str) -> Any:
    answer = ask(served.port, request(path, method="GET"))
    assert answer is not None
    return answer


def test_the_list_of_models(served: Running) -> None:
    found = {model["id"]: (model["kind"], model["takes"], model["streams"]) for model in get(served, "/models").json()}
    assert found == {
        "default": ("labeller", "text", False),
        "writes-on": ("language-model", "text", True),
        "translates": ("writer", "text", True),
        "texts": ("classifier", "text", False),
        "waves": ("classifier", "measurements", False),
        "loads": ("forecaster", "table", False),
        "moody": ("writer", "text", False),
    }


def test_ids_are_unique_and_no_paths() -> None:
    class At(Moody):
        def __init__(self, path: str) -> None:
            super().__init__()
            self.at = Path(path)

        @property
        def path(self) -> Path:
            return self.at

    paths = ["/a/run", "/b/run", "/c/run-2", "/d/two words/", "/e/ü/..", "/"]
    assert list(assign_ids(At(path) for path in paths)) == ["run", "run-2", "run-2-2", "two-words", "e", "model"]


@pytest.mark.parametrize("id", ["default", "texts", "writes-on", "translates"])
def test_predict_says_what_the_predictor_says(served: Running, id: str) -> None:
    texts = ["She gave him a book.", "He was glad. So was she.", ""]
    together = post(served.port, f"/models/{id}/predict", {"texts": texts})
    expected = [served.models[id](text) for text in texts]
    assert together.body == json.dumps({"records": expected}, ensure_ascii=False).encode()
    for text, records in zip(texts, expected, strict=True):
        alone = post(served.port, f"/models/{id}/predict", {"text": text})
        assert alone.body == json.dumps({"records": [records]}, ensure_ascii=False).encode()


def test_measurements(served: Running) -> None:
    steps = [[0.5, 1.0], [2, -3.25], [1e-3, 0]]
    answer = post(served.port, "/models/waves/predict", {"measurements": steps})
    assert answer.json() == {"records": [served.models["waves"](steps)]}


def test_forecasts(served: Running) -> None:
    rows = [f"2024-03-01 {hour:02}:00:00,{hour}" for hour in range(24)] + [
        f"2024-03-02 {hour:02}:00:00,{hour}" for hour in range(24)
    ]
    (records,) = post(served.port, "/models/loads/predict", {"text": "\n".join(["time,load", *rows])}).json()["records"]
    frame = pd.DataFrame([row.split(",") for row in rows], columns=["time", "load"]).astype({"load": float})
    expected = served.models["loads"](frame)
    assert [record["forecast"] for record in records] == pytest.approx(expected["forecast"].tolist(), rel=1e-5)
    assert records[0]["time"] == "2024-03-03 00:00:00" and len(records) == 12
    assert {record["target"] for record in records} == {"load"} and records[0]["lower"] is None


def test_a_faulty_row_is_named_without_its_file(served: Running) -> None:
    answer = post(served.port, "/models/loads/predict", {"text": "time,load\n2024-03-01,1\n2024-03-02,many\n"})
    assert answer.status == 422 and "row 2" in answer.json()["error"]


def test_advice_is_none_for_the_command_line(served: Running) -> None:
    answer = post(served.port, "/models/loads/predict", {"text": "a,b\nx,y\nz,w\n"})
    assert answer.status == 422 and "Type " not in answer.json()["what_to_do"]


def pieces(served: Running, id: str, **options: Any) -> list[dict[str, Any]]:
    answer = post(served.port, f"/models/{id}/stream", options)
    assert answer.status == 200 and answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.body.decode().splitlines()]


def test_a_stream_is_what_the_predictor_draws(served: Running) -> None:
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


def test_a_stream_of_a_writer(served: Running) -> None:
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


def test_a_stream_comes_piece_by_piece() -> None:
    """The first lines are there before the last are drawn, and a stream that takes too long says so."""
    limits = replace(LIMITS, answer_seconds=0.5, max_length=100_000, max_queue=100_000)
    with TestClient(create_app({"m": language_model()}, limits)) as client:
        lines = client.post("/models/m/stream", json={"prompt": "a", "length": 100_000}).text.splitlines()
    assert 10 < len(lines) < 50_000 and json.loads(lines[-1])["error"] == "The time was over."


def test_states(served: Running) -> None:
    assert get(served, "/health").json() == {"status": "alive"}
    assert get(served, "/ready").json() == {"status": "ready"}


def test_it_is_not_ready_before_it_is_warm() -> None:
    app = create_app({"moody": Moody()}, LIMITS)  # whose lifespan has not begun
    client = TestClient(app)
    assert client.get("/health").status_code == 200
    answer = client.get("/ready")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"


def test_metrics(served: Running) -> None:
    post(served.port, "/models/default/predict", {"text": "He left."})
    get(served, "/nothing/at/all")
    text = get(served, "/metrics").body.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values['grunlp_answers_total{route="/models/{id}/predict",status="200"}']) >= 1
    assert float(values['grunlp_answers_total{route="none",status="404"}']) >= 1
    assert float(values['grunlp_tokens_total{model="default"}']) >= 3
    assert values['grunlp_waiting_tokens{model="default"}'] == "0.0"
    assert float(values["process_resident_memory_bytes"]) > 1e6
    assert "nothing/at/all" not in text and "He left" not in text and "/secret" not in text


def test_the_documentation_needs_no_network(served: Running) -> None:
    page = get(served, "/docs")
    assert "script-src 'self';" in page.headers["content-security-policy"]
    links = re.findall(r'(?:src|href)="([^"]*)"', page.body.decode())
    assert len(links) == 4
    for link in links:
        assert not re.match(r"\w+:|//", link)
        assert get(served, f"/{link}").status == 200
    assert re.search(r"<script>|style=|onload", page.body.decode()) is None


def test_the_description_names_the_limits(served: Running) -> None:
    schemas = get(served, "/openapi.json").json()["components"]["schemas"]
    assert schemas["Input"]["properties"]["text"]["maxLength"] == LIMITS.max_characters
    assert schemas["Prompt"]["properties"]["length"]["maximum"] == LIMITS.max_length


def test_other_sites_are_let_in_when_asked_for(box: Predictor[Any, Any]) -> None:
    ask_first = {
        "Origin": "https://good.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for origins, allowed in ((["https://good.example"], "https://good.example"), ([], None)):
        app = create_app({"moody": Moody()}, DEFAULT_LIMITS, origins=origins)
        with TestClient(app) as client:
            answer = client.options("/models/moody/predict", headers=ask_first)
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert answer.status_code == (200 if origins else 405)
            evil = client.options("/models/moody/predict", headers={**ask_first, "Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in evil.headers


def test_every_answer_has_the_headers_of_security(served: Running) -> None:
    for path in ("/models", "/nothing", "/docs", "/docs/files/swagger-ui.css", "/openapi.json"):
        headers = get(served, path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert (
            "default-src 'none'" in headers["content-security-policy"] and headers["referrer-policy"] == "no-referrer"
        )
