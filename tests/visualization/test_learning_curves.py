"""Figures of studies: PNG files that replace the old ones at once."""

from pathlib import Path

import pytest

from grunlp.visualization.learning_curves import (
    CurvePoint,
    plot_cell_comparison,
    plot_learning_curve,
    plot_validation_curve,
)

POINTS = [CurvePoint(8, 80.0, 1.0), CurvePoint(64, 90.0, 0.5)]
NAMES = [CurvePoint("gru", 80.0, 1.0), CurvePoint("lstm", 81.0, 0.5)]


def is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("points", "connect"), [(POINTS, True), (POINTS, False), (NAMES, True)])
def test_validation_curves_of_numbers_and_names(points: list[CurvePoint], connect: bool, tmp_path: Path) -> None:
    plot_validation_curve(tmp_path / "v.png", {"": points}, "model.cell", "F1", points[0], connect)
    assert is_png(tmp_path / "v.png")


def test_a_figure_replaces_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "l.png").write_text("old")
    plot_learning_curve(tmp_path / "l.png", [CurvePoint(0.5, 80.0, 1.0), CurvePoint(1.0, 85.0, 1.0)], "F1")
    assert is_png(tmp_path / "l.png") and [file.name for file in tmp_path.iterdir()] == ["l.png"]


def test_a_mean_may_be_outside_its_interval(tmp_path: Path) -> None:
    rows = [{"cell": cell, "score": 80.0, "interval": [80.1, 82.0], "seconds": 3.0} for cell in ("gru", "lstm")]
    plot_cell_comparison(tmp_path / "c.png", rows, "F1")
    assert is_png(tmp_path / "c.png")
