"""`python -m grunlp.train recipe=NAME [data=NAME] [key=value ...]` checks the configuration and runs the recipe.

`python -m grunlp.train resume=RUN` resumes an interrupted training and produces the same weights as without the
interruption. `replay_bad_batch=RUN` recomputes a NaN or infinite loss.
"""

import logging
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig, OmegaConf

from grunlp.configuration.compose import drop_inapplicable_debug_keys, flatten, load_recipe, register_schemas
from grunlp.configuration.options import check_value, format_options
from grunlp.configuration.paths import list_config_group, resource_dir
from grunlp.tasks.config import (
    check_sweep,
    compose_config,
    load_initial_config,
    normalize_overrides,
    recipe_sections,
    schemas,
)
from grunlp.utils.cli import command, exit_status
from grunlp.utils.errors import UserError

if TYPE_CHECKING:
    from grunlp.runs.layout import RunMode

log = logging.getLogger("grunlp")

# Keys that may change when a training is resumed.
RESUME_OVERRIDABLE = (
    "trainer.checkpoint_every_seconds",
    "trainer.on_nonfinite_loss",
    "trainer.profile",
    "loader.num_workers",
)
HYDRA_OPTIONS_WITH_VALUE = ("--cfg", "-c", "--package", "-p", "--info", "-i")


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


@command(help_text)
def main(arguments: list[str]) -> int:
    """Train a model, resume an interrupted training, or replay a bad batch; return the exit status."""
    # MKL, which reads it before its first product, then sums in the same order for any number of threads; except in
    # products of two or three rows, and in some of up to seven rows by as few columns
    os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
    for key, action in (("resume", resume), ("replay_bad_batch", replay)):
        if values := [a.partition("=")[2] for a in arguments if a.startswith(f"{key}=")]:
            action(Path(values[-1]), [a for a in arguments if not a.startswith(f"{key}=")])
            return 0
    sys.argv[1:] = hydra_arguments(arguments)
    register_schemas(schemas())
    train()
    return 0


@hydra.main(version_base="1.3", config_path=str(resource_dir("configs").resolve()), config_name="config")
def train(config: DictConfig) -> None:
    """Start a training with a composed configuration.

    User errors are printed here, because Hydra would add a traceback.
    """
    if status := exit_status(lambda: start_new(config)):
        sys.exit(status)


def start_new(config: DictConfig) -> int:
    """Make the run folder of a new training and start it; return the exit status."""
    from grunlp.runs.layout import RunMode, create_run_dir
    from grunlp.training.launcher import resolve_devices
    from grunlp.utils import distributed

    config = drop_inapplicable_debug_keys(config, schemas())
    resolve_devices(config.trainer)
    run_dir = distributed.run_on_rank_zero(
        lambda: create_run_dir(config.recipe, config.run_dir, config.overwrite, schemas())
    )
    log.info("run folder: %s", run_dir)
    start(config, run_dir, RunMode.NEW)
    return 0


def start(config: DictConfig, run_dir: Path, mode: "RunMode") -> None:
    """Run the recipe with the run folder locked, in new processes if the configuration asks for several."""
    from grunlp.training.launcher import launch
    from grunlp.training.resume import explain_interruption, lock_run
    from grunlp.utils import distributed

    with lock_run(run_dir, mode, config.overwrite, schemas()), explain_interruption(run_dir):
        if config.trainer.devices * config.trainer.num_nodes == distributed.world_size():
            run_recipe(config, run_dir, mode)
        else:
            launch(run_recipe, config.trainer, config, run_dir, mode)


def run_recipe(config: DictConfig, run_dir: Path, mode: "RunMode") -> None:
    """Run `recipes/<recipe>.py` in this process."""
    from grunlp.runs.layout import complete_run
    from grunlp.training.launcher import resolve_devices
    from grunlp.utils import distributed

    resolve_devices(config.trainer)
    is_first = distributed.rank() == 0  # the recipe leaves the process group
    load_recipe(config.recipe)(config, run_dir, mode)
    if is_first:
        complete_run(run_dir)


def hydra_arguments(arguments: list[str]) -> list[str]:
    """Check the arguments a user typed before any heavy import or data is read, and return them in Hydra's syntax."""
    previous = ["", *arguments]  # a word after --cfg, --info, ... is its value
    values = [a for a, before in zip(arguments, previous, strict=False) if before in HYDRA_OPTIONS_WITH_VALUE]
    flags = [a for a in arguments if a.startswith("-") or a in values]
    overrides = [a for a in arguments if a not in flags]
    check = check_sweep if {"-m", "--multirun"} & set(flags) else compose_config
    check(overrides)
    return flags + normalize_overrides(overrides)


def resume(run_dir: Path, overrides: list[str]) -> None:
    """Resume the training in a run folder; see `load_resumed_config` for the overrides."""
    from grunlp.runs.layout import RunMode
    from grunlp.training.launcher import resolve_devices

    config = load_resumed_config("resume", run_dir, overrides)
    resolve_devices(config.trainer)  # before the lock, which only rank 0 takes
    start(config, run_dir, RunMode.RESUME)


def replay(run_dir: Path, overrides: list[str]) -> None:
    """Recompute the NaN or infinite loss saved by a run, in a temporary folder."""
    from grunlp.runs.layout import RunMode
    from grunlp.training.nan_guard import copy_debug_state

    config = load_resumed_config("replay_bad_batch", run_dir, overrides)
    config.trainer.devices = config.trainer.num_nodes = 1  # a batch belongs to one process
    with tempfile.TemporaryDirectory() as directory:
        copy_debug_state(run_dir, Path(directory))
        start(config, Path(directory), RunMode.REPLAY)


def load_resumed_config(key: str, run_dir: Path, overrides: list[str]) -> DictConfig:
    """Load the configuration with which a training was started.

    Args:
        key: the argument that names the run folder, "resume" or "replay_bad_batch".
        run_dir: the run folder.
        overrides: further arguments; their keys must be in RESUME_OVERRIDABLE.

    Raises:
        UserError: the training cannot be resumed, files of the run or its data have changed, or an override would
            change the result.
    """
    from grunlp.runs.layout import require_resumable

    require_resumable(run_dir, key)
    config = load_initial_config(run_dir)
    values = flatten(config)
    options = schemas()[config.recipe].options(config.recipe, config.data.name)
    # each worker reads its own part of a stream
    fixed = ("loader.num_workers",) if values.get("loader.stream_buffer_size") else ()
    overridable = [name for name in RESUME_OVERRIDABLE if name in values and name not in fixed]
    for override in overrides:
        name = override.partition("=")[0]
        if name not in overridable:
            details = f"a training is resumed as it was started; only these keys may change: {', '.join(overridable)}"
            raise UserError(f"{key}={run_dir} with {override}", details, f"Type {key}={run_dir}")
        value = OmegaConf.select(OmegaConf.from_dotlist([override]), name)
        check_value(replace(options[name], default=values[name]), value)
        OmegaConf.update(config, name, value)
    return config


if __name__ == "__main__":
    sys.exit(main())
