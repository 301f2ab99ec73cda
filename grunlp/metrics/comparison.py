"""Comparison of two systems on the same data, score by score."""

from typing import Any

from grunlp.metrics.corpus_metric import NUM_RESAMPLES
from grunlp.metrics.evaluation import Scores
from grunlp.metrics.significance import PairedTest, compare_systems, paired_test
from grunlp.metrics.span_scores import SpanScores


def compare_span_scores(first: SpanScores, second: SpanScores) -> dict[str, dict[str, Any]]:
    """Compare F1 in every scheme that both sides have: difference, its interval and two p-values (`PairedTest`)."""
    rows = {}
    for name in [name for name in first.schemes() if name in second.schemes()]:
        test = compare_systems(first.by_document(name), second.by_document(name))
        first_f1, second_f1 = (side.total(name).overall.f1 for side in (first, second))
        rows[name] = _row(first.TITLES[name], first_f1, second_f1, test, digits=2)
    return rows


def compare_metrics(first: Scores, second: Scores) -> dict[str, dict[str, Any]]:
    """Compare every corpus metric that both sides have, as `compare_span_scores` does for F1.

    Raises:
        ValueError: the sides have different numbers of texts.
    """
    rows = {}
    for name in [name for name in first.metrics if name in second.metrics]:
        first_metric, second_metric = first.metrics[name], second.metrics[name]
        test = paired_test(first_metric.counts, second_metric.counts, first_metric.score, resamples=NUM_RESAMPLES)
        rows[name] = _row(name, first_metric.value, second_metric.value, test, first_metric.digits)
    return rows


def _row(title: str, first: float, second: float, test: PairedTest, digits: int) -> dict[str, Any]:
    return {
        "title": title,
        "first": first,
        "second": second,
        "difference": test.difference,
        "interval": list(test.interval),
        "p_bootstrap": test.p_bootstrap,
        "p_randomisation": test.p_permutation,
        "digits": digits,
    }


def format_comparison(rows: dict[str, dict[str, Any]], title: str, first: str, second: str) -> str:
    """Format the rows of `compare_span_scores` or `compare_metrics` as a table, ending in a newline.

    Args:
        rows: rows by score name.
        title: heading of the column of score names.
        first: heading of the first side, at most 6 letters.
        second: heading of the second side.
    """
    lines = [f"{title:30}  {first:>6}  {second:>6}  difference       95 % interval  p, bootstrap  p, randomisation"]
    for row in rows.values():
        (low, high), n = row["interval"], row["digits"]
        lines.append(
            f"{row['title']:30}  {row['first']:6.{n}f}  {row['second']:6.{n}f}  {row['difference']:+10.{n}f}"
            f"  {f'{low:+.{n}f} to {high:+.{n}f}':>18}  {row['p_bootstrap']:12.4f}  {row['p_randomisation']:16.4f}"
        )
    return "\n".join(lines) + "\n"
