"""PNG figures of studies; matplotlib is imported when the first figure is drawn, and no display is needed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from grunlp.utils.atomic_io import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOR, _HIGHLIGHT_COLOR = "#2f6f9f", "#c4472b"


class CurvePoint(NamedTuple):
    """A mean score with its standard error, at a value of the varied option."""

    x: Any
    mean: float
    error: float


def plot_cell_comparison(path: Path, rows: Sequence[Mapping[str, Any]], title: str) -> None:
    """Plot scores with their intervals, and training time, by cell type.

    Args:
        path: PNG file.
        rows: the rows of `cells.json`.
        title: name of the score.
    """
    figure, (left, right) = _figure(1, 2, (9, 3.4))
    names, positions = [row["cell"] for row in rows], range(len(rows))
    scores = [row["score"] for row in rows]
    # the mean may be slightly outside of the percentile interval
    lower_errors = [max(0.0, row["score"] - row["interval"][0]) for row in rows]
    upper_errors = [max(0.0, row["interval"][1] - row["score"]) for row in rows]
    left.errorbar(positions, scores, yerr=[lower_errors, upper_errors], fmt="o", capsize=4, color=_COLOR)
    left.set_xlim(-0.5, len(rows) - 0.5)
    left.set_ylabel(f"{title}, 95 % interval")
    right.bar(positions, [row["seconds"] for row in rows], color=_COLOR)
    right.set_ylabel("seconds of training")
    for axes in (left, right):
        axes.set_xticks(list(positions), names)
    save_figure(figure, path, 150)


def plot_validation_curve(
    path: Path,
    curves: Mapping[str, Sequence[CurvePoint]],
    key: str,
    title: str,
    chosen: CurvePoint,
    connect: bool,
) -> None:
    """Plot scores against the values of an option, with the chosen value highlighted.

    Args:
        path: PNG file.
        curves: points by the values of the other varied options, "" if there are none.
        key: the varied option.
        title: name of the score.
        chosen: the point of the chosen value.
        connect: whether to connect neighbouring points by lines.
    """
    figure, axes = _figure(1, 1, (6, 4))
    values = list(dict.fromkeys(point.x for points in curves.values() for point in points))
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    positions = {value: value if numeric else i for i, value in enumerate(values)}
    for name, points in curves.items():
        columns = [positions[p.x] for p in points], [p.mean for p in points], [p.error for p in points]
        style = "o-" if connect and numeric else "o"
        axes.errorbar(columns[0], columns[1], yerr=columns[2], fmt=style, capsize=4, label=name or None)
    axes.plot(positions[chosen.x], chosen.mean, "o", ms=13, mfc="none", mew=2, color=_HIGHLIGHT_COLOR, label="chosen")
    if numeric and min(values) > 0 and max(values) >= 4 * min(values):
        axes.set_xscale("log")
    if (not numeric or len(values) <= 8) and connect:
        axes.set_xticks(list(positions.values()), [f"{value:g}" if numeric else str(value) for value in values])
        axes.minorticks_off()
    axes.set_xlabel(key)
    axes.set_ylabel(f"{title}, mean of folds ± standard error")
    axes.legend(fontsize="small")
    save_figure(figure, path, 150)


def plot_learning_curve(path: Path, points: Sequence[CurvePoint], title: str) -> None:
    """Plot scores against the fraction of the training data."""
    figure, axes = _figure(1, 1, (6, 4))
    percent = [100 * point.x for point in points]
    axes.errorbar(percent, [p.mean for p in points], yerr=[p.error for p in points], fmt="o-", capsize=4, color=_COLOR)
    axes.set_xlabel("training data, % of that of a fold")
    axes.set_ylabel(f"{title}, mean of folds ± standard error")
    axes.set_xlim(0, 105)
    save_figure(figure, path, 150)


def save_figure(figure: "Figure", path: Path, dpi: int) -> None:
    """Save a figure as PNG, replacing the file atomically."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=dpi)


def _figure(rows: int, columns: int, inches: tuple[float, float]) -> "tuple[Figure, Any]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, layout="tight")
    axes = figure.subplots(rows, columns)
    all_axes: Sequence[Axes] = [axes] if rows * columns == 1 else list(axes.flat)
    for panel in all_axes:
        panel.grid(True, alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    return figure, axes
