"""SVG plots of forecasts with their history and prediction interval."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from grunlp.data.timeseries.time_zone import to_clock_times
from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.visualization.svg_text import escape_markup

_WIDTH, _HEIGHT = 720.0, 240.0  # pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 12.0, 12.0, 28.0  # around the plot
_HISTORY_HORIZONS = 3  # length of the history, in horizons
_MAX_FIGURES = 40
_LARGEST = 1e300  # of values, so that their differences are finite


class ForecastPanel(NamedTuple):
    """History and forecast of one target of one series.

    Attributes:
        name: name of series and target.
        past_times: (T) datetime64 of the rows before the forecast; may be empty.
        past: (T) values; NaN for missing ones.
        times: (H) datetime64 of the forecast.
        point: (H) point forecast.
        lower: (H) lower bound of the interval, if there is one.
        upper: (H) upper bound of the interval.
    """

    name: str
    past_times: np.ndarray
    past: np.ndarray
    times: np.ndarray
    point: np.ndarray
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None


def render_forecast(panel: ForecastPanel) -> str:
    """Render a `<figure>` with a plot that scales with the page, and the first and last value as text."""
    x = _Axis(_seconds(panel.past_times, panel.times), _LEFT, _WIDTH - _RIGHT)
    curves = [values for values in (panel.past, panel.point, panel.lower, panel.upper) if values is not None]
    y = _Axis(np.concatenate(curves), _HEIGHT - _BOTTOM, _TOP)
    past_x, future_x = x.to_pixels(_seconds(panel.past_times)), x.to_pixels(_seconds(panel.times))
    parts = [*_value_ticks(y), *_time_ticks(x)]
    if panel.lower is not None and panel.upper is not None:
        upper = _points(future_x, y.to_pixels(panel.upper))
        lower = _points(future_x[::-1], y.to_pixels(panel.lower)[::-1])
        parts.append(f'<polygon class="interval" points="{" ".join(upper + lower)}"/>')
    parts += [
        _line("past", past_x, y.to_pixels(panel.past)),
        _line("point-forecast", future_x, y.to_pixels(panel.point)),
    ]
    first = f"{_format_time(panel.times[0])}: {panel.point[0]:.4g}"
    last = f"{_format_time(panel.times[-1])}: {panel.point[-1]:.4g}"
    name = escape_markup(panel.name)
    return (
        f'<figure class="forecast"><figcaption>{name} <span class="soft">{first}; {last}</span></figcaption>'
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}">'
        f"<title>Forecast of {name}: {first}; {last}</title>{''.join(parts)}</svg></figure>"
    )


class _Axis:
    """Linear scale from the range of some values to pixels."""

    def __init__(self, values: np.ndarray, first: float, end: float) -> None:
        finite = np.clip(values[np.isfinite(values)], -_LARGEST, _LARGEST)
        self.low, self.high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        if self.low == self.high:
            margin = max(0.5, abs(self.low) * 1e-12)  # more than the spacing of large numbers
            self.low, self.high = self.low - margin, self.high + margin
        self.first, self.end = first, end

    def to_pixels(self, values: np.ndarray) -> np.ndarray:
        values = np.clip(values, -_LARGEST, _LARGEST)
        return self.first + (values - self.low) / (self.high - self.low) * (self.end - self.first)


def _seconds(*times: np.ndarray) -> np.ndarray:
    return np.concatenate([array.astype("datetime64[s]").astype(np.float64) for array in times])


def _format_time(time: np.datetime64) -> str:
    """Format a time as a date, with minutes unless it is midnight."""
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
    """Render labels of both ends and of the middle."""
    anchors = zip(("start", "middle", "end"), (axis.low, (axis.low + axis.high) / 2, axis.high), strict=True)
    return [
        f'<text class="{css_class}" x="{float(axis.to_pixels(np.array(seconds))):.1f}" y="{_HEIGHT - 8:.0f}">'
        f"{_format_time(np.datetime64(int(seconds), 's'))}</text>"
        for css_class, seconds in anchors
    ]


def _points(xs: np.ndarray, ys: np.ndarray) -> list[str]:
    return [f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True)]


def _line(css_class: str, xs: np.ndarray, ys: np.ndarray) -> str:
    """Render a path with gaps at missing values; a single value between two gaps becomes a dot."""
    path, drawn = [], False
    for x, y in zip(xs, ys, strict=True):
        if np.isfinite(y):
            path.append(f"L{x:.1f} {y:.1f}" if drawn else f"M{x:.1f} {y:.1f}h0")
        drawn = bool(np.isfinite(y))
    return f'<path class="{css_class}" d="{"".join(path)}"/>'


def render_forecasts(table: TimeSeriesTable, rows: Iterable[Mapping[str, Any]]) -> str:
    """Render a figure for each target of each series, with the end of its history.

    Args:
        table: the history.
        rows: rows of the forecast in order of time, with time, series, target, forecast, lower and upper (both None or
            NaN without an interval).
    """
    by_target: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        by_target.setdefault((str(row["series"]), str(row["target"])), []).append(row)
    panels = (_panel_from_rows(table, *key, by_target[key]) for key in list(by_target)[:_MAX_FIGURES])
    figures = [render_forecast(panel) for panel in panels]
    if len(by_target) > _MAX_FIGURES:
        figures.append(f'<p class="soft">and {len(by_target) - _MAX_FIGURES} more</p>')
    return "".join(figures)


def _panel_from_rows(
    table: TimeSeriesTable, series: str, target: str, rows: Sequence[Mapping[str, Any]]
) -> ForecastPanel:
    i, column = table.series_names.index(series), table.target_names.index(target)
    end = int(table.starts[i + 1] - table.num_future_rows[i])
    past = slice(max(int(table.starts[i]), end - _HISTORY_HORIZONS * len(rows)), end)
    history = np.where(table.observed_mask[past, column], table.values[past, column], np.nan)
    point, lower, upper = (
        np.array([row[name] for row in rows], dtype=float) for name in ("forecast", "lower", "upper")
    )
    times = to_clock_times(_parse_forecast_times(rows), table.layout.time_zone)
    has_interval = not np.isnan(lower).any()
    return ForecastPanel(
        name=f"{series} {target}".strip(),
        past_times=table.clock_times[past].to_numpy(),
        past=history,
        times=times.to_numpy(),
        point=point,
        lower=lower if has_interval else None,
        upper=upper if has_interval else None,
    )


def _parse_forecast_times(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return the times of rows of a forecast, texts or timestamps, as instants in UTC if they have a zone."""
    import pandas as pd

    return pd.to_datetime([str(row["time"]) for row in rows], format="ISO8601", utc=True).tz_localize(None)
