import re
from pathlib import Path

import pytest

from grunlp.data.propbank.frames import clean_tokens, convert_frames
from grunlp.data.propbank.sources import PROPBANK_FRAMES, files_digest, read_source


def frame_file(*examples: str, lemma: str = "send", roleset: str = "send.01") -> bytes:
    body = "".join(f'<example name="" src="">{example}</example>' for example in examples)
    return (
        f'<frameset><predicate lemma="{lemma}"><roleset id="{roleset}">{body}</roleset></predicate></frameset>'.encode()
    )


def example(text: str, rel: str, *arguments: str) -> str:
    """`example("Anna sent a note .", "1", "ARG0 0 0", "ARG1 2 3")`"""
    args = ""
    for argument in arguments:
        label, start, end, *words = argument.split(" ", 3)
        args += f'<arg type="{label}" start="{start}" end="{end}">{"".join(words)}</arg>'
    return f'<text>{text}</text><propbank><rel relloc="{rel}">x</rel>{args}</propbank>'


def convert(*examples: str) -> list[list[str]]:
    """Tags of the frames of all sentences."""
    converted = convert_frames({"frames/send.xml": frame_file(*examples)})
    return [frame["tags"] for sentence in converted.examples for frame in sentence["frames"]]


def test_an_example_becomes_a_sentence() -> None:
    files = {"frames/send.xml": frame_file(example("Anna sent a note .", "1", "ARG0 0 0", "ARG1 2 3"))}
    converted = convert_frames(files)
    assert converted.examples == [
        {
            "id": "frames-00001",
            "document": "frames/send.xml",
            "words": ["Anna", "sent", "a", "note", "."],
            "pos": [],
            "frames": [
                {"index": 1, "lemma": "send", "roleset": "send.01", "tags": ["B-ARG0", "B-V", "B-ARG1", "I-ARG1", "O"]}
            ],
        }
    ]
    assert converted.counts == {"sentences": 1, "predicates": 1}


def test_a_phrase_is_one_predicate_in_pieces() -> None:
    assert convert(example("They gave it up", "1 3", "ARG0 0 0")) == [["B-ARG0", "B-V", "O", "B-C-V"]]
    assert convert(example("They gave up .", "1 2", "ARG0 0 0")) == [["B-ARG0", "B-V", "I-V", "O"]]
    files = {"frames/give.xml": frame_file(example("They gave up .", "1 2"), lemma="give_up", roleset="give_up.03")}
    assert convert_frames(files).examples[0]["frames"][0]["lemma"] == "give"


def test_empty_elements_leave_and_spans_follow() -> None:
    text = "[the boy]-1 wanted [*]-1 to run *T*-2 ."
    tags = convert(example(text, "5", "ARG0 3 3 [*]-1", "ARG1 0 3", "ARGM-TMP ? ? *trace*", "ARGM-LOC 6 7"))
    assert tags == [["B-ARG1", "I-ARG1", "I-ARG1", "O", "B-V", "B-ARGM-LOC"]]
    words = convert_frames({"f": frame_file(example(text, "5"))}).examples[0]["words"]
    assert words == ["the", "boy", "wanted", "to", "run", "."]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("`` yes '' -LRB- 1\\/2 -RRB- /.", '" yes " ( 1/2 ) .'),
        ("he-1 wants *PRO*-1 tea", "he wants tea"),
        ("drug IL-6 at 2-1 [ sic ]", "drug IL-6 at 2-1 [ sic ]"),  # no empty element: numbers belong to the words
        ("[ who ]-3 [*T*-1]-2 2.4-to-1 ]", "[ who ]-3 2.4-to-1 ]"),
        ("*** wow **", "*** wow **"),
    ],
)
def test_words_are_written_as_in_the_texts(text: str, words: str) -> None:
    assert " ".join(word for word in clean_tokens(text.split()) if word) == words


def test_roles_get_the_names_of_ewt() -> None:
    text = "go there for fun"
    assert convert(example(text, "0", "ARGM-PNC 2 3")) == [["B-V", "O", "B-ARGM-PRP", "I-ARGM-PRP"]]
    assert convert(example(text, "0", "ARGM-DSP 2 3")) == [["B-V", "O", "B-ARG1-DSP", "I-ARG1-DSP"]]


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ("<text>Anna sent it</text>", "not annotated"),
        ("<text>Anna sent it</text><propbank/>", "not annotated"),
        (example(" ", "0"), "not annotated"),
        (example("Anna sent it", "3"), "predicate outside the text"),
        (example("Anna sent it", "?"), "predicate outside the text"),
        (example("Anna *PRO* it", "1"), "predicate is an empty element"),
        (example("Anna sent it", "1", "ARG1 2 3"), "argument outside the text"),
        (example("Anna sent it", "1", "ARG1 2 1"), "argument outside the text"),
        (example("Anna sent it", "1", "ARG1 ? ? it"), "place of an argument unknown"),
        (example("Anna sent it", "1", "ARG6 2 2"), "role unknown to EWT"),
        (example("Anna sent it", "1", "ARGM-TOP 2 2"), "role unknown to EWT"),
        (example("Anna sent it", "1", "ARG1 1 2"), "spans overlap"),
    ],
)
def test_unusable_examples_are_counted(element: str, reason: str) -> None:
    converted = convert_frames({"frames/send.xml": frame_file(element)})
    assert converted.examples == []
    assert converted.counts == {f"examples dropped: {reason}": 1, "sentences": 0, "predicates": 0}


def test_the_same_words_become_one_sentence() -> None:
    text = "Anna went and saw it"
    files = {
        "frames/b.xml": frame_file(example(text, "3", "ARG1 4 4"), roleset="see.01"),
        "frames/c.xml": frame_file(example(text, "1", "ARG0 0 0"), roleset="go.01"),
        "frames/d.xml": frame_file(example(text, "1", "ARG1 0 0"), roleset="go.02"),
    }
    converted = convert_frames(files)
    assert [frame["roleset"] for frame in converted.examples[0]["frames"]] == ["go.01", "see.01"]
    assert converted.counts["examples dropped: same sentence and predicate as an earlier one"] == 1


def test_a_broken_file_does_not_stop_the_rest() -> None:
    files = {"frames/a.xml": b"<frameset><predicate>", "frames/b.xml": frame_file(example("Anna sent it", "1"))}
    converted = convert_frames(files)
    assert converted.counts == {"files dropped: not well-formed XML": 1, "sentences": 1, "predicates": 1}


@pytest.mark.realdata
def test_the_frame_files(data_root: Path) -> None:
    files = read_source(PROPBANK_FRAMES, data_root / "raw" / "propbank-frames.tar.xz")
    assert files_digest(files) == PROPBANK_FRAMES.sha256
    converted = convert_frames(files)
    assert converted.counts == {
        "sentences": 22524,
        "predicates": 23117,
        "examples dropped: not annotated": 135,
        "examples dropped: same sentence and predicate as an earlier one": 76,
        "examples dropped: spans overlap": 32,
        "examples dropped: place of an argument unknown": 32,
        "examples dropped: role unknown to EWT": 7,
        "examples dropped: argument outside the text": 6,
        "examples dropped: predicate outside the text": 2,
        "files dropped: not well-formed XML": 2,
    }
    words = {word for sentence in converted.examples for word in sentence["words"]}
    assert not [
        word for word in words if word in ("``", "-LRB-", "") or re.match(r"\[?\*(PRO|T|trace)?\*?-?\d*\]?$", word)
    ]
