"""What people do on the page: type, pick, compare, switch, copy, share, wait for a busy server."""

import csv
import io
import json
import re
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from grunlp.data.toy.time_series import seasonal_series_rows
from tests.serving.page.conftest import Open, wait_for_status

pytestmark = pytest.mark.slow
BOOK = "She gave him a book, but he did not want to read it."
TWO = "2 predicates in 1 sentence"
LOST = "He lost the keys that she gave him."


def table() -> str:
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerows([("time", "value"), *list(seasonal_series_rows())[:100]])
    return lines.getvalue()


def lanes(page: Any) -> list[bool]:
    """Which lanes of arcs are seen."""
    return [lane.is_visible() for lane in page.query_selector_all("svg.arcs .lane")]


def test_typing_shows_frames(visit: Open) -> None:
    page = visit()
    assert page.locator("figure").count() == 0
    page.get_by_label("Text", exact=True).press_sequentially(LOST, delay=5)
    wait_for_status(page, TWO)
    words = page.locator("svg.arcs .word").all_text_contents()
    assert words == ["He", "lost", "the", "keys", "that", "she", "gave", "him", "."]
    card = page.locator("ul.frames > li").first
    assert card.locator("button").inner_text() == "lost" and card.locator(".sense").inner_text() == "lose.02"
    assert re.search(r"ARG0\s+He\s+\w+", card.inner_text())  # with a gloss
    assert lanes(page) == [True, True]
    assert page.locator("svg.arcs .label").all_text_contents().count("give.01") == 1


def test_a_predicate_is_picked_by_its_button_its_word_and_the_keyboard(visit: Open) -> None:
    page = visit(f"?text={LOST}")
    wait_for_status(page, TWO)
    whole = page.locator("svg.arcs").bounding_box()["height"]
    gave = page.get_by_role("button", name="gave", exact=True)
    gave.click()
    assert lanes(page) == [False, True] and gave.get_attribute("aria-pressed") == "true"
    assert page.locator("svg.arcs").bounding_box()["height"] < whole
    top = page.locator("svg.arcs .lane rect >> visible=true").first.bounding_box()
    word = page.locator("svg.arcs .word").first.bounding_box()
    assert 0 < top["y"] - word["y"] - word["height"] < 20  # next to the words
    gave.click()
    assert lanes(page) == [True, True] and page.locator("svg.arcs").bounding_box()["height"] == whole
    page.locator("svg.arcs .predicate", has_text="lost").click()
    assert lanes(page) == [True, False]
    page.get_by_role("button", name="gave", exact=True).focus()
    page.keyboard.press("Enter")
    assert lanes(page) == [False, True]
    page.keyboard.press("Escape")
    assert lanes(page) == [True, True]


def test_two_models_side_by_side(visit: Open) -> None:
    page = visit(f"?text={LOST}")
    page.get_by_label("compared with").select_option("twin")
    wait_for_status(page, f"{TWO}; {TWO}")
    headings = page.locator("article h2").all_inner_texts()
    assert headings == ["default", "twin"]
    boxes = [article.bounding_box() for article in page.locator("article").all()]
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    page.locator("article").first.get_by_role("button", name="gave", exact=True).click()
    assert lanes(page) == [False, True, True, True]  # of one sentence alone
    page.get_by_label("compared with").select_option("nothing")
    page.wait_for_function("() => document.querySelectorAll('article').length === 1")
    assert page.locator("article h2").count() == 0


def test_another_model_answers_the_same_text(visit: Open) -> None:
    page = visit(f"?text={LOST}")
    wait_for_status(page, TWO)
    page.get_by_label("Model").select_option("tagger")
    wait_for_status(page, "1 sentence")
    assert page.locator("svg.arcs .word").count() == 9 and page.locator("ul.frames").count() == 0
    assert "tag" in page.locator("#description").inner_text()


def test_an_example(visit: Open) -> None:
    page = visit()
    page.get_by_role("group", name="Examples").get_by_role("button").first.click()
    wait_for_status(page, "predicates in 1 sentence")
    assert page.get_by_label("Text", exact=True).input_value() == BOOK


