"""Comparison of recurrent cells that are trained with the same data, batches, seeds and budget."""

import logging
import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from grunlp.configuration.compose import flatten
from grunlp.configuration.options import check_choice
from grunlp.metrics.evaluation import PrimaryMetric, select_primary_metric
from grunlp.modules.options import Cell
from grunlp.runs.lock import folder_lock
from grunlp.tasks import primary_metrics_of, task_of
from grunlp.tasks.config import compose_config, normalize_overrides
from grunlp.tuning.options import CellComparisonOptions, split_options
from grunlp.tuning.study_folder import open_study
from grunlp.tuning.training_pool import ProgressReporter, TrainingJob, TrainingPool
from grunlp.utils.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from grunlp.metrics.corpus_metric import Metric

_RESERVED_KEYS = {
    "model.cell": "Type cells=gru,lstm",
    "run_dir": "Type out=FOLDER",
    "overwrite": "Type out=NEW_FOLDER",
}


class ComparisonSpec(NamedTuple):
    """A cell comparison whose arguments have been checked.

    Attributes:
        recipe: the recipe of all trainings.
        cells: the recurrent cells; the others are compared with the first.
        seeds: the seeds of each cell.
        overrides: the arguments of all trainings.
        match_budget: as in `CellComparisonOptions`.
    """

    recipe: str
    cells: list[str]
    seeds: list[int]
    overrides: tuple[str, ...]
    match_budget: str


class CellResults(NamedTuple):
    """The trainings of one cell.

    Attributes:
        runs: the run folders in the order of the seeds.
        sizes: the hidden sizes.
    """

    cell: str
    runs: list[Path]
    sizes: dict[str, int]


def parse_comparison(arguments: list[str]) -> tuple[ComparisonSpec, CellComparisonOptions]:
    """Parse and check the arguments of the command, before anything is trained."""
    options, others = split_options(arguments, CellComparisonOptions, _RESERVED_KEYS)
    cells = options.cells.split(",")
    for cell in cells:
        check_choice("cells", cell, get_args(Cell))
    if len(cells) < 2 or len(set(cells)) < len(cells):
        details = f"at least two different cells are needed, of {', '.join(get_args(Cell))}"
        raise UserError(f"cells={options.cells}", details, "Type cells=gru,lstm")
    config = compose_config(others)
    primary_metrics_of(config.recipe)  # Raises UserError where there is none.
    for cell in cells:
        compose_config([*others, f"model.cell={cell}"])
    values = flatten(config)
    if values.get("data.test", "") is None and not values["data.num_folds"]:
        raise UserError(
            "data.test is not given",
            "cells are compared by their scores on the test split",
            "Add data.test=FILE, or data.num_folds=5",
        )
    for name, budget in (("model.hidden_size", "parameters"), ("trainer.max_epochs", "time")):
        if options.match_budget == budget and name not in values:
            raise UserError(
                f"match_budget={budget} without {name}", "no other size can be adapted", "Type match_budget=none"
            )
    seeds = [config.seed + i for i in range(options.seeds)]
    overrides = [word for word in normalize_overrides(others) if word.partition("=")[0] != "seed"]
    return ComparisonSpec(config.recipe, cells, seeds, tuple(overrides), options.match_budget), options


def compare_cells(arguments: list[str]) -> int:
    """Run `python -m grunlp.compare cells=gru,lstm recipe=NAME ...`. Returns the exit status."""
    spec, options = parse_comparison(arguments)
    folder = open_study("out", options.out, {"command": "compare", **spec._asdict()})
    print(f"{len(spec.cells)} cells x {len(spec.seeds)} seeds; everything goes to {folder}", flush=True)
    from grunlp.tuning.cell_comparison_report import write_report

    with folder_lock("out", folder):
        results = train(spec, folder, options.jobs)
    rows, primary = evaluate_cells(results, spec.seeds)
    title = f"Cells of recipe={spec.recipe}, {len(spec.seeds)} seeds"
    write_report(folder, rows, primary, spec.match_budget, title, " ".join(spec.overrides))
    return 0


def train(spec: ComparisonSpec, folder: Path, jobs: int) -> list[CellResults]:
    """Run all trainings, beginning with the first cell, because the sizes of the others may depend on it."""
    epochs = _match_training_time(spec, folder) if spec.match_budget == "time" else {}
    progress, results = ProgressReporter(len(spec.cells) * len(spec.seeds)), []
    with TrainingPool(jobs) as pool:
        first = _training_job(spec, folder, spec.cells[0], spec.seeds[0], ())
        for cells in (spec.cells[:1], spec.cells[1:]):
            match_sizes = spec.match_budget == "parameters" and cells[0] != spec.cells[0]
            sizes = _match_sizes(first.folder, cells) if match_sizes else {}
            trainings = {}
            for cell in cells:
                overrides = [f"model.{key}={value}" for key, value in sizes.get(cell, {}).items()]
                overrides += [f"trainer.max_epochs={epochs[cell]}"] if cell in epochs else []
                trainings[cell] = [_training_job(spec, folder, cell, seed, overrides) for seed in spec.seeds]
            all_trainings = [training for of_cell in trainings.values() for training in of_cell]
            done_before = {training for training in all_trainings if training.finished}
            for done in pool.run(all_trainings):
                progress.update(done.folder.name, done in done_before)
            for cell, of_cell in trainings.items():
                results.append(CellResults(cell, [job.folder for job in of_cell], _sizes(of_cell[0].folder)))
    return results


