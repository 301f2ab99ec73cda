"""Recurrent cells side by side: the same data, batches and seeds, and as many weights or as much time."""

import logging
import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from grunlp.configuration.compose import flatten
from grunlp.configuration.key_value_args import split_arguments
from grunlp.configuration.options import check_choice
from grunlp.metrics.evaluation import PrimaryMetric, select_primary_metric
from grunlp.modules.options import Cell
from grunlp.runs.lock import folder_lock
from grunlp.tasks import primary_metrics_of, task_of
from grunlp.tasks.config import compose_config, normalize_overrides
from grunlp.tuning.study_folder import open_study
from grunlp.tuning.training_pool import ProgressReporter, TrainingJob, TrainingPool
from grunlp.utils.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from grunlp.metrics.corpus_metric import Metric

DEFAULTS: dict[str, Any] = {"cells": "gru,lstm,mingru,rnn", "seeds": 5, "match": "parameters", "jobs": 0, "out": None}
_RESERVED_KEYS = {
    "model.cell": "Type cells=gru,lstm",
    "run_dir": "Type out=FOLDER",
    "overwrite": "Type out=NEW_FOLDER",
}


class ComparisonSpec(NamedTuple):
    """What was asked for, checked.

    cells: the first is what the others are compared with.
    seeds: of each cell.
    overrides: of all trainings, complete.
    match: parameters, time or none.
    """

    recipe: str
    cells: list[str]
    seeds: list[int]
    overrides: tuple[str, ...]
    match: str


class CellResults(NamedTuple):
    """The trainings of one cell: their runs, by seed, and what set them apart."""

    cell: str
    runs: list[Path]
    sizes: dict[str, int]


def parse_arguments(arguments: list[str]) -> tuple[ComparisonSpec, dict[str, Any]]:
    """Check everything, before anything is trained. Returns the request, and all the command's own values."""
    given, others = split_arguments(arguments, DEFAULTS, _RESERVED_KEYS)
    cells = given["cells"].split(",")
    for cell in cells:
        check_choice("cells", cell, get_args(Cell))
    if len(cells) < 2 or len(set(cells)) < len(cells):
        there = f"two different ones at least, of {', '.join(get_args(Cell))}"
        raise UserError(f"cells={given['cells']}", there, "Type cells=gru,lstm")
    config = compose_config(others)
    primary_metrics_of(config.recipe)
    for cell in cells:
        compose_config([*others, f"model.cell={cell}"])
    values = flatten(config)
    if values.get("data.test", "") is None and not values["data.num_folds"]:
        there = "cells are compared by their scores on it"
        raise UserError("data.test is not given", there, "Add data.test=FILE, or data.num_folds=5")
    for name, of_match in (("model.hidden_size", "parameters"), ("trainer.max_epochs", "time")):
        if given["match"] == of_match and name not in values:
            raise UserError(f"match={of_match} without {name}", "it is what would be matched", "Type match=none")
    seeds = [config.seed + i for i in range(given["seeds"])]
    overrides = [word for word in normalize_overrides(others) if word.partition("=")[0] != "seed"]
    return ComparisonSpec(config.recipe, cells, seeds, tuple(overrides), given["match"]), given


def compare_cells(arguments: list[str]) -> int:
    """`python -m grunlp.compare cells=gru,lstm recipe=NAME ...`: train, score, compare, tell."""
    request, given = parse_arguments(arguments)
    folder = open_study("out", given["out"], {"command": "compare", **request._asdict()})
    print(f"{len(request.cells)} cells x {len(request.seeds)} seeds; everything goes to {folder}", flush=True)
    from grunlp.tuning.cell_comparison_report import write_report

    with folder_lock("out", folder):
        trained = train(request, folder, given["jobs"])
    rows, primary = evaluate_cells(trained, request.seeds)
    title = f"Cells of recipe={request.recipe}, {len(request.seeds)} seeds"
    write_report(folder, rows, primary, request.match, title, " ".join(request.overrides))
    return 0


def train(spec: ComparisonSpec, folder: Path, jobs: int) -> list[CellResults]:
    """All trainings; the first cell's come first, for it says how large the others are."""
    epochs = _match_training_time(spec, folder) if spec.match == "time" else {}
    total = len(spec.cells) * len(spec.seeds)
    progress, trained = ProgressReporter(total), []
    with TrainingPool(jobs) as pool:
        first = _training_job(spec, folder, spec.cells[0], spec.seeds[0], ())
        for cells in (spec.cells[:1], spec.cells[1:]):
            match = spec.match == "parameters" and cells[0] != spec.cells[0]
            sizes = _match_sizes(first.folder, cells) if match else {}
            more = {
                cell: [f"model.{key}={value}" for key, value in sizes.get(cell, {}).items()]
                + ([f"trainer.max_epochs={epochs[cell]}"] if cell in epochs else [])
                for cell in cells
            }
            trainings = {
                cell: [_training_job(spec, folder, cell, seed, more[cell]) for seed in spec.seeds] for cell in cells
            }
            before = {training for some in trainings.values() for training in some if training.finished}
            for done in pool.run(training for some in trainings.values() for training in some):
                progress.update(done.folder.name, done in before)
            for cell, some in trainings.items():
                trained.append(CellResults(cell, [one.folder for one in some], _sizes(some[0].folder)))
    return trained


