"""The oracle fixes one by one, by hand, and that all of them together leave no error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunlp.data.examples import Frame
from grunlp.data.tags import Span, spans_to_tags
from grunlp.metrics.span_counts import SpanCounts
from grunlp.tasks.srl import error_analysis
from grunlp.tasks.srl.error_analysis import ORACLE_TRANSFORMATIONS, ErrorAnalysis, PredicateExample


def spans(text: str) -> set[Span]:
    """ "A0:0-2 AM:3-4" → spans with exclusive ends."""
    found = set()
    for word in text.split():
        label, _, place = word.partition(":")
        start, _, end = place.partition("-")
        found.add(Span(label, int(start), int(end)))
    return found


@pytest.mark.parametrize(
    ("fix", "gold", "predicted", "after"),
    [
        ("fix label", "ARG1:0-2", "ARG0:0-2 ARG2:3-4", "ARG1:0-2 ARG2:3-4"),
        ("move core argument", "ARG0:0-2", "ARG0:3-4", "ARG0:0-2"),
        ("move core argument", "ARG0:0-2", "ARG0:1-4", "ARG0:1-4"),
        ("move core argument", "ARGM-TMP:0-2", "ARGM-TMP:3-4", "ARGM-TMP:3-4"),
        ("move core argument", "ARG0:0-2 ARG0:5-6", "ARG0:3-4", "ARG0:3-4"),
        ("merge spans", "ARG1:0-5", "ARG1:0-2 ARG2:3-5", "ARG1:0-5"),
        ("merge spans", "ARG1:0-6", "ARG1:0-2 ARG2:4-6", "ARG1:0-2 ARG2:4-6"),
        ("split span", "ARG1:0-2 ARG2:2-5", "ARG1:0-5", "ARG1:0-2 ARG2:2-5"),
        ("fix boundary", "ARG1:0-4", "ARG1:1-4", "ARG1:0-4"),
        ("fix boundary", "ARG1:0-4", "ARG0:1-4", "ARG0:1-4"),
        ("drop argument", "ARG1:0-4", "ARG1:4-5 ARG0:3-4", "ARG0:3-4"),
        ("add argument", "ARG1:0-4 ARG2:5-6", "ARG0:3-5", "ARG0:3-5 ARG2:5-6"),
    ],
)
def test_each_fix(fix: str, gold: str, predicted: str, after: str) -> None:
    assert ORACLE_TRANSFORMATIONS[fix](spans(gold), spans(predicted)) == spans(after)


def case(gold: str, predicted: str, length: int = 8, frequency: int | None = None) -> PredicateExample:
    one, other = (
        Frame(index=7, lemma="", roleset="x.01", tags=spans_to_tags([*spans(text), Span("V", 7, 8)], length))
        for text in (gold, predicted)
    )
    return PredicateExample([f"w{i}" for i in range(length)], one, other, frequency)


def test_shares_are_of_the_way_to_100() -> None:
    analysis = ErrorAnalysis()
    analysis.add(case("ARG0:0-1 ARG1:2-4", "ARG2:0-1 ARG1:3-4"))
    assert analysis.total == SpanCounts(0, 2, 2)
    gains = {name: (after, share) for name, after, share in analysis.oracle_gains()}
    assert gains["fix label"] == (50.0, 50.0) and gains["fix boundary"] == (100.0, 50.0)
    assert gains["add argument"] == (100.0, 0.0)


def test_parts_and_confusion() -> None:
    analysis = ErrorAnalysis()
    analysis.add(case("ARG0:0-1 ARG1:6-7", "ARG2:0-1 ARG1:6-7", frequency=0))
    analysis.add(case("ARG0:5-6", "", frequency=12))
    parts = analysis.by_group
    assert parts["predicate frequency"] == {"unseen in training": SpanCounts(1, 1, 1), "11 to 100": SpanCounts(0, 0, 1)}
    assert parts["distance from the predicate"] == {
        "5 to 8": SpanCounts(0, 1, 1), "0 to 1": SpanCounts(1, 0, 0), "2": SpanCounts(0, 0, 1),
    }  # fmt: skip
    assert parts["role"]["ARG0"] == SpanCounts(0, 0, 2) and parts["sentence length"] == {"0 to 10": SpanCounts(1, 1, 2)}
    assert analysis.confusion == {("ARG0", "ARG2"): 1, ("ARG1", "ARG1"): 1, ("ARG0", ""): 1}


def test_the_worst_come_first() -> None:
    cases = [case("ARG0:0-1", "ARG0:0-1"), case("ARG0:0-1", ""), case("ARG0:0-1", "ARG1:0-1"), case("ARG0:0-1", "", 9)]
    assert error_analysis.worst_examples(cases, 3) == [cases[2], cases[1], cases[3]]


@st.composite
def labelled(draw: st.DrawFn) -> set[Span]:
    """Spans of one to three tokens that do not overlap."""
    found, start = set(), 0
    while start < 10:
        end = start + draw(st.integers(1, 3))
        label = draw(st.sampled_from(["", "ARG0", "ARG1", "ARGM-TMP"]))
        if label:
            found.add(Span(label, start, end))
        start = end
    return found


@given(labelled(), labelled())
def test_no_fix_does_harm_and_what_is_right_stays(gold: set[Span], predicted: set[Span]) -> None:
    right = len(gold & predicted)
    for fix in ORACLE_TRANSFORMATIONS.values():
        predicted = fix(gold, predicted)
        assert len(gold & predicted) >= right
        right = len(gold & predicted)
    assert not [s for s in gold - predicted if not any(s.start < p.end and p.start < s.end for p in predicted)]


@given(labelled())
def test_a_right_labelling_is_left_alone(gold: set[Span]) -> None:
    assert all(fix(gold, gold) == gold for fix in ORACLE_TRANSFORMATIONS.values())
