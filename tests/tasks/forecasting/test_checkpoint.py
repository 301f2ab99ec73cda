"""Trained forecasters: stored weights and scales, and tables that are not like those of the training."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grunlp.tasks.config import read_config
from grunlp.tasks.forecasting.checkpoint import (
    build_stored_model,
    load_trained_forecaster,
    read_with_training_schema,
)
from grunlp.utils.errors import DataError
from tests.tasks.run_folder_checks import check_missing_and_wrong_files, check_rebuilt, check_weights


def table(frequency: str = "h", column: str = "value") -> pd.DataFrame:
    times = pd.date_range("2024-01-01", periods=60, freq=frequency)
    return pd.DataFrame({"time": times, column: np.sin(np.arange(60.0))})


def test_a_run_is_loaded_with_its_weights_and_scales(runs: dict[str, Path]) -> None:
    path = runs["forecaster"]
    run = load_trained_forecaster(str(path))
    check_weights(path, run.model)
    check_rebuilt(path, run.model, build_stored_model(path, read_config(path)))
    assert run.scaling.targets == ["value"] and run.scaling.frequency == "h"
    assert run.baseline_weights.shape == (49, 5), "a weight for each step of the history, and a bias"


def test_incomplete_folders_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    files = ["config.yaml", "scaling.json", "baseline.safetensors", "weights.safetensors"]
    sizes = {"hidden_size: 16": "hidden_size: 17", "horizon: 5": "horizon: 6"}
    check_missing_and_wrong_files(runs["forecaster"], tmp_path, files, sizes)


def test_tables_are_read_as_that_of_the_training(runs: dict[str, Path], tmp_path: Path) -> None:
    run = load_trained_forecaster(runs["forecaster"])
    made = read_with_training_schema(run, table())
    assert made.target_names == ("value",) and made.covariate_names == tuple(run.scaling.covariates)
    table().to_csv(tmp_path / "table.csv", index=False)
    np.testing.assert_allclose(read_with_training_schema(run, tmp_path / "table.csv").values, made.values)
    with pytest.raises(DataError, match=r"(?s)its times have the frequency D"):
        read_with_training_schema(run, table("D"))
    with pytest.raises(DataError, match="no column 'value'"):
        read_with_training_schema(run, table(column="volume"))
