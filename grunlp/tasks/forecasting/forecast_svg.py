"""Forecasts as SVG: what was measured, what is told of the time after it, and within which bounds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from grunlp.tasks.forecasting.timeseries import SeriesTable
from grunlp.visualization.svg_text import clean

_WIDTH, _HEIGHT = 720.0, 240.0  # pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 12.0, 12.0, 28.0  # around the plot
_BEFORE = 3  # horizons of what was measured, at most
_MOST = 40  # plots


class Forecast(NamedTuple):
    """One target of one series.

    Args:
        name: of both.
        past_times: (T) datetime64, of the rows shown before the forecast; perhaps none.
        past: (T) values; NaN where nothing was measured.
        times: (H) datetime64.
        centre: (H) the forecast.
        lower, upper: (H) the bounds of its interval, if it has one.
    """

    name: str
    past_times: np.ndarray
    past: np.ndarray
    times: np.ndarray
    centre: np.ndarray
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None


def draw_forecast(one: Forecast) -> str:
    """A `<figure>` with a plot that grows with the page, and its first and last value in words."""
    x = _Axis(_seconds(one.past_times, one.times), _LEFT, _WIDTH - _RIGHT)
    sides = [side for side in (one.past, one.centre, one.lower, one.upper) if side is not None]
    y = _Axis(np.concatenate(sides), _HEIGHT - _BOTTOM, _TOP)
    before, after = x.places(_seconds(one.past_times)), x.places(_seconds(one.times))
    parts = [*_value_ticks(y), *_time_ticks(x)]
    if one.lower is not None and one.upper is not None:
        there, back = _points(after, y.places(one.upper)), _points(after[::-1], y.places(one.lower)[::-1])
        parts.append(f'<polygon class="interval" points="{" ".join(there + back)}"/>')
    parts += [_line("past", before, y.places(one.past)), _line("told", after, y.places(one.centre))]
    said = f"{_moment(one.times[0])}: {one.centre[0]:.4g}; {_moment(one.times[-1])}: {one.centre[-1]:.4g}"
    name = clean(one.name)
    return (
        f'<figure class="forecast"><figcaption>{name} <span class="soft">{said}</span></figcaption>'
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}">'
        f"<title>Forecast of {name}: {said}</title>{''.join(parts)}</svg></figure>"
    )


class _Axis:
    """Numbers to pixels, from the least to the greatest of some."""

    def __init__(self, numbers: np.ndarray, first: float, last: float) -> None:
        real = numbers[np.isfinite(numbers)]
        self.low, self.high = (float(real.min()), float(real.max())) if len(real) else (0.0, 1.0)
        if self.low == self.high:
            self.low, self.high = self.low - 0.5, self.high + 0.5
        self.first, self.last = first, last

    def places(self, numbers: np.ndarray) -> np.ndarray:
        return self.first + (numbers - self.low) / (self.high - self.low) * (self.last - self.first)


def _seconds(*times: np.ndarray) -> np.ndarray:
    return np.concatenate([moments.astype("datetime64[s]").astype(np.float64) for moments in times])


def _moment(time: np.datetime64) -> str:
    """A day, or a day with minutes where it is no midnight."""
    day = time.astype("datetime64[D]")
    return str(day if day == time else time.astype("datetime64[m]")).replace("T", " ")


def _value_ticks(axis: _Axis) -> list[str]:
    from matplotlib.ticker import MaxNLocator

    values = [value for value in MaxNLocator(4).tick_values(axis.low, axis.high) if axis.low <= value <= axis.high]
    lines = []
    for value, y in zip(values, axis.places(np.array(values)), strict=True):
        lines.append(f'<path class="grid" d="M{_LEFT:.0f} {y:.1f}H{_WIDTH - _RIGHT:.0f}"/>')
        lines.append(f'<text class="value" x="{_LEFT - 6:.0f}" y="{y + 4:.1f}">{value:.5g}</text>')
    return lines


def _time_ticks(axis: _Axis) -> list[str]:
    """A label at both ends and in the middle."""
    anchors = zip(("start", "middle", "end"), (axis.low, (axis.low + axis.high) / 2, axis.high), strict=True)
    return [
        f'<text class="{kind}" x="{float(axis.places(np.array(seconds))):.1f}" y="{_HEIGHT - 8:.0f}">'
        f"{_moment(np.datetime64(int(seconds), 's'))}</text>"
        for kind, seconds in anchors
    ]


def _points(xs: np.ndarray, ys: np.ndarray) -> list[str]:
    return [f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True)]


def _line(kind: str, xs: np.ndarray, ys: np.ndarray) -> str:
    """A path with gaps where a value is missing; a value alone between gaps is a point of its round ends."""
    path, drawn = [], False
    for x, y in zip(xs, ys, strict=True):
        if np.isfinite(y):
            path.append(f"L{x:.1f} {y:.1f}" if drawn else f"M{x:.1f} {y:.1f}h0")
        drawn = bool(np.isfinite(y))
    return f'<path class="{kind}" d="{"".join(path)}"/>'


def draw_forecasts(table: SeriesTable, rows: Iterable[Mapping[str, Any]]) -> str:
    """A figure for each target of each series, with what was measured last.

    Args:
        table: that was forecast.
        rows: with time, series, target, forecast, lower and upper (both None or NaN without an interval), as they are
            printed: in order of time.
    """
    told: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        told.setdefault((str(row["series"]), str(row["target"])), []).append(row)
    figures = [draw_forecast(_forecast(table, *key, told[key])) for key in list(told)[:_MOST]]
    if len(told) > _MOST:
        figures.append(f'<p class="soft">and {len(told) - _MOST} more</p>')
    return "".join(figures)


def _forecast(table: SeriesTable, series: str, target: str, rows: Sequence[Mapping[str, Any]]) -> Forecast:
    place, column = table.names.index(series), table.targets.index(target)
    end = int(table.starts[place + 1] - table.future[place])
    past = slice(max(int(table.starts[place]), end - _BEFORE * len(rows)), end)
    measured = np.where(table.observed[past, column], table.values[past, column], np.nan)
    sides = [np.array([row[side] for row in rows], dtype=np.float64) for side in ("forecast", "lower", "upper")]
    times = np.array([str(row["time"]) for row in rows], dtype="datetime64[s]")
    name = f"{series} {target}".strip()
    if np.isnan(sides[1]).any():
        return Forecast(name, table.times[past], measured, times, sides[0])
    return Forecast(name, table.times[past], measured, times, *sides)
