"""Plots of forecasts: every value at its place, gaps where none was measured, bounds around the forecast."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from grunlp.tasks.forecasting.forecast_svg import ForecastPanel, render_forecast

SVG = "{http://www.w3.org/2000/svg}"
DAYS = np.arange("2024-01-01", "2024-01-07", dtype="datetime64[D]")


def parts(figure: str) -> dict[str, str]:
    root = ElementTree.fromstring(figure)
    return {one.get("class", ""): one.get("d") or one.get("points") or "" for one in root.iter() if one.get("class")}


def test_a_plot() -> None:
    past = np.array([0.0, 1.0, np.nan, 4.0])
    drawn = render_forecast(
        ForecastPanel(
            "<a>", DAYS[:4], past, DAYS[4:], np.array([5.0, 6.0]), np.array([4.0, 2.0]), np.array([8.0, 10.0])
        )
    )
    shapes = parts(drawn)
    assert len(re.findall("M", shapes["past"])) == 2  # the gap
    numbers = [float(n) for n in re.findall(r"[\d.]+", shapes["past"].replace("h0", ""))]
    xs, ys = numbers[::2], numbers[1::2]
    assert xs == sorted(xs) and ys == sorted(ys, reverse=True)
    assert ys[0] - ys[1] == pytest.approx((ys[1] - ys[2]) / 3, abs=0.2)  # 0 to 1 is a third of 1 to 4
    bounds = [tuple(map(float, point.split(","))) for point in shapes["interval"].split()]
    line = [float(n) for n in re.findall(r"[\d.]+", shapes["point-forecast"].replace("h0", ""))]
    assert bounds[0][1] < line[1] < bounds[3][1] and bounds[1][1] < line[3] < bounds[2][1]
    assert "2024-01-05: 5; 2024-01-06: 6" in drawn and "&lt;a&gt;" in drawn


@pytest.mark.parametrize("value", [0.0, -1e9, 1e-12, 1e18, -1.79e308])
def test_plots_of_one_value(value: float) -> None:
    flat = render_forecast(ForecastPanel("", DAYS[:0], np.array([]), DAYS[4:5], np.array([value])))
    assert "interval" not in parts(flat) and "nan" not in flat
    nothing = render_forecast(ForecastPanel("", DAYS[:2], np.array([np.nan, np.nan]), DAYS[4:5], np.array([value])))
    assert parts(nothing)["past"] == "" and "nan" not in nothing


def test_plots_of_the_largest_numbers() -> None:
    past, point = np.array([1e308, -1e308]), np.array([1.79e308, -1.79e308])
    drawn = render_forecast(ForecastPanel("", DAYS[:2], past, DAYS[2:4], point, -np.abs(point), np.abs(point)))
    assert not re.search(r"\b(nan|inf)\b", drawn) and "2024-01-03: 1.79e+308; 2024-01-04: -1.79e+308" in drawn
