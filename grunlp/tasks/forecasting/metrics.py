"""How well series are forecast, and whether better than without a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.corpus_metric import Metric, MetricScores, ratio_of_sums
from grunlp.tasks.forecasting.diebold_mariano import DieboldMariano, diebold_mariano

_MIN_BLOCKS = 10
_SIGNIFICANCE_LEVEL = 0.05
_Array = NDArray[np.float64]


@dataclass(frozen=True)
class ForecastTargets:
    """What was forecast, in N windows of H steps and C targets.

    Args:
        values: (N, H, C) scaled.
        mask: (N, H, C) which were measured; others count nowhere.
        scales: (N, C) a scaled unit in units of the file.
        steps: (N, C) the mean change over a season in training, in units of the file.
        times: (N,) when the forecast begins: windows of one time, of other series, go together.
    """

    values: _Array
    mask: NDArray[np.bool_]
    scales: _Array
    steps: _Array
    times: NDArray[Any]

    @property
    def block_ids(self) -> NDArray[np.int64]:
        """(N,) the block of each window: windows near each other are alike, so they are drawn as blocks. A block has as
        many times as the horizon has steps, or fewer where there would be less than ten blocks."""
        times, place = np.unique(self.times, return_inverse=True)
        length = max(1, min(self.values.shape[1], len(times) // _MIN_BLOCKS))
        return place // length


@dataclass(frozen=True)
class ForecastErrors:
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


def sum_by_group(group: NDArray[np.int64], values: NDArray[Any]) -> _Array:
    """(n,) sums of the values (N,) of each of n places (N,)."""
    found: _Array = np.bincount(group, values).astype(np.float64)
    return found


def compute_errors(forecast: _Array, targets: ForecastTargets) -> ForecastErrors:
    """Errors of forecasts (N, H, C), scaled."""
    error = np.where(targets.mask, forecast - targets.values, 0.0)
    units = error * targets.scales[:, None]
    _, place = np.unique(targets.times, return_inverse=True)
    cells, squares = targets.mask.sum(axis=(1, 2)), (error**2).sum(axis=(1, 2))

    def blocks(values: _Array) -> _Array:
        return sum_by_group(targets.block_ids, values.sum(axis=(1, 2)))

    return ForecastErrors(
        squared=sum_by_group(targets.block_ids, squares),
        absolute=blocks(np.abs(error)),
        squared_units=blocks(units**2),
        absolute_units=blocks(np.abs(units)),
        relative=blocks(np.abs(units) / targets.steps[:, None]),
        by_time=sum_by_group(place, squares) / sum_by_group(place, cells),
        by_step=(error**2).sum(axis=(0, 2)) / np.maximum(1, targets.mask.sum(axis=(0, 2))),
    )


@dataclass
class ForecastScores(MetricScores):
    """Errors of a network and of what it has to beat on the same windows.

    Args:
        network: what it is called.
        model: errors of the network.
        baselines: by name.
        num_targets: (blocks,) measured cells.
        covered: (blocks,) of these inside the interval; None: the network tells none.
        level: share that should be inside.
        windows, horizon: how many windows of how many steps.
    """

    network: str
    model: ForecastErrors
    baselines: Mapping[str, ForecastErrors]
    num_targets: _Array
    covered: _Array | None
    level: float
    num_windows: int
    horizon: int

    def compute_metrics(self) -> dict[str, Metric]:
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
        return {name: self._mean_over_targets(total, how) for name, (total, how) in ways.items()}

    def _mean_over_targets(self, total: _Array, description: str) -> Metric:
        return Metric(np.stack([total, self.num_targets], axis=1), ratio_of_sums, description, 4)

    def tests(self) -> dict[str, DieboldMariano]:
        """The network's squared errors against those of each other forecaster."""
        return {
            name: diebold_mariano(self.model.by_time, errors.by_time, self.horizon)
            for name, errors in self.baselines.items()
        }

    def significance_sentences(self) -> dict[str, str]:
        """In a plain sentence."""
        found = {}
        for name, test in self.tests().items():
            if test.p is None or test.statistic is None:
                found[name] = f"Too few windows to tell the {self.network} from {name}: give more test rows."
            elif test.p < _SIGNIFICANCE_LEVEL and test.statistic < 0:
                found[name] = f"The {self.network} is better than {name} (p {_format_p(test.p)})."
            else:
                found[name] = f"The {self.network} does not beat {name} (p {_format_p(test.p)}): use {name}."
        return found

    def as_dict(self) -> dict[str, Any]:
        """As of all measures; the other forecasters with the test."""
        found, verdicts = super().as_dict(), self.significance_sentences()
        for name, test in self.tests().items():
            finite = test.statistic is not None and np.isfinite(test.statistic)
            more = {"statistic": test.statistic if finite else None, "p": test.p, "verdict": verdicts[name]}
            found[name] |= {"mae": float(self.baselines[name].absolute.sum() / self.num_targets.sum())} | more
        return found

    def report(self) -> str:
        """One table of all forecasters, and what it means."""
        tests = self.tests()
        lines = [
            f"{self.num_windows} windows of {self.horizon} steps; errors scaled, "
            "MASE in seasonal changes of the training",
            f"{'':16} {'MSE':>8}  {'95 % interval':>18} {'MAE':>8} {'MASE':>8}   p against the {self.network}",
        ]
        for name, errors in ((self.network, self.model), *self.baselines.items()):
            mse = self.metrics["mse" if name == self.network else name]
            mae, mase = (float(total.sum() / self.num_targets.sum()) for total in (errors.absolute, errors.relative))
            interval = "{:.4f} to {:.4f}".format(*mse.interval)
            p = _format_p(tests[name].p).removeprefix("= ") if name in tests else ""
            lines.append(f"{name:16} {mse.value:8.4f}  {interval:>18} {mae:8.4f} {mase:8.4f}   {p}".rstrip())
        units = "in units of the file: MSE {:.4g}, MAE {:.4g}"
        lines.append(units.format(*(self.metrics[name].value for name in ("mse_units", "mae_units"))))
        if self.covered is not None:
            measure = self.metrics["coverage"]
            low, high = measure.interval
            lines.append(f"{measure.value:.1f} {measure.description} ({low:.1f} to {high:.1f})")
        return "\n".join([*lines, "", *self.significance_sentences().values()]) + "\n"


def _format_p(p: float | None) -> str:
    """As a sentence has it."""
    if p is None:
        return "unknown"
    return "< 0.0001" if p < 0.0001 else f"= {p:.4f}"
