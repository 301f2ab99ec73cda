"""Two scorings of the same text side by side."""

from typing import Any

from grunlp.metrics.corpus_metric import NUM_RESAMPLES
from grunlp.metrics.evaluation import Scores
from grunlp.metrics.significance import PairedTest, compare_systems, paired_test
from grunlp.metrics.span_scores import SpanScores


def compare_span_scores(first: SpanScores, second: SpanScores) -> dict[str, dict[str, Any]]:
    """For each score that both have: F1 of both, the difference with its interval, and two p-values (`PairedTest`)."""
    rows = {}
    for name in [name for name in first.schemes() if name in second.schemes()]:
        found = compare_systems(first.by_document(name), second.by_document(name))
        both = (first.total(name).overall.f1, second.total(name).overall.f1)
        rows[name] = _row(first.TITLES[name], *both, found, digits=2)
    return rows


def compare_metrics(first: Scores, second: Scores) -> dict[str, dict[str, Any]]:
    """The same for scores that are made of sums over texts.

    Raises:
        ValueError: differing numbers of texts.
    """
    rows = {}
    for name in [name for name in first.metrics if name in second.metrics]:
        one, other = first.metrics[name], second.metrics[name]
        found = paired_test(one.counts, other.counts, one.score, resamples=NUM_RESAMPLES)
        rows[name] = _row(name, one.value, other.value, found, one.digits)
    return rows


def _row(title: str, first: float, second: float, found: PairedTest, digits: int) -> dict[str, Any]:
    return {
        "title": title,
        "first": first,
        "second": second,
        "difference": found.difference,
        "interval": list(found.interval),
        "p_bootstrap": found.p_bootstrap,
        "p_randomisation": found.p_permutation,
        "digits": digits,
    }


def format_comparison(rows: dict[str, dict[str, Any]], title: str, first: str, second: str) -> str:
    """The rows of `compare_span_scores` or `compare_metrics` as a table, ending in a newline.

    Args:
        title: over the names of the scores.
        first, second: what the two sides are called, in at most 6 letters.
    """
    lines = [f"{title:30}  {first:>6}  {second:>6}  difference       95 % interval  p, bootstrap  p, randomisation"]
    for row in rows.values():
        (low, high), n = row["interval"], row["digits"]
        lines.append(
            f"{row['title']:30}  {row['first']:6.{n}f}  {row['second']:6.{n}f}  {row['difference']:+10.{n}f}"
            f"  {f'{low:+.{n}f} to {high:+.{n}f}':>18}  {row['p_bootstrap']:12.4f}  {row['p_randomisation']:16.4f}"
        )
    return "\n".join(lines) + "\n"
