"""Tables of series, CSV or Parquet, in wide form (a column a target) or long form (a column names the series)."""

import gzip
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.data.calendar import calendar_features, infer_frequency
from grunlp.data.series import SeriesTable, fill_forward
from grunlp.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)
_COLUMNS = "Name a column of the file, as its first line has it"


class Columns(NamedTuple):
    """Which columns of a file are what; those of a sequence are several.

    Args:
        time: None is the first that parses as times.
        targets: None is all that hold numbers.
        group: names the series of each row; None: there is one.
        known: of which the future is known.
        static: that do not change within a series; texts become a column for each of their values.
        calendar: whether sines and cosines of the hour, the day of the week and of the year are known, too.
    """

    time: str | None
    targets: Sequence[str] | None
    group: str | None
    known: Sequence[str]
    static: Sequence[str]
    calendar: bool


class Static(NamedTuple):
    """Columns that do not change: their names, a value of a text among them, and numbers (S, K)."""

    names: tuple[str, ...]
    values: NDArray[np.float64]


def read_series(
    path: str | Path, columns: Columns, statics: Sequence[str] | None, covariates: Sequence[str] | None
) -> SeriesTable:
    """Read a table of series.

    Times of a series must rise. Steps that are missing become rows without a measurement; they and missing values are
    filled with what was last known, counted and reported.

    Args:
        path: a CSV (fields between commas, semicolons or tabs), plain or gz, or a Parquet file.
        columns: what is what.
        statics, covariates: their names as a training has them; None: those that come of this file.

    Raises:
        DataError: names the line (in Parquet the row), the column and what to do.
    """
    path = Path(path)
    reader = _Reader(path, _read(path))
    for name in (columns.time, columns.group, *(columns.targets or ()), *columns.known, *columns.static):
        reader.require(name)
    time, times = reader.times(columns.time, {columns.group, *(columns.targets or ())})
    taken = {time, columns.group, *columns.known, *columns.static}
    targets = tuple(columns.targets or reader.numeric_columns(taken))
    for name in targets:
        if name in taken:
            raise DataError(path, None, f"column {name!r} is a target and something else", "", "Give it one part.")
    numbers = np.stack([reader.numbers(name, "a target") for name in targets], axis=1)
    own = [reader.numbers(name, "data.known") for name in columns.known]
    known = np.stack(own, axis=1) if own else np.empty((len(times), 0))
    return _Grid(reader, columns, time, times, targets, numbers, known).table(statics, covariates)


