"""The schema of a recipe: its options by dotted key, in groups for people, and their defaults."""

from dataclasses import dataclass

from grunlp.configuration.options import group, option
from grunlp.configuration.schema import RecipeSchema


@dataclass
class Files:
    """Files of the user."""

    train: str | None = option(None, "training file", content="path")


@dataclass
class Toy:
    """Toy data."""

    size: int = option(7, "number of examples", minimum=1, maximum=9)


@dataclass
class Network:
    """The network.

    More about it.
    """

    hidden_size: int = option(16, "units", minimum=1, maximum=99)


@dataclass
class Config:
    """A configuration."""

    seed: int = option(1, "seed", minimum=0, maximum=9)
    model: Network = group(Network)


SCHEMA = RecipeSchema(Config, {"files": Files, "toy": Toy}, lambda values: None, inherited={"old": Network})


def test_options_are_those_of_the_recipe_and_its_data_set() -> None:
    options = SCHEMA.options("mine", "toy")
    assert list(options) == ["recipe", "data.name", "data.size", "seed", "model.hidden_size"]
    assert options["recipe"].choices == ("mine",) and options["data.name"].default == "toy"
    assert "data.train" in SCHEMA.options("mine", "files")


def test_stored_options_have_the_inherited_ones_too() -> None:
    stored = SCHEMA.stored_options("mine", "toy")
    assert set(stored) == {*SCHEMA.options("mine", "toy"), "old.hidden_size"}


def test_sections_have_a_summary_of_one_line() -> None:
    sections = {section.name: section for section in SCHEMA.sections("mine", "files")}
    assert {name: section.summary for name, section in sections.items()} == {
        "": "The run.", "data": "Files of the user.", "model": "The network.",
    }  # fmt: skip
    assert [option.key for section in sections.values() for option in section.options] == [
        "seed", "data.train", "model.hidden_size",
    ]  # fmt: skip


def test_defaults_are_a_nested_configuration() -> None:
    assert SCHEMA.defaults("mine", "toy") == {
        "recipe": "mine", "data": {"name": "toy", "size": 7}, "seed": 1, "model": {"hidden_size": 16},
    }  # fmt: skip
