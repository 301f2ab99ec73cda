"""The page of errors stands for whatever was predicted, with nothing from outside and every word escaped."""

from xml.etree import ElementTree

import pytest

from grunlp.data.examples import Frame, SRLExample
from grunlp.tasks.srl.error_report import error_report
from grunlp.tasks.srl.metrics import SRLScores

WORDS = ["<i>", "go", "&", '"x"']


def scores_of(gold: list[str], predicted: list[str]) -> SRLScores:
    frames = [Frame(index=1, lemma="go", roleset="go.01", tags=tags) for tags in (gold, predicted)]
    scores = SRLScores()
    example = SRLExample(id="", document="", words=WORDS, pos=[], frames=frames[:1])
    scores.add(example, frames[1:], frames[1:], None)
    return scores


@pytest.mark.parametrize(
    ("gold", "predicted"),
    [
        (["B-ARG0", "B-V", "O", "B-ARG1"], ["B-ARG1", "B-V", "B-ARG0", "I-ARG0"]),
        (["O", "B-V", "O", "O"], ["O", "B-V", "O", "O"]),
        (["O", "B-V", "O", "O"], ["B-ARG0", "B-V", "O", "O"]),
    ],
)
def test_page(gold: list[str], predicted: list[str]) -> None:
    page = error_report("a < b", scores_of(gold, predicted))
    body = page[page.index("<body>") : page.index("</html>")]
    root = ElementTree.fromstring(body)  # well-formed, so everything is escaped
    headings = [heading.text for heading in root.iter("h2")]
    assert headings[:2] == ["Scores", "Oracle transformations"] and headings[-1] == "Worst sentences"
    texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
    assert [text.text for text in texts if "word" in text.get("class", "")] == WORDS
    spans = {tag.removeprefix("B-") for tag in [*gold, *predicted] if tag.startswith("B-A")}
    assert {text.text for text in texts if text.get("class") == "label"} == {*spans, "gold", "predicted"}
    faults = [group.get("class", "").split()[2:] for group in root.iter("{http://www.w3.org/2000/svg}g")]
    assert (["missing"] in faults) == (gold != predicted and "B-ARG0" in gold)
    assert (["wrong"] in faults) == (gold != predicted)
    assert "<script" not in page and "src=" not in page and "href=" not in page
