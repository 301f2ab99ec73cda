"""The used files of the three made-up repositories, and an empty cache."""

from pathlib import Path

import pytest

from tests.data.propbank.miniature_repositories import DOCUMENT, FRAMES, SKELETON, WORDS


@pytest.fixture
def ud_files() -> dict[str, bytes]:
    return {"not-to-release/sources/letters/anna.xml.conllu": WORDS.encode()}


@pytest.fixture
def propbank_files() -> dict[str, bytes]:
    return {
        f"data/google/ewt/{DOCUMENT}.gold_skel": SKELETON.encode(),
        "docs/evaluation/ewt.train.txt": f"{DOCUMENT}\nletters/00/never-annotated.xml\n".encode(),
        "docs/evaluation/ewt.dev.txt": b"",
        "docs/evaluation/ewt.test.txt": b"",
    }


@pytest.fixture
def frames_files() -> dict[str, bytes]:
    return {"frames/send.xml": FRAMES.encode()}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the user, and no folder of corpora."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRUNLP_DATA", raising=False)
    return tmp_path / "cache" / "grunlp"
