"""Span counts of the three scorers: by hand, against the seqeval library, and additivity."""

import random

import pytest

from grunlp.data.tags import Span, brackets_to_tags
from grunlp.metrics.span_counts import (
    EvalCounts,
    SpanCounts,
    conlleval_counts,
    seqeval_counts,
    srl_arguments,
    srl_eval_counts,
    strict_spans,
)


def columns(cells: str) -> list[str]:
    """Tags of a CoNLL-2005 column written in one line."""
    return brackets_to_tags(cells.split())


GOLD = [columns("(ARG0*) (V*) (ARG1* *) (C-V*) *"), columns("* * (ARG0*) (V*) (ARG1* *)")]
PREDICTED = [columns("(ARG0*) (V*) (ARG1* *) * (ARGM-TMP*)"), columns("* * (ARG0*) (V*) * (ARG1*)")]


def test_a_tie_is_rounded_as_perl_does():
    # 100 * 23 / 160 is exactly 14.375, printed 14.38; 100 * (23 / 160) lies below it.
    assert f"{SpanCounts(tp=23, fp=137).precision:.2f}" == "14.38"


@pytest.mark.parametrize(
    ("cells", "arguments"),
    [
        ("(ARG1*) (V*) (C-ARG1* *)", [("ARG1", [(0, 1), (2, 4)]), ("V", [(1, 2)])]),
        ("(C-ARG1*) (V*) (C-ARG1*)", [("ARG1", [(0, 1), (2, 3)]), ("V", [(1, 2)])]),  # no head: the first is taken
        ("(ARG1*) (ARG1*) (C-ARG1*)", [("ARG1", [(0, 1)]), ("ARG1", [(1, 2), (2, 3)])]),  # joins the latest
        ("(V*) * (C-V*)", [("V", [(0, 1), (2, 3)])]),
        ("(R-ARG0*) (C-ARG0*)", [("R-ARG0", [(0, 1)]), ("ARG0", [(1, 2)])]),  # R-ARG0 is no ARG0
        ("(C-ARG1*) (ARG1*)", [("ARG1", [(0, 1)]), ("ARG1", [(1, 2)])]),  # a head after its continuation is new
        ("* *", []),
    ],
)
def test_continuations(cells, arguments):
    expected = [(role, tuple(Span(role, start, end) for start, end in pieces)) for role, pieces in arguments]
    assert srl_arguments(columns(cells)) == expected


def test_a_discontinuous_argument_counts_once_and_needs_all_its_pieces():
    whole = [columns("(ARG1*) (V*) (C-ARG1*)")]
    assert srl_eval_counts(whole, whole).overall == SpanCounts(tp=1)
    head_only = [columns("(ARG1*) (V*) *")]
    assert srl_eval_counts(whole, head_only).overall == SpanCounts(fp=1, fn=1)


def test_adjacent_pieces_are_not_one_span():
    assert srl_eval_counts([columns("(ARG1*) (C-ARG1*)")], [columns("(ARG1* *)")]).overall == SpanCounts(fp=1, fn=1)


def test_the_predicate_is_apart_and_does_not_spoil_a_perfect_proposition():
    counts = srl_eval_counts([columns("(V*) (ARG1*)")], [columns("* (ARG1*)")])
    assert counts.overall == SpanCounts(tp=1)
    assert counts.excluded_labels == {"V": SpanCounts(fn=1)}
    assert counts.perfect == 1


def random_tags(rng: random.Random, length: int) -> list[str]:
    return [rng.choice(["O", "B-X", "I-X", "B-Y", "I-Y", "B-Z-Z", "I-Z-Z"]) for _ in range(length)]


def report_row(tally: SpanCounts) -> dict[str, float]:
    return {
        "precision": tally.precision / 100,
        "recall": tally.recall / 100,
        "f1-score": tally.f1 / 100,
        "support": tally.tp + tally.fn,
    }


def test_seqeval_library_counts_the_same():
    from seqeval.metrics import accuracy_score, classification_report
    from seqeval.scheme import IOB2

    rng = random.Random(0)
    for _ in range(300):
        gold = [random_tags(rng, rng.randint(1, 8)) for _ in range(10)]
        predicted = [
            [g if rng.random() < 0.6 else p for g, p in zip(tags, random_tags(rng, len(tags)), strict=True)]
            for tags in gold
        ]
        counts = sum((seqeval_counts([g], [p]) for g, p in zip(gold, predicted, strict=True)), EvalCounts())
        report = classification_report(gold, predicted, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
        assert report_row(counts.overall) == pytest.approx(report.pop("micro avg"))
        del report["macro avg"], report["weighted avg"]
        assert counts.labels.keys() == report.keys()
        for label, tally in counts.labels.items():
            assert report_row(tally) == pytest.approx(report[label])
        assert counts.accuracy == pytest.approx(100 * accuracy_score(gold, predicted))


def test_strict_spans_pass_over_what_no_b_opened():
    assert strict_spans(["I-X", "B-X", "I-Y", "I-X", "B-Y", "I-Y"]) == [Span("X", 1, 2), Span("Y", 4, 6)]


@pytest.mark.parametrize("count", [srl_eval_counts, conlleval_counts, seqeval_counts])
def test_counts_are_additive(count):
    whole, parts = count(GOLD, PREDICTED), count(GOLD[:1], PREDICTED[:1]) + count(GOLD[1:], PREDICTED[1:])
    assert (whole.labels, whole.excluded_labels) == (parts.labels, parts.excluded_labels)
    assert (whole.sequences, whole.perfect, whole.tokens) == (parts.sequences, parts.perfect, parts.tokens)
    assert (whole.sentences, parts.sentences) == (1, 2)
    assert whole.correct_tokens == parts.correct_tokens == 8
    assert whole + EvalCounts() == whole


@pytest.mark.parametrize("count", [srl_eval_counts, conlleval_counts, seqeval_counts])
def test_unequal_input_is_refused(count):
    with pytest.raises(ValueError, match="1 gold but 0 predicted tag sequences"):
        count([["O"]], [])
    with pytest.raises(ValueError, match="1 gold but 2 predicted tags"):
        count([["O"]], [["O", "O"]])
    with pytest.raises(ValueError, match="'E-X' is not a BIO tag"):
        count([["E-X"]], [["O"]])
