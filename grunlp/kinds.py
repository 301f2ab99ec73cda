"""What kind of network a run is of, and the module that answers the commands for it. Imports nothing heavy."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

# By recipe. Runs of other recipes label words; the commands themselves answer for them.
_MODULES = {
    "translate": "text_commands",
    "summarize": "text_commands",
    "lm": "language_commands",
    "forecast": "series_commands",
}


class Commands(Protocol):
    """What each of these modules has."""

    def predict(self, text: str | None, arguments: list[str]) -> int:
        """`python -m grunlp.predict`: text, if one was typed, and the words that are key=value."""

    def evaluate(self, arguments: list[str]) -> int:
        """`python -m grunlp.evaluate`."""

    def compare(self, runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
        """`python -m grunlp.compare` of two runs: rows as `grunlp.metrics.comparison` makes them."""


def module_of(arguments: list[str]) -> str | None:
    """The module for the run that `run=DIR`, or the first of several between commas, names; None: it labels words, or
    no run lies there, of which the loader will complain."""
    folders = [argument.partition("=")[2].partition(",")[0] for argument in arguments if argument.startswith("run=")]
    file = Path(folders[-1]) / "config.yaml" if folders else None
    if file is None or not file.is_file():
        return None
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((module for recipe, module in _MODULES.items() if f"recipe: {recipe}" in lines), None)


def commands(module: str) -> Commands:
    """The module of that name."""
    return cast(Commands, import_module(f"grunlp.{module}"))
