"""Which recurrence is taken, and that the log says so."""

import logging
from pathlib import Path

import pytest
import torch

from grunlp.kernels import loader as module
from grunlp.kernels.loader import SWITCH, built, in_use, library, set_aside
from grunlp.utils.errors import GrunlpError


def test_the_best_is_taken_and_named_once(compiled: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert library() is library() is not None
    assert caplog.messages == [f"recurrence: compiled, {compiled}"]


def test_a_vector_holds_what_the_name_says(compiled: str) -> None:
    loaded = library()
    assert loaded is not None
    assert loaded.grunlp_width() in {"avx512": [16], "avx2": [8], "portable": [4, 1]}[compiled]


def test_set_aside_for_a_while(compiled: str) -> None:
    assert in_use()
    with pytest.raises(KeyError), set_aside():
        assert not in_use()
        with set_aside():
            assert not in_use()
        assert not in_use()
        raise KeyError
    assert in_use()


def test_switched_off(off: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert library() is None and library() is None
    assert caplog.messages == ["recurrence: Torch, since GRUNLP_KERNEL=off"]


def test_not_built(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setattr(module, "EXTENSION_SUFFIXES", [".nothing"])
    library.cache_clear()
    try:
        assert built() == [] and library() is None
        assert "pip install builds a faster one" in caplog.text
    finally:
        library.cache_clear()


def test_a_processor_gets_only_what_it_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    here = built()
    for capability, possible in (("DEFAULT", ["portable"]), ("AVX2", ["avx2", "portable"])):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda capability=capability: capability)
        assert built() == [name for name in possible if name in here]


def test_a_binary_that_does_not_load_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.so").write_text("no library")
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setattr(module, "_path", lambda name: tmp_path / "broken.so")
    library.cache_clear()
    try:
        assert library() is None
        assert "cannot load the compiled portable" in caplog.text
    finally:
        library.cache_clear()


def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "avx9")
    library.cache_clear()
    with pytest.raises(GrunlpError, match=r"(?s)GRUNLP_KERNEL=avx9.*there are: off.*Unset"):
        library()
