"""Fixtures shared by all tests."""

import os
import tempfile
from pathlib import Path

import pytest

# Before `datasets` is imported: what tests parse does not belong into the user's cache.
_CACHE = tempfile.TemporaryDirectory(prefix="grunlp-tests-")
os.environ["HF_DATASETS_CACHE"] = _CACHE.name
# Nor may what lies there change a prediction: names of roles from the frame files.
os.environ["XDG_CACHE_HOME"] = _CACHE.name


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real corpora; tests that ask for it carry `pytest.mark.realdata`."""
    folder = os.environ.get("GRUNLP_DATA")
    if not folder:
        pytest.skip("needs real corpora: set GRUNLP_DATA to their folder")
    return Path(folder)
