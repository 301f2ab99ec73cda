"""Schema of a recipe: the options of its configuration and of its data sets, and the rules for combining them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any, NamedTuple, get_type_hints

from grunlp.configuration.options import Option, defaults_of, options_of


class Section(NamedTuple):
    """A named group of options, with one line on what it configures."""

    name: str
    summary: str
    options: list[Option]


@dataclass(frozen=True)
class RecipeSchema:
    """The options and data sets of a recipe.

    Attributes:
        config: options class of the configuration, without the recipe's name and the data.
        datasets: options class of each data set it can read; the first is for the user's own files.
        check: called with the configuration by dotted key; raises UserError for values that cannot be combined.
        inherited: options classes of groups that are copied from another run and stored, but cannot be set.
        trained_on: options classes of the data sets of earlier trainings, which a stored configuration lists.
    """

    config: type
    datasets: Mapping[str, type]
    check: Callable[[Mapping[str, Any]], None]
    inherited: Mapping[str, type] = field(default_factory=dict)
    trained_on: Mapping[str, type] = field(default_factory=dict)

    def options(self, recipe: str, dataset: str) -> dict[str, Option]:
        """List the options of `recipe=... data=...` by dotted key, including `recipe` and `data` themselves."""
        return {
            "recipe": _name_option("recipe", recipe, "name of the recipe"),
            "data.name": _name_option("data.name", dataset, "name of the data set"),
            **options_of(self.datasets[dataset], "data."),
            **options_of(self.config),
        }

    def stored_options(self, recipe: str, dataset: str) -> dict[str, Option]:
        """List the options in the configuration of a run folder: those of `options`, and the inherited ones."""
        inherited = (options_of(cls, f"{group}.") for group, cls in self.inherited.items())
        return {
            **self.options(recipe, dataset),
            **{key: option for group in inherited for key, option in group.items()},
        }

    def sections(self, recipe: str, dataset: str) -> list[Section]:
        """List the options in groups for display, without `recipe` and `data`."""
        options = self.options(recipe, dataset)
        docs = {"": "The run.", "data": str(self.datasets[dataset].__doc__)}
        docs |= {name: str(cls.__doc__) for name, cls in get_type_hints(self.config).items() if is_dataclass(cls)}
        by_group: dict[str, list[Option]] = {group: [] for group in docs}
        for key, option in options.items():
            if key not in ("recipe", "data.name"):
                by_group[key.rpartition(".")[0]].append(option)
        return [Section(group, docs[group].partition("\n")[0], members) for group, members in by_group.items()]

    def defaults(self, recipe: str, dataset: str) -> dict[str, Any]:
        """Return the default configuration, without the values that the YAML files of recipe and data set change."""
        return {
            "recipe": recipe,
            "data": {"name": dataset, **defaults_of(self.datasets[dataset])},
            **defaults_of(self.config),
        }


Schemas = Mapping[str, RecipeSchema]  # by the recipe's name


def _name_option(key: str, name: str, help: str) -> Option:
    return Option(key, str, default=name, help=help, choices=(name,))
