"""What comes after a series."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np


class Answering:
    """Answers lines, each a JSON object of a series, by a record each: numbers in the units of the series."""

    def __init__(self, model: dict[str, Any], graphs: Any) -> None:
        self.model, self.graphs = model, graphs

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """number: of the first line, from 1."""
        for i, line in enumerate(lines):
            try:
                yield self._answer(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                sys.exit(f"line {first_line + i}: {type(error).__name__}: {error}")

    def _answer(self, series: dict[str, Any]) -> dict[str, Any]:
        model = self.model
        if series["series"] not in model["series"]:
            raise ValueError(f"no series {series['series']!r}; there are: {', '.join(model['series'])}")
        means, scales = (np.array(part) for part in model["series"][series["series"]])
        values = np.array(series["values"], dtype=float)[-model["history"] :]
        if values.ndim != 2 or values.shape[1] != len(means) or not model["least"] <= len(values):
            raise ValueError(f"values: expected {model['history']} rows of {', '.join(model['targets'])}")
        values = values[len(values) % model["segment"] :]  # whole segments, where those are read
        inputs = [(values - means) / scales]
        if model["covariates"]:
            steps = len(values) + model["horizon"]
            known = np.array(series["known"], dtype=float)[-steps:]
            if known.shape != (steps, len(model["covariates"])):
                raise ValueError(f"known: expected {steps} rows of {', '.join(model['covariates'])}")
            known = (known - model["known"][0]) / np.array(model["known"][1])
            inputs += [known[: len(values)], known[len(values) :]]
        if model["statics"]:
            inputs.append((np.array(series["static"], dtype=float) - model["static"][0]) / np.array(model["static"][1]))
        (told,) = self.graphs("forecast", *(one[None].astype(np.float32) for one in inputs))
        sides = {
            name: (side * scales + means).tolist() for name, side in self._forecast_and_interval(told[0].astype(float))
        }
        return {"series": series["series"], **sides}

    def _forecast_and_interval(self, prediction: Any) -> Iterator[tuple[str, Any]]:
        """The forecast (H, C) and its interval, of (H, C, O)."""
        yield "forecast", prediction[..., self.model["centre"]]
        if self.model["output"] == "gaussian":
            half = self.model["z"] * prediction[..., 1]
            yield from (("lower", prediction[..., 0] - half), ("upper", prediction[..., 0] + half))
        elif self.model["output"] == "quantiles" and prediction.shape[-1] > 1:
            yield from (("lower", prediction.min(axis=-1)), ("upper", prediction.max(axis=-1)))
