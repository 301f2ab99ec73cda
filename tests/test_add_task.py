"""The steps of CONTRIBUTING.md that add a task, followed literally in a copy of the package."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REGISTRY = Path("grunlp/tasks/registry.py")
_BLOCK = re.compile(r"^\*\*`(?P<path>[^`]+)`\*\*[^\n]*\n\n```\w+\n(?P<text>.*?)^```$", re.M | re.S)
_COMMAND = re.compile(r"^python -m grunlp\..*regress.*$", re.M)

pytestmark = pytest.mark.slow


def add_task(root: Path) -> list[str]:
    """Follow the steps in a copy of the package; return the commands that they end with."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a task")[2]
    blocks = {Path(match["path"]): match["text"] for match in _BLOCK.finditer(section)}
    line = blocks.pop(REGISTRY)
    assert len(line.splitlines()) == 1
    registry = root / REGISTRY
    registry.write_text(registry.read_text().replace("TASKS = {\n", f"TASKS = {{\n{line}", 1))
    for path, text in blocks.items():
        assert not (root / path).exists(), f"{path} is edited, not added"
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    return _COMMAND.findall(section)


def write_examples(path: Path, count: int) -> None:
    """Write texts with the number of their stars."""
    rows = ({"text": f"{path.stem} {i}: {'*' * (i % 5 + 1)}", "number": i % 5 + 1} for i in range(count))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_the_steps_add_a_task(tmp_path: Path) -> None:
    for folder in ("grunlp", "recipes", "configs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    commands = add_task(tmp_path)
    assert [command.split()[2] for command in commands] == [
        f"grunlp.{name}" for name in ("train", "predict", "evaluate", "export")
    ]
    for split, count in (("train", 40), ("dev", 10)):
        write_examples(tmp_path / f"{split}.jsonl", count)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "HF_DATASETS_CACHE": str(tmp_path / "cache")}

    def call(*words: str, given: str = "") -> str:
        process = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, input=given, capture_output=True, text=True
        )
        assert process.returncode == 0, process.stderr
        return process.stdout

    outputs = {command.split()[2]: call(*shlex.split(command)[1:]) for command in commands}
    assert "MSE" in outputs["grunlp.train"] and "MSE" in outputs["grunlp.evaluate"]
    predicted = json.loads(outputs["grunlp.predict"])
    exported = json.loads(call("exported/run_onnx.py", given="Five stars.\n"))
    assert predicted.keys() == exported.keys() == {"number"}
    assert exported["number"] == pytest.approx(predicted["number"], abs=1e-3)
    assert "regress" in call("-m", "grunlp.train", "--help") and "regression" in call("-m", "grunlp.predict", "--help")
    checks = ([sys.executable, "-m", *words] for words in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]))
    for check in checks:
        process = subprocess.run(
            [*check, "grunlp/tasks/regression", "recipes/regress.py"], cwd=tmp_path, capture_output=True
        )
        assert process.returncode == 0, process.stdout.decode()
