"""Fixtures shared by all tests."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.interrupted import Trainings

Call = Callable[..., tuple[int, str, str]]

# Before `datasets` is imported: what tests parse does not belong into the user's cache.
_CACHE = tempfile.TemporaryDirectory(prefix="grunlp-tests-")
os.environ["HF_DATASETS_CACHE"] = _CACHE.name
# Nor may what lies there change a prediction: names of roles from the frame files.
os.environ["XDG_CACHE_HOME"] = _CACHE.name


@pytest.hookimpl(tryfirst=True)  # before pytest selects by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests `slow` whose fixtures use the fixture `slow`."""
    for item in items:
        if "slow" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def slow() -> None:
    """Mark tests slow: fixtures that train, export or start processes use this one."""


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real corpora; tests that ask for it carry `pytest.mark.realdata`."""
    folder = os.environ.get("GRUNLP_DATA")
    if not folder:
        pytest.skip("needs real corpora: set GRUNLP_DATA to their folder")
    return Path(folder)


@pytest.fixture(scope="module")
def trainings(slow: None) -> "Iterator[Trainings]":
    """Trainings in processes of their own."""
    from tests.interrupted import Trainings

    with Trainings() as found:
        yield found


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Call:
    """Status, standard output, and standard error with the log, which pytest keeps from it."""

    def run(main: Callable[[], int], *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["grunlp", *map(str, arguments)])
        caplog.clear()
        try:
            status = main()
        except SystemExit as stop:  # a training stops so
            status = int(str(stop.code))
        out, err = capsys.readouterr()
        return status, out, caplog.text + err

    return run
