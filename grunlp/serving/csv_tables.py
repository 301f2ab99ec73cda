"""Tables in CSV as clients send them, and forecasts as they are answered."""

import io
import math
from typing import Any

from grunlp.tasks import Record
from grunlp.utils.errors import UserError


def parse_csv(table: str) -> Any:
    """A table in CSV. Raises UserError for what is none."""
    import pandas as pd

    first = table.partition("\n")[0]
    try:
        return pd.read_csv(io.StringIO(table), sep=max(",;\t", key=first.count), low_memory=False)
    except ValueError:  # EmptyDataError and ParserError, too
        there = "a table has its columns' names in the first line and a row a line"
        raise UserError("the text is no CSV", there, "Send a table as in the training.") from None


def forecast_records(forecasts: Any) -> list[Record]:
    """A record a row, with the digits that `python -m grunlp.predict` prints; null where no interval was trained."""
    days = (forecasts["time"] == forecasts["time"].dt.normalize()).all()
    rows = forecasts.to_dict("records")
    for row in rows:
        row["time"] = row["time"].strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M:%S")
        for name in ("forecast", "lower", "upper"):
            row[name] = None if math.isnan(row[name]) else float(f"{row[name]:.6g}")
    return list(rows)
