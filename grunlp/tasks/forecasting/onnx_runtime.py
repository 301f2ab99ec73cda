"""Forecasting in the exported script."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from grunlp.exporting.runtime.main import Session


class ForecastRuntime:
    """A forecaster.

    A line of input is a JSON object with a series, its last values and covariates, in the units of the data.
    """

    def __init__(self, model: dict[str, Any], session: Session) -> None:
        self.model, self.session = model, session

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """Yield one record for each line; `first_line` is the number of the first line, from 1."""
        for i, line in enumerate(lines):
            try:
                yield self._forecast(json.loads(line))
            except (ValueError, LookupError, TypeError) as error:
                sys.exit(f"line {first_line + i}: {type(error).__name__}: {error}")

    def _forecast(self, series: dict[str, Any]) -> dict[str, Any]:
        model = self.model
        if series["series"] not in model["series"]:
            raise ValueError(f"no series {series['series']!r}; there are: {', '.join(model['series'])}")
        means, scales = (np.array(statistics) for statistics in model["series"][series["series"]])
        values = np.array(series["values"], dtype=float)[-model["history"] :]
        if values.ndim != 2 or values.shape[1] != len(means) or len(values) < model["min_length"]:
            raise ValueError(f"values: expected {model['history']} rows of {', '.join(model['targets'])}")
        values = values[len(values) % model["segment_length"] :]  # whole segments
        inputs = [(values - means) / scales]
        if model["covariates"]:
            num_steps = len(values) + model["horizon"]
            known = np.array(series["known"], dtype=float)[-num_steps:]
            if known.shape != (num_steps, len(model["covariates"])):
                raise ValueError(f"known: expected {num_steps} rows of {', '.join(model['covariates'])}")
            known = (known - model["known"][0]) / np.array(model["known"][1])
            inputs += [known[: len(values)], known[len(values) :]]
        if model["statics"]:
            static = np.array(series["static"], dtype=float)
            inputs.append((static - model["static"][0]) / np.array(model["static"][1]))
        (prediction,) = self.session("forecast", *(array[None].astype(np.float32) for array in inputs))
        forecasts = self._forecast_and_interval(prediction[0].astype(float))
        return {"series": series["series"], **{name: (side * scales + means).tolist() for name, side in forecasts}}

    def _forecast_and_interval(self, prediction: Any) -> Iterator[tuple[str, Any]]:
        """Yield the point forecast (H, C) and the bounds of its interval from the output (H, C, O)."""
        yield "forecast", prediction[..., self.model["point"]]
        if self.model["output"] == "gaussian":
            half_width = self.model["z"] * prediction[..., 1]
            yield "lower", prediction[..., 0] - half_width
            yield "upper", prediction[..., 0] + half_width
        elif self.model["output"] == "quantiles" and prediction.shape[-1] > 1:
            yield "lower", prediction.min(axis=-1)
            yield "upper", prediction.max(axis=-1)
