"""`python -m grunlp.train recipe=NAME [data=NAME] [key=value ...]`: check, compose, run the recipe.

`python -m grunlp.train resume=RUN` goes on with a training that was interrupted, however that was, and gives the
weights that it would have given. `replay=RUN` shows a loss again that was no number.
"""

import logging
import os
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import DictConfig, OmegaConf

from grunlp.configuration.compose import (
    available,
    check_sweep,
    complete,
    compose_config,
    folder,
    keys,
    load_recipe,
    without_unused,
)
from grunlp.configuration.schema import check_choice, check_value
from grunlp.runs.lock import alone
from grunlp.utils.cli import USAGE_ERROR, command
from grunlp.utils.errors import GrunlpError
from grunlp.utils.signals import Stopped

if TYPE_CHECKING:
    from grunlp.runs.layout import Start

log = logging.getLogger("grunlp")

FREE = ("trainer.save_every", "trainer.bad_loss", "trainer.profile", "loader.num_workers")  # for one that goes on
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
        "in their place:",
        "  resume=RUN   go on with a training that was interrupted; free beside it: " + ", ".join(FREE),
        "  replay=RUN   see a loss again that was no number",
        "",
        f"keys of recipe={config.recipe} data={config.data.name}, with their defaults:",
        *(f"  {key}={_typed(value)}" for key, value in keys(config).items() if key != "recipe"),
        "",
        "examples:",
        "  python -m grunlp.train recipe=srl",
        "  python -m grunlp.train recipe=srl data=propbank-ewt model.hidden_size=128 trainer.max_epochs=5",
        "  python -m grunlp.train recipe=srl data.train=train.conll data.dev=dev.conll data.test=test.conll",
        "  python -m grunlp.train --multirun recipe=srl seed=1,2,3",
        "  python -m grunlp.train recipe=srl trainer.devices=2    two GPUs, or two processes on the CPU",
        "  python -m grunlp.train recipe=srl --cfg job        print the configuration, train nothing",
        "  python -m grunlp.train resume=runs/srl/2026-01-31_12-00-00",
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
    from grunlp.runs.layout import Start, new_run
    from grunlp.training.launcher import settle_devices
    from grunlp.utils import distributed

    config = without_unused(config)
    try:
        settle_devices(config.trainer)
        run_dir = distributed.first(lambda: new_run(config.recipe, config.run_dir, config.overwrite))
        log.info("run folder: %s", run_dir)
        with alone("run_dir", run_dir) if distributed.rank() == 0 else nullcontext():
            _run(config, run_dir, Start.NEW)
    except GrunlpError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(USAGE_ERROR)


def _run(config: DictConfig, run_dir: Path, start: "Start") -> None:
    """Run the recipe, in new processes where several are asked for and this one is alone.

    Raises:
        SystemExit: it was told to end, or one of the processes has ended before its time.
    """
    from grunlp.training.launcher import launch
    from grunlp.utils import distributed

    if config.trainer.devices * config.trainer.num_nodes == distributed.count():
        run_here(config, run_dir, start)
        return
    try:
        launch(run_here, config.trainer, config, run_dir, start)
    except SystemExit as ended:
        if ended.code != USAGE_ERROR:
            print(_how_to_go_on(run_dir), file=sys.stderr)
        raise


def run_here(config: DictConfig, run_dir: Path, start: "Start") -> None:
    """Run the recipe in this process; say how to go on where it is interrupted.

    Raises:
        SystemExit: it was told to end.
    """
    from grunlp.runs.layout import Excused, finish_run
    from grunlp.training.launcher import settle_devices
    from grunlp.utils import distributed

    try:
        settle_devices(config.trainer)
        load_recipe(config.recipe)(config, run_dir, start)
    except Excused:
        return
    except Stopped as stopped:
        if distributed.rank() == 0:
            print(f"stopped; {_how_to_go_on(run_dir)}", file=sys.stderr)
        sys.exit(stopped.status)
    except RuntimeError as error:
        raise distributed.lost(error) or error from None
    finish_run(run_dir)


def _how_to_go_on(run_dir: Path) -> str:
    from grunlp.runs.layout import CHECKPOINT, CONFIG

    begun = (run_dir / CHECKPOINT).is_dir() and (run_dir / CONFIG).is_file()
    return f"to go on, type: python -m grunlp.train resume={run_dir}" if begun else "nothing was trained yet"


def resume(path: Path, overrides: list[str]) -> int:
    """Go on with the run in a folder. overrides, errors: see `_begun`."""
    from grunlp.runs.layout import Start, require_begun
    from grunlp.training.launcher import settle_devices
    from grunlp.utils import distributed

    require_begun(path, "resume")  # else a lock would be left in any folder
    config = _begun("resume", path, overrides)
    settle_devices(config.trainer)  # before the lock, which only the first of several processes takes
    with alone("run_dir", path) if distributed.rank() == 0 else nullcontext():
        require_begun(path, "resume")  # the other may have come to its end just now
        _run(config, path, Start.RESUME)
    return 0


def replay(path: Path, overrides: list[str]) -> int:
    """Show a loss of the run in a folder, where nothing changes. overrides, errors: see `_begun`."""
    from grunlp.runs.layout import Replayed, Start, require_begun
    from grunlp.training.nan_guard import copy_trouble

    require_begun(path, "replay")
    with tempfile.TemporaryDirectory() as place:
        copy_trouble(path, Path(place))
        config = _begun("replay", path, overrides)
        config.trainer.devices = config.trainer.num_nodes = 1  # a batch is one process's
        try:
            load_recipe(config.recipe)(config, Path(place), Start.REPLAY)
        except Replayed as replayed:
            print(replayed)
    return 0


def _begun(key: str, path: Path, overrides: list[str]) -> DictConfig:
    """How a training was begun, but for free keys.

    Args:
        overrides: other keys that were typed.

    Raises:
        GrunlpError: the folder's parts or data have changed, or a key is typed that would change what comes out.
    """
    from grunlp.runs.layout import begun_config

    config = begun_config(path)
    check_choice("recipe", config.recipe, available("recipe"))
    values = keys(config)
    # of a stream each worker reads a part of its own
    settled = ("loader.num_workers",) if values.get("loader.stream") else ()
    free = [name for name in FREE if name in values and name not in settled]
    for override in overrides:
        name = override.partition("=")[0]
        if name not in free:
            there = f"a training goes on as it was begun; free are: {', '.join(free)}"
            raise GrunlpError(f"{key}={path} with {override}", there, f"Type {key}={path}")
        value = OmegaConf.select(OmegaConf.from_dotlist([override]), name)
        check_value(name, value, values[name])
        OmegaConf.update(config, name, value)
    return config


@command(help_text)
def main(arguments: list[str]) -> int:
    """One training, several, or the rest of one."""
    # MKL, which reads it at its first product, then sums in the same order whatever the number of threads; not in
    # products of two or three rows, nor in some of up to seven by as few columns
    os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
    return train(arguments)


def train(arguments: list[str]) -> int:
    """Check everything the user typed before anything heavy is imported or any data read; then Hydra takes over."""
    for key, again in (("resume", resume), ("replay", replay)):
        if named := [a for a in arguments if a.startswith(f"{key}=")]:
            return again(Path(named[-1].partition("=")[2]), [a for a in arguments if a not in named])
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
