"""Standardization: fitted on training rows alone, kept as JSON."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grunlp.tasks.forecasting.scaler import Standardizer, fit_standardizer, standardization_for
from grunlp.utils.errors import DataError
from tests.data.timeseries.random_series import table


def test_scales_are_fitted_on_training_rows_alone() -> None:
    made, ends = table(60, 50), np.array([40, 95])
    scaling = fit_standardizer(made, ends, 7, 10)
    values, known = made.values.copy(), made.known_covariates.copy()
    for first, end in ((40, 60), (95, 110)):
        values[first:end], known[first:end] = 1e6, -1e6
    assert fit_standardizer(replace(made, values=values, known_covariates=known), ends, 7, 10) == scaling
    np.testing.assert_allclose(scaling.means[0], made.values[:40].mean(axis=0))
    np.testing.assert_allclose(scaling.scales[1], made.values[60:95].std(axis=0))
    np.testing.assert_allclose(scaling.steps[0], np.abs(made.values[7:40] - made.values[:33]).mean(axis=0))
    observed = made.observed_mask.copy()
    observed[5] = False
    filled = fit_standardizer(replace(made, observed_mask=observed), ends, 7, 10)
    np.testing.assert_allclose(filled.means[0], np.delete(made.values[:40], 5, axis=0).mean(axis=0))


def test_scales_survive_json(tmp_path: Path) -> None:
    made = table(60, 50)
    scaling = fit_standardizer(made, np.array([40, 95]), 7, 10)
    scaling.save(tmp_path / "scaling.json")
    assert Standardizer.load(tmp_path / "scaling.json") == scaling
    other = replace(made, series_names=("1", "new"))
    means, scales, _ = standardization_for(other, scaling, 10)
    np.testing.assert_array_equal(means[0], scaling.means[1])
    np.testing.assert_allclose(means[1], made.values[60:70].mean(axis=0))
    np.testing.assert_allclose(scales[1], made.values[60:70].std(axis=0))


def test_a_constant_series_is_not_divided_by_zero() -> None:
    made = replace(table(60), values=np.full((60, 2), 3.0))
    scaling = fit_standardizer(made, np.array([40]), 7, 10)
    assert scaling.scales == [[1.0, 1.0]] and scaling.steps == [[1.0, 1.0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scales": [[0.0, 1.0]]}, "scales are not above 0"),
        ({"steps": [[1.0, -1.0]]}, "steps are not above 0"),
        ({"known_scales": [0.0]}, "known_scales are not above 0"),
        ({"frequency": "0h"}, "frequency is not one of pandas"),
        ({"frequency": "9" * 30 + "h"}, "frequency is not one of pandas"),
        ({"units": {"a": 1}}, "units are not strings"),
        ({"unit": {}}, "other keys"),
    ],
)
def test_scalings_that_cannot_be_used_are_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    file = tmp_path / "scaling.json"
    fit_standardizer(table(60), np.array([40]), 7, 10).save(file)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(DataError, match=f"scaling.json: not a scaling: {message}"):
        Standardizer.load(file)


def test_scalings_without_units_are_loaded(tmp_path: Path) -> None:
    file = tmp_path / "scaling.json"
    scaling = fit_standardizer(replace(table(60), units={"a": "€"}), np.array([40]), 7, 10)
    scaling.save(file)
    assert Standardizer.load(file).units == {"a": "€"}
    content = json.loads(file.read_text())
    del content["units"]
    file.write_text(json.dumps(content))
    assert Standardizer.load(file) == replace(scaling, units=None)
