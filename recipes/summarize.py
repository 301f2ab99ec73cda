"""Summaries are learned as translations are; what differs stands in configs/recipe/summarize.yaml."""

from grunlp.configuration.compose import load_recipe

run = load_recipe("translate")
