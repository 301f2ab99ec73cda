"""Links to the page, fragments and names that mean no good: nothing of them runs, and the page still works."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from grunlp.serving.limits import ServerLimits
from grunlp.serving.model_service import assign_ids
from tests.serving.conftest import running
from tests.serving.models import SECRET, text_classifier
from tests.serving.page.conftest import Open, wait_for_status

pytestmark = pytest.mark.slow

SCRIPTS = [
    "<script>report('a')</script>",
    "<img src=x onerror=report('b')>",
    "<svg/onload=report('c')>",
    "\"><iframe srcdoc='<script>parent.report(1)</script>'>",
    "'-report('d')-'",
    "</script><script>report('e')</script>",
    "javascript:report('f')",
    "data:text/html,<script>report('g')</script>",
    "<a href='javascript:report(1)'>x</a>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<form action=https://evil.example/><button>x</button></form>",
    "<style>@import 'https://evil.example/a.css';</style>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=report(1)&gt;'>",
    "{{constructor.constructor('report(1)')()}}",
    "${report(1)}",
    "&lt;img src=x onerror=report(1)&gt;",
    "&#x3c;script&#x3e;report(1)&#x3c;/script&#x3e;",
    "\u202e<script>report(1)</script>\u202c",
    "%3Cscript%3Ereport(1)%3C/script%3E",
]
ELEMENTS = "body script, body style, body img, body iframe, body base, body meta, body object, body form form"


def nothing_ran(page: Any) -> None:
    """Nothing of a text has become an element, an attribute or an address; policy and dialogs are watched by `Open`."""
    assert page.locator(ELEMENTS).count() == 0
    attributes = page.evaluate(
        "() => [...document.querySelectorAll('body *')].flatMap((one) => one.getAttributeNames())"
    )
    assert not [name for name in attributes if name.startswith("on")]
    links = page.evaluate("() => [...document.links].map((link) => link.protocol)")
    assert set(links) <= {"http:"}
    assert page.title() == "grunlp"


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_in_links(visit: Open, script: str) -> None:
    """In each key of a link, and in its fragment."""
    hostile = quote(script)
    page = visit(f"?text=gave {hostile}&model={hostile}&with={hostile}#{hostile}")
    wait_for_status(page, "sentence")
    nothing_ran(page)
    assert page.get_by_label("Model").input_value() == "default"
    assert page.get_by_label("Text", exact=True).input_value() == f"gave {script}"


@pytest.mark.parametrize(
    "query",
    [
        "text=a&text=<script>report(1)</script>&model=default&model=none",
        "__proto__[text]=x&constructor=1&text=He gave it.",
        "text=He gave it.&model=__proto__&with=constructor",
        "text=He gave it.&model=default&with=default",
        "text=%ED%A0%80 gave it",
        "text=%00%01%02 gave it",
        "text=%F0%9F gave it",
        "text=%",
        "&&&=&=x&text=He gave it.&;",
        f"text={'a ' * 1500}gave",
        "text=He gave it.&text",
        "TEXT=x&text=He gave it.",
    ],
)  # fmt: skip
def test_odd_queries(visit: Open, query: str) -> None:
    page = visit("?" + query)
    wait_for_status(page, "sentence")
    nothing_ran(page)


def test_a_link_that_is_too_long_is_answered_plainly(visit: Open, site: str) -> None:
    page = visit()
    answer = page.request.get(f"{site}?text={'a' * 20_000}")
    assert answer.status == 431 and set(answer.json()) == {"error", "hint"}


def test_a_long_text_stays_out_of_the_link(visit: Open) -> None:
    page = visit()
    page.get_by_label("Text", exact=True).fill("gave it. " * 600)
    wait_for_status(page, "sentence")
    assert "text=" not in page.url and len(page.url) < 200


def test_the_link_shows_the_same_again(visit: Open) -> None:
    page = visit()
    text = "He gave 100 % & more + <b>it</b> #1? =\u00e9\U0001f4d6"
    page.get_by_label("Text", exact=True).fill(text)
    wait_for_status(page, "sentence")
    again = visit(page.url.removeprefix(visit.site))
    wait_for_status(again, "sentence")
    assert again.get_by_label("Text", exact=True).input_value() == text
    assert again.locator("#results").inner_text() == page.locator("#results").inner_text()
    nothing_ran(again)


@pytest.fixture(scope="module")
def hostile_site() -> Iterator[str]:
    """Models whose folders, and whose classes, are named by scripts."""
    names = [script.replace("/", "\u2215")[:100] for script in SCRIPTS]
    models = [text_classifier(name, [*SCRIPTS[i : i + 3], "plain"]) for i, name in enumerate(names)]
    for server in running(assign_ids(models), replace(ServerLimits(), max_connections=64)):
        yield f"http://127.0.0.1:{server.port}/"


def test_scripts_in_names_of_models_and_classes(browser: Any, hostile_site: str) -> None:
    visit = Open(browser, hostile_site)
    page = visit()
    ids = page.evaluate("() => [...document.querySelectorAll('#model option')].map((one) => one.value)")
    assert len(ids) == len(SCRIPTS) and all(
        id.isascii() and id.replace("-", "").replace("_", "").isalnum() for id in ids
    )
    for i in range(len(ids)):
        page.get_by_label("Model").select_option(ids[i])
        page.get_by_label("Text", exact=True).fill("She saw a dog.")
        page.get_by_role("button", name="Show").click()
        page.wait_for_function(
            "id => document.querySelector(`article[data-model='${id}'][aria-busy=false] table.classes`)", arg=ids[i]
        )
        nothing_ran(page)
        shown = page.locator("table.classes th").all_text_contents()
        assert sorted(shown) == sorted([*SCRIPTS[i : i + 3], "plain"])
    assert SECRET not in page.content()
    for context in visit.contexts:
        context.close()
    assert not visit.faults


def test_the_fragment_of_programs_is_escaped(browser: Any, hostile_site: str) -> None:
    """Shown by a page without any policy, it runs nothing either."""
    page = browser.new_context().new_page()
    ran: list[str] = []
    page.expose_function("report", lambda said: ran.append(said))
    page.goto(f"{hostile_site}health")
    model = page.request.get(f"{hostile_site}models").json()[0]["id"]
    for script in SCRIPTS:
        answer = page.request.post(f"{hostile_site}models/{model}/drawing", data={"text": script})
        blank = browser.new_context().new_page()
        blank.expose_function("report", lambda said: ran.append(said))
        blank.on("dialog", lambda dialog: ran.append(dialog.message))
        blank.set_content(answer.json()["html"])
        assert blank.locator("script, img, iframe, base, meta[http-equiv], form, style, object, a").count() == 0
        blank.context.close()
    page.context.close()
    assert not ran
