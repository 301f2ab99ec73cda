"""`GET /models`: ids, kinds and inputs of the served models."""

from typing import Any

from tests.serving.client import ask, request
from tests.serving.conftest import Running


def get(served: Running, path: str) -> Any:
    answer = ask(served.port, request(path, method="GET"))
    assert answer is not None
    return answer


def test_models_are_listed_with_kind_input_and_streaming(served: Running) -> None:
    found = {
        model["id"]: (model["task"], model["input_type"], model["streams"]) for model in get(served, "/models").json()
    }
    assert found == {
        "default": ("srl", "text", False),
        "writes-on": ("language_modeling", "text", True),
        "translates": ("seq2seq", "text", True),
        "texts": ("classification", "text", False),
        "waves": ("classification", "measurements", False),
        "loads": ("forecasting", "table", False),
        "moody": ("classification", "text", False),
    }
