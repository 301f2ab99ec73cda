"""Timing helper that the benchmark scripts share."""

from collections.abc import Callable, Mapping


def measure_in_turns(measurements: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Run every measurement once per repeat, in turn, so that changes of machine load affect all of them alike.

    Args:
        measurements: name → function that returns a speed.
        repeats: number of rounds whose results count; one warm-up round runs before them.

    Returns:
        name → the speeds of all repeats.
    """
    speeds: dict[str, list[float]] = {name: [] for name in measurements}
    for repeat in range(repeats + 1):
        for name, measure in measurements.items():
            speed = measure()
            if repeat:
                speeds[name].append(speed)
    return speeds
