import subprocess
import sys
from pathlib import Path

import pytest

from tests.data.propbank.miniature_repositories import write_tree

SCRIPTS = Path(__file__).parents[3] / "scripts"


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPTS / script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=SCRIPTS.parent)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SCRIPTS.parent))


@pytest.mark.slow
def test_both_scripts_build_summarise_and_do_not_overwrite(
    cache: Path, tmp_path: Path, ud_files, propbank_files, frames_files
) -> None:
    out = tmp_path / "out"
    ud, propbank = write_tree(ud_files, tmp_path / "ud"), write_tree(propbank_files, tmp_path / "propbank")
    commands = (
        ("prepare_propbank_ewt.py", "--ud", ud, "--propbank", propbank, "--out", out),
        ("prepare_propbank_frames.py", "--frames", write_tree(frames_files, tmp_path / "frames"), "--out", out),
    )
    for command, summary in zip(commands, ("2 train sentences", "1 sentences"), strict=True):
        first = run(*command)
        assert first.returncode == 0 and summary in first.stdout, first.stderr
        again = run(*command)
        assert again.returncode == 2 and "already has" in again.stderr and "--force" in again.stderr
        assert run(*command, "--force").returncode == 0


def test_a_bad_path_is_one_message(cache: Path, tmp_path: Path) -> None:
    answer = run("prepare_propbank_frames.py", "--frames", tmp_path / "nowhere")
    assert answer.returncode == 2
    assert "does not exist" in answer.stderr and "Traceback" not in answer.stderr
