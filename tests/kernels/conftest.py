"""Every instruction set that this machine can run, in turn."""

from collections.abc import Iterator

import pytest
import torch

from grunlp.kernels.loader import ENV_VAR, available_isas, is_enabled, load_library


@pytest.fixture(params=available_isas() or ["none"])
def compiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The library in use is the one that is named."""
    if request.param == "none":
        pytest.skip("the recurrence is not compiled here")
    yield from _switched_to(request.param, monkeypatch)


@pytest.fixture
def best() -> None:
    """Some compiled library is in use."""
    if not is_enabled():
        pytest.skip("the recurrence is not compiled here")


@pytest.fixture
def off(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The compiled recurrence is switched off."""
    yield from _switched_to("off", monkeypatch)


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def _switched_to(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv(ENV_VAR, name)
    load_library.cache_clear()
    yield name
    load_library.cache_clear()
