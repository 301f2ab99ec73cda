"""The three countings against the official programs' printed output and against the seqeval library."""

import random
from pathlib import Path

import pytest

from grunlp.data.tags import Span, brackets_to_tags
from grunlp.metrics.conll_report import format_conlleval, format_srl_eval
from grunlp.metrics.span_counts import (
    EvalCounts,
    SpanCounts,
    conlleval_counts,
    seqeval_counts,
    srl_arguments,
    srl_eval_counts,
    strict_spans,
)

CASES = [f"case{number:02d}" for number in range(12)]


def columns(cells: str) -> list[str]:
    """Tags of a CoNLL-2005 column written in one line."""
    return brackets_to_tags(cells.split())


def read_props(path: Path) -> list[list[list[str]]]:
    """Per sentence, the tags of each predicate column of a props file."""
    sentences = []
    for block in path.read_text(encoding="utf-8").strip("\n").split("\n\n"):
        rows = [line.split() for line in block.splitlines()]
        sentences.append([brackets_to_tags(column) for column in list(zip(*rows, strict=True))[1:]])
    return sentences


def read_bio(path: Path) -> list[tuple[list[str], list[str]]]:
    """Per sentence, gold and predicted tags of a conlleval input file."""
    sentences = []
    for block in path.read_text(encoding="utf-8").strip("\n").split("\n\n"):
        rows = [line.split() for line in block.splitlines()]
        sentences.append(([row[1] for row in rows], [row[2] for row in rows]))
    return sentences


# --- the official programs ------------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_every_scorer_case_is_tested(data_root):
    folder = data_root / "scorer-cases"
    assert sorted(path.name.split(".")[0] for path in folder.glob("*.gold.props")) == CASES
    assert sorted(path.name.split(".")[0] for path in folder.glob("*.bio.txt")) == CASES


@pytest.mark.realdata
@pytest.mark.parametrize("case", CASES)
def test_srl_eval_prints_the_same_table(data_root, case):
    folder = data_root / "scorer-cases"
    gold, predicted = read_props(folder / f"{case}.gold.props"), read_props(folder / f"{case}.pred.props")
    counts = sum((srl_eval_counts(g, p) for g, p in zip(gold, predicted, strict=True)), EvalCounts())
    assert format_srl_eval(counts) == (folder / f"{case}.expected.txt").read_text(encoding="utf-8")


@pytest.mark.realdata
@pytest.mark.parametrize("case", CASES)
def test_conlleval_prints_the_same_report(data_root, case):
    folder = data_root / "scorer-cases"
    counts = sum((conlleval_counts([g], [p]) for g, p in read_bio(folder / f"{case}.bio.txt")), EvalCounts())
    assert format_conlleval(counts) == (folder / f"{case}.bio.expected.txt").read_text(encoding="utf-8")


# --- the tables, on a small case worked by hand -----------------------------------------------------------------------

GOLD = [columns("(ARG0*) (V*) (ARG1* *) (C-V*) *"), columns("* * (ARG0*) (V*) (ARG1* *)")]
PREDICTED = [columns("(ARG0*) (V*) (ARG1* *) * (ARGM-TMP*)"), columns("* * (ARG0*) (V*) * (ARG1*)")]

SRL_EVAL_TABLE = """\
Number of Sentences    :           2
Number of Propositions :           3
Percentage of perfect props :  33.33

              corr.  excess  missed    prec.    rec.      F1
------------------------------------------------------------
   Overall        4       2       1    66.67   80.00   72.73
----------
      ARG0        2       0       0   100.00  100.00  100.00
      ARG1        2       1       1    66.67   66.67   66.67
  ARGM-TMP        0       1       0     0.00    0.00    0.00
------------------------------------------------------------
         V        1       1       1    50.00   50.00   50.00
------------------------------------------------------------
"""


def test_srl_eval_table_by_hand():
    second = [columns("(ARG1* *)")]
    assert format_srl_eval(srl_eval_counts(GOLD, PREDICTED) + srl_eval_counts(second, second)) == SRL_EVAL_TABLE


def test_srl_eval_table_of_nothing():
    table = format_srl_eval(srl_eval_counts([], []))  # a sentence without a predicate is still a sentence
    assert table.startswith("Number of Sentences    :           1\nNumber of Propositions :           0\n")
    assert "   Overall        0       0       0     0.00    0.00    0.00\n" in table


def test_conlleval_report_by_hand():
    gold = ["B-PER", "I-PER", "O", "B-LOC", "O", "O"]
    predicted = ["I-PER", "I-PER", "O", "B-ORG", "I-LOC", "O"]
    # Three phrases found: I-PER opens one, I-LOC after B-ORG another.
    assert format_conlleval(conlleval_counts([gold], [predicted])) == (
        "processed 6 tokens with 2 phrases; found: 3 phrases; correct: 1.\n"
        "accuracy:  50.00%; precision:  33.33%; recall:  50.00%; FB1:  40.00\n"
        "              LOC: precision:   0.00%; recall:   0.00%; FB1:   0.00  1\n"
        "              ORG: precision:   0.00%; recall:   0.00%; FB1:   0.00  1\n"
        "              PER: precision: 100.00%; recall: 100.00%; FB1: 100.00  1\n"
    )


def test_conlleval_report_of_nothing():
    assert format_conlleval(EvalCounts()) == "processed 0 tokens with 0 phrases; found: 0 phrases; correct: 0.\n"


def test_a_tie_is_rounded_as_perl_does():
    # 100 * 23 / 160 is exactly 14.375, printed 14.38; 100 * (23 / 160) lies below it.
    assert f"{SpanCounts(tp=23, fp=137).precision:.2f}" == "14.38"


# --- srl-eval's discontinuous arguments -------------------------------------------------------------------------------


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


# --- seqeval ----------------------------------------------------------------------------------------------------------


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


# --- counts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [srl_eval_counts, conlleval_counts, seqeval_counts])
def test_counts_are_additive(count):
    both, apart = count(GOLD, PREDICTED), count(GOLD[:1], PREDICTED[:1]) + count(GOLD[1:], PREDICTED[1:])
    assert (both.labels, both.apart) == (apart.labels, apart.apart)
    assert (both.sequences, both.perfect, both.tokens) == (apart.sequences, apart.perfect, apart.tokens)
    assert (both.sentences, apart.sentences) == (1, 2)
    assert both.correct_tokens == apart.correct_tokens == 8
    assert both + EvalCounts() == both


@pytest.mark.parametrize("count", [srl_eval_counts, conlleval_counts, seqeval_counts])
def test_unequal_input_is_refused(count):
    with pytest.raises(ValueError, match="1 gold but 0 predicted tag sequences"):
        count([["O"]], [])
    with pytest.raises(ValueError, match="1 gold but 2 predicted tags"):
        count([["O"]], [["O", "O"]])
    with pytest.raises(ValueError, match="'E-X' is no BIO tag"):
        count([["E-X"]], [["O"]])
