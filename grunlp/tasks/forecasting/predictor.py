"""What comes after the end of series."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch

from grunlp.tasks.forecasting.checkpoint import SeriesRun, load_series_run, read_like
from grunlp.tasks.forecasting.data import open_series, require_length
from grunlp.tasks.forecasting.inference import Prepared, forecast, prepare
from grunlp.tasks.forecasting.time_features import calendar_features, times_after
from grunlp.tasks.forecasting.timeseries import SeriesTable
from grunlp.tasks.forecasting.windows import Window
from grunlp.tasks.predictor import Predictor
from grunlp.utils.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("time", "series", "target", "forecast", "lower", "upper")
LONGER = "Give a file with more rows of it."
Row = tuple[np.datetime64, str, str, float, float, float]


@dataclass(frozen=True, eq=False)
class Forecaster(Predictor["str | Path | pd.DataFrame", "pd.DataFrame"]):
    """A forecaster: a table of series becomes a table of what comes after it.

    A table has the columns of the training, as a CSV or Parquet file or a DataFrame. The answer has the columns time,
    series, target, forecast, lower and upper, in units of the table, NaN where no interval was trained; its rows are
    series by series, step by step, target by target.

    Args:
        run: the network with what belongs to it.
    """

    run: SeriesRun
    kind: ClassVar[str] = "forecaster"

    def stream(self, many: "Iterable[str | Path | pd.DataFrame]") -> "Iterator[pd.DataFrame]":
        """The forecasts of each table."""
        import pandas as pd

        for given in many:
            rows = (row for series in self.rows(read_like(self.run, given)) for row in series)
            yield pd.DataFrame(rows, columns=list(COLUMNS))

    def own_table(self) -> SeriesTable:
        """The data of the training as they are now: the file may have grown since."""
        data = self.run.config.data
        return read_like(self.run, data.train) if data.name == "series" else open_series(data).table

    def rows(self, table: SeriesTable) -> Iterator[list[Row]]:
        """The rows of each series."""
        history = self.run.config.data.history
        require_length(table, history, 0, LONGER)
        prepared = prepare(table, self.run.scaling, history)
        for i, name in enumerate(table.names):
            times, window = _after(self.run, prepared, i)
            told = forecast(self.run.model, window)
            sides = [_units(side, prepared, i) for side in (told.centre, told.lower, told.upper)]
            yield [
                (time, name, target, *(float("nan") if side is None else float(side[step, c]) for side in sides))
                for step, time in enumerate(times)
                for c, target in enumerate(table.targets)
            ]


def _units(side: torch.Tensor | None, prepared: Prepared, series: int) -> np.ndarray | None:
    """Scaled forecasts (1, H, C) of a series in units of the file (H, C)."""
    return None if side is None else side[0].double().numpy() * prepared.scales[series] + prepared.means[series]


def _after(run: SeriesRun, prepared: Prepared, series: int) -> tuple[np.ndarray, Window]:
    """The times (H,) after a series, and the window that forecasts them; nothing stands in its horizon."""
    table, tensors = prepared.table, prepared.tensors
    history, horizon = run.config.data.history, run.config.data.horizon
    end = int(table.starts[series + 1] - table.future[series])
    times = times_after(table.times[end - 1], table.frequency, horizon)
    if table.own and table.future[series] < horizon:
        there = f"{table.future[series]} rows after the last target have them, {horizon} are forecast"
        way = f"Add rows with their times and {', '.join(table.covariates[: table.own])}, the targets left empty."
        names = ", ".join(table.covariates[: table.own])
        raise DataError(table.source, None, f"{table.label(series)}: {names} must be known of the future", there, way)
    own = table.known[end : end + horizon, : table.own] if table.own else np.empty((horizon, 0))
    features = calendar_features(times, table.covariates)
    ahead = torch.from_numpy(run.scaling.known(np.column_stack([own, *features.values()]))).float()
    past = slice(end - history, end)
    values = tensors.values[past]
    empty = torch.zeros(horizon, values.shape[1])
    return times, Window(
        torch.cat([values, empty])[None],
        torch.cat([tensors.observed[past], empty.bool()])[None],
        torch.cat([tensors.known[past], ahead])[None],
        tensors.static[series][None],
    )


def load_forecaster(run: str | Path) -> Forecaster:
    """The forecaster of a run folder."""
    return Forecaster(load_series_run(run))
