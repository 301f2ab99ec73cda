"""CSV tables and records of forecasts, for the server."""

import io
import math
from typing import Any

from grunlp.tasks.predictor import Record
from grunlp.utils.errors import UserError


def parse_csv(table: str) -> Any:
    """Parse a CSV table. Raises UserError for any other text."""
    import pandas as pd

    first = table.partition("\n")[0]
    try:
        return pd.read_csv(io.StringIO(table), sep=max(",;\t", key=first.count), low_memory=False)
    except ValueError:  # EmptyDataError and ParserError, too
        raise UserError(
            "the text is not CSV",
            "expected the names of the columns in the first line, and one row in each following line",
            "Send a table with the columns of the training data.",
        ) from None


def forecast_records(forecasts: Any) -> list[Record]:
    """Make a record of each row, rounded as `python -m grunlp.predict` does.

    A bound is null if the model has no intervals.
    """
    days = (forecasts["time"] == forecasts["time"].dt.normalize()).all()
    rows = forecasts.to_dict("records")
    for row in rows:
        row["time"] = row["time"].strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M:%S")
        for name in ("forecast", "lower", "upper"):
            row[name] = None if math.isnan(row[name]) else float(f"{row[name]:.6g}")
    return list(rows)
