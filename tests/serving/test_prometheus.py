"""`GET /metrics` in the Prometheus text format."""

from typing import Any

from tests.serving.client import ask, post, request
from tests.serving.conftest import Running


def get(served: Running, path: str) -> Any:
    answer = ask(served.port, request(path, method="GET"))
    assert answer is not None
    return answer


def test_metrics_count_answers_tokens_and_waiting_but_no_texts(served: Running) -> None:
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
