"""What a search leaves behind: a table, `summary.json`, `summary.md` and two figures."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.metrics.primary import Primary
from grunlp.tuning.cell_comparison_report import format_markdown, format_table
from grunlp.tuning.model_selection import Row, choose, explain, within
from grunlp.tuning.search import Plan
from grunlp.utils.atomic_io import write_file
from grunlp.visualization.learning_curves import Point, draw_learning, draw_validation

CURVE, LEARNING, MODEL = "validation-curve.png", "learning-curve.png", "model"
_HOW = (
    "Means over folds ± their standard error, as if folds were independent. * within one standard error of the best; "
    "the smallest of these is chosen. Seconds are of one training on one thread."
)


class Findings(NamedTuple):
    """Everything that was found.

    learning: rows of the chosen value by share of the training data, or none.
    nested: the choice and its score in each outer fold, or none.
    test: the scores of the model that was trained at last, on the test split; None: there is no such model, or split.
    """

    rows: Sequence[Row]
    primary: Primary
    learning: Mapping[float, Row]
    nested: Sequence[tuple[Row, float]]
    test: Mapping[str, Any] | None


def tell(plan: Plan, found: Findings, seconds: float) -> None:
    """Print the table and the choice; write everything."""
    head, lines = table(found.rows, found.primary)
    choice = explain(found.rows, found.primary)
    ends = [*_nested_lines(found), *_test_lines(plan.folder, found)]
    print(f"\n{format_table(head, lines)}\n{_HOW}\n\n{choice}")
    print("\n".join([*ends, f"everything is in {plan.folder}"]))
    write_file(plan.folder / "summary.json", json.dumps(as_dict(plan, found, seconds), indent=2))
    keys = ", ".join(one.key for one in plan.ranges)
    parts = [f"# {keys} by {plan.folds} folds", f"`{' '.join(plan.overrides)}`", format_markdown(head, lines), _HOW]
    parts += [f"**{choice}**", *ends, f"![validation curve]({CURVE})"]
    draw_validation_curve(plan, found)
    if found.learning:
        points = [Point(share, row.mean, row.error) for share, row in sorted(found.learning.items())]
        draw_learning(plan.folder / LEARNING, points, found.primary.title)
        parts.append(f"![learning curve]({LEARNING})")
    write_file(plan.folder / "summary.md", "\n\n".join(parts) + "\n")


def table(rows: Sequence[Row], primary: Primary) -> tuple[list[str], list[list[str]]]:
    """Head and lines; the chosen value and those that are as good are marked."""
    n, chosen = primary.digits, choose(rows, primary.sign)
    near, lines = within(rows, primary.sign), []
    for row in rows:
        mark = f"after {len(row.scores)} folds" if row.pruned else "*" if row in near else ""
        mark = "chosen" if row is chosen else mark
        seconds = f"{statistics.mean(row.seconds.values()):.1f}"
        score = f"{row.mean:.{n}f} ± {row.error:.{n}f}"
        lines.append([*(str(value) for _, value in row.values), score, f"{row.weights:,}", seconds, mark])
    return [*(key for key, _ in rows[0].values), primary.title, "weights", "seconds", ""], lines


def as_dict(plan: Plan, found: Findings, seconds: float) -> dict[str, Any]:
    """The contents of `summary.json`. seconds: of this command."""
    nested = [{"values": dict(row.values), "score": score} for row, score in found.nested]
    return {
        "score": found.primary.title,
        "better": found.primary.direction,
        "folds": plan.folds,
        "overrides": list(plan.overrides),
        "rows": [row.as_dict() for row in found.rows],
        "chosen": dict(choose(found.rows, found.primary.sign).values),
        "choice": explain(found.rows, found.primary),
        "learning_curve": {str(share): row.as_dict() for share, row in sorted(found.learning.items())},
        "nested": nested,
        "test": found.test,
        "seconds": seconds,
    }


def draw_validation_curve(plan: Plan, found: Findings) -> None:
    """One curve over the first key for each combination of the others; of sampled values all points as one."""
    chosen = choose(found.rows, found.primary.sign)
    curves: dict[str, list[Point]] = {}
    for row in found.rows:
        others = "" if plan.trials else ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in row.values[1:])
        if not row.pruned:
            curves.setdefault(others, []).append(Point(row.values[0][1], row.mean, row.error))
    point = Point(chosen.values[0][1], chosen.mean, chosen.error)
    title, connect = found.primary.title, not plan.trials
    draw_validation(plan.folder / CURVE, curves, plan.ranges[0].key, title, point, connect)


def _nested_lines(found: Findings) -> list[str]:
    if not found.nested:
        return []
    whole = Row((), {fold: score for fold, (_, score) in enumerate(found.nested)})
    n = found.primary.digits
    chosen = ", ".join(row.text for row, _ in found.nested)
    return [
        f"The whole procedure, by nested cross-validation: {whole.mean:.{n}f} ± {whole.error:.{n}f} "
        f"{found.primary.title}; it chose {chosen}."
    ]


def _test_lines(folder: Path, found: Findings) -> list[str]:
    if found.test is None:
        return []
    score = f"{found.primary.read(found.test):.{found.primary.digits}f} {found.primary.title}"
    return [f"Trained on all of train, {folder / MODEL} has {score} on test."]
