"""Classes, written texts and attention as HTML: the right order and amounts, and every text escaped."""

from typing import Any
from xml.etree import ElementTree

from grunlp.visualization.text_view import (
    MAX_ATTENTION_CELLS,
    render_attention_map,
    render_classification,
    render_continuation,
    render_generation,
)

SVG = "{http://www.w3.org/2000/svg}"
ODD = "<script>alert('x')</script>&"


def test_classes_are_bars_from_the_likeliest() -> None:
    record: dict[str, Any] = {"label": ODD, "probabilities": {"b": 0.2, ODD: 0.7, "c": 0.1}, "id": "1"}
    record |= {"words": ["good", ODD, "bad"], "weights": [0.25, 0.5, 0.0]}
    root = ElementTree.fromstring(render_classification(record))
    rows = list(root.iter("tr"))
    assert [row.findtext("th") for row in rows] == [ODD, "b", "c"] and rows[0].get("class") == "first"
    assert [bar.get("width") for bar in root.iter("rect")] == ["70.0%", "20.0%", "10.0%"]
    words = [span for span in root.iter("span") if span.get("class", "").startswith("shade")]
    assert [(word.text, word.get("class")) for word in words] == [
        ("good", "shade-4"),
        (ODD, "shade-9"),
        ("bad", "shade-0"),
    ]


def test_classes_of_measurements_and_of_no_words() -> None:
    assert "counted" not in render_classification({"label": "a", "probabilities": {"a": 1.0}, "id": "1"})
    drawn = render_classification(
        {"label": "a", "probabilities": {"a": 1.0}, "id": "1", "words": ["x"], "weights": [0.0]}
    )
    assert "shade-0" in drawn


def test_written_and_continued_texts() -> None:
    texts = [
        {"text": ODD, "log_probability": -1.5, "score": -0.5},
        {"text": "שלום", "log_probability": -2.0, "score": -1},
    ]
    root = ElementTree.fromstring(render_generation({"source": ODD, "texts": texts}))
    items = list(root.iter("li"))
    assert [(item.get("dir"), item.text) for item in items] == [("ltr", ODD + " "), ("rtl", "שלום ")]
    assert root.findtext("figcaption") == ODD and root.find("details") is None
    root = ElementTree.fromstring(render_continuation({"prompt": ODD, "text": "\n a\x00b"}))
    assert "".join(root.itertext()) == f"{ODD}\n a\ufffdb"


def test_a_map_of_too_many_cells_is_a_note() -> None:
    tokens = ["a"] * 200
    rows = [[1 / 200] * 200] * 200
    drawn = render_attention_map(tokens, tokens, rows)
    assert drawn.count("<rect") == MAX_ATTENTION_CELLS and len(drawn) < 6_000_000
    note = render_attention_map([*tokens, "b"], tokens, rows)
    assert "40,200 cells" in note and len(note) < 300 and "<svg" not in note


def test_attention() -> None:
    drawn = render_attention_map(["ein", ODD, "</s>"], ["a", "dog"], [[0.9, 0.1, 0.0], [0.01, 0.25, 0.74]])
    root = ElementTree.fromstring(drawn)
    assert [text.text for text in root.iter(f"{SVG}text")] == ["ein", ODD[:23] + "…", "</s>", "a", "dog"]
    cells = list(root.iter(f"{SVG}rect"))
    assert [cell.get("fill-opacity") for cell in cells] == ["0.90", "0.10", None, None, "0.25", "0.74"]
    xs = [float(cell.get("x", "")) for cell in cells[:3]]
    assert xs == sorted(xs)
    arabic = ElementTree.fromstring(render_attention_map(["رجل", "كتاب"], ["man"], [[1.0, 0.0]]))
    right, left = (float(cell.get("x", "")) for cell in arabic.iter(f"{SVG}rect"))
    assert right > left  # what is read runs from right to left
    assert ElementTree.fromstring(render_attention_map([], [], [])) is not None
