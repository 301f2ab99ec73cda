from hypothesis import given, settings
from hypothesis import strategies as st

from grunlp.data.readers.dependency_to_spans import remove_overlaps, subtree_spans
from grunlp.data.tags import Span, spans_to_tags


def test_an_argument_spans_its_subtree():
    # the two guests left early: left(4) governs guests(2) and early(4)
    assert subtree_spans({2: "ARG0", 4: "ARGM-TMP"}, 3, [2, 2, 3, -1, 3]) == [
        Span("ARG0", 0, 3),
        Span("V", 3, 4),
        Span("ARGM-TMP", 4, 5),
    ]


def test_an_argument_above_the_predicate_loses_its_clause():
    # the guests who left early: guests(1) governs left(3), which governs who(2) and early(4)
    assert subtree_spans({1: "ARG0", 2: "R-ARG0"}, 3, [1, -1, 3, 1, 3]) == [
        Span("ARG0", 0, 2),
        Span("R-ARG0", 2, 3),
        Span("V", 3, 4),
    ]


def test_an_inner_argument_is_cut_out_of_the_outer():
    assert subtree_spans({1: "ARG1", 2: "ARG2"}, 0, [-1, 0, 1, 2]) == [
        Span("V", 0, 1),
        Span("ARG1", 1, 2),
        Span("ARG2", 2, 4),
    ]


def test_a_broken_subtree_keeps_the_run_around_its_head():
    assert Span("ARG1", 2, 4) in subtree_spans({2: "ARG1"}, 1, [2, -1, 1, 2])


def test_v_stays_one_word_even_when_labelled_elsewhere():
    spans = subtree_spans({0: "V", 3: "C-V"}, 2, [2, 0, -1, 2, 3])
    assert spans == [Span("V", 0, 1), Span("C-V", 3, 4)]


def test_the_predicate_bounds_a_span_even_when_v_is_elsewhere():
    assert subtree_spans({0: "V", 1: "ARG0"}, 2, [2, -1, 1]) == [Span("V", 0, 1), Span("ARG0", 1, 2)]


@st.composite
def trees(draw):
    order = draw(st.permutations(range(draw(st.integers(1, 8)))))
    heads = [-1] * len(order)
    for place, token in enumerate(order[1:], start=1):
        heads[token] = order[draw(st.integers(0, place - 1))]
    return heads


@settings(deadline=None)
@given(trees(), st.data())
def test_subtree_spans_are_tags(heads, data):
    tokens = st.integers(0, len(heads) - 1)
    labels = data.draw(st.dictionaries(tokens, st.sampled_from(["ARG0", "ARG1", "V", "C-V"])))
    predicate = data.draw(tokens)
    tags = spans_to_tags(subtree_spans(labels, predicate, heads), len(heads))
    assert "B-V" in tags
    assert all(tags[head] == f"B-{label}" or tags[head].endswith(label) for head, label in labels.items()
               if head != predicate or label == "V")  # fmt: skip


def test_overlaps():
    spans = [Span("ARG1", 0, 5), Span("V", 2, 3), Span("ARG2", 4, 6), Span("ARG3", 2, 3)]
    assert remove_overlaps(spans, 6) == [Span("V", 2, 3), Span("ARG2", 4, 6), Span("ARG1", 0, 2)]


def test_the_longest_free_run_is_kept():
    assert remove_overlaps([Span("ARG1", 0, 6), Span("V", 1, 2), Span("ARG2", 4, 5)], 6)[-1] == Span("ARG1", 2, 4)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["V", "A", "B"]), st.integers(0, 7), st.integers(1, 4)), max_size=6))
def test_without_overlaps_are_tags(given_spans):
    spans_to_tags(remove_overlaps([Span(label, start, start + n) for label, start, n in given_spans], 11), 11)
