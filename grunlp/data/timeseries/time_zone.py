"""Time zones of series: instants in UTC and the clock times that people read.

Times without a zone are clock times. Times with a zone are stored as instants in UTC.
"""

import re
import zoneinfo
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.utils.errors import UserError, closest_match

# The zones that are named first where several fit.
_COMMON_ZONES = (
    *("Europe/Berlin", "Europe/London", "America/New_York", "America/Chicago", "America/Denver"),
    *("America/Los_Angeles", "Europe/Athens", "Australia/Sydney", "Pacific/Auckland", "America/Sao_Paulo"),
)
_FIXED_OFFSET = re.compile(r"UTC(?:[+-]\d{2}:\d{2})?")


def require_time_zone(name: str) -> str:
    """Return the name of a time zone. Raises UserError unless it exists."""
    names = zoneinfo.available_timezones()
    if name not in names and not _FIXED_OFFSET.fullmatch(name):
        guess = closest_match(name, names)
        hint = f"Did you mean data.time_zone={guess}?" if guess else "Type data.time_zone=Europe/Berlin, for example."
        raise UserError(
            f"data.time_zone={name}: no such time zone", "expected an IANA name, UTC or UTC+09:00, for example", hint
        )
    return name


def to_clock_times(times: Any, time_zone: str | None) -> Any:
    """Convert stored times, an array or DatetimeIndex, to a DatetimeIndex of clock times without a zone."""
    import pandas as pd

    index = pd.DatetimeIndex(times)
    return index if time_zone is None else index.tz_localize("UTC").tz_convert(time_zone).tz_localize(None)


def to_zoned_times(times: Any, time_zone: str | None) -> Any:
    """Convert stored times to a DatetimeIndex with their zone, if there is one."""
    import pandas as pd

    index = pd.DatetimeIndex(times)
    return index if time_zone is None else index.tz_localize("UTC").tz_convert(time_zone)


def from_clock_times(clock: Any, time_zone: str | None, is_first: NDArray[np.bool_] | bool = True) -> Any:
    """Convert a DatetimeIndex of clock times to stored times.

    Args:
        clock: times without a zone.
        time_zone: their zone; None: they are stored as they are.
        is_first: (R,) whether a time that occurs twice, when clocks are set back, is the first of the two.

    Returns:
        a DatetimeIndex; a time that does not exist, when clocks are set forward, is NaT. Midnight that does not exist
        is the first instant of its day.
    """
    import pandas as pd

    if time_zone is None:
        return clock
    first = np.broadcast_to(np.asarray(is_first), (len(clock),)).copy()
    stored = clock.tz_localize(time_zone, ambiguous=first, nonexistent="NaT")
    if (clock == clock.normalize()).all():
        shifted = clock.tz_localize(time_zone, ambiguous=first, nonexistent="shift_forward")
        stored = stored.where(stored.notna(), shifted)
    return pd.DatetimeIndex(stored.tz_convert("UTC").tz_localize(None))


def name_fixed_offset(offset: int) -> str:
    """Return the zone of an offset in minutes."""
    sign, minutes = "+" if offset > 0 else "-", abs(offset)
    return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}" if offset else "UTC"


def find_zones_by_offsets(instants: Any, offsets: NDArray[np.int64]) -> Iterator[str]:
    """Yield the zones that have the given offsets, in minutes, at the instants, a DatetimeIndex in UTC."""
    import pandas as pd

    order = np.argsort(instants.to_numpy(), kind="stable")
    changes = np.flatnonzero(np.diff(offsets[order])) + 1
    rows = order[np.unique(np.concatenate([[0, len(order) - 1], changes - 1, changes]))]
    chosen, expected = instants[rows].tz_localize("UTC"), pd.to_timedelta(offsets[rows], unit="min")
    for zone in _zones():
        if (chosen.tz_convert(zone).tz_localize(None) == chosen.tz_localize(None) + expected).all():
            yield zone


def find_zones_set_back_at(time: Any) -> Iterator[str]:
    """Yield the zones in which a clock time occurs twice."""
    import pandas as pd

    clock = pd.DatetimeIndex([time])
    for zone in _zones():
        first, second = (clock.tz_localize(zone, ambiguous=[is_first], nonexistent="NaT") for is_first in (True, False))
        if first[0] < second[0]:
            yield zone


def _zones() -> Iterator[str]:
    """Yield the names of all zones, the most common ones first."""
    names = zoneinfo.available_timezones()
    yield from (name for name in _COMMON_ZONES if name in names)
    yield from sorted(name for name in names if "/" in name and name.split("/")[0] not in ("Etc", "posix", "right"))
