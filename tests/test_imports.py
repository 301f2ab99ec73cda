"""Importing grunlp and its commands reaches no network, and imports nothing heavy that is not asked for."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMMANDS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
UNASKED = ("seqeval", "transformers", "ray", "spacy", "fastapi", "tensorflow", "onnxruntime")

# Every way out of the process is closed before anything is imported.
CLOSED = """
import importlib, socket, sys
def refuse(*arguments, **named): raise SystemExit(f"network: {arguments}")
for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
for name in ("create_connection", "getaddrinfo", "gethostbyname"):
    setattr(socket, name, refuse)
"""


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", CLOSED + code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_of_a_command(name: str) -> None:
    module, function = COMMANDS[name].split(":")
    code = f"""
main = getattr(importlib.import_module({module!r}), {function!r})
sys.argv = [{name!r}, "--help"]
assert main() == 0
loaded = sorted({{module.partition(".")[0] for module in sys.modules}} & set({UNASKED!r}))
assert not loaded, loaded
"""
    assert "python -m" in python(code) or "grunlp" in python(code)


@pytest.mark.slow
def test_what_reads_runs_and_corpora() -> None:
    """But for trainings, which take Lightning: that imports transformers where it is installed."""
    modules = [
        "grunlp",
        "grunlp.tasks.srl.checkpoint",
        "grunlp.tasks.seq2seq.checkpoint",
        "grunlp.tasks.classification.checkpoint",
        "grunlp.tasks.language_modeling.checkpoint",
        "grunlp.tasks.forecasting.checkpoint",
    ]
    for part in ("data/readers/*.py", "decoding/*.py", "metrics/*.py", "modules/*.py", "tasks/*/model.py"):
        for path in sorted((ROOT / "grunlp").glob(part)):
            modules.append(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    assert len(modules) > 50
    python(f"""
for module in {modules!r}:
    importlib.import_module(module)
loaded = sorted({{module.partition(".")[0] for module in sys.modules}} & set({UNASKED!r}))
assert not loaded, loaded
""")


@pytest.mark.slow
def test_what_trains() -> None:
    """Lightning imports transformers where it is installed."""
    modules = [f"grunlp.tasks.{path.parent.stem}.lightning" for path in (ROOT / "grunlp/tasks").glob("*/lightning.py")]
    modules += [f"grunlp.training.{path.stem}" for path in sorted((ROOT / "grunlp/training").glob("*.py"))]
    modules += [f"recipes.{path.stem}" for path in sorted((ROOT / "recipes").glob("*.py"))]
    assert len(modules) > 25
    python(f"""
for module in {modules!r}:
    importlib.import_module(module)
loaded = sorted({{module.partition(".")[0] for module in sys.modules}} & set({UNASKED!r}) - {{"transformers"}})
assert not loaded, loaded
""")


def test_the_network_is_closed() -> None:
    for code in ("socket.create_connection(('127.0.0.1', 9))", "socket.socket().connect(('127.0.0.1', 9))"):
        with pytest.raises(AssertionError, match="network: "):
            python(code)
