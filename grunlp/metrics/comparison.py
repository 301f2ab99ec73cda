"""Two scorings of the same text side by side."""

from typing import Any

from grunlp.metrics.scores import Scores
from grunlp.metrics.significance import compare


def compare_scores(first: Scores, second: Scores) -> dict[str, dict[str, Any]]:
    """For each score that both have: F1 of both, the difference with its interval, and two p-values (`Difference`)."""
    rows = {}
    for name in [name for name in first.countings() if name in second.countings()]:
        difference = compare(first.groups(name), second.groups(name))
        rows[name] = {
            "title": first.TITLES[name],
            "first": first.total(name).overall.f1,
            "second": second.total(name).overall.f1,
            "difference": difference.value,
            "interval": list(difference.interval),
            "p_bootstrap": difference.bootstrap,
            "p_randomisation": difference.randomisation,
        }
    return rows


def format_comparison(rows: dict[str, dict[str, Any]], title: str, first: str, second: str) -> str:
    """The rows of `compare_scores` or `compare_measures` as a table, ending in a newline.

    Args:
        title: over the names of the scores.
        first, second: what the two sides are called, in at most 6 letters.
    """
    lines = [f"{title:30}  {first:>6}  {second:>6}  difference       95 % interval  p, bootstrap  p, randomisation"]
    for row in rows.values():
        (low, high), n = row["interval"], row.get("digits", 2)
        lines.append(
            f"{row['title']:30}  {row['first']:6.{n}f}  {row['second']:6.{n}f}  {row['difference']:+10.{n}f}"
            f"  {f'{low:+.{n}f} to {high:+.{n}f}':>18}  {row['p_bootstrap']:12.4f}  {row['p_randomisation']:16.4f}"
        )
    return "\n".join(lines) + "\n"
