"""Drawings hold every word and label once, mark faults, stay inside their frame, and are well-formed."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunlp.data.tags import Span
from grunlp.visualization.arc_diagram import ArcRow, render_arcs

WORDS = ["She", "gave", "him", "<b>", "日本"]
SPANS = [Span("ARG0", 0, 1), Span("ARG2", 2, 3), Span("ARG1", 3, 5)]
XML = "{http://www.w3.org/2000/svg}"


def texts(svg: str, kind: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [text.text or "" for text in root.iter(f"{XML}text") if kind in (text.get("class") or "").split()]


def places(svg: str, kind: str) -> list[float]:
    """The middles of texts."""
    root = ElementTree.fromstring(svg)
    return [float(one.get("x", "")) for one in root.iter(f"{XML}text") if kind in (one.get("class") or "").split()]


def test_words_and_labels() -> None:
    svg = render_arcs(WORDS, [], [ArcRow(SPANS, 1, "give.01", name="0")])
    assert texts(svg, "word") == WORDS and texts(svg, "predicate") == ["gave"]
    assert texts(svg, "label") == ["ARG0", "ARG2", "ARG1", "give.01"]
    assert places(svg, "label")[0] == places(svg, "word")[0]  # a label stands under its words
    assert places(svg, "label")[2] == pytest.approx(sum(places(svg, "word")[3:]) / 2, abs=15)
    assert "missing" not in svg and "wrong" not in svg and svg.count("<path") == 3


def test_lanes_lie_one_below_the_other_and_above_the_words() -> None:
    svg = render_arcs(WORDS, [ArcRow(SPANS, 1, "gold")], [ArcRow(SPANS, 1, "a"), ArcRow(SPANS, 3, "b"), ArcRow(SPANS)])
    root = ElementTree.fromstring(svg)
    groups = [group for group in root.iter(f"{XML}g") if group.get("class") == "lane"]
    lanes = [[float(box.get("y", "")) for box in lane.iter(f"{XML}rect")] for lane in groups]
    (words,) = {float(text.get("y", "")) for text in root.iter(f"{XML}text") if "word" in text.get("class", "")}
    assert max(lanes[0]) + 18 < words < min(lanes[1]) and max(lanes[1]) < min(lanes[2]) < min(lanes[3])
    assert svg.count("<path") == 9  # none of the lane without a predicate


def test_faults_are_marked() -> None:
    lane = ArcRow(SPANS, 1, "gold", {SPANS[1]: "missing", SPANS[2]: "wrong"})
    groups = ElementTree.fromstring(render_arcs(WORDS, [lane], [])).iter(f"{XML}g")
    kinds = [group.get("class", "") for group in groups if group.get("class", "").startswith("span")]
    assert kinds == ["span colour-0", "span colour-2 missing", "span colour-1 wrong"]


def test_right_to_left_words_run_so() -> None:
    arabic = ["أعطى", "الرجل", "الكتاب", "."]
    spans = [Span("ARG0", 1, 2), Span("ARG1", 2, 3)]
    svg = render_arcs(arabic, [], [ArcRow(spans, 0, "V")])
    assert all(one > other for one, other in pairwise(places(svg, "word")))
    assert places(svg, "label")[:2] == places(svg, "word")[1:3]
    assert places(render_arcs(WORDS, [], []), "word") == sorted(places(render_arcs(WORDS, [], []), "word"))


def test_no_label_lies_over_another() -> None:
    words = ["a", "b", "c", "d"]
    spans = [Span("ARGM-PRX", 0, 1), Span("C-ARGM-TMP", 1, 2), Span("R-ARG1", 2, 3)]
    root = ElementTree.fromstring(render_arcs(words, [], [ArcRow(spans, 3, "walk_out.99")]))
    boxes = [(float(box.get("x", "")), float(box.get("width", ""))) for box in root.iter(f"{XML}rect")]
    assert all(left + wide <= right for (left, wide), (right, _) in pairwise(boxes))
    assert boxes[1][1] > 7 * len("C-ARGM-TMP")


@given(
    st.lists(st.text(min_size=0, max_size=12), min_size=1, max_size=12),
    st.randoms(),
)
def test_any_words_stay_inside_the_frame(words: list[str], random) -> None:  # type: ignore[no-untyped-def]
    index = random.randrange(len(words))
    spans = [Span(random.choice(["ARG0", "ARGM-TMP", "<&\x00"]), i, i + 1) for i in range(len(words)) if i != index]
    svg = render_arcs(words, [ArcRow(spans, index, "up")], [ArcRow(spans, index, "down")])
    svg.encode("utf-8")  # halves of characters are gone
    root = ElementTree.fromstring(svg)
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for text in root.iter(f"{XML}text"):
        assert 0 <= float(text.get("x", "")) <= width and 0 <= float(text.get("y", "")) <= height
    for box in root.iter(f"{XML}rect"):
        assert 0 <= float(box.get("x", "")) <= float(box.get("x", "")) + float(box.get("width", "")) <= width + 1
    for path in root.iter(f"{XML}path"):
        assert all(float(n) >= 0 for n in re.findall(r"-?[\d.]+", path.get("d", "")))
