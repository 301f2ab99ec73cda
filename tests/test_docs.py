"""Check README.md, CONTRIBUTING.md and docs/: commands parse, Python examples run, shown outputs and names are right.

A fenced `bash` block holds grunlp commands, `python scripts/*.py` and `bash scripts/*.sh` only. Any other block carries
`<!-- not run: REASON -->` above it. `<!-- output: compared -->` above a block compares its output with the `text` block
that follows it.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from grunlp import compare, evaluate, export, predict, serve
from grunlp.configuration.options import Option, check_value, options_of, parse_value, unknown_key
from grunlp.configuration.paths import resource_dir
from grunlp.data.__main__ import _parser as data_parser
from grunlp.tasks.config import check_sweep, schemas, training_options
from grunlp.tuning import cross_validation
from grunlp.tuning.options import TuneOptions
from grunlp.utils.errors import UserError

ROOT = Path(__file__).parent.parent
GENERATED = {ROOT / "docs" / "reference" / "configuration.md", ROOT / "docs" / "reference" / "commands.md"}
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted({*(ROOT / "docs").rglob("*.md")} - GENERATED)]
PAGES = [page for page in PAGES if "_build" not in page.parts]

# Tasks of the run folders in the examples; other folders hold role labellers.
TASKS = {
    "runs/forecast": "forecasting",
    "runs/lm": "language_modeling",
    "runs/reversal": "seq2seq",
    "runs/sentiment": "classification",
    "runs/tagger": "tagging",
}
PLACEHOLDERS = {"=K": "=0", "=H": "=96"}  # numbers
# Options that existed at the commit that the results name.
FORMER_KEYS = {"model.predicate"}

_BLOCK = re.compile(r"(?:<!-- (?P<mark>[^>]*?) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
_CHECKED = re.compile(r"python -m grunlp\.\w+|python exported/run_onnx\.py$|(python|bash) scripts/\w+\.(py|sh)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: file that contains it.
        mark: comment above it, or an empty string.
        language: word after the fence.
        text: its lines.
    """

    page: Path
    mark: str
    language: str
    text: str

    def commands(self) -> list[str]:
        """Return the commands of a `bash` block without comments, continued lines joined."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line.split("  #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(page, m["mark"] or "", m["language"], m["text"]) for m in _BLOCK.finditer(text)]


def inline_code(page: Path) -> list[str]:
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text)]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
BASH = [block for block in BLOCKS if block.language == "bash"]
INLINE = [code for page in PAGES for code in inline_code(page)]
COMMANDS = sorted(
    {command for block in BASH for command in block.commands() if "grunlp." in command and "regress" not in command}
    | {code for code in INLINE if re.match(r"(python -m )?grunlp\.[a-z]+ \S", code)}
    | {f"python -m grunlp.train {code}" for code in INLINE if re.match(r"recipe=\w+ ", code)}
)


def split_command(command: str) -> tuple[str, list[str]]:
    """Split a command into the name of the grunlp program and its arguments, without flags."""
    words = shlex.split(command.rpartition("|")[2])
    index = next(i for i, word in enumerate(words) if word.startswith("grunlp."))
    arguments = words[index + 1 :]
    if words[index] != "grunlp.data":
        flags = ("--help", "--multirun", "--cfg", "job", "&")
        arguments = [word for word in arguments if word not in flags]
    arguments = [word[:-2] + PLACEHOLDERS.get(word[-2:], word[-2:]) for word in arguments]
    return words[index].removeprefix("grunlp."), arguments


def known_options(program: str, arguments: list[str]) -> dict[str, Option]:
    """Return the options that a program has for the recipe or run folder of the arguments."""
    if program == "train":
        return training_options(arguments)
    if program == "tune":
        return {**training_options(arguments), **options_of(TuneOptions)}
    if program in ("predict", "evaluate"):
        by_task = {"predict": predict, "evaluate": evaluate}[program].list_options([])
        run = next((word.removeprefix("run=") for word in arguments if word.startswith("run=")), "default")
        return by_task[TASKS.get(run, "srl")]
    if program == "compare":
        kinds = compare.list_options([])
        compares_cells = any(word.startswith("cells=") for word in arguments)
        return {**training_options(arguments), **kinds["cells"]} if compares_cells else kinds["models"]
    return {"export": export, "serve": serve}[program].list_options([])[program]


def check_command(command: str) -> None:
    """Check each argument of a command against the declaration of its option."""
    program, arguments = split_command(command)
    if program == "data":
        data_parser().parse_args(arguments)
        return
    options = known_options(program, [word for word in arguments if "," not in word or "--multirun" not in command])
    texts = [word for word in arguments if "=" not in word]
    assert not texts or program in ("predict", "compare"), texts
    for argument in arguments:
        key, equals, text = argument.partition("=")
        if equals:
            if key not in options:
                raise unknown_key(key, options)
            values = text.split(",") if "--multirun" in command else [text]
            for value in values:
                check_value(options[key], parse_value(options[key], value))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_accepted(command: str) -> None:
    check_command(command)


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in COMMANDS if split_command(command)[0] in ("train", "tune")])
def test_trainings_are_composed(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program, arguments = split_command(command)
    if any(word.startswith(("resume=", "replay_bad_batch=", "study=")) for word in arguments):
        assert len(arguments) == 1
    elif program == "tune":
        cross_validation.build_search_config(cross_validation.parse_request(arguments)[0])
    else:
        check_sweep(arguments)


@pytest.mark.parametrize("program", ["train", "predict", "evaluate", "export", "serve", "compare", "tune"])
def test_a_wrong_key_is_refused(program: str) -> None:
    with pytest.raises(UserError, match="no_such_key"):
        check_command(f"python -m grunlp.{program} no_such_key=1")


def test_pages_have_commands() -> None:
    assert len(PAGES) >= 25 and len(COMMANDS) >= 80


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.mark], ids=lambda b: f"{b.page.name}: {b.mark[:40]}")
def test_marks_give_a_reason(block: Block) -> None:
    kind, _, reason = block.mark.partition(": ")
    assert block.mark == "output: compared" or (kind == "not run" and len(reason.split()) >= 3)


@pytest.mark.parametrize("block", [b for b in BASH if not b.mark.startswith("not run")], ids=lambda b: b.page.name)
def test_unmarked_blocks_hold_only_commands_that_are_checked(block: Block) -> None:
    for command in block.commands():
        program = command.rpartition("| ")[2]
        assert _CHECKED.match(program), f"{command}: mark the block with <!-- not run: REASON -->"


def _examples() -> list[tuple[Block, Block | None]]:
    following = [*BLOCKS[1:], None]
    return [(block, after) for block, after in zip(BLOCKS, following, strict=True)]


@pytest.mark.slow
def test_python_examples_run() -> None:
    for page in PAGES:
        names: dict[str, Any] = {}  # the examples of a page share their variables
        for block, after in _examples():
            if block.page != page or block.language != "python" or block.mark.startswith("not run"):
                continue
            if page.name == "CONTRIBUTING.md":
                continue  # files of a new task, which another test writes
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(block.text, names)
            if block.mark == "output: compared":
                assert after is not None and printed.getvalue() == after.text, page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("block", "after"),
    [(block, after) for block, after in _examples() if block.language == "bash" and block.mark == "output: compared"],
)
def test_shown_output_is_printed(block: Block, after: Block, tmp_path: Path) -> None:
    printed = ""
    for command in block.commands():
        words = [sys.executable if word == "python" else word for word in shlex.split(command)]
        done = subprocess.run(words, cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=True)
        printed += done.stdout
    assert printed.rstrip() == after.text.rstrip()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _known_keys() -> set[str]:
    """Return every option of every recipe and data set."""
    return {
        key
        for recipe, schema in schemas().items()
        for dataset in schema.datasets
        for key in schema.options(recipe, dataset)
    }


def test_options_that_the_text_names_exist() -> None:
    groups = "data|finetune|loader|model|optimizer|search|tokenizer|trainer|vocabulary"
    known = _known_keys() | FORMER_KEYS
    for code in INLINE:
        for key in re.findall(rf"(?<![\w./])((?:{groups})\.[a-z]\w*)(?![\w.(/])", code):
            assert key in known or key.endswith((".json", ".py")), f"`{code}` names {key}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_the_text_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"(?<![\w/])(?:scripts|tests|grunlp|configs|recipes|docs)/[\w./-]*\w", text):
        if "regress" not in path and "<" not in path and "_build" not in path:
            assert (ROOT / path).exists() or path in ("docs/reference/configuration.md",), path


def test_guarantees_name_tests_that_exist() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    names = [code for code in inline_code(ROOT / "docs" / "guarantees.md") if code.startswith("test_")]
    assert names
    for name in names:
        assert f"def {name}(" in sources, name


@pytest.mark.parametrize("script", sorted({s for s in re.findall(r"scripts/\w+\.(?:sh|py)", " ".join(INLINE))}))
def test_scripts_say_what_they_do_and_how_long_they_take(script: str) -> None:
    head = (ROOT / script).read_text(encoding="utf-8")[:1500]
    assert "#" in head or '"""' in head
    assert re.search(r"seconds|minute", head)


def test_extras_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for page in PAGES:
        for extra in re.findall(r"grunlp\[([a-z]+)\]", page.read_text(encoding="utf-8")):
            assert extra in extras


def test_the_front_page_is_short() -> None:
    assert (ROOT / "README.md").stat().st_size <= 12 * 1024


def test_the_citation_file_is_valid() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert citation.keys() >= {"cff-version", "title", "message", "authors"}
    assert citation["version"] == project["version"] and citation["license"] == project["license"]


def test_every_yaml_opens_with_its_command() -> None:
    files = sorted(resource_dir("configs").rglob("*.yaml"))
    assert len(files) >= 10
    for path in files:
        head = "\n".join(path.read_text(encoding="utf-8").splitlines()[:6])
        assert head.startswith("# ") and "python -m grunlp.train recipe=" in head, path
