"""Tables of series in CSV or Parquet, in wide form (one column for each target) or long form (a column of names)."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.data.input_manifest import record_input
from grunlp.tasks.forecasting.table_file import TableFile, open_table
from grunlp.tasks.forecasting.time_features import calendar_features, infer_frequency
from grunlp.tasks.forecasting.timeseries import TimeSeriesTable, fill_forward
from grunlp.utils.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

MIN_GRID_ROWS, MAX_MISSING_RATIO = 100_000, 100  # steps that a grid may always have, and steps per existing row


class SeriesColumns(NamedTuple):
    """Roles of the columns of a file.

    Attributes:
        time: the times; None: the first column that parses as times.
        targets: the columns to forecast; None: all numeric columns.
        series_id: the column with the name of the series of each row; None: there is one series.
        known_covariates: covariates whose future is known.
        static_covariates: covariates that do not change within a series; text values are one-hot encoded.
        calendar_features: whether to add sines and cosines of the hour, the day of the week and the day of the year as
            covariates.
    """

    time: str | None
    targets: Sequence[str] | None
    series_id: str | None
    known_covariates: Sequence[str]
    static_covariates: Sequence[str]
    calendar_features: bool


class StaticCovariates(NamedTuple):
    """Static covariates: their names (for text, name and value) and their numbers (S, K)."""

    names: tuple[str, ...]
    values: NDArray[np.float64]


def read_time_series(
    source: "str | Path | pd.DataFrame",
    columns: SeriesColumns,
    statics: Sequence[str] | None,
    covariates: Sequence[str] | None,
) -> TimeSeriesTable:
    """Read a table of series.

    The times of a series must increase. Missing steps become rows without a measurement; they and missing values are
    filled with the last known value, counted and logged.

    Args:
        source: a CSV file (separated by commas, semicolons or tabs), plain or gz, or a Parquet file; or a table in
            memory.
        columns: the roles of the columns.
        statics: names of the static covariates in the training; None: those of this file.
        covariates: names of the covariates in the training; None: those of this file.

    Raises:
        DataError: the table is malformed; the error has the line (in Parquet the row) and the column.
    """
    if isinstance(source, str | Path):
        record_input(Path(source))
    reader = open_table(source)
    for name in (
        columns.time,
        columns.series_id,
        *(columns.targets or ()),
        *columns.known_covariates,
        *columns.static_covariates,
    ):
        reader.require_column(name)
    time, times = reader.parse_times(columns.time, {columns.series_id, *(columns.targets or ())})
    taken = {time, columns.series_id, *columns.known_covariates, *columns.static_covariates}
    targets = tuple(columns.targets or reader.numeric_columns(taken))
    for name in targets:
        if name in taken:
            raise DataError(
                reader.path,
                None,
                f"column {name!r} has two roles, one of them target",
                "",
                "Give each column one role.",
            )
    numbers = np.stack([reader.numeric_values(name, "a target") for name in targets], axis=1)
    own = [reader.numeric_values(name, "data.known_covariates") for name in columns.known_covariates]
    known = np.stack(own, axis=1) if own else np.empty((len(times), 0))
    return _RegularGrid(reader, columns, time, times, targets, numbers, known).table(statics, covariates)


class _RegularGrid:
    """The rows of a file, series by series, on a regular time grid."""

    def __init__(
        self,
        reader: TableFile,
        columns: SeriesColumns,
        time: str,
        times: Any,
        targets: tuple[str, ...],
        target_values: NDArray[np.float64],
        known_covariates: NDArray[np.float64],
    ) -> None:
        self.reader, self.columns, self.time, self.times = reader, columns, time, times
        self.targets, self.target_values, self.known_covariates = targets, target_values, known_covariates
        self.rows = self._rows()

    def _rows(self) -> dict[str, NDArray[np.int64]]:
        """Return the rows of each series, in order of the first occurrence of the series."""
        group = self.columns.series_id
        if group is None:
            return {"": np.arange(len(self.times))}
        column = self.reader.frame[group]
        missing = np.flatnonzero(column.isna())
        if len(missing):
            message = f"column {group!r} is empty"
            raise self.reader.row_error(
                missing[0], message, "it names the series of the row", "Fill it, or remove the row."
            )
        return {str(name): np.asarray(rows) for name, rows in column.groupby(column, sort=False).indices.items()}

    def _check_order(self, name: str, rows: NDArray[np.int64]) -> None:
        """Raise DataError unless the times of a series increase."""
        times = self.times[rows].to_numpy()
        falls = np.flatnonzero(times[1:] <= times[:-1])
        if len(falls):
            row, before = rows[falls[0] + 1], rows[falls[0]]
            time, where = self.times[row], f" of {name}" if name else ""
            line = before + self.reader.first
            if time == self.times[before]:
                details = f"line {line} has the same time{where}"
                hint = "Remove one of the two" + (
                    "." if self.columns.series_id else ", or name the series: data.series_id=COLUMN"
                )
                raise self.reader.row_error(row, f"column {self.time!r}: {time} comes twice", details, hint)
            details = f"line {line} has {self.times[before]}{where}"
            hint = "Sort the file by time" + (
                "." if self.columns.series_id else ", or name the series: data.series_id=COLUMN"
            )
            raise self.reader.row_error(row, f"column {self.time!r}: {time} comes after a later time", details, hint)

    def _check_span(self, name: str, rows: NDArray[np.int64], frequency: str) -> None:
        """Raise DataError if nearly all steps of a series are missing, because then one of its times is mistyped."""
        import pandas as pd

        own = self.times[rows]
        steps = (own[-1] - own[0]) / (own[0] + pd.tseries.frequencies.to_offset(frequency) - own[0])
        if steps > max(MIN_GRID_ROWS, MAX_MISSING_RATIO * len(rows)):
            row = rows[int(np.diff(own.to_numpy()).argmax()) + 1]
            message = f"column {self.time!r}: {self.times[row]} is far from the time before it"
            details = (
                f"{steps:.0f} steps of the frequency {frequency} would have to be filled, and {len(rows)} are there"
            )
            raise self.reader.row_error(row, message + (f" of {name}" if name else ""), details, "Correct the time.")

    def _frequency(self) -> str:
        """Return the frequency of the longest series."""
        longest = max(self.rows.values(), key=len)
        frequency = infer_frequency(self.times[longest])
        if frequency is None:
            raise self.reader.row_error(0, "a single time is not a series", "expected two times", "Give a longer file.")
        return frequency

    def table(self, statics: Sequence[str] | None, covariates: Sequence[str] | None) -> TimeSeriesTable:
        """Return all series on their time grids."""
        import pandas as pd

        for name, rows in self.rows.items():
            self._check_order(name, rows)
        frequency = self._frequency()
        values, known, times, counts, gaps = [], [], [], [], 0
        for name, rows in self.rows.items():
            own = self.times[rows]
            self._check_span(name, rows, frequency)
            grid = pd.date_range(own[0], own[-1], freq=frequency)
            positions = grid.get_indexer(own)
            off = np.flatnonzero(positions < 0)
            if len(off):
                message = f"column {self.time!r}: {own[off[0]]} is off the grid" + (f" of {name}" if name else "")
                details = f"times of the file have the frequency {frequency}"
                raise self.reader.row_error(rows[off[0]], message, details, "Resample the series to even steps.")
            gaps += len(grid) - len(own)
            values.append(_scatter_rows(self.target_values[rows], positions, len(grid)))
            known.append(_scatter_rows(self.known_covariates[rows], positions, len(grid)))
            times.append(grid.to_numpy())
            counts.append(len(grid))
        observed = [~np.isnan(series_values) for series_values in values]
        future = [
            _count_trailing_unobserved(series_values) if self.columns.known_covariates else 0
            for series_values in observed
        ]
        starts = np.concatenate([[0], np.cumsum(counts)])
        self._report(frequency, gaps, observed, future, known)
        all_times = np.concatenate(times)
        own_known = np.concatenate([fill_forward(series_values) for series_values in known])
        names = tuple(self.columns.known_covariates)
        if self.columns.calendar_features:
            features = calendar_features(all_times, covariates)
            names += tuple(features)
            own_known = np.column_stack([own_known, *features.values()])
        static = self._static_covariates(statics)
        return TimeSeriesTable(
            source=str(self.reader.path),
            series_names=tuple(self.rows),
            starts=starts,
            times=all_times,
            frequency=frequency,
            target_names=self.targets,
            values=np.concatenate([fill_forward(series_values) for series_values in values]),
            observed_mask=np.concatenate(observed),
            covariate_names=names,
            num_user_covariates=len(self.columns.known_covariates),
            known_covariates=own_known,
            num_future_rows=np.array(future),
            static_covariate_names=static.names,
            static_covariates=static.values,
        )

    def _report(
        self,
        frequency: str,
        gaps: int,
        observed: Sequence[NDArray[np.bool_]],
        future: Sequence[int],
        known: Sequence[NDArray[np.float64]],
    ) -> None:
        """Log which values were read and which were filled."""
        rows = sum(map(len, observed))
        message = "%s: %d series, %d steps of the frequency %s, targets %s"
        log.info(message, self.reader.path.name, len(observed), rows, frequency, ", ".join(self.targets))
        empty = sum(
            int((~series_values[: len(series_values) - end]).sum())
            for series_values, end in zip(observed, future, strict=True)
        )
        empty -= gaps * len(self.targets)
        if gaps or empty:
            message = (
                "%s: %d steps of the grid are missing and %d values of others; filled with the last known, not scored"
            )
            log.warning(message, self.reader.path.name, gaps, empty)
        missing = sum(int(np.isnan(series_values).sum()) for series_values in known)
        if missing:
            log.warning(
                "%s: %d values of data.known_covariates are missing and filled with the last",
                self.reader.path.name,
                missing,
            )

    def _static_covariates(self, statics: Sequence[str] | None) -> StaticCovariates:
        """Return the static covariates as numbers."""
        import pandas as pd

        columns: dict[str, NDArray[np.float64]] = {}
        for name in self.columns.static_covariates:
            column, cells = self.reader.frame[name], []
            for series, rows in self.rows.items():
                first = column.iloc[rows[0]]
                other = np.flatnonzero((column.iloc[rows] != first).to_numpy())
                if len(other):
                    message = f"column {name!r}: {column.iloc[rows[other[0]]]} after {first}"
                    details = "data.static_covariates does not change within a series" + (
                        f", as it does in {series}" if series else ""
                    )
                    hint = "Name it by data.known_covariates, or leave it out."
                    raise self.reader.row_error(rows[other[0]], message, details, hint)
                cells.append(first)
            if pd.api.types.is_numeric_dtype(column):
                columns[name] = np.array(cells, dtype=float)
            else:
                for value in sorted({str(cell) for cell in cells}):
                    columns[f"{name}={value}"] = np.array([float(str(cell) == value) for cell in cells])
        count = len(self.rows)
        names = tuple(columns if statics is None else statics)
        return StaticCovariates(
            names, np.column_stack([np.zeros((count, 0)), *(columns.get(n, np.zeros(count)) for n in names)])
        )


def _scatter_rows(values: NDArray[np.float64], positions: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Place rows at their positions among `count` rows, with NaN between them."""
    whole = np.full((count, values.shape[1]), np.nan)
    whole[positions] = values
    return whole


def _count_trailing_unobserved(observed: NDArray[np.bool_]) -> int:
    """Return the number of rows at the end in which nothing was measured."""
    measured = np.flatnonzero(observed.any(axis=1))
    return len(observed) - (int(measured[-1]) + 1 if len(measured) else 0)
