"""No import cycle among the modules of grunlp, wherever in a module an import statement is."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def module_name(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def import_graph(root: Path) -> dict[str, set[str]]:
    """The modules that each module of the package imports, also inside functions and under TYPE_CHECKING."""
    paths = {module_name(path, root): path for path in (root / "grunlp").rglob("*.py")}
    graph = {}
    for name, path in paths.items():
        imported = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}:{node.lineno}: a relative import"
                members = {f"{node.module}.{alias.name}" for alias in node.names}
                imported |= {member if member in paths else str(node.module) for member in members}
        graph[name] = imported & set(paths) - {name}
    return graph


def test_there_is_no_import_cycle() -> None:
    graph = import_graph(ROOT)
    assert len(graph) > 250 and sum(map(len, graph.values())) > 1000
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' <- '.join(error.args[1])}")


def test_a_cycle_inside_a_function_is_found(tmp_path: Path) -> None:
    (tmp_path / "grunlp").mkdir()
    (tmp_path / "grunlp" / "__init__.py").write_text("")
    (tmp_path / "grunlp" / "a.py").write_text("from grunlp import b\n")
    (tmp_path / "grunlp" / "b.py").write_text("def f():\n    from grunlp.a import g\n    return g\n")
    with pytest.raises(CycleError):
        TopologicalSorter(import_graph(tmp_path)).prepare()
