"""The OpenAPI description and its pages."""

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving.client import ask, request
from tests.serving.conftest import LIMITS, Running

OPERATIONS = [
    "GET /models", "POST /models/{id}/predict", "POST /models/{id}/stream", "GET /health", "GET /ready", "GET /metrics",
]  # fmt: skip
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
# 413 is a refusal, too, and may meet what the description cannot count: tokens, and the bytes of a body.
CONFIG = {
    "checks": {
        "negative_data_rejection": {"expected-statuses": [400, 404, 405, 409, 413, 415, 422, 429]},
        "positive_data_acceptance": {"expected-statuses": ["2xx", 404, 409, 413, 429, 503]},
    }
}
IDS = ["default", "texts", "writes-on"]  # models that take any text


def get(served: Running, path: str) -> Any:
    answer = ask(served.port, request(path, method="GET"))
    assert answer is not None
    return answer


def test_the_docs_page_loads_nothing_from_the_network(served: Running) -> None:
    page = get(served, "/docs")
    assert "script-src 'self';" in page.headers["content-security-policy"]
    links = re.findall(r'(?:src|href)="([^"]*)"', page.body.decode())
    assert len(links) == 4
    for link in links:
        assert not re.match(r"\w+:|//", link)
        assert get(served, f"/{link}").status == 200
    assert re.search(r"<script>|style=|onload", page.body.decode()) is None


def test_the_schema_names_the_limits(served: Running) -> None:
    schemas = get(served, "/openapi.json").json()["components"]["schemas"]
    assert schemas["Input"]["properties"]["text"]["maxLength"] == LIMITS.max_characters
    assert schemas["Prompt"]["properties"]["length"]["maximum"] == LIMITS.max_length


@pytest.mark.slow
def test_it_keeps_its_word(served: Running) -> None:
    address = f"http://127.0.0.1:{served.port}/openapi.json"
    description = schemathesis.openapi.from_url(address, config=schemathesis.Config.from_dict(CONFIG))
    operations = [found.ok() for found in description.get_all_operations()]
    assert {operation.label for operation in operations}.issuperset(OPERATIONS)
    for operation in operations:
        for mode in MODES if operation.method == "post" else MODES[:1]:
            hold(operation, mode)


def hold(operation: "schemathesis.schemas.APIOperation", mode: "schemathesis.GenerationMode") -> None:
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode), id=st.sampled_from([None, *IDS]))
    def check(case: schemathesis.Case, id: str | None) -> None:
        if id and case.path_parameters and mode is MODES[0]:  # or it would hardly ever find a model
            case.path_parameters["id"] = id
        case.call_and_validate()

    check()
