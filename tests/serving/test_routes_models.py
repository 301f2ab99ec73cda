"""`GET /models`: ids, kinds and inputs of the served models."""

from typing import Any

import pytest
from pydantic import ValidationError

from grunlp.serving.routes_models import RequestBody
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


def test_only_one_unknown_key_is_validated() -> None:
    class Body(RequestBody):
        text: str = ""

    assert Body.model_validate({"text": "a"}).text == "a"
    for value in ({"x": 1, "y": 2, "text": "a", "z": 3}, []):
        with pytest.raises(ValidationError) as caught:
            Body.model_validate(value)
        assert caught.value.error_count() == 1
