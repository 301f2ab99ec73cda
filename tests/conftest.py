"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real corpora; tests that ask for it carry `pytest.mark.realdata`."""
    folder = os.environ.get("GRUNLP_DATA")
    if not folder:
        pytest.skip("needs real corpora: set GRUNLP_DATA to their folder")
    return Path(folder)
