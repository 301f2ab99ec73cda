"""`python -m grunlp.train recipe=NAME [data=NAME] [key=value ...]`: check, compose, run the recipe.

`python -m grunlp.train resume=RUN` goes on with a training that was interrupted, however that was, and gives the
weights that it would have given. `replay_bad_batch=RUN` shows a loss again that was no number.
"""

import logging
import os
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig, OmegaConf

from grunlp.configuration.compose import drop_inapplicable_debug_keys, flatten, load_recipe
from grunlp.configuration.options import check_value, format_options
from grunlp.configuration.paths import list_config_group, resource_dir
from grunlp.runs.lock import folder_lock
from grunlp.tasks.config import (
    check_sweep,
    compose_config,
    load_initial_config,
    normalize_overrides,
    recipe_sections,
    schemas,
)
from grunlp.utils.cli import EXIT_USAGE, command
from grunlp.utils.errors import UserError
from grunlp.utils.signals import TerminationSignal

if TYPE_CHECKING:
    from grunlp.runs.layout import RunMode

log = logging.getLogger("grunlp")

# for one that goes on
RESUME_OVERRIDABLE = (
    "trainer.checkpoint_every_seconds",
    "trainer.on_nonfinite_loss",
    "trainer.profile",
    "loader.num_workers",
)
HYDRA_OPTIONS_WITH_VALUE = ("--cfg", "-c", "--package", "-p", "--info", "-i")  # Hydra's own options that take a word


def help_text(arguments: list[str]) -> str:
    """List recipes, data sets, and every key of the chosen recipe with its default, choices and meaning."""
    config = compose_config([a for a in arguments if a.startswith(("recipe=", "data=", "model=", "debug="))])
    datasets = ", ".join(schemas()[config.recipe].datasets)
    lines = [
        "Train a model:  python -m grunlp.train recipe=NAME [data=NAME] [key=value ...]",
        "",
        f"recipes:    {', '.join(schemas())}",
        f"data sets:  {datasets}   (of recipe={config.recipe}; data.train=FILE means data=files)",
        f"presets:    {', '.join(f'model={preset}' for preset in list_config_group('model'))}",
        f"debug:      {', '.join(list_config_group('debug'))}",
        "",
        "instead of these:",
        "  resume=RUN              resume an unfinished training; these keys may change:",
        f"                          {', '.join(RESUME_OVERRIDABLE)}",
        "  replay_bad_batch=RUN    compute a batch with a NaN or infinite loss again",
        "",
        f"keys of recipe={config.recipe} data={config.data.name}:",
    ]
    for section in recipe_sections(config):
        lines += ["", f"{section.name or 'run'}: {section.summary}", format_options(section.options)]
    lines += [
        "",
        "examples:",
        "  python -m grunlp.train recipe=srl",
        "  python -m grunlp.train recipe=srl data=propbank-ewt model.hidden_size=128 trainer.max_epochs=5",
        "  python -m grunlp.train recipe=srl data.train=train.conll data.dev=dev.conll data.test=test.conll",
        "  python -m grunlp.train --multirun recipe=srl seed=1,2,3",
        "  python -m grunlp.train recipe=srl trainer.devices=2    two GPUs, or two processes on the CPU",
        "  python -m grunlp.train recipe=srl --cfg job        print the configuration, train nothing",
        "  python -m grunlp.train recipe=tag --help           the keys of another recipe",
        "  python -m grunlp.train resume=runs/srl/2026-01-31_12-00-00",
    ]
    return "\n".join(lines)


@hydra.main(version_base="1.3", config_path=str(resource_dir("configs").resolve()), config_name="config")
def run_recipe(config: DictConfig) -> None:
    """One training. Errors of the user's leave here, or Hydra would print them as its own."""
    from grunlp.runs.layout import RunMode, create_run_dir
    from grunlp.training.launcher import resolve_devices
    from grunlp.utils import distributed

    config = drop_inapplicable_debug_keys(config, schemas())
    try:
        resolve_devices(config.trainer)
        run_dir = distributed.run_on_rank_zero(lambda: create_run_dir(config.recipe, config.run_dir, config.overwrite))
        log.info("run folder: %s", run_dir)
        with folder_lock("run_dir", run_dir) if distributed.rank() == 0 else nullcontext():
            run_or_launch(config, run_dir, RunMode.NEW)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE)


def run_or_launch(config: DictConfig, run_dir: Path, mode: "RunMode") -> None:
    """Run the recipe, in new processes where several are asked for and this one is alone.

    Raises:
        SystemExit: it was told to end, or one of the processes has ended before its time.
    """
    from grunlp.training.launcher import launch
    from grunlp.utils import distributed

    if config.trainer.devices * config.trainer.num_nodes == distributed.world_size():
        run_in_process(config, run_dir, mode)
        return
    try:
        launch(run_in_process, config.trainer, config, run_dir, mode)
    except SystemExit as ended:
        if ended.code != EXIT_USAGE:
            print(_resume_hint(run_dir), file=sys.stderr)
        raise


