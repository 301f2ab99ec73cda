"""The layout of a table, in a line and in a configuration."""

import pytest

from grunlp.data.timeseries.layout import TableLayout, day_comes_first, layout_from_config
from grunlp.tasks.config import compose_config
from grunlp.utils.errors import UserError


def test_the_line() -> None:
    layout = TableLayout("utf-8", "semicolon", "comma", "point", "%d.%m.%Y", True, "Europe/Paris", "tag", "D")
    line = layout.describe()
    for part in ("semicolons", "utf-8", "decimal=comma", "thousands=point", "'tag' as %d.%m.%Y", "Europe/Paris"):
        assert part in line


def test_options() -> None:
    typed = ["data.date_format=%d/%m/%Y %H:%M", "data.decimal=comma", "data.time_zone=Europe/Paris"]
    data = compose_config(["recipe=forecast", "data.train=x.csv", *typed]).data
    requested = TableLayout(decimal="comma", date_format="%d/%m/%Y %H:%M", time_zone="Europe/Paris")
    assert layout_from_config(data) == requested
    assert layout_from_config(compose_config(["recipe=forecast"]).data) == TableLayout()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (
            ["data.decimal=comma", "data.thousands=comma"],
            "(?s)decimal or between thousands.*data.thousands=none",
        ),
        (["data.date_format=%d/%m/%Y", "data.day_first=false"], "the other order of day and month"),
        (["data.separator=blank"], "no such choice"),
    ],
)
def test_options_that_contradict_each_other(typed: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        compose_config(["recipe=forecast", "data.train=x.csv", *typed])


def test_the_order_of_day_and_month() -> None:
    orders = {"%d/%m/%Y": True, "%m/%d/%y": False, "%Y-%m-%d": None, "%d %b %Y": None, "ISO8601": None}
    assert {date_format: day_comes_first(date_format) for date_format in orders} == orders
