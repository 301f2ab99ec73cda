"""The forecaster in the exported script scales, forecasts and answers as grunlp does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grunlp.tasks.forecasting.checkpoint import TrainedForecaster, build_forecaster
from grunlp.tasks.forecasting.export import ForecasterExporter
from grunlp.tasks.forecasting.onnx_runtime import ForecastRuntime
from grunlp.tasks.forecasting.scaler import Standardizer
from tests.exporting.graph_runner import check_answers, make_runtime
from tests.exporting.untrained_models import config, shaken

SCALING = Standardizer(
    targets=["x", "y"], covariates=["k"], own=1, statics=["s"], frequency="h", season=24,
    names=["one", "two"], means=[[1.0, -2.0], [30.0, 4.0]], scales=[[2.0, 0.5], [9.0, 1.0]], steps=[[1.0, 1.0]] * 2,
    known_means=[0.5], known_scales=[2.0], static_means=[1.0], static_scales=[2.0],
)  # fmt: skip


def exporter(architecture: str, output: str) -> ForecasterExporter:
    words = [f"model.architecture={architecture}", f"model.output={output}", "model.segment_length=3"]
    c = config("forecast", "data=toy-series", *words, "data.history=12", "data.horizon=4")
    model = shaken(build_forecaster(c, 2, 1, 1))
    return ForecasterExporter(TrainedForecaster(Path("run"), c, SCALING, model, torch.zeros(1)))


@pytest.mark.parametrize(
    ("architecture", "output"), [("direct", "quantiles"), ("recursive", "gaussian"), ("segrnn", "point")]
)
def test_it_answers_as_grunlp_does(architecture: str, output: str) -> None:
    forecaster = exporter(architecture, output)
    examples = forecaster.random_examples([12, 12, 12], np.random.default_rng(0))
    for record in check_answers(forecaster, examples):
        assert np.array(record["forecast"]).shape == (4, 2) and ("lower" in record) == (output != "point")


def test_values_are_scaled_and_forecasts_scaled_back() -> None:
    model: dict[str, Any] = {
        "targets": ["x"], "covariates": [], "statics": [], "history": 3, "horizon": 2, "min_length": 1,
        "segment_length": 1, "output": "gaussian", "point": 0, "z": 2.0, "series": {"a": [[10.0], [5.0]]},
    }  # fmt: skip

    def session(graph: str, history: Any) -> list[Any]:
        assert graph == "forecast" and history[0, :, 0].tolist() == [0.0, 1.0, 2.0]
        return [np.array([[[[3.0, 0.5]], [[4.0, 1.0]]]])]

    (record,) = ForecastRuntime(model, session)(['{"series": "a", "values": [[99], [10], [15], [20]]}'], 1)  # type: ignore[arg-type]
    assert record == {
        "series": "a", "forecast": [[25.0], [30.0]], "lower": [[20.0], [20.0]], "upper": [[30.0], [40.0]]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"series": "three"}, "no series 'three'; there are: one, two"),
        ({"values": [[1.0]] * 12}, "expected 12 rows of x, y"),
        ({"known": [[1.0]] * 3}, "expected 16 rows of k"),
        ({"known": None}, "IndexError"),
    ],
)
def test_lines_of_another_form_end_the_script(change: dict[str, Any], message: str) -> None:
    forecaster = exporter("direct", "point")
    (example,) = forecaster.random_examples([12], np.random.default_rng(0))
    with pytest.raises(SystemExit, match=f"line 3: .*({message})"):
        list(make_runtime(forecaster)([json.dumps(example | change)], 3))
