"""Train a summarizer, like recipe=translate, with the defaults of configs/recipe/summarize.yaml."""

from grunlp.configuration.compose import load_recipe

run = load_recipe("translate")
