"""Forecasts as SVG: what was measured, what is told of the time after it, and within which bounds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from grunlp.tasks.forecasting.timeseries import TimeSeriesTable
from grunlp.visualization.svg_text import escape_markup

_WIDTH, _HEIGHT = 720.0, 240.0  # pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 12.0, 12.0, 28.0  # around the plot
_HISTORY_HORIZONS = 3  # horizons of what was measured, at most
_MAX_FIGURES = 40  # plots


class ForecastPanel(NamedTuple):
    """One target of one series.

    Args:
        name: of both.
        past_times: (T) datetime64, of the rows shown before the forecast; perhaps none.
        past: (T) values; NaN where nothing was measured.
        times: (H) datetime64.
        point: (H) the forecast.
        lower, upper: (H) the bounds of its interval, if it has one.
    """

    name: str
    past_times: np.ndarray
    past: np.ndarray
    times: np.ndarray
    point: np.ndarray
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None


def render_forecast(one: ForecastPanel) -> str:
    """A `<figure>` with a plot that grows with the page, and its first and last value in words."""
    x = _Axis(_seconds(one.past_times, one.times), _LEFT, _WIDTH - _RIGHT)
    sides = [side for side in (one.past, one.point, one.lower, one.upper) if side is not None]
    y = _Axis(np.concatenate(sides), _HEIGHT - _BOTTOM, _TOP)
    before, after = x.to_pixels(_seconds(one.past_times)), x.to_pixels(_seconds(one.times))
    parts = [*_value_ticks(y), *_time_ticks(x)]
    if one.lower is not None and one.upper is not None:
        there, back = _points(after, y.to_pixels(one.upper)), _points(after[::-1], y.to_pixels(one.lower)[::-1])
        parts.append(f'<polygon class="interval" points="{" ".join(there + back)}"/>')
    parts += [_line("past", before, y.to_pixels(one.past)), _line("told", after, y.to_pixels(one.point))]
    said = f"{_format_time(one.times[0])}: {one.point[0]:.4g}; {_format_time(one.times[-1])}: {one.point[-1]:.4g}"
    name = escape_markup(one.name)
    return (
        f'<figure class="forecast"><figcaption>{name} <span class="soft">{said}</span></figcaption>'
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}">'
        f"<title>Forecast of {name}: {said}</title>{''.join(parts)}</svg></figure>"
    )


class _Axis:
    """Numbers to pixels, from the least to the greatest of some."""

    def __init__(self, values: np.ndarray, first: float, end: float) -> None:
        real = values[np.isfinite(values)]
        self.low, self.high = (float(real.min()), float(real.max())) if len(real) else (0.0, 1.0)
        if self.low == self.high:
            self.low, self.high = self.low - 0.5, self.high + 0.5
        self.first, self.end = first, end

    def to_pixels(self, values: np.ndarray) -> np.ndarray:
        return self.first + (values - self.low) / (self.high - self.low) * (self.end - self.first)


def _seconds(*times: np.ndarray) -> np.ndarray:
    return np.concatenate([moments.astype("datetime64[s]").astype(np.float64) for moments in times])


def _format_time(time: np.datetime64) -> str:
    """A day, or a day with minutes where it is no midnight."""
    day = time.astype("datetime64[D]")
    return str(day if day == time else time.astype("datetime64[m]")).replace("T", " ")


def _value_ticks(axis: _Axis) -> list[str]:
    from matplotlib.ticker import MaxNLocator

    values = [value for value in MaxNLocator(4).tick_values(axis.low, axis.high) if axis.low <= value <= axis.high]
    lines = []
    for value, y in zip(values, axis.to_pixels(np.array(values)), strict=True):
        lines.append(f'<path class="grid" d="M{_LEFT:.0f} {y:.1f}H{_WIDTH - _RIGHT:.0f}"/>')
        lines.append(f'<text class="value" x="{_LEFT - 6:.0f}" y="{y + 4:.1f}">{value:.5g}</text>')
    return lines


def _time_ticks(axis: _Axis) -> list[str]:
    """A label at both ends and in the middle."""
    anchors = zip(("start", "middle", "end"), (axis.low, (axis.low + axis.high) / 2, axis.high), strict=True)
    return [
        f'<text class="{kind}" x="{float(axis.to_pixels(np.array(seconds))):.1f}" y="{_HEIGHT - 8:.0f}">'
        f"{_format_time(np.datetime64(int(seconds), 's'))}</text>"
        for kind, seconds in anchors
    ]


def _points(xs: np.ndarray, ys: np.ndarray) -> list[str]:
    return [f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True)]


def _line(css_class: str, xs: np.ndarray, ys: np.ndarray) -> str:
    """A path with gaps where a value is missing; a value alone between gaps is a point of its round ends."""
    path, drawn = [], False
    for x, y in zip(xs, ys, strict=True):
        if np.isfinite(y):
            path.append(f"L{x:.1f} {y:.1f}" if drawn else f"M{x:.1f} {y:.1f}h0")
        drawn = bool(np.isfinite(y))
    return f'<path class="{css_class}" d="{"".join(path)}"/>'


def render_forecasts(table: TimeSeriesTable, rows: Iterable[Mapping[str, Any]]) -> str:
    """A figure for each target of each series, with what was measured last.

    Args:
        table: that was forecast.
        rows: with time, series, target, forecast, lower and upper (both None or NaN without an interval), as they are
            printed: in order of time.
    """
    told: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        told.setdefault((str(row["series"]), str(row["target"])), []).append(row)
    figures = [render_forecast(_panel_from_rows(table, *key, told[key])) for key in list(told)[:_MAX_FIGURES]]
    if len(told) > _MAX_FIGURES:
        figures.append(f'<p class="soft">and {len(told) - _MAX_FIGURES} more</p>')
    return "".join(figures)


def _panel_from_rows(
    table: TimeSeriesTable, series: str, target: str, rows: Sequence[Mapping[str, Any]]
) -> ForecastPanel:
    place, column = table.series_names.index(series), table.target_names.index(target)
    end = int(table.starts[place + 1] - table.num_future_rows[place])
    past = slice(max(int(table.starts[place]), end - _HISTORY_HORIZONS * len(rows)), end)
    measured = np.where(table.observed_mask[past, column], table.values[past, column], np.nan)
    sides = [np.array([row[side] for row in rows], dtype=np.float64) for side in ("forecast", "lower", "upper")]
    times = np.array([str(row["time"]) for row in rows], dtype="datetime64[s]")
    name = f"{series} {target}".strip()
    if np.isnan(sides[1]).any():
        return ForecastPanel(name, table.times[past], measured, times, sides[0])
    return ForecastPanel(name, table.times[past], measured, times, *sides)
