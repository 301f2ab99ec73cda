"""Errors of the server: JSON with what is wrong and what to do, and nothing internal."""

import json

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from grunlp.serving.errors import APIError, add_error_handlers, retry_later


class Input(BaseModel):
    text: str


def client() -> TestClient:
    app = FastAPI()
    add_error_handlers(app)

    @app.post("/echo")
    async def echo(given: Input) -> None:
        if given.text == "busy":
            raise retry_later(429, "Too much is waiting.", 0.2)
        raise RuntimeError("secret path /etc/passwd")

    return TestClient(app, raise_server_exceptions=False)


def test_an_error_of_the_application_has_its_status_and_headers() -> None:
    answer = client().post("/echo", json={"text": "busy"})
    assert answer.status_code == 429 and answer.headers["retry-after"] == "1"
    assert answer.json()["error"] == "Too much is waiting."


def test_unexpected_exceptions_show_nothing_internal() -> None:
    answer = client().post("/echo", json={"text": "x"})
    assert answer.status_code == 500 and "secret" not in answer.text and "RuntimeError" not in answer.text


def test_invalid_json_and_invalid_fields_are_told_apart() -> None:
    assert client().post("/echo", content="{", headers={"content-type": "application/json"}).status_code == 400
    answer = client().post("/echo", json={"text": 7})
    assert answer.status_code == 422 and answer.json()["error"].startswith("text: ")


def test_unknown_addresses_have_the_same_form() -> None:
    assert set(client().get("/nothing").json()) == set(client().post("/echo", json={}).json())


def test_text_that_is_no_unicode_can_be_answered() -> None:
    assert "error" in json.loads(bytes(APIError(422, "half \ud800", "").response().body))
