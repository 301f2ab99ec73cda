"""A file of time series as a table: its cells, and the line of each row."""

import gzip
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from grunlp.utils.error_translation import wrap_library_errors
from grunlp.utils.errors import DataError, closest_match

if TYPE_CHECKING:
    import pandas as pd

_COLUMN_HINT = "Use a column name from the first line of the file"


def read_data_frame(path: Path) -> "pd.DataFrame":
    """Read the file as a data frame that keeps empty lines, so that rows correspond to lines."""
    import pandas as pd

    if not path.is_file():
        raise DataError(path, None, "no such file", "expected a CSV or Parquet file of series", "Check the path.")
    advice = "Save it as CSV with the names of the columns in the first line, or as Parquet."
    try:
        if path.name.removesuffix(".gz").endswith((".parquet", ".pq")):
            if path.name.endswith(".gz"):
                import io

                with wrap_library_errors(path, "not a Parquet file", advice):
                    return _reset_time_index(pd.read_parquet(io.BytesIO(gzip.decompress(path.read_bytes()))))
            with wrap_library_errors(path, "not a Parquet file", advice):
                return _reset_time_index(pd.read_parquet(path))
        with (gzip.open if path.name.endswith(".gz") else open)(path, "rb") as file:
            first = file.readline().decode("utf-8-sig")
        separator = max(",;\t", key=first.count)
        frame = pd.read_csv(path, sep=separator, skip_blank_lines=False, low_memory=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise DataError(path, None, "the file is empty", "", advice) from None
    except (ValueError, OSError, EOFError, zlib.error) as error:  # ParserError and UnicodeDecodeError are ValueErrors
        raise DataError(path, None, f"cannot be read: {str(error).splitlines()[0]}", "", advice) from None
    last = frame.notna().any(axis=1).to_numpy().nonzero()[0]
    if not len(last):
        raise DataError(path, None, "the file is empty", "it has no row after the names of its columns", advice)
    return frame.iloc[: last[-1] + 1]


def open_table(source: "str | Path | pd.DataFrame") -> "TableFile":
    """Open a file, or a table in memory."""
    if not isinstance(source, str | Path):
        return TableFile(Path("the table"), _reset_time_index(source), first=1)
    path = Path(source)
    parquet = path.name.removesuffix(".gz").endswith((".parquet", ".pq"))
    return TableFile(path, read_data_frame(path), first=1 if parquet else 2)


def _reset_time_index(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return the table with its time index, which Parquet stores separately, as a column."""
    import pandas as pd

    return frame.reset_index(drop=isinstance(frame.index, pd.RangeIndex))


class TableFile:
    """A data frame and the line of each of its rows.

    Args:
        path: the path of the file, for errors.
        frame: the data frame that `read_data_frame` returns.
        first: the line of the first row; 1 for tables without lines.
    """

    def __init__(self, path: Path, frame: "pd.DataFrame", first: int) -> None:
        self.path, self.frame, self.first = path, frame.rename(columns=str), first

    def row_error(self, row: int, message: str, details: str, hint: str) -> DataError:
        """Return the error for a row of the frame, with its line."""
        return DataError(self.path, int(row) + self.first, message, details, hint)

    def require_column(self, name: str | None) -> None:
        """Raise DataError unless the column exists."""
        if name is not None and name not in self.frame:
            names = [str(column) for column in self.frame]
            guess = closest_match(name, names)
            hint = f"Did you mean {guess}?" if guess else f"{_COLUMN_HINT}."
            raise DataError(self.path, None, f"no column {name!r}", f"there are: {', '.join(names)}", hint)

    def parse_times(self, name: str | None, values: set[str | None]) -> tuple[str, Any]:
        """Return the name of the time column, and its values as a DatetimeIndex."""
        import pandas as pd

        if name is None:
            texts = [
                column
                for column in self.frame
                if column not in values and not pd.api.types.is_numeric_dtype(self.frame[column])
            ]
            parsed = {column: _parse_times(self.frame[column]) for column in texts}
            name = next((column for column, times in parsed.items() if times.notna().mean() > 0.5), None)
            if name is None:
                details = f"there are: {', '.join(self.frame)}"
                raise DataError(self.path, None, "no column contains times", details, "Type data.time_column=COLUMN")
        times = _parse_times(self.frame[name])
        bad = np.flatnonzero(times.isna())
        if len(bad):
            value = self.frame[name].iloc[bad[0]]
            details = f"times look like {self.frame[name].dropna().iloc[0]!r} here"
            raise self.row_error(
                bad[0],
                f"column {name!r}: {value!r} is not a time",
                details,
                "Write it like the others, or remove it.",
            )
        return name, pd.DatetimeIndex(times)

    def numeric_columns(self, exclude: set[str | None]) -> list[str]:
        """Return the unused numeric columns.

        Raises DataError for a column of numbers with a few words, which is not text.
        """
        import pandas as pd

        columns = []
        for name in self.frame:
            column = self.frame[name]
            if name not in exclude and not pd.api.types.is_bool_dtype(column):
                share = pd.to_numeric(column, errors="coerce").notna().sum() / max(1, column.notna().sum())
                if share > 0.5 and not pd.api.types.is_datetime64_any_dtype(column):
                    columns.append(name)
        if not columns:
            details = f"there are: {', '.join(self.frame)}"
            raise DataError(self.path, None, "no column contains numbers", details, "Type data.targets=COLUMN")
        return columns

    def numeric_values(self, name: str, role: str) -> NDArray[np.float64]:
        """Return the (R,) numbers of a column, NaN for empty cells."""
        import pandas as pd

        column = self.frame[name]
        numbers = pd.to_numeric(column, errors="coerce")
        bad = np.flatnonzero(numbers.isna() & column.notna())
        if len(bad):
            details = f"{role} has numbers; {len(bad)} of {len(column)} rows of this column do not"
            hint = "Correct the cell, leave it empty, or name other columns by data.targets=COLUMN,COLUMN"
            raise self.row_error(bad[0], f"column {name!r}: {column.iloc[bad[0]]!r} is not a number", details, hint)
        values = numbers.to_numpy(float)
        endless = np.flatnonzero(np.isinf(values))
        if len(endless):
            message = f"column {name!r}: the value is infinite"
            raise self.row_error(
                endless[0], message, "numbers must be finite", "Leave the cell empty; missing values are filled"
            )
        return values


def _parse_times(column: "pd.Series") -> Any:
    """Parse the times of a column, NaT for empty cells.

    Times with a time zone are converted to UTC, and the zone is dropped.
    """
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):  # years
        years = column.where((column > 1000) & (column < 3000) & (column % 1 == 0))
        column = years.map("{:.0f}".format, na_action="ignore")
        return pd.to_datetime(column, format="%Y", errors="coerce")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # each time is parsed on its own if there is no common format
        try:
            times = pd.to_datetime(column)
        except (ValueError, TypeError, OverflowError):
            times = pd.Series(pd.to_datetime(column, errors="coerce", utc=True))
    return times.dt.tz_convert(None) if getattr(times.dt, "tz", None) is not None else times
