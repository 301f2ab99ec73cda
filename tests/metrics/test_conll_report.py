"""Reports of srl-eval and conlleval: as the official programs print them, and by hand."""

from pathlib import Path

import pytest

from grunlp.data.tags import brackets_to_tags
from grunlp.metrics.conll_report import format_conlleval, format_srl_eval
from grunlp.metrics.span_counts import (
    EvalCounts,
    conlleval_counts,
    srl_eval_counts,
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


@pytest.mark.realdata
def test_every_scorer_case_is_tested(data_root):
    folder = data_root / "scorer-cases"
    assert sorted(path.name.split(".")[0] for path in folder.glob("*.gold.props")) == CASES
    assert sorted(path.name.split(".")[0] for path in folder.glob("*.bio.txt")) == CASES


@pytest.mark.realdata
@pytest.mark.parametrize("case", CASES)
def test_srl_eval_table_equals_the_official_output(data_root, case):
    folder = data_root / "scorer-cases"
    gold, predicted = read_props(folder / f"{case}.gold.props"), read_props(folder / f"{case}.pred.props")
    counts = sum((srl_eval_counts(g, p) for g, p in zip(gold, predicted, strict=True)), EvalCounts())
    assert format_srl_eval(counts) == (folder / f"{case}.expected.txt").read_text(encoding="utf-8")


@pytest.mark.realdata
@pytest.mark.parametrize("case", CASES)
def test_conlleval_report_equals_the_official_output(data_root, case):
    folder = data_root / "scorer-cases"
    counts = sum((conlleval_counts([g], [p]) for g, p in read_bio(folder / f"{case}.bio.txt")), EvalCounts())
    assert format_conlleval(counts) == (folder / f"{case}.bio.expected.txt").read_text(encoding="utf-8")


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


def test_srl_eval_table_of_no_spans():
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


def test_conlleval_report_of_no_spans():
    assert format_conlleval(EvalCounts()) == "processed 0 tokens with 0 phrases; found: 0 phrases; correct: 0.\n"
