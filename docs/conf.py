"""Sphinx configuration. Build with: sphinx-build -W -n -b html docs docs/_build (about 20 seconds)."""

import os
import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx

from grunlp import compare, evaluate, export, predict, serve
from grunlp.configuration.options import options_of
from grunlp.configuration.reference import reference_page
from grunlp.configuration.schema import Section
from grunlp.tasks.config import compose_config, recipe_sections, schemas
from grunlp.tuning.options import TuneOptions

DOCS = Path(__file__).parent
ROOT = DOCS.parent
COMMANDS = ("train", "predict", "evaluate", "compare", "tune", "export", "serve", "completion")

project = "grunlp"
copyright = "the grunlp developers"
author = "the grunlp developers"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_title = "grunlp"
html_show_sourcelink = False

myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # included files may start at any heading level

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # dataclass fields are documented once

# A build uses no network, hence no intersphinx: types of other libraries, and internal types, have no page to link to.
nitpick_ignore_regex = [("py:.*", r"(?!grunlp\.modules\.|grunlp\.tasks\.\w+\.predictor\.).*")]


def write_configuration_reference() -> None:
    """Write docs/reference/configuration.md from the option declarations."""
    recipes = {recipe: _recipe_sections(recipe) for recipe in schemas()}
    commands = {
        name: [
            Section(group.replace("_", " "), description, list(options.values())) for group, options in groups.items()
        ]
        for name, description, groups in (
            ("predict", "models of this task", predict.list_options([])),
            ("evaluate", "models of this task", evaluate.list_options([])),
            ("compare", "comparison of trained models, or of recurrent cells", compare.list_options([])),
            ("tune", "hyperparameter search", {"tune": options_of(TuneOptions)}),
            ("export", "export of a trained model", export.list_options([])),
            ("serve", "HTTP server", serve.list_options([])),
        )
    }
    page = reference_page(recipes, commands)
    (DOCS / "reference" / "configuration.md").write_text(page, encoding="utf-8")


def _recipe_sections(recipe: str) -> list[Section]:
    """Return the sections of a recipe with its defaults, and one section for each kind of data set."""
    schema = schemas()[recipe]
    sections = [section for section in recipe_sections(compose_config([f"recipe={recipe}"])) if section.name != "data"]
    names_by_class: dict[type, list[str]] = {}
    for dataset, options_class in schema.datasets.items():
        names_by_class.setdefault(options_class, []).append(dataset)
    for names in names_by_class.values():
        data = next(section for section in schema.sections(recipe, names[0]) if section.name == "data")
        sections.append(data._replace(name=", ".join(f"data={name}" for name in names)))
    return sections


def write_command_reference() -> None:
    """Write docs/reference/commands.md from the help text of every command."""
    sections = ["# Commands\n"]
    environment = {**os.environ, "COLUMNS": "100"}
    for command in COMMANDS:
        help_text = subprocess.run(
            [sys.executable, "-m", f"grunlp.{command}", "--help"],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        ).stdout
        help_text = help_text.replace(f"{ROOT}/", "")
        sections.append(f"## {command}\n\n```text\n{help_text.strip()}\n```\n")
    (DOCS / "reference" / "commands.md").write_text("\n".join(sections), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Generate the reference pages before Sphinx reads the sources."""
    write_configuration_reference()
    write_command_reference()
