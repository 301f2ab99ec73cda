"""`GET /models`: ids, kinds and inputs of the served models."""

from typing import Any

from tests.serving.client import ask, request
from tests.serving.conftest import Running


def get(served: Running, path: str) -> Any:
    answer = ask(served.port, request(path, method="GET"))
    assert answer is not None
    return answer


def test_models_are_listed_with_kind_input_and_streaming(served: Running) -> None:
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
