"""The import contracts of pyproject.toml, which scripts/test.sh checks, have no exceptions and hold for every task."""

import tomllib
from itertools import permutations
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent


def test_contracts_have_no_exceptions() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    names = {key for contract in settings["contracts"] for key in contract} | settings.keys()
    assert not [name for name in names if "ignore" in name or name == "exclude_type_checking_imports"]


def test_no_task_imports_another() -> None:
    graph = grimp.build_graph("grunlp", cache_dir=None)
    tasks = [f"grunlp.tasks.{path.parent.name}" for path in (ROOT / "grunlp/tasks").glob("*/__init__.py")]
    assert len(tasks) >= 7
    chains = [graph.find_shortest_chain(*pair, as_packages=True) for pair in permutations(tasks, 2)]
    assert not [chain for chain in chains if chain]
