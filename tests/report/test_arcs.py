"""Drawings hold every word and role once, mark faults, stay inside their frame, and are well-formed."""

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from grunlp.report.arcs import draw_arcs

WORDS = ["She", "gave", "him", "<b>", "日本"]
GOLD = ["B-ARG0", "B-V", "B-ARG2", "B-ARG1", "I-ARG1"]
PREDICTED = ["B-ARG0", "B-V", "B-ARG1", "B-ARG1", "I-ARG1"]


def texts(svg: str, kind: str) -> list[str]:
    return [t.text or "" for t in ElementTree.fromstring(svg).iter("text") if (t.get("class") or "") == kind]


def test_words_and_roles() -> None:
    svg = draw_arcs(WORDS, 1, GOLD)
    assert texts(svg, "") == ["She", "him", "<b>", "日本"] and texts(svg, "predicate") == ["gave"]
    assert sorted(texts(svg, "role")) == ["ARG0", "ARG1", "ARG2"]
    assert "missing" not in svg and "wrong" not in svg


def test_faults_are_marked() -> None:
    groups = [g for g in ElementTree.fromstring(draw_arcs(WORDS, 1, GOLD, PREDICTED)).iter("g")]
    kinds = sorted((g.get("class"), g.find("text").text) for g in groups)  # type: ignore[union-attr]
    assert kinds == [
        ("arc", "ARG0"), ("arc", "ARG0"), ("arc", "ARG1"), ("arc", "ARG1"),
        ("arc missing", "ARG2"), ("arc wrong", "ARG1"),
    ]  # fmt: skip


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12), min_size=1, max_size=12),
    st.randoms(),
)
def test_any_words_stay_inside_the_frame(words: list[str], random) -> None:  # type: ignore[no-untyped-def]
    index = random.randrange(len(words))
    tags = ["B-V" if i == index else random.choice(["O", "B-ARG0", "B-ARGM-TMP"]) for i in range(len(words))]
    svg = draw_arcs(words, index, tags, tags)
    root = ElementTree.fromstring(svg)
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for text in root.iter("text"):
        assert 0 <= float(text.get("x", "")) <= width and 0 <= float(text.get("y", "")) <= height
    for path in root.iter("path"):
        assert all(float(n) >= 0 for n in re.findall(r"-?[\d.]+", path.get("d", "")))
