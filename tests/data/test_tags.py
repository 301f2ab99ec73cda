"""Tags, spans and brackets: every move and its way back, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunlp.data.tags import (
    Span,
    brackets_to_spans,
    brackets_to_tags,
    invalid_transitions,
    spans_to_brackets,
    spans_to_tags,
    split_tag,
    tags_to_brackets,
    tags_to_spans,
)

labels = st.sampled_from(["ARG0", "C-ARG1", "V", "ARGM-TMP"])
any_tags = st.lists(st.one_of(st.just("O"), st.builds("{}-{}".format, st.sampled_from("BI"), labels)))


@st.composite
def spans_in_sentence(draw: st.DrawFn) -> tuple[list[Span], int]:
    """Spans in order, apart or touching, and the number of tokens."""
    spans, end = [], 0
    for label in draw(st.lists(labels, max_size=5)):
        start = end + draw(st.integers(0, 2))
        end = start + draw(st.integers(1, 3))
        spans.append(Span(label, start, end))
    return spans, end + draw(st.integers(0, 2))


@given(spans_in_sentence())
def test_spans_survive_tags_and_brackets(sentence):
    spans, length = sentence
    tags, cells = spans_to_tags(spans, length), spans_to_brackets(spans, length)
    assert len(tags) == len(cells) == length
    assert invalid_transitions(tags) == []
    assert tags_to_spans(tags) == spans
    assert brackets_to_spans(cells) == spans
    assert tags_to_brackets(tags) == cells
    assert brackets_to_tags(cells) == tags


@given(any_tags)
def test_tags_survive_exactly_when_legal(tags):
    again = spans_to_tags(tags_to_spans(tags), len(tags))
    assert (again == tags) == (invalid_transitions(tags) == [])
    assert [split_tag(tag)[1] for tag in again] == [split_tag(tag)[1] for tag in tags]  # labels always do


@given(any_tags)
def test_mended_tags_differ_only_where_illegal(tags):
    again = spans_to_tags(tags_to_spans(tags), len(tags))
    assert [i for i, (old, new) in enumerate(zip(tags, again, strict=True)) if old != new] == invalid_transitions(tags)


def test_the_three_ways_by_hand():
    tags = ["B-ARG0", "I-ARG0", "B-V", "O", "B-ARG1", "B-ARG1"]
    spans = [Span("ARG0", 0, 2), Span("V", 2, 3), Span("ARG1", 4, 5), Span("ARG1", 5, 6)]
    cells = ["(ARG0*", "*)", "(V*)", "*", "(ARG1*)", "(ARG1*)"]
    assert tags_to_spans(tags) == spans
    assert spans_to_brackets(spans, 6) == spans_to_brackets(iter(spans), 6) == cells
    assert brackets_to_tags(cells) == tags


@pytest.mark.parametrize(
    ("tags", "positions"),
    [
        ([], []),
        (["I-X"], [0]),
        (["O", "I-X", "I-X"], [1]),  # the second continues the first
        (["B-X", "I-Y", "I-X"], [1, 2]),
        (["B-X", "I-X", "I-X", "B-Y", "O"], []),
    ],
)
def test_illegal_positions(tags, positions):
    assert invalid_transitions(tags) == positions


@pytest.mark.parametrize(("tag", "parts"), [("O", ("O", "")), ("B-C-ARG1", ("B", "C-ARG1")), ("I-V", ("I", "V"))])
def test_split_tag(tag, parts):
    assert split_tag(tag) == parts


@pytest.mark.parametrize("tag", ["", "B", "B-", "o", "X-ARG0", "E-ARG0", "-ARG0", "BARG0", "O-ARG0"])
def test_what_is_no_tag(tag):
    with pytest.raises(ValueError, match="is not a BIO tag: expected O, B-LABEL or I-LABEL"):
        split_tag(tag)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["(ARG0*", "*"], r"cell 0: \(ARG0 is never closed"),
        (["*", "*)"], r"cell 1: \) closes nothing"),
        (["(ARG0*", "(V*)"], r"cell 1: \(V opens inside \(ARG0, open since cell 0"),
        (["*", "ARG0*)"], r"cell 1: 'ARG0\*\)' is not a bracket cell"),
        (["(ARG0"], "cell 0: .* is not a bracket cell"),
        (["(*)"], "cell 0: .* is not a bracket cell"),
        (["(A*)(B*)"], "cell 0: .* is not a bracket cell"),
        ([""], "cell 0: .* is not a bracket cell"),
    ],
)
def test_bad_brackets(cells, message):
    with pytest.raises(ValueError, match=message):
        brackets_to_spans(cells)
    with pytest.raises(ValueError, match=message):
        brackets_to_tags(cells)


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([Span("X", 0, 2), Span("Y", 1, 3)], "span Y 1:3 overlaps another span"),
        ([Span("X", 1, 1)], "span X 1:1 does not fit a sentence of 3 tokens"),
        ([Span("X", 2, 4)], "span X 2:4 does not fit"),
        ([Span("X", -1, 1)], "span X -1:1 does not fit"),
    ],
)
def test_bad_spans(spans, message):
    with pytest.raises(ValueError, match=message):
        spans_to_tags(spans, 3)
    with pytest.raises(ValueError, match=message):
        spans_to_brackets(spans, 3)
