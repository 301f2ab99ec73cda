"""The demo page and the drawings that it asks for."""

import json

import pytest

from tests.serving.client import ask, post, request
from tests.serving.conftest import Running


def test_the_page_loads_only_files_of_the_server(served: Running) -> None:
    page = ask(served.port, request("/", method="GET"))
    assert page is not None and page.status == 200 and b"<!doctype html>" in page.body.lower()
    assert "script-src 'self'" in page.headers["content-security-policy"]
    script = ask(served.port, request("/page/script.js", method="GET"))
    assert script is not None and script.status == 200
    missing = ask(served.port, request("/page/passwd", method="GET"))
    assert missing is not None and missing.status == 404


@pytest.mark.parametrize("id", ["default", "texts", "translates"])
def test_a_drawing_has_html_and_the_records_of_predict(served: Running, id: str) -> None:
    drawn = post(served.port, f"/models/{id}/drawing", {"text": "She gave him a book."}).json()
    predicted = post(served.port, f"/models/{id}/predict", {"text": "She gave him a book."}).json()
    assert json.dumps(drawn["records"]) == json.dumps(predicted["records"][0]) and "<" in drawn["html"]


def test_measurements_must_be_rows_of_numbers(served: Running) -> None:
    assert post(served.port, "/models/waves/drawing", {"text": "0.5,1\n2,-3"}).status == 200
    assert post(served.port, "/models/waves/drawing", {"text": "hello"}).status == 422
