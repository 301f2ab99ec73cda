"""Tables of series, in wide form (one column for each target) or long form (a column of names)."""

import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.data.input_manifest import record_input
from grunlp.data.timeseries.layout import TableLayout
from grunlp.data.timeseries.number_columns import NumberReader
from grunlp.data.timeseries.table_file import TableFile, open_table
from grunlp.data.timeseries.time_columns import find_time_column, find_time_parts, read_times
from grunlp.data.timeseries.time_features import calendar_features, infer_frequency, make_grid, require_frequency
from grunlp.data.timeseries.time_zone import find_zones_set_back_at, to_clock_times
from grunlp.data.timeseries.timeseries import TimeSeriesTable, fill_forward
from grunlp.utils.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

MIN_GRID_ROWS, MAX_MISSING_RATIO = 100_000, 100  # steps that a grid may always have, and steps per existing row
MAX_MISSING_SHARE = 0.5  # of the steps of a grid whose frequency is inferred


class SeriesColumns(NamedTuple):
    """Roles of the columns of a file.

    Attributes:
        targets: the columns to forecast; None: all numeric columns.
        series_id: the column with the name of the series of each row; None: there is one series.
        known_covariates: covariates whose future is known.
        static_covariates: covariates that do not change within a series; text values are one-hot encoded.
        calendar_features: whether to add sines and cosines of the hour, the day of the week and the day of the year as
            covariates.
    """

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
    source: "str | Path | io.StringIO | pd.DataFrame",
    columns: SeriesColumns,
    layout: TableLayout,
    statics: Sequence[str] | None,
    covariates: Sequence[str] | None,
) -> TimeSeriesTable:
    """Read a table of series.

    The times of a series must increase. Missing steps become rows without a measurement; they and missing values are
    filled with the last known value, counted and logged.

    Args:
        source: a file in CSV, JSON Lines or Parquet, plain, gz or xz; or a table, as text in CSV or as a data frame.
        columns: the roles of the columns.
        layout: how the table is read; the layout of the result has what was detected besides.
        statics: names of the static covariates in the training; None: those of this file.
        covariates: names of the covariates in the training; None: those of this file.

    Raises:
        DataError: the table is malformed or ambiguous; the error has the line (in Parquet the row) and the column.
    """
    if isinstance(source, str | Path):
        record_input(Path(source))
    if layout.frequency:
        require_frequency(layout.frequency)
    table = open_table(source, layout)
    parts = (columns.series_id, *columns.known_covariates, *columns.static_covariates)
    for name in (layout.time_column, *parts, *(columns.targets or ())):
        table.require_column(name)
    series = _series_rows(table, columns.series_id)
    time = layout.time_column or find_time_column(table, {*parts, *(columns.targets or ())})
    times = read_times(table, time, _series_index(series, len(table.frame)))
    taken, numbers = {time, *parts}, NumberReader(table)
    targets = tuple(columns.targets or numbers.find_numeric_columns(taken))
    for name in targets:
        if name in taken:
            message = f"column {name!r} has two roles, one of them target"
            raise DataError(table.path, None, message, "", "Give each column one role.")
    numbers.settle_format([*targets, *columns.known_covariates])
    target_values = np.stack([numbers.read(name, "a target") for name in targets], axis=1)
    own = [numbers.read(name, "data.known_covariates") for name in columns.known_covariates]
    known = np.stack(own, axis=1) if own else np.empty((len(times), 0))
    grid = _RegularGrid(table, columns, series, times, targets, target_values, known)
    units = numbers.units([*targets, *columns.known_covariates])
    static = _static_covariates(table, columns.static_covariates, series, numbers, statics)
    return replace(grid.table(static, covariates), units=units)


def _series_rows(table: TableFile, series_id: str | None) -> dict[str, NDArray[np.int64]]:
    """Return the rows of each series, in order of the first occurrence of the series."""
    if series_id is None:
        return {"": np.arange(len(table.frame))}
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(table.texts(series_id)):
        if not name:
            message = f"column {series_id!r} is empty"
            raise table.row_error(row, message, "it names the series of the row", "Fill it, or remove the row.")
        rows.setdefault(name, []).append(row)
    return {name: np.array(own) for name, own in rows.items()}


def _series_index(series: Mapping[str, NDArray[np.int64]], count: int) -> NDArray[np.int64]:
    """Return the (R,) number of the series of each row."""
    index = np.zeros(count, dtype=np.int64)
    for number, rows in enumerate(series.values()):
        index[rows] = number
    return index