def _read(path: Path) -> "pd.DataFrame":
    """The file as a frame, empty lines kept, so that rows are lines."""
    import pandas as pd

    if not path.is_file():
        raise DataError(path, None, "no such file", "a CSV or Parquet file of series", "Check the path.")
    advice = "Write it as CSV, its first line naming the columns, or as Parquet."
    try:
        if path.name.removesuffix(".gz").endswith((".parquet", ".pq")):
            if path.name.endswith(".gz"):
                import io

                return _with_index(pd.read_parquet(io.BytesIO(gzip.decompress(path.read_bytes()))))
            return _with_index(pd.read_parquet(path))
        with (gzip.open if path.name.endswith(".gz") else open)(path, "rb") as file:
            first = file.readline().decode("utf-8-sig")
        separator = max(",;\t", key=first.count)
        frame = pd.read_csv(path, sep=separator, skip_blank_lines=False, low_memory=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise DataError(path, None, "the file is empty", "", advice) from None
    except (ValueError, OSError, EOFError) as error:  # ParserError and UnicodeDecodeError are ValueErrors
        raise DataError(path, None, f"cannot be read: {str(error).splitlines()[0]}", "", advice) from None
    last = frame.notna().any(axis=1).to_numpy().nonzero()[0]
    if not len(last):
        raise DataError(path, None, "the file is empty", "it has no row below the names of its columns", advice)
    return frame.iloc[: last[-1] + 1]


def _with_index(frame: "pd.DataFrame") -> "pd.DataFrame":
    """An index of times, which Parquet keeps apart, as a column."""
    import pandas as pd

    return frame.reset_index(drop=isinstance(frame.index, pd.RangeIndex))


class _Reader:
    """A frame and the lines its rows stand on."""

    def __init__(self, path: Path, frame: "pd.DataFrame") -> None:
        self.path, self.frame = path, frame.rename(columns=str)
        self.first = 1 if path.name.removesuffix(".gz").endswith((".parquet", ".pq")) else 2

    def fault(self, row: int, wrong: str, there: str, advice: str) -> DataError:
        return DataError(self.path, int(row) + self.first, wrong, there, advice)

    def require(self, name: str | None) -> None:
        """Raise unless there is such a column."""
        if name is not None and name not in self.frame:
            names = [str(column) for column in self.frame]
            guess = nearest(name, names)
            way = f"Did you mean {guess}?" if guess else f"{_COLUMNS}."
            raise DataError(self.path, None, f"no column {name!r}", f"there are: {', '.join(names)}", way)

    def times(self, name: str | None, others: set[str | None]) -> tuple[str, Any]:
        """The column of times, and these as a DatetimeIndex."""
        import pandas as pd

        if name is None:
            texts = [
                column
                for column in self.frame
                if column not in others and not pd.api.types.is_numeric_dtype(self.frame[column])
            ]
            parsed = {column: _parse(self.frame[column]) for column in texts}
            name = next((column for column, times in parsed.items() if times.notna().mean() > 0.5), None)
            if name is None:
                there = f"there are: {', '.join(self.frame)}"
                raise DataError(self.path, None, "no column holds times", there, "Type data.time=COLUMN")
        times = _parse(self.frame[name])
        bad = np.flatnonzero(times.isna())
        if len(bad):
            value = self.frame[name].iloc[bad[0]]
            there = f"times look like {self.frame[name].dropna().iloc[0]!r} here"
            raise self.fault(
                bad[0], f"column {name!r}: {value!r} is no time", there, "Write it as the others, or remove the row."
            )
        return name, pd.DatetimeIndex(times)

    def numeric_columns(self, taken: set[str | None]) -> list[str]:
        """All columns of numbers that are nothing else; a column of numbers with a few words is a fault, not a text."""
        import pandas as pd

        found = []
        for name in self.frame:
            column = self.frame[name]
            if name not in taken and not pd.api.types.is_bool_dtype(column):
                share = pd.to_numeric(column, errors="coerce").notna().sum() / max(1, column.notna().sum())
                if share > 0.5 and not pd.api.types.is_datetime64_any_dtype(column):
                    found.append(name)
        if not found:
            there = f"there are: {', '.join(self.frame)}"
            raise DataError(self.path, None, "no column holds numbers", there, "Type data.targets=COLUMN")
        return found

    def numbers(self, name: str, part: str) -> NDArray[np.float64]:
        """(R,) of a column, NaN where nothing stands."""
        import pandas as pd

        column = self.frame[name]
        found = pd.to_numeric(column, errors="coerce")
        bad = np.flatnonzero(found.isna() & column.notna())
        if len(bad):
            there = f"{part} holds numbers; {len(bad)} of {len(column)} rows of this column do not"
            way = "Mend the cell, leave it empty, or name other columns by data.targets=COLUMN,COLUMN"
            raise self.fault(bad[0], f"column {name!r}: {column.iloc[bad[0]]!r} is no number", there, way)
        values = found.to_numpy(float)
        endless = np.flatnonzero(np.isinf(values))
        if len(endless):
            wrong = f"column {name!r}: the value is infinite"
            raise self.fault(endless[0], wrong, "numbers are finite", "Leave the cell empty: missing values are filled")
        return values


def _parse(column: "pd.Series") -> Any:
    """Times of a column, NaT where there is none; without a zone, in the time of Greenwich where one was given."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):  # years
        years = column.where((column > 1000) & (column < 3000) & (column % 1 == 0))
        column = years.map("{:.0f}".format, na_action="ignore")
        return pd.to_datetime(column, format="%Y", errors="coerce")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # where each time is parsed alone, since there is no common format
        try:
            times = pd.to_datetime(column)
        except (ValueError, TypeError, OverflowError):
            times = pd.Series(pd.to_datetime(column, errors="coerce", utc=True))
    return times.dt.tz_convert(None) if getattr(times.dt, "tz", None) is not None else times


class _Grid:
    """Rows of a file put on the grid of their times, series by series."""

    def __init__(
        self,
        reader: _Reader,
        columns: Columns,
        time: str,
        times: Any,
        targets: tuple[str, ...],
        numbers: NDArray[np.float64],
        known: NDArray[np.float64],
    ) -> None:
        self.reader, self.columns, self.time, self.times = reader, columns, time, times
        self.targets, self.numbers, self.known = targets, numbers, known
        self.rows = self._rows()

    def _rows(self) -> dict[str, NDArray[np.int64]]:
        """The rows of each series, in the order in which they first occur."""
        group = self.columns.group
        if group is None:
            return {"": np.arange(len(self.times))}
        column = self.reader.frame[group]
        missing = np.flatnonzero(column.isna())
        if len(missing):
            wrong = f"column {group!r} is empty"
            raise self.reader.fault(missing[0], wrong, "it names the series of the row", "Fill it, or remove the row.")
        return {str(name): np.asarray(rows) for name, rows in column.groupby(column, sort=False).indices.items()}

    def _check_order(self, name: str, rows: NDArray[np.int64]) -> None:
        """Raise unless the times of a series rise."""
        times = self.times[rows].to_numpy()
        falls = np.flatnonzero(times[1:] <= times[:-1])
        if len(falls):
            row, before = rows[falls[0] + 1], rows[falls[0]]
            time, where = self.times[row], f" of {name}" if name else ""
            line = before + self.reader.first
            if time == self.times[before]:
                there = f"line {line} has the same time{where}"
                way = "Remove one of the two" + (
                    "." if self.columns.group else ", or name the series: data.group=COLUMN"
                )
                raise self.reader.fault(row, f"column {self.time!r}: {time} comes twice", there, way)
            there = f"line {line} has {self.times[before]}{where}"
            way = "Sort the file by time" + ("." if self.columns.group else ", or name the series: data.group=COLUMN")
            raise self.reader.fault(row, f"column {self.time!r}: {time} stands behind a later time", there, way)

    def _frequency(self) -> str:
        """That of the longest series."""
        longest = max(self.rows.values(), key=len)
        frequency = infer_frequency(self.times[longest])
        if frequency is None:
            raise self.reader.fault(0, "one time is no series", "a frequency takes two", "Give a longer file.")
        return frequency

    def table(self, statics: Sequence[str] | None, covariates: Sequence[str] | None) -> SeriesTable:
        """All series on their grids."""
        import pandas as pd

        for name, rows in self.rows.items():
            self._check_order(name, rows)
        frequency = self._frequency()
        values, known, times, counts, gaps = [], [], [], [], 0
        for name, rows in self.rows.items():
            own = self.times[rows]
            grid = pd.date_range(own[0], own[-1], freq=frequency)
            place = grid.get_indexer(own)
            off = np.flatnonzero(place < 0)
            if len(off):
                wrong = f"column {self.time!r}: {own[off[0]]} is off the grid" + (f" of {name}" if name else "")
                there = f"times of the file have the frequency {frequency}"
                raise self.reader.fault(rows[off[0]], wrong, there, "Resample the series to even steps.")
            gaps += len(grid) - len(own)
            values.append(_put(self.numbers[rows], place, len(grid)))
            known.append(_put(self.known[rows], place, len(grid)))
            times.append(grid.to_numpy())
            counts.append(len(grid))
        observed = [~np.isnan(part) for part in values]
        future = [_ends(part) if self.columns.known else 0 for part in observed]
        starts = np.concatenate([[0], np.cumsum(counts)])
        self._report(frequency, gaps, observed, future, known)
        all_times = np.concatenate(times)
        own_known = np.concatenate([fill_forward(part) for part in known])
        names = tuple(self.columns.known)
        if self.columns.calendar:
            features = calendar_features(all_times, covariates)
            names += tuple(features)
            own_known = np.column_stack([own_known, *features.values()])
        static = self._static(statics)
        return SeriesTable(
            source=str(self.reader.path),
            names=tuple(self.rows),
            starts=starts,
            times=all_times,
            frequency=frequency,
            targets=self.targets,
            values=np.concatenate([fill_forward(part) for part in values]),
            observed=np.concatenate(observed),
            covariates=names,
            own=len(self.columns.known),
            known=own_known,
            future=np.array(future),
            statics=static.names,
            static=static.values,
        )

    def _report(
        self,
        frequency: str,
        gaps: int,
        observed: Sequence[NDArray[np.bool_]],
        future: Sequence[int],
        known: Sequence[NDArray[np.float64]],
    ) -> None:
        """Say what was read and what was filled."""
        rows = sum(map(len, observed))
        said = "%s: %d series, %d steps of the frequency %s, targets %s"
        log.info(said, self.reader.path.name, len(observed), rows, frequency, ", ".join(self.targets))
        empty = sum(int((~part[: len(part) - end]).sum()) for part, end in zip(observed, future, strict=True))
        empty -= gaps * len(self.targets)
        if gaps or empty:
            said = (
                "%s: %d steps of the grid are missing and %d values of others; filled with the last known, not scored"
            )
            log.warning(said, self.reader.path.name, gaps, empty)
        missing = sum(int(np.isnan(part).sum()) for part in known)
        if missing:
            log.warning(
                "%s: %d values of data.known are missing and filled with the last", self.reader.path.name, missing
            )

    def _static(self, statics: Sequence[str] | None) -> Static:
        """What does not change within a series, as numbers."""
        import pandas as pd

        found: dict[str, NDArray[np.float64]] = {}
        for name in self.columns.static:
            column, cells = self.reader.frame[name], []
            for series, rows in self.rows.items():
                first = column.iloc[rows[0]]
                other = np.flatnonzero((column.iloc[rows] != first).to_numpy())
                if len(other):
                    wrong = f"column {name!r}: {column.iloc[rows[other[0]]]} after {first}"
                    there = "data.static does not change within a series" + (
                        f", as it does in {series}" if series else ""
                    )
                    way = "Name it by data.known, or leave it out."
                    raise self.reader.fault(rows[other[0]], wrong, there, way)
                cells.append(first)
            if pd.api.types.is_numeric_dtype(column):
                found[name] = np.array(cells, dtype=float)
            else:
                for value in sorted({str(cell) for cell in cells}):
                    found[f"{name}={value}"] = np.array([float(str(cell) == value) for cell in cells])
        count = len(self.rows)
        names = tuple(found if statics is None else statics)
        return Static(names, np.column_stack([np.zeros((count, 0)), *(found.get(n, np.zeros(count)) for n in names)]))


def _put(values: NDArray[np.float64], place: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Rows at their places among `count`, NaN between them."""
    whole = np.full((count, values.shape[1]), np.nan)
    whole[place] = values
    return whole


def _ends(observed: NDArray[np.bool_]) -> int:
    """Rows at the end in which nothing was measured."""
    measured = np.flatnonzero(observed.any(axis=1))
    return len(observed) - (int(measured[-1]) + 1 if len(measured) else 0)
