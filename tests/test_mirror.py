"""The tests mirror the package: `grunlp/<folder>/<module>.py` is tested by `tests/<folder>/test_<module>.py`.

The `__init__.py` of a folder may be tested by `test_<folder>.py` in that folder. Files directly in `tests/` may test
several modules together.
"""

from pathlib import Path

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "grunlp"
# Imports, and declarations of options, which the commands and `tests/configuration/test_compose.py` check.
DECLARATIONS = ("__init__.py", "__main__.py", "options.py", "command_options.py")
# Modules without a test file of their own.
UNTESTED = {
    "data/examples.py": "type declarations",
    "data/toy/grammar/noun_lexicon.py": "a table of words; test_lexicon.py checks the entries",
    "data/toy/grammar/verb_lexicon.py": "a table of words; test_lexicon.py checks the entries",
    "tasks/registry.py": "a table of tasks; tests/test_add_task.py adds a line",
}
# Test files that test no single module of the package.
UNMIRRORED = {
    "data/propbank/test_scripts.py": "scripts/prepare_propbank_*.py, on the miniature repositories of the same folder",
    "serving/page/test_accessibility.py": "JavaScript in a browser",
    "serving/page/test_browser_security.py": "JavaScript in a browser",
    "serving/page/test_interaction.py": "JavaScript in a browser",
    "serving/page/test_links.py": "JavaScript in a browser",
    "serving/page/test_report_files.py": "JavaScript in a browser",
}


def modules() -> set[str]:
    return {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}


def mirrored_test_files() -> set[str]:
    """Test files in a folder that the package has, too."""
    files = (path.relative_to(TESTS) for path in TESTS.rglob("test_*.py"))
    return {path.as_posix() for path in files if len(path.parts) > 1 and (PACKAGE / path.parent).is_dir()}


def mirrored(module: str) -> str:
    """Return the test file of a module."""
    path = Path(module)
    name = path.parent.name if path.name == "__init__.py" else path.stem
    return (path.parent / f"test_{name}.py").as_posix()


def test_every_module_has_a_test_file() -> None:
    expected = {module for module in modules() if Path(module).name not in DECLARATIONS}
    missing = {module for module in expected if not (TESTS / mirrored(module)).is_file()}
    assert missing - UNTESTED.keys() == set(), "add a test file, or a reason to UNTESTED"
    assert UNTESTED.keys() - missing == set(), "these are tested or gone: take them off UNTESTED"


def test_every_test_file_has_a_module() -> None:
    extra = mirrored_test_files() - set(map(mirrored, modules()))
    assert extra - UNMIRRORED.keys() == set(), "rename the test file, or add a reason to UNMIRRORED"
    assert UNMIRRORED.keys() - extra == set(), "these have a module or are gone: take them off UNMIRRORED"
