"""Count the lines to read from `python -m grunlp.train recipe=srl` to the equations of the recurrence.

    python scripts/count_route.py

ROUTE lists the functions a reader must read. The script proves the list from the source: each function is referenced by
an earlier one (by name, as a method of `self`, by constructing its class, or through `load_recipe`), and the last one
contains the equations of a GRU. It prints a table and fails if the route is longer than MAX_LINES or MAX_FILES.
"""

import ast
import inspect
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_LINES, MAX_FILES = 300, 4

ROUTE = [
    ("grunlp/train.py", "main"),
    ("grunlp/train.py", "train"),
    ("grunlp/train.py", "start_new"),
    ("grunlp/train.py", "start"),
    ("grunlp/train.py", "run_recipe"),
    ("recipes/srl.py", "run"),
    ("grunlp/tasks/srl/model.py", "SRLModel.__init__"),
    ("grunlp/tasks/srl/model.py", "SRLModel.forward"),
    ("grunlp/tasks/srl/model.py", "SRLModel.encode"),
    ("grunlp/tasks/srl/model.py", "SRLModel.label"),
    ("grunlp/modules/gru.py", "StackedGRU.__init__"),
    ("grunlp/modules/gru.py", "StackedGRU.forward"),
    ("grunlp/modules/gru.py", "RNNLayer.forward"),
    ("grunlp/modules/gru.py", "gru_step"),
]
EQUATIONS = [
    "r = torch.sigmoid(x_r + h_r)",
    "z = torch.sigmoid(x_z + h_z)",
    "n = torch.tanh(x_n + r * h_n)",
    "return n + z * (h - n)",
]

Function = ast.FunctionDef | ast.AsyncFunctionDef
Step = tuple[str, str]  # file and qualified name


def function_at(step: Step) -> Function:
    """Find a function by its file and qualified name.

    Raises:
        SystemExit: there is none.
    """
    path, name = step
    body: list[ast.stmt] = parse(path).body
    node: ast.stmt | None = None
    for part in name.split("."):
        named = (n for n in body if isinstance(n, Function | ast.ClassDef) and n.name == part)
        node = next(named, None)
        body = node.body if isinstance(node, ast.ClassDef) else []
    if not isinstance(node, Function):
        sys.exit(f"{path} has no function {name}")
    return node


@cache
def parse(path: str) -> ast.Module:
    """Parse a source file; `path` is relative to the root of the repository."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def count_lines(function: Function) -> int:
    """Count the lines of a function with its decorators and its docstring."""
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    return (function.end_lineno or first) - first + 1


def references(step: Step) -> set[Step]:
    """List the functions that a function refers to."""
    path, name = step
    imports, constants = _imports(path), _constants(path)
    names: set[str] = set()
    pending: list[ast.AST] = [function_at(step)]
    while pending:  # a name of a module-level constant stands for the names in its value
        for node in ast.walk(pending.pop()):
            if isinstance(node, ast.Name) and node.id not in names:
                names.add(node.id)
                pending += [constants[node.id]] if node.id in constants else []
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                names.add(f"{name.rpartition('.')[0]}.{node.attr}")
    found = {imports.get(reference, (path, reference)) for reference in names}
    methods = {(file, f"{target}.{method}") for file, target in found for method in ("__init__", "forward")}
    recipe = {_recipe()} if ("grunlp/configuration/compose.py", "load_recipe") in found else set()
    return found | methods | recipe


def _imports(path: str) -> dict[str, Step]:
    """Map each name that a file imports to its file and its name there."""
    imports: dict[str, Step] = {}
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            file = f"{node.module.replace('.', '/')}.py"
            imports |= {alias.asname or alias.name: (file, alias.name) for alias in node.names}
    return imports


def _constants(path: str) -> dict[str, ast.expr]:
    """Map the names of module-level constants to their values."""
    constants: dict[str, ast.expr] = {}
    for node in parse(path).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            constants |= {target.id: node.value for target in targets if isinstance(target, ast.Name)}
    return constants


def _recipe() -> Step:
    """Return what `load_recipe("srl")` loads."""
    sys.path.insert(0, str(ROOT))
    from grunlp.configuration.compose import load_recipe

    recipe = load_recipe("srl")
    return Path(inspect.getsourcefile(recipe) or "").relative_to(ROOT).as_posix(), recipe.__qualname__


def main() -> int:
    """Check the route and print it; return 1 if it is too long."""
    for position, step in enumerate(ROUTE[1:], start=1):
        if not any(step in references(earlier) for earlier in ROUTE[:position]):
            sys.exit(f"{step[0]}: {step[1]} is not referenced by the functions before it on the route")
    equations = ast.unparse(function_at(ROUTE[-1]))
    if missing := [line for line in EQUATIONS if line not in equations]:
        sys.exit(f"{ROUTE[-1][1]} lacks the equation {missing[0]}")
    lines = {step: count_lines(function_at(step)) for step in ROUTE}
    for (path, name), count in lines.items():
        print(f"{path:<28} {name:<24} {count:>4}")
    total, files = sum(lines.values()), len({path for path, _ in ROUTE})
    print(f"{'total':<28} {f'{files} files':<24} {total:>4}")
    return int(total > MAX_LINES or files > MAX_FILES)


if __name__ == "__main__":
    sys.exit(main())
