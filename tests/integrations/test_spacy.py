"""The labeller within spaCy."""

from pathlib import Path

import pytest
import spacy

import grunlp.integrations.spacy
from grunlp.utils.errors import UserError

TEXT = "She  gave him\na book. Was he glad?\n\nThe executives left  the building."


@pytest.fixture(scope="module")
def nlp() -> "spacy.Language":
    nlp = spacy.blank("en")
    nlp.add_pipe("grunlp_srl")
    return nlp


def test_frames_stand_at_places_of_the_document(nlp: "spacy.Language") -> None:
    doc = nlp(TEXT)
    assert [doc[frame["index"]].text for frame in doc._.frames] == ["gave", "Was", "glad", "left"]
    leave = doc._.frames[-1]
    assert [(a["role"], a["text"]) for a in leave["arguments"]] == [
        ("ARG0", "The executives"),
        ("ARG1", "the building"),
    ]
    for frame in doc._.frames:
        assert doc.text[frame["start_char"] : frame["end_char"]] == frame["predicate"]
        for argument in frame["arguments"]:
            assert doc[argument["start"] : argument["end"]].text == argument["text"]
            assert doc.text[argument["start_char"] : argument["end_char"]] == argument["text"]
    assert not doc.has_annotation("SENT_START"), "sentences are the business of others"


def test_the_frames_are_those_of_the_labeller(nlp: "spacy.Language") -> None:
    text = "She gave him a book. Was he glad? The executives left the building."
    records = grunlp.load()(text)
    expected = [(frame["roleset"], frame["text"]) for record in records for frame in record["frames"]]
    assert [(frame["roleset"], frame["text"]) for frame in nlp(text)._.frames] == expected


def test_sentences_of_the_document_come_first(nlp: "spacy.Language") -> None:
    doc = nlp.make_doc("She gave him a book Was he glad")
    for token in doc:
        token.is_sent_start = token.i in (0, 5)
    assert [frame["text"] for frame in nlp.get_pipe("grunlp_srl")(doc)._.frames] == [
        "[ARG0 She] [V gave] [ARG2 him] [ARG1 a book]",
        *(frame["text"] for frame in nlp("Was he glad")._.frames),
    ]


def test_many_documents_and_empty_ones(nlp: "spacy.Language") -> None:
    texts = [TEXT, "", "   ", "Stones.", "He slept."] * 3
    found = [doc._.frames for doc in nlp.pipe(texts, batch_size=4)]
    assert found == [nlp(text)._.frames for text in texts] and found[1] == found[2] == [] != found[4]


def test_a_pipeline_keeps_its_configuration(nlp: "spacy.Language", tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    assert again(TEXT)._.frames == nlp(TEXT)._.frames
    other = type(nlp).from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert other(TEXT)._.frames == nlp(TEXT)._.frames
    doc = nlp(TEXT)
    assert spacy.tokens.Doc(nlp.vocab).from_bytes(doc.to_bytes())._.frames == doc._.frames


def test_a_run_that_labels_no_roles(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a finished run"):
        spacy.blank("en").add_pipe("grunlp_srl", config={"run": str(tmp_path)})