def test_copy(visit: Open, site: str) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    assert page.get_by_role("button", name="Copy as JSON").is_disabled()
    page.get_by_label("Text", exact=True).fill(LOST)
    wait_for_status(page, TWO)
    page.get_by_role("button", name="Copy as JSON").click()
    wait_for_status(page, "Copied.")
    answer = page.request.post(f"{site}models/default/predict", data={"text": LOST}).json()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == answer["records"][0]
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("() => document.getElementById('link').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_the_address_keeps_what_is_shown(visit: Open, site: str) -> None:
    page = visit("?model=twin")
    assert page.get_by_label("Model").input_value() == "twin"
    page.get_by_label("Text", exact=True).fill(f"{LOST} & more?#=")
    page.get_by_label("compared with").select_option("default")
    wait_for_status(page, "; ")
    there = visit(page.url.removeprefix(site))
    wait_for_status(there, "; ")
    assert there.get_by_label("Text", exact=True).input_value() == f"{LOST} & more?#="
    assert there.locator("article h2").all_inner_texts() == ["twin", "default"]
    odd = visit("?model=none&with=../../etc&text=")
    assert (
        odd.get_by_label("Model").input_value() == "default" and odd.get_by_label("compared with").input_value() == ""
    )


def test_a_busy_server_is_asked_again(visit: Open) -> None:
    page = visit()
    answers = [(429, "1"), (503, "1")]

    def busy(route: Any) -> None:
        if not answers:
            return route.fallback()
        status, seconds = answers.pop()
        return route.fulfill(status=status, headers={"Retry-After": seconds}, json={"error": "x", "hint": "y"})

    page.route("**/drawing", busy)
    page.get_by_label("Text", exact=True).fill(LOST)
    wait_for_status(page, "The server is busy.")
    assert "asked again" in page.locator(".problem").inner_text()
    wait_for_status(page, TWO)
    assert page.locator(".problem").count() == 0


def test_too_long_a_text_and_a_server_that_is_gone(visit: Open) -> None:
    page = visit()
    page.get_by_label("Text", exact=True).fill("word " * 3000)
    wait_for_status(page, "10000 characters")
    assert page.locator("article figure").count() == 0 and page.locator(".problem p").count() == 2
    page.route("**/drawing", lambda route: route.abort())
    page.get_by_label("Text", exact=True).fill(LOST)
    wait_for_status(page, "The server does not answer.")
    assert "still running" in page.locator(".problem").inner_text()
    page.unroute("**/drawing")
    page.get_by_role("button", name="Show").click()
    wait_for_status(page, TWO)


def test_only_the_last_of_many_texts_is_shown(visit: Open) -> None:
    page = visit()
    slow: list[Any] = []
    page.route("**/drawing", lambda route: slow.append(route) if not slow else route.fallback())
    page.get_by_label("Text", exact=True).fill(BOOK)
    page.wait_for_timeout(500)
    page.get_by_label("Text", exact=True).fill(LOST)
    wait_for_status(page, TWO)
    with suppress(Exception):  # the browser may have given it up
        slow[0].continue_()
    page.wait_for_timeout(500)
    assert page.locator("svg.arcs .word").nth(1).text_content() == "lost"
    page.get_by_label("Text", exact=True).fill("")
    page.wait_for_function("() => !document.querySelector('article')")


def test_classes(visit: Open) -> None:
    page = visit("?model=classifier&text=It was good.")
    wait_for_status(page, "")
    page.wait_for_selector("table.classes")
    names = page.locator("table.classes th").all_inner_texts()
    assert sorted(names) == ["no", "yes"] and page.locator("#status").inner_text() == names[0]
    assert page.locator(".weighed span").all_inner_texts() == ["It", "was", "good", "."]
    page = visit("?model=measured&text=0.5,1%0A0.25,2%0A")
    page.wait_for_selector("table.classes")
    assert page.locator("table.classes th").count() == 3
    page.get_by_label("Text", exact=True).fill("no numbers")
    wait_for_status(page, "rows with the same number of numbers")


def test_written_texts_and_what_was_read(visit: Open) -> None:
    page = visit("?model=writer")
    page.get_by_label("Text", exact=True).fill("a small dog")
    page.keyboard.press("Enter")
    wait_for_status(page, "1 text")
    assert page.locator("ol.written li").count() >= 1
    rows, columns = page.locator("svg.map text.written").count(), page.locator("svg.map text.read").count()
    assert rows >= 1 and page.locator("svg.map rect").count() == rows * columns
    assert page.get_by_label("Text", exact=True).input_value() == "a small dog"  # Enter is no new line


def test_a_text_is_written_on_as_it_is_drawn(visit: Open) -> None:
    page = visit("?model=language-model")
    page.get_by_label("Prompt").fill("the")
    page.get_by_label("tokens").fill("30")
    page.keyboard.press("Enter")
    wait_for_status(page, "characters written")
    first = page.locator("p.continued").inner_text()
    assert first.startswith("the") and len(first) > 10
    page.get_by_label("seed").fill("2")
    page.get_by_role("button", name="Show").click()
    page.wait_for_function("first => document.querySelector('p.continued').innerText !== first", arg=first)
    wait_for_status(page, "characters written")
    page.get_by_label("tokens").fill("1000")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="Stop").click()
    wait_for_status(page, "Stopped.")
    assert page.get_by_role("button", name="Stop").count() == 0
    page.get_by_label("Prompt").fill("")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="Stop").wait_for()
    page.locator("#model").select_option("default")  # which has nothing to say without a text
    page.get_by_text("Type a text, or take an example.").wait_for()
    assert page.get_by_role("button", name="Stop").count() == 0


def test_forecasts_are_plotted(visit: Open, tmp_path: Path) -> None:
    page = visit("?model=forecaster")
    page.get_by_label("Table").fill(table())
    page.keyboard.press("Control+Enter")
    wait_for_status(page, "1 series")
    assert {kind: page.locator(f"svg.plot .{kind}").count() for kind in ("past", "point-forecast", "interval")} == {
        "past": 1, "point-forecast": 1, "interval": 1,
    }  # fmt: skip
    forecast = page.locator("svg.plot .point-forecast").get_attribute("d")
    xs = [float(x) for x in re.findall(r"[ML]([\d.]+)", forecast)]
    assert len(xs) == 5 and all(one < other for one, other in pairwise(xs))
    (tmp_path / "table.csv").write_text(table().replace("value", "load"))
    page.get_by_label("CSV file").set_input_files(tmp_path / "table.csv")
    wait_for_status(page, "value")  # the column that is missing
    assert page.get_by_label("CSV file").input_value() == ""  # it can be chosen again
    assert page.locator("svg.plot").count() == 0