class _RegularGrid:
    """The rows of a file, series by series, on a regular time grid."""

    def __init__(
        self,
        reader: TableFile,
        columns: SeriesColumns,
        rows: Mapping[str, NDArray[np.int64]],
        times: Any,
        targets: tuple[str, ...],
        target_values: NDArray[np.float64],
        known_covariates: NDArray[np.float64],
    ) -> None:
        self.reader, self.columns, self.rows, self.times = reader, columns, rows, times
        self.targets, self.target_values, self.known_covariates = targets, target_values, known_covariates
        self.time, self.time_zone = str(reader.layout.time_column), reader.layout.time_zone
        self.texts = reader.texts(self.time)

    def _check_order(self, name: str, rows: NDArray[np.int64]) -> None:
        """Raise DataError unless the times of a series increase."""
        times = self.times[rows].to_numpy()
        falls = np.flatnonzero(times[1:] <= times[:-1])
        if not len(falls):
            return
        row, before = int(rows[falls[0] + 1]), int(rows[falls[0]])
        parts = find_time_parts(self.reader, self.time)
        if any(self.reader.texts(part)[row] != self.reader.texts(part)[before] for part in parts):
            names = " and ".join(map(repr, (self.time, *parts)))
            message, hint = f"the times are spread over the columns {names}", "Join them, such as 2024-01-31 13:00"
            details = f"column {self.time!r} alone has {self.texts[row]!r} after {self.texts[before]!r}"
            raise self.reader.row_error(row, message, details, f"{hint}, in one column.")
        time, where, line = self.texts[row], f" of {name}" if name else "", self.reader.lines[before]
        if self.times[row] == self.times[before]:
            message, details = f"{time!r} comes twice", f"line {line} has the same time{where}"
            hint = "Remove one of the two"
        else:
            message, details = f"{time!r} comes after a later time", f"line {line} has {self.texts[before]!r}{where}"
            hint = "Sort the file by time"
        hint += self._zone_hint(row, before)
        hint += "." if self.columns.series_id else ", or name the series: data.series_id=COLUMN"
        raise self.reader.row_error(row, f"column {self.time!r}: {message}", details, hint)

    def _zone_hint(self, row: int, before: int) -> str:
        """Return advice to name the zone if an hour comes twice because clocks were set back, else nothing."""
        import pandas as pd

        clock = self.times[row]
        if self.time_zone or self.times[before] - clock >= pd.Timedelta(hours=1) or clock == clock.normalize():
            return ""
        zone = next(find_zones_set_back_at(clock), None)
        return f"; where clocks were set back then, name the zone: data.time_zone={zone}, for example" if zone else ""

    def _check_span(self, name: str, rows: NDArray[np.int64], frequency: str) -> None:
        """Raise DataError if nearly all steps of a series are missing, because then one of its times is mistyped."""
        import pandas as pd

        own = to_clock_times(self.times[rows], self.time_zone)
        steps = (own[-1] - own[0]) / (own[0] + pd.tseries.frequencies.to_offset(frequency) - own[0])
        if steps > max(MIN_GRID_ROWS, MAX_MISSING_RATIO * len(rows)):
            row = rows[int(np.diff(own.to_numpy()).argmax()) + 1]
            message = f"column {self.time!r}: {self.texts[row]!r} is far from the time before it"
            details = (
                f"{steps:.0f} steps of the frequency {frequency} would have to be filled, and {len(rows)} are there"
            )
            raise self.reader.row_error(row, message + (f" of {name}" if name else ""), details, "Correct the time.")

    def _infer_frequency(self) -> str:
        """Return the frequency of the longest series."""
        times = self.times[max(self.rows.values(), key=len)]
        clock = to_clock_times(times, self.time_zone)
        is_same_time_of_day = (clock - clock.normalize()).nunique() == 1
        frequency = infer_frequency(clock if is_same_time_of_day else times)
        if frequency is None:
            raise self.reader.row_error(0, "a single time is not a series", "expected two times", "Give a longer file.")
        return frequency

    def _require_frequency(self, frequency: str, inferred: str) -> None:
        """Raise DataError if the times have another frequency than the given one."""
        if frequency != inferred:
            message = f"its times have the frequency {inferred}"
            details = f"data.frequency is {frequency}, as in the training of a model"
            raise DataError(self.reader.path, None, message, details, "Resample the file.")

    def _check_missing_steps(self, positions: Sequence[NDArray[np.int64]], steps: int, frequency: str) -> None:
        """Raise DataError if most steps are missing, unless the frequency is given and the most frequent step has it.

        Args:
            positions: positions of the rows of each series on its grid.
            steps: number of steps of all grids.
            frequency: frequency of the grids.
        """
        gaps = steps - sum(map(len, positions))
        if gaps <= MAX_MISSING_SHARE * steps:
            return
        if self.reader.layout.frequency:
            lengths, counts = np.unique(np.concatenate([np.diff(own) for own in positions]), return_counts=True)
            if lengths[counts.argmax()] > 1:
                self._require_frequency(frequency, self._infer_frequency())
            return
        message = f"{gaps} of {steps} steps of the frequency {frequency} are missing"
        date_format = self.reader.layout.date_format
        details = f"the most frequent step between times is {frequency}"
        if date_format:
            details += f"; they are read as {date_format}"
        hint = f"Correct data.date_format=, resample the file, or type data.frequency={frequency} if this is right"
        raise DataError(self.reader.path, None, message, details, hint)

    def table(self, static: StaticCovariates, covariates: Sequence[str] | None) -> TimeSeriesTable:
        """Return all series on their time grids."""
        for name, rows in self.rows.items():
            self._check_order(name, rows)
        inferred = self._infer_frequency()
        frequency = self.reader.layout.frequency or inferred
        values, known, times, counts, all_positions = [], [], [], [], []
        for name, rows in self.rows.items():
            own = self.times[rows]
            self._check_span(name, rows, frequency)
            grid = make_grid(own[0], own[-1], frequency, self.time_zone)
            positions = grid.get_indexer(own)
            off = np.flatnonzero(positions < 0)
            if len(off):
                self._require_frequency(frequency, inferred)
                row = rows[off[0]]
                message = f"column {self.time!r}: {self.texts[row]!r} is off the grid" + (f" of {name}" if name else "")
                details = f"times of the file have the frequency {frequency}"
                hint = "Resample the series to even steps, or name their step: data.frequency="
                raise self.reader.row_error(row, message, details, hint)
            all_positions.append(positions)
            values.append(_scatter_rows(self.target_values[rows], positions, len(grid)))
            known.append(_scatter_rows(self.known_covariates[rows], positions, len(grid)))
            times.append(grid.to_numpy())
            counts.append(len(grid))
        self._check_missing_steps(all_positions, sum(counts), frequency)
        self.reader.layout = replace(self.reader.layout, frequency=frequency)
        observed = [~np.isnan(series_values) for series_values in values]
        future = [
            _count_trailing_unobserved(series_values) if self.columns.known_covariates else 0
            for series_values in observed
        ]
        starts = np.concatenate([[0], np.cumsum(counts)])
        self._require_measurements(observed)
        self._report(frequency, sum(counts) - len(self.times), observed, future, known)
        all_times = np.concatenate(times)
        own_known = np.concatenate([fill_forward(series_values) for series_values in known])
        names = tuple(self.columns.known_covariates)
        if self.columns.calendar_features:
            features = calendar_features(to_clock_times(all_times, self.time_zone).to_numpy(), covariates)
            names += tuple(features)
            own_known = np.column_stack([own_known, *features.values()])
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
            layout=self.reader.layout,
            guesses=tuple(self.reader.guesses),
        )

    def _read_columns(self) -> set[str | None]:
        columns = self.columns
        return {self.time, columns.series_id, *self.targets, *columns.known_covariates, *columns.static_covariates}

    def _require_measurements(self, observed: Sequence[NDArray[np.bool_]]) -> None:
        """Raise DataError for a series without one measurement of a target."""
        for (name, rows), measured in zip(self.rows.items(), observed, strict=True):
            never = np.flatnonzero(~measured.any(axis=0))
            if len(never):
                message = f"column {self.targets[never[0]]!r} has no measurement" + (f" of {name}" if name else "")
                details = f"all {len(rows)} rows of it are empty from this line on"
                raise self.reader.row_error(rows[0], message, details, "Fill it, or leave the series out of the file.")

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
        guesses = "".join(f"; guessed: {guess}" for guess in self.reader.guesses)
        log.info("%s read as: %s%s", self.reader.path.name, self.reader.layout.describe(), guesses)
        unread = [name for name in self.reader.frame if name not in self._read_columns()]
        if unread:
            log.info("%s: columns that are not read: %s", self.reader.path.name, ", ".join(unread))
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


