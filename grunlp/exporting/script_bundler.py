"""Bundling of the modules that run an exported model into one script that does not need grunlp."""

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from grunlp.exporting.runtime.main import Runtime, Session, main


class _Source(NamedTuple):
    """A module without its docstring: import statements of other packages, and the code after them."""

    imports: list[str]
    body: str


def bundle_script(session_class: type[Session], runtime_class: type[Runtime], title: str) -> str:
    """Make the text of a script that runs a model.

    Args:
        session_class: runs the graphs.
        runtime_class: answers lines of input with the graphs.
        title: docstring of the script.

    Returns:
        the source of the modules of both classes and of the command line, after that of every grunlp module they
        import.
    """
    sources: dict[str, _Source] = {}
    for name in (session_class.__module__, runtime_class.__module__, main.__module__):
        _collect(name, sources)
    imports = dict.fromkeys(line for source in sources.values() for line in source.imports)
    call = f'if __name__ == "__main__":\n    {main.__name__}({session_class.__name__}, {runtime_class.__name__})'
    bodies = [*(source.body for source in sources.values()), call]
    return f'"""{title}"""\n\n' + "\n".join(imports) + "\n" + "".join(f"\n\n{body}\n" for body in bodies)


def _collect(module: str, sources: dict[str, _Source]) -> None:
    """Add a module to `sources`, after the modules of grunlp that it imports."""
    if module in sources:
        return
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    text = Path(spec.origin).read_text(encoding="utf-8")
    statements = ast.parse(text).body
    imports, last_line = [], statements[0].end_lineno or 0  # a module without imports starts after its docstring
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            last_line = statement.end_lineno or 0
            if isinstance(statement, ast.ImportFrom) and str(statement.module).startswith("grunlp."):
                _collect(str(statement.module), sources)
            else:
                imports.append(ast.unparse(statement))
    sources[module] = _Source(imports, "\n".join(text.splitlines()[last_line:]).strip())
