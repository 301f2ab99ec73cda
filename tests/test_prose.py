"""Docstrings, comments and messages are plain technical English."""

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for folder in ("grunlp", "recipes", "scripts") for path in (ROOT / folder).rglob("*.py"))
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))

# First words of function docstrings; a new verb is added here.
VERBS = """
Accumulate Add Allocate Answer Assign Attend Begin Build Calibrate Call Cancel Change Check Choose Classify Clear
Close Collect Compare Compose Compute Concatenate Configure Continue Convert Copy Correct Count Create Cut Decide
Declare Decode Describe Detect Discard Divide Do Download Draw Drop Embed Encode End Escape Estimate Evaluate Explain
Export Extend Extract Fill Find Fine-tune Fit Flush Forbid Forecast Format Forward Freeze Generate Give Group Handle
Hold Ignore Index Initialize Join Keep Label Learn Leave Let List Load Lock Log Look Make Map Mask Measure Merge
Migrate Move Name Normalize Open Pack Pad Parse Pass Place Plan Plot Poll Pool Predict Prepare Pretrain Print Project
Provide Put Quantize Raise Read Receive Recompute Record Reduce Register Reject Release Remove Rename Render Reorder
Repeat Replace Reset Restore Resume Return Rewrite Run Sample Sanitize Save Scale Score See Select Send Set Shut
Silence Split Stack Start State Stop Stream Strip Sum Swap Tag Take Test Time Tokenize Trace Train Translate Transpose
Truncate Turn Update Use Verify Wait Weight Wrap Write Yield
"""
# Words of a style that readers had to decipher: "what is told of ...", "which lies beside ...", "is no number".
RIDDLES = re.compile(
    r"""
      \b(told|tell|tells|telling|beside|anew|whereof)\b
    | \b(lies|lie)\b
    | \bstands?\b(?!\ for|alone)
    | \bso\ many\b(?!\ of)
    | (?<!there\ )\b(is|are)\ no\ (?!longer\b)
    """,
    re.IGNORECASE | re.VERBOSE,
)
# A docstring without a subject: "What ...", "Of ...", "Whether ..." (except for properties, which are nouns).
OPENERS = re.compile(
    r"(What|Of|Whether|By|For|Where|Those|How|Which|From|In|To|With|Without|The same"
    r"|Makes|Adds|Finds|Keeps|Drops|Trains|Converts|Yields|Turns|Saves|Prints|Divides)\b"
)
# An argument described without its noun: "seed: of the shuffling", "target: likewise".
FRAGMENTS = re.compile(r"^ *[a-z_*, ]+: (of|likewise)\b", re.MULTILINE)
# Their strings are data, not prose.
DATA = [ROOT / "grunlp/data/toy", ROOT / "grunlp/data/propbank/lemmatizer.py"]

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module


def is_property(node: ast.AST) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in getattr(node, "decorator_list", []))


def docstrings(path: Path) -> Iterator[tuple[Definition, int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Definition) and (text := ast.get_docstring(node)):
            yield node, getattr(node, "lineno", 1), text


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Docstrings, comments and other strings of several words."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    data = any(path.is_relative_to(folder) for folder in DATA)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value and not data:
            yield node.lineno, node.value
    if data:
        yield from ((line, text) for _, line, text in docstrings(path))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_open_as_their_kind_does(path: Path) -> None:
    wrong = []
    for node, line, text in docstrings(path):
        first = text.split()[0].strip(".,:;")
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and not is_property(node) and not node.name.startswith("__"):
            wrong += [] if first in VERBS.split() else [f"{line}: {text.splitlines()[0]}"]
        elif OPENERS.match(text) and not is_property(node):
            wrong.append(f"{line}: {text.splitlines()[0]}")
    assert not wrong, "\n".join(["functions open with a verb of VERBS, classes and modules with a noun phrase", *wrong])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arguments_are_described_by_nouns(path: Path) -> None:
    assert not [f"{line}: {match[0]}" for _, line, text in docstrings(path) for match in FRAGMENTS.finditer(text)]


def names(node: ast.AST) -> set[str]:
    """The arguments of a function, or the fields, methods and arguments of a class."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return {inner.arg for inner in ast.walk(node.args) if isinstance(inner, ast.arg)}
    nodes = list(ast.walk(node))
    return {getattr(inner, field, "") for inner in nodes for field in ("arg", "id", "attr", "name")}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_documented_names_exist(path: Path) -> None:
    wrong = []
    for node, line, text in docstrings(path):
        for section in re.findall(r"^(?:Args|Attributes):\n((?:    .*\n?|\n)+)", inspect.cleandoc(text), re.MULTILINE):
            entries = re.findall(r"^    (\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: \([^)]*\))?:", section, re.MULTILINE)
            documented = {name.strip(" *") for entry in entries for name in entry.split(",")}
            wrong += [f"{line}: {name}" for name in documented - names(node)]
    assert not wrong, wrong


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_plain_words(path: Path) -> None:
    wrong = [
        f"{line}: {text[max(0, match.start() - 30) : match.end() + 30]!r}"
        for line, text in prose(path)
        for match in RIDDLES.finditer(re.sub(r"`[^`]*`", lambda code: "`" * len(code[0]), text))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_plain_comments_of_configurations(path: Path) -> None:
    comments = [line for line in path.read_text(encoding="utf-8").splitlines() if "#" in line]
    assert not [line for line in comments if RIDDLES.search(line.partition("#")[2])]


@pytest.mark.parametrize(
    "text",
    [
        "By what the loss is told.",
        "Which a link stands beside.",
        "A loss that is no number.",
        "Train anew.",
        "so many words",
    ],
)
def test_a_riddle_is_found(text: str) -> None:
    assert RIDDLES.search(text)


@pytest.mark.parametrize(
    "text",
    ["There is no file.", "It stands for a class.", "a standalone script", "It is no longer used.", "so many of them"],
)
def test_plain_english_is_accepted(text: str) -> None:
    assert not RIDDLES.search(text)
