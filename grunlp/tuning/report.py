"""The report of a study: a table, `summary.json`, `summary.md` and two figures."""

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
    """The result of a study.

    Attributes:
        rows: one trial for each value.
        primary: the metric on which the selection is based.
        learning: trials of the chosen value by fraction of the training data, if any.
        nested: the selected trial and its score in each outer fold, if any.
        test: scores of the final model on the test split; None without a final model or a test split.
    """

    rows: Sequence[TrialResult]
    primary: PrimaryMetric
    learning: Mapping[float, TrialResult]
    nested: Sequence[tuple[TrialResult, float]]
    test: Mapping[str, Any] | None


def write_report(config: SearchConfig, result: StudyResult, seconds: float) -> None:
    """Print the table and the selection, and write all files. `seconds` is the duration of the command."""
    header, lines = summary_table(result.rows, result.primary)
    choice = explain_choice(result.rows, result.primary)
    last_lines = [*_nested_lines(result), *_test_lines(config.folder, result)]
    print(f"\n{format_table(header, lines)}\n{_METHOD_NOTE}\n\n{choice}")
    print("\n".join([*last_lines, f"everything is in {config.folder}"]))
    write_file_atomically(config.folder / "summary.json", json.dumps(as_dict(config, result, seconds), indent=2))
    keys = ", ".join(dimension.key for dimension in config.search_space)
    parts = [
        f"# {keys} by {config.num_folds} folds",
        f"`{' '.join(config.overrides)}`",
        format_markdown(header, lines),
        _METHOD_NOTE,
    ]
    parts += [f"**{choice}**", *last_lines, f"![validation curve]({VALIDATION_CURVE_FILE})"]
    draw_validation_curve(config, result)
    if result.learning:
        points = [CurvePoint(share, row.mean, row.standard_error) for share, row in sorted(result.learning.items())]
        plot_learning_curve(config.folder / LEARNING_CURVE_FILE, points, result.primary.title)
        parts.append(f"![learning curve]({LEARNING_CURVE_FILE})")
    write_file_atomically(config.folder / "summary.md", "\n\n".join(parts) + "\n")


def summary_table(rows: Sequence[TrialResult], primary: PrimaryMetric) -> tuple[list[str], list[list[str]]]:
    """Return the header and the lines of the table, which marks the selected value and those that are as good."""
    n, chosen = primary.digits, one_standard_error_rule(rows, primary.sign)
    as_good, lines = within_one_standard_error(rows, primary.sign), []
    for row in rows:
        mark = f"after {len(row.scores)} folds" if row.pruned else "*" if row in as_good else ""
        mark = "chosen" if row is chosen else mark
        seconds = f"{statistics.mean(row.seconds.values()):.1f}"
        score = f"{row.mean:.{n}f} ± {row.standard_error:.{n}f}"
        lines.append([*(str(value) for _, value in row.values), score, f"{row.num_parameters:,}", seconds, mark])
    return [*(key for key, _ in rows[0].values), primary.title, "weights", "seconds", ""], lines


def as_dict(config: SearchConfig, result: StudyResult, seconds: float) -> dict[str, Any]:
    """Return the contents of `summary.json`. `seconds` is the duration of the command."""
    nested = [{"values": dict(row.values), "score": score} for row, score in result.nested]
    return {
        "score": result.primary.title,
        "better": result.primary.direction,
        "folds": config.num_folds,
        "overrides": list(config.overrides),
        "rows": [row.as_dict() for row in result.rows],
        "chosen": dict(one_standard_error_rule(result.rows, result.primary.sign).values),
        "choice": explain_choice(result.rows, result.primary),
        "learning_curve": {str(share): row.as_dict() for share, row in sorted(result.learning.items())},
        "nested": nested,
        "test": result.test,
        "seconds": seconds,
    }


def draw_validation_curve(config: SearchConfig, result: StudyResult) -> None:
    """Plot a curve over the first key for each combination of the other values, or all sampled values as one curve."""
    chosen = one_standard_error_rule(result.rows, result.primary.sign)
    curves: dict[str, list[CurvePoint]] = {}
    for row in result.rows:
        others = (
            "" if config.num_trials else ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in row.values[1:])
        )
        if not row.pruned:
            curves.setdefault(others, []).append(CurvePoint(row.values[0][1], row.mean, row.standard_error))
    point = CurvePoint(chosen.values[0][1], chosen.mean, chosen.standard_error)
    title, connect = result.primary.title, not config.num_trials
    plot_validation_curve(
        config.folder / VALIDATION_CURVE_FILE, curves, config.search_space[0].key, title, point, connect
    )


def _nested_lines(result: StudyResult) -> list[str]:
    if not result.nested:
        return []
    whole = TrialResult((), {fold: score for fold, (_, score) in enumerate(result.nested)})
    n = result.primary.digits
    chosen = ", ".join(row.text for row, _ in result.nested)
    return [
        f"The whole procedure, by nested cross-validation: {whole.mean:.{n}f} ± {whole.standard_error:.{n}f} "
        f"{result.primary.title}; it chose {chosen}."
    ]


def _test_lines(folder: Path, result: StudyResult) -> list[str]:
    if result.test is None:
        return []
    score = f"{result.primary.read(result.test):.{result.primary.digits}f} {result.primary.title}"
    return [f"Trained on all of train, {folder / MODEL_DIR} has {score} on test."]
