"""The page for everyone: by keyboard alone, with a screen reader, on a phone, in the dark, from right to left."""

from itertools import pairwise
from typing import Any

import pytest

from tests.serving.page.conftest import Open, wait_for_status

pytestmark = pytest.mark.slow
LOST = "He lost the keys that she gave him."
TWO = "2 predicates in 1 sentence"
ARABIC = "أعطى الرجل الكتاب للولد أمس."
SHOWN = [
    f"?text={LOST}&with=twin",
    f"?text={LOST}&model=tagger",
    "?model=classifier&text=It was good.",
    "?model=writer&text=a small dog",
    "?model=language-model&text=the",
    "?model=forecaster&text=nothing",
    f"?text={ARABIC}",
    "",
]

# Of each text that is seen: its colour, that behind it, and how large it is. Labels in drawings lie on the box before
# them, other texts on the first ancestor with a colour.
_TEXTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const behind = (element) => {
    if (element.matches('text.label')) return rgba(getComputedStyle(element.previousElementSibling).fill);
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return null;
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const value = element.matches('textarea, input, select');
    if (!(own || value) || !element.checkVisibility()) continue;
    if (element.matches('title, option, noscript, :disabled')) continue;
    const style = getComputedStyle(element);
    const fill = element instanceof SVGElement ? style.fill : style.color;
    found.push({text: element.textContent.slice(0, 30), ink: rgba(fill), paper: behind(element)});
  }
  return found;
}"""


def luminance(colour: list[int]) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [value / 255 for value in colour[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[int], other: list[int]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def detect(page: Any) -> None:
    page.wait_for_function("() => document.getElementById('status').textContent !== '…'")
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")


def test_contrast_is_counted_as_wcag_does() -> None:
    assert contrast([0, 0, 0, 255], [255, 255, 255, 255]) == pytest.approx(21)
    assert contrast([119, 119, 119, 255], [255, 255, 255, 255]) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", SHOWN)
def test_contrast_and_what_axe_finds(visit: Open, scheme: str, address: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    page = visit(address, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True)
    detect(page)
    texts = page.evaluate(_TEXTS)
    assert len(texts) > 10
    weak = [one for one in texts if one["paper"] is None or contrast(one["ink"], one["paper"]) < 4.5]
    assert not weak
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response
    assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert len(found["passes"]) > 10


def test_dark_is_dark(visit: Open) -> None:
    for scheme, dark in (("dark", True), ("light", False)):
        page = visit(color_scheme=scheme)
        colour = page.evaluate("() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (luminance(colour) < 0.1) == dark


def test_head_and_landmarks(visit: Open) -> None:
    page = visit(f"?text={LOST}")
    assert page.get_attribute("html", "lang") == "en" and page.title() == "grunlp"
    assert "width=device-width" in page.get_attribute("meta[name=viewport]", "content")
    for role in ("banner", "main", "contentinfo", "form"):
        assert page.get_by_role(role).count() == 1, role
    assert page.locator("h1").count() == 1
    wait_for_status(page, TWO)
    assert page.get_attribute("#status", "role") == "status" and page.get_attribute("#status", "aria-live") == "polite"


@pytest.mark.parametrize("address", SHOWN)
def test_every_control_is_reached_by_tab_with_a_name_and_a_visible_focus(visit: Open, address: str) -> None:
    page = visit(address)
    detect(page)
    page.locator("a.skip").focus()
    wanted = page.evaluate(
        "() => [...document.querySelectorAll('a, button, select, input, textarea, summary, [tabindex=\"0\"]')]"
        ".filter((one) => one.checkVisibility() && !one.disabled).map((one) => one.outerHTML.slice(0, 90))"
    )
    seen = wanted[:1]
    for _ in range(len(wanted)):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => { const one = document.activeElement; const style = getComputedStyle(one);"
            "return {html: one.outerHTML.slice(0, 90), tag: one.tagName,"
            "outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2}; }"
        )
        if focused["tag"] == "BODY":
            break
        assert focused["outline"] or focused["tag"] == "SUMMARY", focused
        seen.append(focused["html"])
    assert set(wanted) <= set(seen) and len(wanted) >= 7
    order = [wanted.index(one) for one in dict.fromkeys(seen) if one in wanted]
    assert order == sorted(order)  # as they stand on the page


def test_all_by_keyboard(visit: Open) -> None:
    page = visit()
    page.locator("#model").focus()
    page.keyboard.press("ArrowDown")  # default → twin
    assert page.get_by_label("Model").input_value() == "twin"
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.type("She gave him a book.")
    page.keyboard.press("Enter")
    wait_for_status(page, "1 predicate in 1 sentence")
    while page.evaluate("() => !document.activeElement.matches('button.pick')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.get_attribute("button.pick", "aria-pressed") == "true"


@pytest.mark.parametrize("address", [*SHOWN, f"?text={'Supercalifragilistic' * 9} gave {LOST * 5}&with=twin"])
def test_a_narrow_phone_scrolls_no_page_sideways(visit: Open, address: str) -> None:
    page = visit(address, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    detect(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    for box in page.evaluate(
        "() => [...document.querySelectorAll('button, select, textarea, input')].filter((one) => one.checkVisibility())"
        ".filter((one) => !one.closest('#examples')).map((one) => one.getBoundingClientRect().toJSON())"
    ):
        assert box["left"] >= 0 and box["right"] <= 360 and box["height"] >= 24  # WCAG 2.2, 2.5.8


def test_what_is_picked_is_brought_into_view(visit: Open) -> None:
    page = visit(f"?text={'It was so, and ' * 5}{LOST}", viewport={"width": 360, "height": 740})
    detect(page)
    page.get_by_role("button", name="gave", exact=True).click()
    box = page.locator("svg.arcs .predicate.picked").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360


def test_from_right_to_left(visit: Open) -> None:
    page = visit(f"?text={ARABIC}")
    detect(page)
    assert page.get_attribute("figure.sentence", "dir") == "rtl"
    places = [word.bounding_box()["x"] for word in page.locator("svg.arcs .word").all()]
    assert len(places) == 6 and all(one > other for one, other in pairwise(places))
    assert page.evaluate("() => getComputedStyle(document.getElementById('text')).direction") == "rtl"
    scroll = page.locator("figure.sentence .scroll").bounding_box()
    assert max(places) > scroll["x"] + scroll["width"] / 2  # it begins at the right


def test_less_motion(visit: Open) -> None:
    found = {}
    for motion in ("reduce", "no-preference"):
        page = visit(reduced_motion=motion)
        found[motion] = page.evaluate("() => getComputedStyle(document.getElementById('show')).transitionDuration")
    assert found["reduce"] in ("0s", "") and found["no-preference"].startswith("0.15s")
