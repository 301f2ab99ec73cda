"""Records of labellers and taggers as HTML: everything in them is there, as text, and nothing else."""

from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.writers import srl_to_dict
from grunlp.visualization.frames_and_tags import render_frames, render_tags

SVG = "{http://www.w3.org/2000/svg}"
ODD = ['<img src=x onerror="alert(1)">', "&amp;", "\x00\x1b[2J", "\u202eevil", "👨‍👩‍👧", "שלום"]


def record(words: list[str], *frames: tuple[int, list[str]]) -> dict[str, Any]:
    made = [Frame(index=index, lemma="give", roleset="give.01", tags=tags) for index, tags in frames]
    found = srl_to_dict(SRLExample(id="", document="", words=words, pos=[], frames=made))
    for frame in found["frames"]:
        frame["sense_description"] = "transfer"
        for argument in frame["arguments"]:
            argument["role_description"] = f"gloss of {argument['role']}"
    return found


def test_every_frame_has_a_lane_and_a_card() -> None:
    words = ["She", "gave", "up", "asking"]
    drawn = record(words, (1, ["B-ARG0", "B-V", "O", "B-ARG1"]), (3, ["B-ARG0", "O", "O", "B-V"]))
    root = ElementTree.fromstring(render_frames(drawn))
    lanes = [group.get("data-name") for group in root.iter(f"{SVG}g") if group.get("class") == "lane"]
    cards = [item for item in root.iter("li") if item.get("data-name")]
    assert lanes == [card.get("data-name") for card in cards] == ["0", "1"]
    said = "gave give.01 transfer ARG0 She gloss of ARG0 ARG1 asking gloss of ARG1"
    assert " ".join(" ".join(cards[0].itertext()).split()) == said
    buttons = [button.get("aria-pressed") for button in root.iter("button")]
    assert buttons == ["false", "false"]


def test_sentences_without_predicates_or_words() -> None:
    assert "no predicate" in render_frames(record(["Hello", "!"]))
    assert "an empty sentence" in render_frames(record([]))
    assert "no argument" in render_frames(record(["Go", "!"], (0, ["B-V", "O"])))
    assert "no span" in render_tags({"words": ["a"], "tags": ["O"], "spans": []})
    assert "an empty sentence" in render_tags({"words": [], "tags": []})


def test_directions() -> None:
    assert 'dir="rtl"' in render_frames(record(["שלום", "עולם", "ok"]))
    assert 'dir="ltr"' in render_frames(record(["peace", "שלום", "123"]))
    assert 'dir="ltr"' in render_frames(record(["123", "."]))


def test_tags_and_spans() -> None:
    spans = [{"label": "PER", "start": 0, "end": 2, "text": "Ada King"}]
    drawn = render_tags({"words": ["Ada", "King", "went"], "tags": ["B-PER", "I-PER", "O"], "spans": spans})
    root = ElementTree.fromstring(drawn)
    assert [text.text for text in root.iter(f"{SVG}text")] == ["Ada", "King", "went", "PER"]
    assert "".join(next(root.iter("li")).itertext()).split() == ["PER", "Ada", "King"]
    plain = {
        "words": ["the", "dog"],
        "tags": ["DT", "NN"],
        "alternatives": [{"tags": ["DT", "VB"], "probability": 0.25}],
    }
    drawn = render_tags(plain)
    assert [text.text for text in ElementTree.fromstring(drawn).iter(f"{SVG}text")] == ["the", "dog", "DT", "NN"]
    assert "25.0 % DT VB" in drawn


@given(st.lists(st.one_of(st.sampled_from(ODD), st.text(max_size=20)), min_size=1, max_size=8))
def test_whatever_the_words_the_drawing_is_well_formed_and_holds_no_other_element(words: list[str]) -> None:
    drawn = record(words, (0, ["B-V", *["B-ARG1"] * (len(words) - 1)]))
    drawn["frames"][0]["sense_description"] = drawn["frames"][0]["roleset"] = words[-1]
    root = ElementTree.fromstring(render_frames(drawn))
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert names <= {
        "figure", "div", "svg", "title", "text", "g", "rect", "path", "ul", "li", "button", "bdi", "span", "b",
    }  # fmt: skip
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or name in ("style", "href", "src")]
