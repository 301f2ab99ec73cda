"""Forecast errors of a network and of naive baselines, with significance tests."""

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
    """True values of N windows of H steps and C targets.

    Args:
        values: (N, H, C) scaled values.
        mask: (N, H, C) true for observed values; the others are ignored.
        scales: (N, C) size of a scaled unit in units of the data.
        steps: (N, C) mean seasonal change in the training data, in units of the data.
        times: (N,) start of the forecast; windows of several series with the same start belong together.
    """

    values: _Array
    mask: NDArray[np.bool_]
    scales: _Array
    steps: _Array
    times: NDArray[Any]

    @property
    def block_ids(self) -> NDArray[np.int64]:
        """(N,) index of the block of each window.

        Neighbouring windows are correlated, so the bootstrap draws blocks of as many start times as the horizon has
        steps, or fewer if that would give less than ten blocks.
        """
        times, time_index = np.unique(self.times, return_inverse=True)
        length = max(1, min(self.values.shape[1], len(times) // _MIN_BLOCKS))
        return time_index // length


@dataclass(frozen=True)
class ForecastErrors:
    """Errors of one forecaster, summed by block over observed targets.

    Args:
        squared, absolute: (blocks,) sums of scaled errors.
        squared_units, absolute_units: (blocks,) sums in units of the data.
        relative: (blocks,) sums of absolute errors relative to the mean seasonal change, as in MASE.
        by_time: (times,) mean squared error of the windows with each start time.
        by_step: (H,) mean squared error of each step.
    """

    squared: _Array
    absolute: _Array
    squared_units: _Array
    absolute_units: _Array
    relative: _Array
    by_time: _Array
    by_step: _Array


def sum_by_group(group: NDArray[np.int64], values: NDArray[Any]) -> _Array:
    """Sum values (N,) by group index (N,): (groups,)."""
    sums: _Array = np.bincount(group, values).astype(np.float64)
    return sums


def compute_errors(forecast: _Array, targets: ForecastTargets) -> ForecastErrors:
    """Compute the errors of scaled forecasts (N, H, C)."""
    error = np.where(targets.mask, forecast - targets.values, 0.0)
    units = error * targets.scales[:, None]
    _, time_index = np.unique(targets.times, return_inverse=True)
    num_targets, squares = targets.mask.sum(axis=(1, 2)), (error**2).sum(axis=(1, 2))

    def sum_by_block(values: _Array) -> _Array:
        return sum_by_group(targets.block_ids, values.sum(axis=(1, 2)))

    return ForecastErrors(
        squared=sum_by_group(targets.block_ids, squares),
        absolute=sum_by_block(np.abs(error)),
        squared_units=sum_by_block(units**2),
        absolute_units=sum_by_block(np.abs(units)),
        relative=sum_by_block(np.abs(units) / targets.steps[:, None]),
        by_time=sum_by_group(time_index, squares) / sum_by_group(time_index, num_targets),
        by_step=(error**2).sum(axis=(0, 2)) / np.maximum(1, targets.mask.sum(axis=(0, 2))),
    )


@dataclass
class ForecastScores(MetricScores):
    """Scores of a network and of its baselines on the same windows.

    Args:
        network: name of the network.
        model: errors of the network.
        baselines: errors of the baselines by name.
        num_targets: (blocks,) number of observed targets.
        covered: (blocks,) number of targets inside the prediction interval; None if the network predicts none.
        level: nominal coverage of the interval.
        num_windows: number of windows.
        horizon: number of steps of a window.
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
        """Compute the errors of the network, then the mean squared errors of the baselines."""
        totals = {
            "mse": (self.model.squared, "mean squared error, scaled"),
            "mae": (self.model.absolute, "mean absolute error, scaled"),
            "mse_units": (self.model.squared_units, "mean squared error, in units of the data"),
            "mae_units": (self.model.absolute_units, "mean absolute error, in units of the data"),
            "mase": (self.model.relative, "mean absolute error divided by the mean seasonal change in training"),
        }
        if self.covered is not None:
            nominal = f"{100 * self.level:.0f} %"
            totals["coverage"] = (100 * self.covered, f"% of the true values inside the interval of {nominal}")
        for name, errors in self.baselines.items():
            totals[name] = (errors.squared, "mean squared error, scaled")
        return {name: self._mean_over_targets(total, description) for name, (total, description) in totals.items()}

    def _mean_over_targets(self, total: _Array, description: str) -> Metric:
        return Metric(np.stack([total, self.num_targets], axis=1), ratio_of_sums, description, 4)

    def tests(self) -> dict[str, DieboldMariano]:
        """Test the squared errors of the network against those of each baseline."""
        return {
            name: diebold_mariano(self.model.by_time, errors.by_time, self.horizon)
            for name, errors in self.baselines.items()
        }

    def significance_sentences(self) -> dict[str, str]:
        """State the result of each test in a sentence."""
        sentences = {}
        for name, test in self.tests().items():
            if test.p is None or test.statistic is None:
                sentences[name] = f"Too few windows to compare the {self.network} with {name}: use more test rows."
            elif test.p < _SIGNIFICANCE_LEVEL and test.statistic < 0:
                sentences[name] = f"The {self.network} is better than {name} (p {_format_p(test.p)})."
            else:
                sentences[name] = f"The {self.network} does not beat {name} (p {_format_p(test.p)}): use {name}."
        return sentences

    def as_dict(self) -> dict[str, Any]:
        """Return the contents of `metrics.json`, with the test against each baseline."""
        content, sentences = super().as_dict(), self.significance_sentences()
        for name, test in self.tests().items():
            finite = test.statistic is not None and np.isfinite(test.statistic)
            content[name] |= {
                "mae": float(self.baselines[name].absolute.sum() / self.num_targets.sum()),
                "statistic": test.statistic if finite else None,
                "p": test.p,
                "verdict": sentences[name],
            }
        return content

    def report(self) -> str:
        """Format a table of the network and its baselines, with the results of the tests."""
        tests = self.tests()
        lines = [
            f"{self.num_windows} windows of {self.horizon} steps; errors scaled, MASE relative to the mean seasonal "
            "change in training",
            f"{'':16} {'MSE':>8}  {'95 % interval':>18} {'MAE':>8} {'MASE':>8}   p against the {self.network}",
        ]
        for name, errors in ((self.network, self.model), *self.baselines.items()):
            mse = self.metrics["mse" if name == self.network else name]
            mae, mase = (float(total.sum() / self.num_targets.sum()) for total in (errors.absolute, errors.relative))
            interval = "{:.4f} to {:.4f}".format(*mse.interval)
            p = _format_p(tests[name].p).removeprefix("= ") if name in tests else ""
            lines.append(f"{name:16} {mse.value:8.4f}  {interval:>18} {mae:8.4f} {mase:8.4f}   {p}".rstrip())
        units = "in units of the data: MSE {:.4g}, MAE {:.4g}"
        lines.append(units.format(*(self.metrics[name].value for name in ("mse_units", "mae_units"))))
        if self.covered is not None:
            coverage = self.metrics["coverage"]
            low, high = coverage.interval
            lines.append(f"{coverage.value:.1f} {coverage.description} ({low:.1f} to {high:.1f})")
        return "\n".join([*lines, "", *self.significance_sentences().values()]) + "\n"


def _format_p(p: float | None) -> str:
    """Format a p-value for a sentence."""
    if p is None:
        return "unknown"
    return "< 0.0001" if p < 0.0001 else f"= {p:.4f}"
