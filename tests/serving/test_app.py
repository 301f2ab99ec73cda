"""The application: health, readiness, CORS and security headers."""

from typing import Any

from fastapi.testclient import TestClient

from grunlp.serving.app import create_app
from grunlp.serving.limits import ServerLimits
from grunlp.tasks import Predictor
from tests.serving.client import ask, request
from tests.serving.conftest import LIMITS, Running
from tests.serving.models import Moody


def get(served: Running, path: str) -> Any:
    answer = ask(served.port, request(path, method="GET"))
    assert answer is not None
    return answer


def test_health_and_ready(served: Running) -> None:
    assert get(served, "/health").json() == {"status": "alive"}
    assert get(served, "/ready").json() == {"status": "ready"}


def test_not_ready_before_models_are_warmed_up() -> None:
    app = create_app({"moody": Moody()}, LIMITS)  # whose lifespan has not begun
    client = TestClient(app)
    assert client.get("/health").status_code == 200
    answer = client.get("/ready")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"


def test_cors_is_off_unless_origins_are_given(box: Predictor[Any, Any]) -> None:
    ask_first = {
        "Origin": "https://good.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for origins, allowed in ((["https://good.example"], "https://good.example"), ([], None)):
        app = create_app({"moody": Moody()}, ServerLimits(), origins=origins)
        with TestClient(app) as client:
            answer = client.options("/models/moody/predict", headers=ask_first)
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert answer.status_code == (200 if origins else 405)
            evil = client.options("/models/moody/predict", headers={**ask_first, "Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in evil.headers