def _training_job(
    spec: ComparisonSpec, folder: Path, cell: str, seed: int, extra_overrides: Sequence[str]
) -> TrainingJob:
    return TrainingJob(
        folder / "runs" / f"{cell}-{seed}", (*spec.overrides, *extra_overrides, f"model.cell={cell}", f"seed={seed}")
    )


def _sizes(run: Path) -> dict[str, int]:
    """Hidden sizes of a run."""
    from grunlp.tasks.config import read_config
    from grunlp.tuning.parameter_matching import SCALED_KEYS

    model = read_config(run).model
    return {key: model[key] for key in ("hidden_size", *SCALED_KEYS) if key in model}


def _match_sizes(first: Path, cells: Sequence[str]) -> dict[str, dict[str, int]]:
    """Sizes of each cell with which its network has as many weights as the run of the first."""
    import torch
    from omegaconf import OmegaConf

    from grunlp.tasks.config import read_config
    from grunlp.tuning.parameter_matching import count_parameters, match_parameter_count, scale_model

    config, task = read_config(first), task_of(first)
    own = {key: value for key, value in config.model.items()}

    def count(cell: str, hidden_size: int) -> int:
        changed = OmegaConf.merge(config, {"model": {"cell": cell, **scale_model(own, hidden_size)}})
        with torch.device("meta"):  # shapes without numbers
            return count_parameters(task.build_model(first, changed))  # type: ignore[arg-type]

    target = count(config.model.cell, config.model.hidden_size)
    found = {}
    step = task.hidden_size_multiple(own)
    for cell in cells:
        size = match_parameter_count(partial(count, cell), target, own["hidden_size"], step)
        found[cell] = scale_model(own, size)
    return found


def _match_training_time(spec: ComparisonSpec, folder: Path) -> dict[str, int]:
    """Epochs of each cell that take as long as those of the first, by one timed epoch of each, alone on its core."""
    from grunlp.runs.layout import read_metrics

    config, seconds = compose_config(spec.overrides), {}
    with TrainingPool(1) as pool:
        for cell in spec.cells:
            once = _training_job(spec, folder, cell, spec.seeds[0], ["trainer.max_epochs=1"])
            timed = once._replace(folder=folder / "timing" / cell)
            list(pool.run([timed]))
            seconds[cell] = read_metrics(timed.folder)["training"]["seconds"]
            print(f"an epoch of {cell}: {seconds[cell]:.1f} s", flush=True)
    whole = seconds[spec.cells[0]] * config.trainer.max_epochs
    return {cell: max(1, round(whole / each)) for cell, each in seconds.items()}


def evaluate_cells(results: Sequence[CellResults], seeds: Sequence[int]) -> tuple[list[dict[str, Any]], PrimaryMetric]:
    """Score each run on its test split, and compare each cell with the first. A row a cell."""
    import torch

    from grunlp.metrics.seed_variance import compare_seeds, mean_score
    from grunlp.runs.layout import read_metrics
    from grunlp.tuning.parameter_matching import num_parameters_of_run

    torch.set_num_threads(1)
    logging.getLogger("grunlp").setLevel(logging.WARNING)  # of the data all has been said
    rows: list[dict[str, Any]] = []
    first: NDArray[np.float64] | None = None
    for one in results:
        table, measure, primary, milliseconds = _count_tables(one.runs)
        score, interval = mean_score(table, measure.score)
        training = [read_metrics(run)["training"] for run in one.runs]
        found = None if first is None else compare_seeds(first, table, measure.score)
        first = table if first is None else first
        rows.append(
            {
                "cell": one.cell,
                "sizes": one.sizes,
                "scores": dict(zip(map(str, seeds), map(measure.score, table.sum(axis=1)), strict=True)),
                "score": score,
                "interval": list(interval),
                "weights": num_parameters_of_run(one.runs[0]),
                "seconds": statistics.mean(took["seconds"] for took in training),
                "epochs": statistics.mean(took["epochs"] for took in training),
                "milliseconds_an_example": milliseconds,
                "difference": found and found.difference,
                "difference_interval": found and list(found.interval),
                "p_examples": found and found.p_examples,
                "p_seeds": found and found.p_seeds,
                "runs": [str(run) for run in one.runs],
            }
        )
    return rows, primary


def _count_tables(runs: Sequence[Path]) -> "tuple[NDArray[np.float64], Metric, PrimaryMetric, float]":
    """Counts of the test split (seeds, groups, n), how a score is made of them, which, and milliseconds an example."""
    import numpy as np

    from grunlp.tasks.config import read_config

    measures, times = [], []
    for run in runs:
        scored = task_of(run).evaluate_split(run, "test")
        primary = select_primary_metric(primary_metrics_of(read_config(run).recipe), scored.scores.metrics)
        measures.append(scored.scores.metrics[primary.key])
        times.append(1000 * scored.seconds / max(1, scored.num_examples))
    return np.stack([measure.counts for measure in measures]), measures[0], primary, statistics.median(times)
