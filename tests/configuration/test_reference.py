"""The reference page names every option."""

from grunlp.configuration.compose import flatten
from grunlp.configuration.reference import reference_page
from grunlp.tasks.config import compose_config, recipe_sections, schemas


def test_every_key_of_every_recipe_is_on_the_page() -> None:
    configs = {recipe: compose_config([f"recipe={recipe}"]) for recipe in schemas()}
    page = reference_page({recipe: recipe_sections(config) for recipe, config in configs.items()}, {})
    for recipe, config in configs.items():
        section = page.partition(f"### recipe={recipe}\n")[2].partition("\n### ")[0]
        for key in flatten(config):
            if key not in ("recipe", "data.name"):
                assert f"| `{key}` | `" in section, key
    assert "| `model.cell` | `gru` | `gru`, `gru-reset-before`," in page
    assert "| `trainer.max_epochs` | `12` |" in page, "the default of the recipe's YAML file"