def _training_job(
    spec: ComparisonSpec, folder: Path, cell: str, seed: int, extra_overrides: Sequence[str]
) -> TrainingJob:
    return TrainingJob(
        folder / "runs" / f"{cell}-{seed}", (*spec.overrides, *extra_overrides, f"model.cell={cell}", f"seed={seed}")
    )


def _sizes(run: Path) -> dict[str, int]:
    """Return the hidden sizes of a run."""
    from grunlp.tasks.config import read_config
    from grunlp.tuning.parameter_matching import SCALED_KEYS

    model = read_config(run).model
    return {key: model[key] for key in ("hidden_size", *SCALED_KEYS) if key in model}


def _match_sizes(first: Path, cells: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the hidden sizes at which the network of each cell has as many parameters as the run of the first."""
    import torch
    from omegaconf import OmegaConf

    from grunlp.tasks.config import read_config
    from grunlp.tuning.parameter_matching import count_parameters, match_parameter_count, scale_model

    config, task = read_config(first), task_of(first)
    model_options = {key: value for key, value in config.model.items()}

    def count(cell: str, hidden_size: int) -> int:
        changed = OmegaConf.merge(config, {"model": {"cell": cell, **scale_model(model_options, hidden_size)}})
        with torch.device("meta"):  # shapes only
            return count_parameters(task.build_model(first, changed))  # type: ignore[arg-type]

    target = count(config.model.cell, config.model.hidden_size)
    sizes = {}
    step = task.hidden_size_multiple(model_options)
    for cell in cells:
        size = match_parameter_count(partial(count, cell), target, model_options["hidden_size"], step)
        sizes[cell] = scale_model(model_options, size)
    return sizes


def _match_training_time(spec: ComparisonSpec, folder: Path) -> dict[str, int]:
    """Return the number of epochs in which each cell trains as long as the first, from one timed epoch of each."""
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
    """Score each run on its test split and compare each cell with the first; return a row for each cell."""
    import torch

    from grunlp.metrics.seed_variance import compare_seeds, mean_score
    from grunlp.runs.layout import read_metrics
    from grunlp.tuning.parameter_matching import num_parameters_of_run

    torch.set_num_threads(1)
    logging.getLogger("grunlp").setLevel(logging.WARNING)  # The trainings have logged the data.
    rows: list[dict[str, Any]] = []
    first: NDArray[np.float64] | None = None
    for result in results:
        table, measure, primary, milliseconds = _count_tables(result.runs)
        score, interval = mean_score(table, measure.score)
        training = [read_metrics(run)["training"] for run in result.runs]
        comparison = None if first is None else compare_seeds(first, table, measure.score)
        first = table if first is None else first
        rows.append(
            {
                "cell": result.cell,
                "sizes": result.sizes,
                "scores": dict(zip(map(str, seeds), map(measure.score, table.sum(axis=1)), strict=True)),
                "score": score,
                "interval": list(interval),
                "weights": num_parameters_of_run(result.runs[0]),
                "seconds": statistics.mean(took["seconds"] for took in training),
                "epochs": statistics.mean(took["epochs"] for took in training),
                "milliseconds_an_example": milliseconds,
                "difference": comparison and comparison.difference,
                "difference_interval": comparison and list(comparison.interval),
                "p_examples": comparison and comparison.p_examples,
                "p_seeds": comparison and comparison.p_seeds,
                "runs": [str(run) for run in result.runs],
            }
        )
    return rows, primary


def _count_tables(runs: Sequence[Path]) -> "tuple[NDArray[np.float64], Metric, PrimaryMetric, float]":
    """Score runs with different seeds on their test split.

    Returns:
        the counts (seeds, groups, n), the metric that is computed from them, the primary metric, and the median time
        for an example in milliseconds.
    """
    import numpy as np

    from grunlp.tasks.config import read_config

    metrics, times = [], []
    for run in runs:
        result = task_of(run).evaluate_split(run, "test")
        primary = select_primary_metric(primary_metrics_of(read_config(run).recipe), result.scores.metrics)
        metrics.append(result.scores.metrics[primary.key])
        times.append(1000 * result.seconds / max(1, result.num_examples))
    return np.stack([metric.counts for metric in metrics]), metrics[0], primary, statistics.median(times)
