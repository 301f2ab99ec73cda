"""PNG figure of forecasts: some windows with their true values, and the error by step."""

from pathlib import Path
from typing import Any

import numpy as np

from grunlp.tasks.forecasting.inference import ForecastEvaluation
from grunlp.visualization.learning_curves import save_figure

_NUM_WINDOWS = 4
_HISTORY_HORIZONS = 3  # length of the history, in horizons


def plot_forecasts(evaluation: ForecastEvaluation, path: Path) -> None:
    """Plot windows spread evenly over a split, in units of the data, and the error by step, as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), layout="constrained")
    count = min(_NUM_WINDOWS, len(evaluation.origins))
    grid = figure.add_gridspec(2, count)
    windows = np.linspace(0, len(evaluation.origins) - 1, count).round().astype(int)
    for i, window in enumerate(windows):
        _plot_window(figure.add_subplot(grid[0, i]), evaluation, int(window), i == 0)
    axes = figure.add_subplot(grid[1, :])
    steps = np.arange(1, evaluation.scores.horizon + 1)
    axes.plot(steps, evaluation.scores.model.by_step, label=evaluation.scores.network, color="black", linewidth=2)
    for name, errors in evaluation.scores.baselines.items():
        axes.plot(steps, errors.by_step, label=name)
    top = max(float(np.median(errors.by_step)) for errors in evaluation.scores.baselines.values())
    axes.set_ylim(0, 1.5 * max(top, float(evaluation.scores.model.by_step.max())))
    axes.set(xlabel="step", ylabel="mean squared error, scaled")
    axes.legend()
    save_figure(figure, path, 80)


def _plot_window(axes: Any, evaluation: ForecastEvaluation, window: int, first: bool) -> None:
    """Plot the first target of one window."""
    scaled_table, forecasts = evaluation.scaled_table, evaluation.forecasts
    table = scaled_table.table
    origin, horizon = int(evaluation.origins[window]), evaluation.scores.horizon
    series = int(table.series_index[origin])
    start = max(int(table.starts[series]), origin - _HISTORY_HORIZONS * horizon)
    mean, scale = scaled_table.means[series, 0], scaled_table.scales[series, 0]
    truth = np.where(table.observed_mask[:, 0], table.values[:, 0], np.nan)[start : origin + horizon]
    axes.plot(table.clock_times[start : origin + horizon], truth, color="grey", label="truth")
    times = table.clock_times[origin : origin + horizon]
    axes.plot(times, forecasts.point[window, :, 0].numpy() * scale + mean, color="tab:red", label="forecast")
    if forecasts.lower is not None and forecasts.upper is not None:
        low, high = (bound[window, :, 0].numpy() * scale + mean for bound in (forecasts.lower, forecasts.upper))
        axes.fill_between(times, low, high, color="tab:red", alpha=0.25, label=f"{100 * forecasts.level:.0f} %")
    axes.set_title(f"{table.series_names[series]} {table.target_names[0]}".strip(), fontsize=9)
    axes.tick_params(axis="x", rotation=45, labelsize=7)
    if first:
        axes.legend(fontsize=8)