def run_in_process(config: DictConfig, run_dir: Path, mode: "RunMode") -> None:
    """Run the recipe in this process; say how to go on where it is interrupted.

    Raises:
        SystemExit: it was told to end.
    """
    from grunlp.runs.layout import NonZeroRankExit, complete_run
    from grunlp.training.launcher import resolve_devices
    from grunlp.utils import distributed

    try:
        with distributed.translate_peer_failures():
            resolve_devices(config.trainer)
            load_recipe(config.recipe)(config, run_dir, mode)
    except NonZeroRankExit:
        return
    except TerminationSignal as stopped:
        if distributed.rank() == 0:
            print(f"stopped; {_resume_hint(run_dir)}", file=sys.stderr)
        sys.exit(stopped.exit_code)
    complete_run(run_dir)


def _resume_hint(run_dir: Path) -> str:
    from grunlp.runs.layout import CHECKPOINT_DIR, CONFIG

    begun = (run_dir / CHECKPOINT_DIR).is_dir() and (run_dir / CONFIG).is_file()
    return f"to go on, type: python -m grunlp.train resume={run_dir}" if begun else "nothing was trained yet"


def resume(path: Path, overrides: list[str]) -> int:
    """Go on with the run in a folder. overrides, errors: see `_load_resumed_config`."""
    from grunlp.runs.layout import RunMode, require_resumable
    from grunlp.training.launcher import resolve_devices
    from grunlp.utils import distributed

    require_resumable(path, "resume")  # else a lock would be left in any folder
    config = _load_resumed_config("resume", path, overrides)
    resolve_devices(config.trainer)  # before the lock, which only the first of several processes takes
    with folder_lock("run_dir", path) if distributed.rank() == 0 else nullcontext():
        require_resumable(path, "resume")  # the other may have come to its end just now
        run_or_launch(config, path, RunMode.RESUME)
    return 0


def replay_bad_batch(path: Path, overrides: list[str]) -> int:
    """Show a loss of the run in a folder, where nothing changes. overrides, errors: see `_load_resumed_config`."""
    from grunlp.runs.layout import ReplayFinished, RunMode, require_resumable
    from grunlp.training.nan_guard import copy_debug_state

    require_resumable(path, "replay_bad_batch")
    with tempfile.TemporaryDirectory() as place:
        copy_debug_state(path, Path(place))
        config = _load_resumed_config("replay_bad_batch", path, overrides)
        config.trainer.devices = config.trainer.num_nodes = 1  # a batch is one process's
        try:
            load_recipe(config.recipe)(config, Path(place), RunMode.REPLAY)
        except ReplayFinished as replayed:
            print(replayed)
    return 0


def _load_resumed_config(key: str, path: Path, overrides: list[str]) -> DictConfig:
    """How a training was begun, but for free keys.

    Args:
        overrides: other keys that were typed.

    Raises:
        UserError: the folder's parts or data have changed, or a key is typed that would change what comes out.
    """
    config = load_initial_config(path)
    values = flatten(config)
    options = schemas()[config.recipe].options(config.recipe, config.data.name)
    # of a stream each worker reads a part of its own
    settled = ("loader.num_workers",) if values.get("loader.stream_buffer_size") else ()
    free = [name for name in RESUME_OVERRIDABLE if name in values and name not in settled]
    for override in overrides:
        name = override.partition("=")[0]
        if name not in free:
            there = f"a training goes on as it was begun; free are: {', '.join(free)}"
            raise UserError(f"{key}={path} with {override}", there, f"Type {key}={path}")
        value = OmegaConf.select(OmegaConf.from_dotlist([override]), name)
        check_value(replace(options[name], default=values[name]), value)
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
    for key, again in (("resume", resume), ("replay", replay_bad_batch)):
        if named := [a for a in arguments if a.startswith(f"{key}=")]:
            return again(Path(named[-1].partition("=")[2]), [a for a in arguments if a not in named])
    # a word after --cfg, --info, ... belongs to it
    owners = ["", *arguments]
    flags = [
        a for a, owner in zip(arguments, owners, strict=False) if a.startswith("-") or owner in HYDRA_OPTIONS_WITH_VALUE
    ]
    overrides = [a for a in arguments if a not in flags]
    check = check_sweep if {"-m", "--multirun"} & set(flags) else compose_config
    check(overrides)
    sys.argv[1:] = flags + normalize_overrides(overrides)
    run_recipe()
    return 0


if __name__ == "__main__":
    sys.exit(main())
