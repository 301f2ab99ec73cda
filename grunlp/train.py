"""`python -m grunlp.train recipe=NAME [data=NAME] [key=value ...]`: check, compose, run the recipe."""

import sys
from typing import Any

import hydra
from omegaconf import DictConfig

from grunlp.command import USAGE_ERROR, command
from grunlp.config import available, check_sweep, complete, compose_config, folder, keys, load_recipe
from grunlp.errors import GrunlpError

VALUED = ("--cfg", "-c", "--package", "-p", "--info", "-i")  # Hydra's own options that take a word


def help_text(arguments: list[str]) -> str:
    """Recipes, data sets and every key of the chosen recipe with its default."""
    config = compose_config([a for a in arguments if a.startswith(("recipe=", "data=", "model=", "debug="))])
    lines = [
        "Train a model:  python -m grunlp.train recipe=NAME [data=NAME] [key=value ...]",
        "",
        f"recipes:    {', '.join(available('recipe'))}",
        f"data sets:  {', '.join(available('data'))}   (or data.train=FILE data.dev=FILE data.test=FILE)",
        f"debug:      {', '.join(available('debug'))}",
        "",
        f"keys of recipe={config.recipe} data={config.data.name}, with their defaults:",
        *(f"  {key}={_typed(value)}" for key, value in keys(config).items() if key != "recipe"),
        "",
        "examples:",
        "  python -m grunlp.train recipe=srl",
        "  python -m grunlp.train recipe=srl data=propbank-ewt model.hidden_size=128 trainer.max_epochs=5",
        "  python -m grunlp.train recipe=srl data.train=train.conll data.dev=dev.conll data.test=test.conll",
        "  python -m grunlp.train --multirun recipe=srl seed=1,2,3",
        "  python -m grunlp.train recipe=srl --cfg job        print the configuration, train nothing",
        "",
        f"What each key means is written beside it in {folder('configs')}",
    ]
    return "\n".join(lines)


def _typed(value: Any) -> str:
    """A value as it is typed."""
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )


@hydra.main(version_base="1.3", config_path=str(folder("configs").resolve()), config_name="config")
def run_recipe(config: DictConfig) -> None:
    """One training. Errors of the user's leave here, or Hydra would print them as its own."""
    try:
        load_recipe(config.recipe)(config)
    except GrunlpError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(USAGE_ERROR)


@command(help_text)
def main(arguments: list[str]) -> int:
    """Check everything the user typed before anything heavy is imported or any data read; then Hydra takes over."""
    # a word after --cfg, --info, ... belongs to it
    owners = ["", *arguments]
    flags = [a for a, owner in zip(arguments, owners, strict=False) if a.startswith("-") or owner in VALUED]
    overrides = [a for a in arguments if a not in flags]
    check = check_sweep if {"-m", "--multirun"} & set(flags) else compose_config
    check(overrides)
    sys.argv[1:] = flags + complete(overrides)
    run_recipe()
    return 0


if __name__ == "__main__":
    sys.exit(main())
