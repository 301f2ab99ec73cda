"""Bootstrap intervals against a plain twin, against known theory, and on the edges."""

import random

import numpy as np
import pytest

from grunlp.metrics.bootstrap import Interval, bootstrap_intervals, group_by_document
from grunlp.metrics.span_counts import EvalCounts, SpanCounts


def counts_of(corr: int, excess: int = 0, missed: int = 0) -> EvalCounts:
    return EvalCounts(labels={"X": SpanCounts(corr, excess, missed)}, sentences=1)


def random_tallies(groups: int) -> list[SpanCounts]:
    rng = random.Random(3)
    return [SpanCounts(rng.randint(0, 9), rng.randint(0, 5), rng.randint(0, 5)) for _ in range(groups)]


def test_equals_a_plain_bootstrap():
    tallies, rng = random_tallies(40), np.random.default_rng(7)
    drawn = [sum((tallies[i] for i in rng.integers(40, size=40)), SpanCounts()) for _ in range(200)]
    intervals = bootstrap_intervals(tallies, resamples=200, seed=7)
    for name in ("precision", "recall", "f1"):
        scores = [getattr(tally, name) for tally in drawn]
        assert getattr(intervals, name) == pytest.approx(tuple(np.percentile(scores, (2.5, 97.5))))


def test_covers_the_true_score_as_often_as_it_says():
    # 100 spans a corpus, each found with probability 0.8 and nothing else found: 95 % of intervals hold recall 80.
    rng = np.random.default_rng(0)
    held = 0
    for trial in range(200):
        found = rng.random(100) < 0.8
        recall = bootstrap_intervals(
            [SpanCounts(int(f), 0, int(not f)) for f in found], resamples=300, seed=trial
        ).recall
        held += recall.low <= 80 <= recall.high
    assert 0.90 <= held / 200 <= 0.99


def test_seeded():
    tallies = random_tallies(20)
    assert bootstrap_intervals(tallies, seed=1) == bootstrap_intervals(tallies, seed=1)
    assert bootstrap_intervals(tallies, seed=1) != bootstrap_intervals(tallies, seed=2)


def test_a_wider_level_gives_a_wider_interval():
    tallies = random_tallies(20)
    half, most = bootstrap_intervals(tallies, level=0.5).f1, bootstrap_intervals(tallies, level=0.99).f1
    assert most.low < half.low < half.high < most.high


def test_nothing_found_and_nothing_to_find():
    assert bootstrap_intervals([SpanCounts(), SpanCounts()]).f1 == Interval(0, 0)
    assert bootstrap_intervals([SpanCounts(tp=3), SpanCounts(tp=1)]).f1 == Interval(100, 100)
    with pytest.raises(ValueError, match="at least one group"):
        bootstrap_intervals([])


def test_sentences_are_grouped_by_document():
    counts = [counts_of(1), counts_of(2), counts_of(4), counts_of(8), counts_of(16)]
    groups = group_by_document(["b", "a", "b", "", ""], counts)
    assert [group.overall.tp for group in groups] == [5, 2, 8, 16]  # the nameless stand alone
    assert sum(groups, EvalCounts()) == sum(counts, EvalCounts())


@pytest.mark.parametrize("documents", [["", ""], ["a", "a"], ["a", ""]])
def test_without_two_documents_sentences_are_the_groups(documents):
    counts = [counts_of(1), counts_of(2)]
    assert group_by_document(documents, counts) == counts


def test_as_many_documents_as_counts():
    with pytest.raises(ValueError, match="zip"):
        group_by_document(["a", "b"], [counts_of(1)])


def test_resamples_without_a_span_have_no_score() -> None:
    perfect, nothing = SpanCounts(tp=2, fp=0, fn=0), SpanCounts(tp=0, fp=0, fn=0)
    assert bootstrap_intervals([perfect, nothing, nothing]).f1 == (100, 100), "not 0 where no span was drawn"
    assert bootstrap_intervals([nothing]).f1 == (0, 0)
