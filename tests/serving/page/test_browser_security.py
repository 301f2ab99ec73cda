"""Texts stay texts, and the page is closed to all that is not its own. Requests to others and breaches of the policy
fail every test of this folder."""

import json
from typing import Any

import pytest

from tests.serving.page.conftest import Open, wait_for_status

pytestmark = pytest.mark.slow
HOSTILE = [
    "<script>report('script')</script> gave it.",
    "<img src=x onerror=report(1)> gave \"><svg onload=report(2)> it.",
    "</textarea></title><style>*{display:none}</style> gave &lt;b&gt; it.",
    "<a href=javascript:report(3)>gave</a> {{7*7}} ${7*7} it.",
    "\u202egave \u0007 \u0000 it \ufeff.",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(visit: Open, text: str) -> None:
    page = visit()
    before = page.locator("body script, body style, body img, body a, body iframe").count()
    page.get_by_label("Text", exact=True).fill(text.replace("\u0000", ""))
    wait_for_status(page, "sentence")
    assert page.locator("body script, body style, body img, body a, body iframe").count() == before
    names = page.evaluate(
        "() => [...document.querySelectorAll('#results *')].flatMap((one) => one.getAttributeNames())"
    )
    assert not [name for name in names if name.startswith("on") or name in ("style", "href", "src")]
    shown = "".join(page.locator("svg.arcs .word").all_text_contents())
    # what is not seen has no place at the edge of a sentence, and a picture in its middle
    assert shown.replace(" ", "").startswith(text[:7].strip("\u202e").replace(" ", "").replace("\u0007", "\ufffd"))


@pytest.mark.parametrize("model", ["classifier", "writer"])
def test_hostile_texts_of_other_kinds(visit: Open, model: str) -> None:
    page = visit(f"?model={model}")
    page.get_by_label("Text", exact=True).fill(HOSTILE[0])
    page.get_by_role("button", name="Show").click()
    page.wait_for_selector("#results figure")
    assert "<script>" in "".join(page.locator("#results figure").inner_text().split())
    assert page.locator("#results script").count() == 0


def test_hostile_addresses(visit: Open) -> None:
    page = visit(
        "?text=%3Cscript%3Ereport(1)%3C/script%3E gave it.&model=%3Cimg src=x onerror=report(2)%3E&with=%22%3E"
    )
    wait_for_status(page, "sentence")
    assert page.get_by_label("Model").input_value() == "default"


def test_the_policy_stops_what_escaping_would_let_through(visit: Open) -> None:
    page = visit()
    page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<img src=page/none onerror=document.title=1>')")
    page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<img src=https://example.org/a.png>')")
    page.wait_for_timeout(300)
    assert page.title() == "grunlp"
    assert any("script-src-attr" in fault for fault in visit.faults), visit.faults
    assert any("img-src https://example.org" in fault for fault in visit.faults), visit.faults
    visit.faults.clear()


def test_files_of_the_page_alone(visit: Open, site: str) -> None:
    page = visit()
    answer = page.request.get(site)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src 'self'" in policy
    for name in ("style.css", "script.js", "server.js", "drawing.css", "picking.js", "icon.svg"):
        answer = page.request.get(f"{site}page/{name}")
        assert answer.ok and answer.headers["x-content-type-options"] == "nosniff", name
        assert "javascript" in answer.headers["content-type"] if name.endswith("js") else True
    for name in ("page.py", "..%2fpage.py", "..%2f..%2fserve.py", "%2e%2e/app.py", "page.css", ".", "style.css%00"):
        assert page.request.get(f"{site}page/{name}").status in (404, 400), name


def test_the_drawing_of_programs(visit: Open, site: str) -> None:
    page = visit()
    post: Any = page.request.post
    answer = post(f"{site}models/default/drawing", data={"text": "She gave him a book."})
    body = answer.json()
    assert answer.ok and body["html"].startswith("<figure") and body["records"][0]["frames"][0]["roleset"] == "give.01"
    assert post(f"{site}models/none/drawing", data={"text": "a"}).status == 404
    assert post(f"{site}models/default/drawing", data={"texts": ["a"]}).status == 422
    assert post(f"{site}models/default/drawing", data={"text": "a" * 10_001}).status == 422
    empty = post(f"{site}models/default/drawing", data={"text": ""})
    assert empty.ok and json.loads(empty.body())["html"].count("<figure") <= 1
