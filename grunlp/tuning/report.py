"""What a search leaves behind: a table, `summary.json`, `summary.md` and two figures."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.metrics.evaluation import PrimaryMetric
from grunlp.tuning.cell_comparison_report import format_markdown, format_table
from grunlp.tuning.model_selection import (
    TrialResult,
    explain_choice,
    one_standard_error_rule,
    within_one_standard_error,
)
from grunlp.tuning.search import SearchConfig
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.visualization.learning_curves import CurvePoint, plot_learning_curve, plot_validation_curve

VALIDATION_CURVE_FILE, LEARNING_CURVE_FILE, MODEL_DIR = "validation-curve.png", "learning-curve.png", "model"
_METHOD_NOTE = (
    "Means over folds ± their standard error, as if folds were independent. * within one standard error of the best; "
    "the smallest of these is chosen. Seconds are of one training on one thread."
)


class StudyResult(NamedTuple):
    """Everything that was found.

    learning: rows of the chosen value by share of the training data, or none.
    nested: the choice and its score in each outer fold, or none.
    test: the scores of the model that was trained at last, on the test split; None: there is no such model, or split.
    """

    rows: Sequence[TrialResult]
    primary: PrimaryMetric
    learning: Mapping[float, TrialResult]
    nested: Sequence[tuple[TrialResult, float]]
    test: Mapping[str, Any] | None


def write_report(config: SearchConfig, found: StudyResult, seconds: float) -> None:
    """Print the table and the choice; write everything."""
    head, lines = summary_table(found.rows, found.primary)
    choice = explain_choice(found.rows, found.primary)
    ends = [*_nested_lines(found), *_test_lines(config.folder, found)]
    print(f"\n{format_table(head, lines)}\n{_METHOD_NOTE}\n\n{choice}")
    print("\n".join([*ends, f"everything is in {config.folder}"]))
    write_file_atomically(config.folder / "summary.json", json.dumps(as_dict(config, found, seconds), indent=2))
    keys = ", ".join(one.key for one in config.search_space)
    parts = [
        f"# {keys} by {config.num_folds} folds",
        f"`{' '.join(config.overrides)}`",
        format_markdown(head, lines),
        _METHOD_NOTE,
    ]
    parts += [f"**{choice}**", *ends, f"![validation curve]({VALIDATION_CURVE_FILE})"]
    draw_validation_curve(config, found)
    if found.learning:
        points = [CurvePoint(share, row.mean, row.standard_error) for share, row in sorted(found.learning.items())]
        plot_learning_curve(config.folder / LEARNING_CURVE_FILE, points, found.primary.title)
        parts.append(f"![learning curve]({LEARNING_CURVE_FILE})")
    write_file_atomically(config.folder / "summary.md", "\n\n".join(parts) + "\n")


def summary_table(rows: Sequence[TrialResult], primary: PrimaryMetric) -> tuple[list[str], list[list[str]]]:
    """Head and lines; the chosen value and those that are as good are marked."""
    n, chosen = primary.digits, one_standard_error_rule(rows, primary.sign)
    near, lines = within_one_standard_error(rows, primary.sign), []
    for row in rows:
        mark = f"after {len(row.scores)} folds" if row.pruned else "*" if row in near else ""
        mark = "chosen" if row is chosen else mark
        seconds = f"{statistics.mean(row.seconds.values()):.1f}"
        score = f"{row.mean:.{n}f} ± {row.standard_error:.{n}f}"
        lines.append([*(str(value) for _, value in row.values), score, f"{row.num_parameters:,}", seconds, mark])
    return [*(key for key, _ in rows[0].values), primary.title, "weights", "seconds", ""], lines


def as_dict(config: SearchConfig, found: StudyResult, seconds: float) -> dict[str, Any]:
    """The contents of `summary.json`. seconds: of this command."""
    nested = [{"values": dict(row.values), "score": score} for row, score in found.nested]
    return {
        "score": found.primary.title,
        "better": found.primary.direction,
        "folds": config.num_folds,
        "overrides": list(config.overrides),
        "rows": [row.as_dict() for row in found.rows],
        "chosen": dict(one_standard_error_rule(found.rows, found.primary.sign).values),
        "choice": explain_choice(found.rows, found.primary),
        "learning_curve": {str(share): row.as_dict() for share, row in sorted(found.learning.items())},
        "nested": nested,
        "test": found.test,
        "seconds": seconds,
    }


def draw_validation_curve(config: SearchConfig, found: StudyResult) -> None:
    """One curve over the first key for each combination of the others; of sampled values all points as one."""
    chosen = one_standard_error_rule(found.rows, found.primary.sign)
    curves: dict[str, list[CurvePoint]] = {}
    for row in found.rows:
        others = (
            "" if config.num_trials else ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in row.values[1:])
        )
        if not row.pruned:
            curves.setdefault(others, []).append(CurvePoint(row.values[0][1], row.mean, row.standard_error))
    point = CurvePoint(chosen.values[0][1], chosen.mean, chosen.standard_error)
    title, connect = found.primary.title, not config.num_trials
    plot_validation_curve(
        config.folder / VALIDATION_CURVE_FILE, curves, config.search_space[0].key, title, point, connect
    )


def _nested_lines(found: StudyResult) -> list[str]:
    if not found.nested:
        return []
    whole = TrialResult((), {fold: score for fold, (_, score) in enumerate(found.nested)})
    n = found.primary.digits
    chosen = ", ".join(row.text for row, _ in found.nested)
    return [
        f"The whole procedure, by nested cross-validation: {whole.mean:.{n}f} ± {whole.standard_error:.{n}f} "
        f"{found.primary.title}; it chose {chosen}."
    ]


def _test_lines(folder: Path, found: StudyResult) -> list[str]:
    if found.test is None:
        return []
    score = f"{found.primary.read(found.test):.{found.primary.digits}f} {found.primary.title}"
    return [f"Trained on all of train, {folder / MODEL_DIR} has {score} on test."]
