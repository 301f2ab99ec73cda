"""The limit of the log: a message once a minute, whatever it is about."""

import logging

import pytest

from grunlp.serving import log_rate_limit
from grunlp.serving.log_rate_limit import RateLimit


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time; its one element may be set."""
    now = [1000.0]
    monkeypatch.setattr(log_rate_limit.time, "monotonic", lambda: now[0])
    return now


def record(message: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("x", logging.ERROR, "file", 1, message, arguments, info)


def test_a_message_is_logged_once_a_minute(clock: list[float]) -> None:
    limit = RateLimit()
    assert limit.filter(record("%s failed", "one"))
    assert not any(limit.filter(record("%s failed", number)) for number in range(1000))
    assert limit.filter(record("another"))
    clock[0] += 60.1
    last = record("%s failed", "two")
    assert limit.filter(last) and last.getMessage() == "two failed (1000 more of the kind before)"
    clock[0] += 60.1
    last = record("%s failed", "three")
    assert limit.filter(last) and last.getMessage() == "three failed"


def test_a_traceback_is_logged_once_and_other_places_are_other_messages(clock: list[float]) -> None:
    def fail(here: bool) -> BaseException:
        try:
            if here:
                raise ValueError("a")
            raise ValueError("b")
        except ValueError as error:
            return error

    limit = RateLimit()
    first = record("a request failed", error=fail(True))
    assert limit.filter(first) and first.exc_info
    assert limit.filter(record("a request failed", error=fail(False)))
    assert not limit.filter(record("a request failed", error=fail(True)))
    clock[0] += 60.1
    later = record("a request failed", error=fail(True))
    assert limit.filter(later) and not later.exc_info


def test_lines_with_addresses_are_of_one_kind(clock: list[float]) -> None:
    """As asyncio writes them when there is no descriptor for a connection."""
    limit = RateLimit()
    messages = [f"socket.accept() out of system resource\nsocket: <socket fd={number}>" for number in range(50)]
    assert sum(limit.filter(record(message)) for message in messages) == 1


def test_it_is_added_once() -> None:
    for _ in range(3):
        log_rate_limit.limit_log_rate()
    logger = logging.getLogger("asyncio")
    (found,) = [one for one in logger.filters if isinstance(one, RateLimit)]
    for name in log_rate_limit._LOGGERS:
        other = logging.getLogger(name)
        for one in [one for one in other.filters if isinstance(one, RateLimit)]:
            other.removeFilter(one)
    assert found not in logger.filters
