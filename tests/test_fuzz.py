"""Changed files of every kind: nothing but the project's own errors, little memory, no waiting. See `fuzzing.py`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "tests/fuzzing.py"
QUICK = ("config", "vocabulary", "tokenizer", "scaling", "json", "weights", "encoder", "arrays", "classified", "series")
READERS = ("frames", "lenient", "compressed", "tagged", "pairs", "sources", "vectors", "checked")


def run(count: int, seed: int, *names: str) -> list[dict[str, object]]:
    """What the script says of each target."""
    command = [sys.executable, str(SCRIPT), str(count), str(seed), *names]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    # the tokenizers' library has remarks of its own
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"target": ')]


@pytest.mark.slow
def test_some_inputs() -> None:
    found = run(60, 0, *QUICK, *READERS)
    assert [one["target"] for one in found] == [*QUICK, *READERS]
    assert all(one["inputs"] == 60 for one in found)


@pytest.mark.slow
def test_a_hundred_thousand_inputs() -> None:
    found = [*run(6500, 1, *QUICK, *READERS), *run(1500, 1, "folder")]
    print(*found, sep="\n")
    assert sum(int(str(one["inputs"])) for one in found) >= 100_000
