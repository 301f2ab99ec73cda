"""Classification of time series in the exported script."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from grunlp.exporting.runtime.main import Session


class TimeSeriesClassifierRuntime:
    """Classifier of time series: a line is a JSON array of time steps."""

    def __init__(self, model: dict[str, Any], session: Session) -> None:
        self.model, self.session = model, session

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """Yield one record for each line; `first_line` is the number of the first line, from 1."""
        series = [self._read(line, first_line + i) for i, line in enumerate(lines)]
        lengths = np.array([len(steps) for steps in series])
        values = np.zeros((len(lines), lengths.max(), self.model["num_features"]), dtype=np.float32)
        for row, steps in zip(values, series, strict=True):
            row[: len(steps)] = steps
        nonempty = lengths > 0
        log_probs = np.tile(np.array(self.model["empty"]), (len(lines), 1))
        if nonempty.any():
            log_probs[nonempty] = self.session("classes", values[nonempty], lengths[nonempty])[0]
        for i, row in enumerate(np.exp(log_probs).tolist()):
            probabilities = dict(zip(self.model["classes"], row, strict=True))
            record = {"id": str(first_line + i), "label": max(probabilities, key=lambda name: probabilities[name])}
            yield record | {"probabilities": {name: round(value, 6) for name, value in probabilities.items()}}

    def _read(self, line: str, line_number: int) -> Any:
        try:
            return np.array(json.loads(line), dtype=np.float32).reshape(-1, self.model["num_features"])
        except (ValueError, TypeError):
            sys.exit(f"line {line_number}: expected a JSON array of steps of {self.model['num_features']} numbers")
