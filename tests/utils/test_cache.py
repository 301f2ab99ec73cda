"""The user's cache folder."""

from pathlib import Path

import pytest

from grunlp.utils.cache import cache_dir


def test_cache_dir_follows_xdg_cache_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_dir() == Path("/somewhere/grunlp")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/anna")
    assert cache_dir() == Path("/home/anna/.cache/grunlp")
