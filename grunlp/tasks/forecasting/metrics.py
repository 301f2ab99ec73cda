"""How well series are forecast, and whether better than without a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.corpus_metric import Measure, MeasuredScores, ratio
from grunlp.tasks.forecasting.diebold_mariano import DieboldMariano, diebold_mariano

_LEAST_BLOCKS = 10
_LEVEL = 0.05
_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """What was forecast, in N windows of H steps and C targets.

    Args:
        values: (N, H, C) scaled.
        observed: (N, H, C) which were measured; others count nowhere.
        scales: (N, C) a scaled unit in units of the file.
        steps: (N, C) the mean change over a season in training, in units of the file.
        order: (N,) when the forecast begins: windows of one time, of other series, go together.
    """

    values: _Array
    observed: NDArray[np.bool_]
    scales: _Array
    steps: _Array
    order: NDArray[Any]

    @property
    def blocks(self) -> NDArray[np.int64]:
        """(N,) the block of each window: windows near each other are alike, so they are drawn as blocks. A block has as
        many times as the horizon has steps, or fewer where there would be less than ten blocks."""
        times, place = np.unique(self.order, return_inverse=True)
        length = max(1, min(self.values.shape[1], len(times) // _LEAST_BLOCKS))
        return place // length


@dataclass(frozen=True)
class Errors:
    """Errors of one forecaster, summed.

    Args:
        squared, absolute, squared_units, absolute_units, relative: (blocks,) sums over measured cells; relative is what
            MASE is the mean of.
        by_time: (times,) mean squared error of the windows that begin then.
        by_step: (H,) mean squared error.
    """

    squared: _Array
    absolute: _Array
    squared_units: _Array
    absolute_units: _Array
    relative: _Array
    by_time: _Array
    by_step: _Array


def sums(place: NDArray[np.int64], values: NDArray[Any]) -> _Array:
    """(n,) sums of the values (N,) of each of n places (N,)."""
    found: _Array = np.bincount(place, values).astype(np.float64)
    return found


def measure_errors(forecast: _Array, truth: Truth) -> Errors:
    """Errors of forecasts (N, H, C), scaled."""
    error = np.where(truth.observed, forecast - truth.values, 0.0)
    units = error * truth.scales[:, None]
    _, place = np.unique(truth.order, return_inverse=True)
    cells, squares = truth.observed.sum(axis=(1, 2)), (error**2).sum(axis=(1, 2))

    def blocks(values: _Array) -> _Array:
        return sums(truth.blocks, values.sum(axis=(1, 2)))

    return Errors(
        squared=sums(truth.blocks, squares),
        absolute=blocks(np.abs(error)),
        squared_units=blocks(units**2),
        absolute_units=blocks(np.abs(units)),
        relative=blocks(np.abs(units) / truth.steps[:, None]),
        by_time=sums(place, squares) / sums(place, cells),
        by_step=(error**2).sum(axis=(0, 2)) / np.maximum(1, truth.observed.sum(axis=(0, 2))),
    )


@dataclass
class SeriesScores(MeasuredScores):
    """Errors of a network and of what it has to beat on the same windows.

    Args:
        network: what it is called.
        model: errors of the network.
        baselines: by name.
        cells: (blocks,) measured cells.
        covered: (blocks,) of these inside the interval; None: the network tells none.
        level: share that should be inside.
        windows, horizon: how many windows of how many steps.
    """

    network: str
    model: Errors
    baselines: Mapping[str, Errors]
    cells: _Array
    covered: _Array | None
    level: float
    windows: int
    horizon: int

    def measure(self) -> dict[str, Measure]:
        """Errors of the network, then the mean squared errors of the others by their names."""
        ways = {
            "mse": (self.model.squared, "mean squared error, scaled"),
            "mae": (self.model.absolute, "mean absolute error, scaled"),
            "mse_units": (self.model.squared_units, "mean squared error, in units of the file"),
            "mae_units": (self.model.absolute_units, "mean absolute error, in units of the file"),
            "mase": (self.model.relative, "absolute error over the mean change of a season in training"),
        }
        if self.covered is not None:
            ways["coverage"] = (100 * self.covered, f"% of the truth inside the interval of {100 * self.level:.0f} %")
        for name, errors in self.baselines.items():
            ways[name] = (errors.squared, "mean squared error, scaled")
        return {name: self._measure(total, how) for name, (total, how) in ways.items()}

    def _measure(self, total: _Array, how: str) -> Measure:
        return Measure(np.stack([total, self.cells], axis=1), ratio, how, 4)

    def tests(self) -> dict[str, DieboldMariano]:
        """The network's squared errors against those of each other forecaster."""
        return {
            name: diebold_mariano(self.model.by_time, errors.by_time, self.horizon)
            for name, errors in self.baselines.items()
        }

    def verdicts(self) -> dict[str, str]:
        """In a plain sentence."""
        found = {}
        for name, test in self.tests().items():
            if test.p is None or test.statistic is None:
                found[name] = f"Too few windows to tell the {self.network} from {name}: give more test rows."
            elif test.p < _LEVEL and test.statistic < 0:
                found[name] = f"The {self.network} is better than {name} (p {_p(test.p)})."
            else:
                found[name] = f"The {self.network} does not beat {name} (p {_p(test.p)}): use {name}."
        return found

    def as_dict(self) -> dict[str, Any]:
        """As of all measures; the other forecasters with the test."""
        found, verdicts = super().as_dict(), self.verdicts()
        for name, test in self.tests().items():
            finite = test.statistic is not None and np.isfinite(test.statistic)
            more = {"statistic": test.statistic if finite else None, "p": test.p, "verdict": verdicts[name]}
            found[name] |= {"mae": float(self.baselines[name].absolute.sum() / self.cells.sum())} | more
        return found

    def report(self) -> str:
        """One table of all forecasters, and what it means."""
        tests = self.tests()
        lines = [
            f"{self.windows} windows of {self.horizon} steps; errors scaled, MASE in seasonal changes of the training",
            f"{'':16} {'MSE':>8}  {'95 % interval':>18} {'MAE':>8} {'MASE':>8}   p against the {self.network}",
        ]
        for name, errors in ((self.network, self.model), *self.baselines.items()):
            mse = self.measures["mse" if name == self.network else name]
            mae, mase = (float(total.sum() / self.cells.sum()) for total in (errors.absolute, errors.relative))
            interval = "{:.4f} to {:.4f}".format(*mse.interval)
            p = _p(tests[name].p).removeprefix("= ") if name in tests else ""
            lines.append(f"{name:16} {mse.value:8.4f}  {interval:>18} {mae:8.4f} {mase:8.4f}   {p}".rstrip())
        units = "in units of the file: MSE {:.4g}, MAE {:.4g}"
        lines.append(units.format(*(self.measures[name].value for name in ("mse_units", "mae_units"))))
        if self.covered is not None:
            measure = self.measures["coverage"]
            low, high = measure.interval
            lines.append(f"{measure.value:.1f} {measure.how} ({low:.1f} to {high:.1f})")
        return "\n".join([*lines, "", *self.verdicts().values()]) + "\n"


def _p(p: float | None) -> str:
    """As a sentence has it."""
    if p is None:
        return "unknown"
    return "< 0.0001" if p < 0.0001 else f"= {p:.4f}"