def _static_covariates(
    table: TableFile,
    names: Sequence[str],
    series: Mapping[str, NDArray[np.int64]],
    numbers: NumberReader,
    statics: Sequence[str] | None,
) -> StaticCovariates:
    """Return the static covariates as numbers."""
    columns: dict[str, NDArray[np.float64]] = {}
    for name in names:
        is_numeric = numbers.has_only_numbers(name) if statics is None else name in statics
        texts = table.texts(name)
        values = np.array(numbers.read(name, "data.static_covariates").tolist() if is_numeric else texts, dtype=object)
        for own, rows in series.items():
            other = np.flatnonzero(values[rows] != values[rows[0]])
            if len(other):
                message = f"column {name!r}: {texts[rows[other[0]]]!r} after {texts[rows[0]]!r}"
                details = "data.static_covariates does not change within a series" + (
                    f", as it does in {own}" if own else ""
                )
                hint = "Name it by data.known_covariates, or leave it out."
                raise table.row_error(rows[other[0]], message, details, hint)
        cells = [values[rows[0]] for rows in series.values()]
        if is_numeric:
            columns[name] = np.array(cells, dtype=float)
        else:
            for value in sorted(set(cells)):
                columns[f"{name}={value}"] = np.array([float(cell == value) for cell in cells])
    count = len(series)
    kept = tuple(columns if statics is None else statics)
    return StaticCovariates(
        kept, np.column_stack([np.zeros((count, 0)), *(columns.get(name, np.zeros(count)) for name in kept)])
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
