"""Locations of configurations, and dotted keys."""

from grunlp.configuration.paths import flatten_keys, list_config_group, resource_dir


def test_configs_and_recipes_are_found_and_belong_together() -> None:
    recipes = list_config_group("recipe")
    assert "srl" in recipes and recipes == sorted(recipes)
    assert {path.stem for path in resource_dir("recipes").glob("*.py") if path.stem != "__init__"} >= set(recipes)


def test_keys_of_nested_groups_are_dotted_and_empty_groups_are_values() -> None:
    nested = {"a": {"b": {"c": 1}, "d": None}, "e": {}, "f": [1]}
    assert flatten_keys(nested) == {"a.b.c": 1, "a.d": None, "e": {}, "f": [1]}
