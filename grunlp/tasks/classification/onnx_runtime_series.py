"""A class for a sequence of measurements."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np


class Answering:
    """Answers lines, each a JSON array of steps, by a record each."""

    def __init__(self, model: dict[str, Any], graphs: Any) -> None:
        self.model, self.graphs = model, graphs

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """number: of the first line, from 1."""
        sequences = [self._read(line, first_line + i) for i, line in enumerate(lines)]
        lengths = np.array([len(one) for one in sequences])
        values = np.zeros((len(lines), lengths.max(), self.model["features"]), dtype=np.float32)
        for row, one in zip(values, sequences, strict=True):
            row[: len(one)] = one
        some = lengths > 0
        log_probs = np.tile(np.array(self.model["empty"]), (len(lines), 1))
        if some.any():
            log_probs[some] = self.graphs("classes", values[some], lengths[some])[0]
        for i, row in enumerate(np.exp(log_probs).tolist()):
            shown = dict(zip(self.model["classes"], row, strict=True))
            record = {"id": str(first_line + i), "label": max(shown, key=lambda name: shown[name])}
            yield record | {"probabilities": {name: round(share, 6) for name, share in shown.items()}}

    def _read(self, line: str, line_number: int) -> Any:
        try:
            return np.array(json.loads(line), dtype=np.float32).reshape(-1, self.model["features"])
        except (ValueError, TypeError):
            sys.exit(f"line {line_number}: expected a JSON array of steps of {self.model['features']} numbers")
