"""The script that stands beside exported graphs: parts of grunlp in one file, that needs no other of them."""

import ast
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

_RUNTIME_PACKAGE = "grunlp.exporting.runtime."


def bundle_script(session_module: str, modules: Sequence[str], title: str) -> str:
    """The text of a script.

    Args:
        session_module: the part that runs graphs.
        modules: modules by their whole name, or of `grunlp.exporting.runtime` by their last; those that others need
            first.
        title: what it says of itself.
    """
    names = [session_module, *modules, "main"]
    sources = [_module_body(name if "." in name else _RUNTIME_PACKAGE + name) for name in names]
    imports = dict.fromkeys(line for found, _ in sources for line in found)
    return f'"""{title}"""\n\n' + "\n".join(imports) + "\n" + "".join(f"\n\n{body}\n" for _, body in sources)


def _module_body(module: str) -> tuple[list[str], str]:
    """The imports of a module but for those of grunlp, and what follows them."""
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")
    lines = source.splitlines()
    imports, last = [], 0
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            last = node.end_lineno or 0
            if not (isinstance(node, ast.ImportFrom) and str(node.module).startswith("grunlp")):
                imports.append(ast.unparse(node))
    if not last:  # it has none: what follows the docstring
        last = ast.parse(source).body[0].end_lineno or 0
    return imports, "\n".join(lines[last:]).strip()
