"""Which recurrence is taken, and that the log says so."""

import logging
from pathlib import Path

import pytest
import torch

from grunlp.kernels import loader as module
from grunlp.kernels.loader import ENV_VAR, available_isas, disabled, is_enabled, load_library
from grunlp.utils.errors import UserError


def test_the_best_is_taken_and_named_once(compiled: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert load_library() is load_library() is not None
    assert caplog.messages == [f"recurrence: compiled, {compiled}"]


def test_a_vector_holds_what_the_name_says(compiled: str) -> None:
    loaded = load_library()
    assert loaded is not None
    assert loaded.grunlp_width() in {"avx512": [16], "avx2": [8], "portable": [4, 1]}[compiled]


def test_set_aside_for_a_while(compiled: str) -> None:
    assert is_enabled()
    with pytest.raises(KeyError), disabled():
        assert not is_enabled()
        with disabled():
            assert not is_enabled()
        assert not is_enabled()
        raise KeyError
    assert is_enabled()


def test_switched_off(off: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert load_library() is None and load_library() is None
    assert caplog.messages == ["recurrence: PyTorch, since GRUNLP_KERNEL=off"]


def test_not_built(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.delenv(ENV_VAR, raising=False)
    monkeypatch.setattr(module, "EXTENSION_SUFFIXES", [".nothing"])
    load_library.cache_clear()
    try:
        assert available_isas() == [] and load_library() is None
        assert "pip install builds faster kernels" in caplog.text
    finally:
        load_library.cache_clear()


def test_a_processor_gets_only_what_it_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    here = available_isas()
    for capability, possible in (("DEFAULT", ["portable"]), ("AVX2", ["avx2", "portable"])):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda capability=capability: capability)
        assert available_isas() == [name for name in possible if name in here]


def test_a_binary_that_does_not_load_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.so").write_text("no library")
    monkeypatch.delenv(ENV_VAR, raising=False)
    monkeypatch.setattr(module, "_library_path", lambda name: tmp_path / "broken.so")
    load_library.cache_clear()
    try:
        assert load_library() is None
        assert "cannot load the compiled kernel portable" in caplog.text
    finally:
        load_library.cache_clear()


def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENV_VAR, "avx9")
    load_library.cache_clear()
    with pytest.raises(UserError, match=r"(?s)GRUNLP_KERNEL=avx9.*there are: off.*Unset"):
        load_library()
