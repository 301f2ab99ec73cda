"""Recurrent cells side by side: the same data, batches and seeds, and as many weights or as much time."""

import logging
import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from grunlp.configuration.compose import complete, compose_config, keys
from grunlp.configuration.key_value_args import part_arguments
from grunlp.configuration.schema import CHOICES, check_choice
from grunlp.metrics.primary import Primary, require_score
from grunlp.runs.lock import alone
from grunlp.tuning.study_folder import open_study
from grunlp.tuning.training_pool import Pool, Progress, Training
from grunlp.utils.errors import GrunlpError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from grunlp.metrics.corpus_metric import Measure

DEFAULTS: dict[str, Any] = {"cells": "gru,lstm,mingru,rnn", "seeds": 5, "match": "parameters", "jobs": 0, "out": None}
_RESERVED = {
    "model.cell": "Type cells=gru,lstm",
    "run_dir": "Type out=FOLDER",
    "overwrite": "Type out=NEW_FOLDER",
}


class Request(NamedTuple):
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


class Trained(NamedTuple):
    """The trainings of one cell: their runs, by seed, and what set them apart."""

    cell: str
    runs: list[Path]
    sizes: dict[str, int]


def parse(arguments: list[str]) -> tuple[Request, dict[str, Any]]:
    """Check everything, before anything is trained. Returns the request, and all the command's own values."""
    given, others = part_arguments(arguments, DEFAULTS, _RESERVED)
    cells = given["cells"].split(",")
    for cell in cells:
        check_choice("cells", cell, CHOICES["model.cell"])
    if len(cells) < 2 or len(set(cells)) < len(cells):
        there = f"two different ones at least, of {', '.join(CHOICES['model.cell'])}"
        raise GrunlpError(f"cells={given['cells']}", there, "Type cells=gru,lstm")
    config = compose_config(others)
    require_score(config.recipe)
    for cell in cells:
        compose_config([*others, f"model.cell={cell}"])
    values = keys(config)
    if values.get("data.test", "") is None and not values["data.folds"]:
        there = "cells are compared by their scores on it"
        raise GrunlpError("data.test is not given", there, "Add data.test=FILE, or data.folds=5")
    for name, of_match in (("model.hidden_size", "parameters"), ("trainer.max_epochs", "time")):
        if given["match"] == of_match and name not in values:
            raise GrunlpError(f"match={of_match} without {name}", "it is what would be matched", "Type match=none")
    seeds = [config.seed + i for i in range(given["seeds"])]
    overrides = [word for word in complete(others) if word.partition("=")[0] != "seed"]
    return Request(config.recipe, cells, seeds, tuple(overrides), given["match"]), given


def compare_cells(arguments: list[str]) -> int:
    """`python -m grunlp.compare cells=gru,lstm recipe=NAME ...`: train, score, compare, tell."""
    request, given = parse(arguments)
    folder = open_study("out", given["out"], {"command": "compare", **request._asdict()})
    print(f"{len(request.cells)} cells x {len(request.seeds)} seeds; everything goes to {folder}", flush=True)
    from grunlp.tuning.cell_comparison_report import tell

    with alone("out", folder):
        trained = train(request, folder, given["jobs"])
    rows, primary = judge(trained, request.seeds)
    tell(folder, rows, primary, request)
    return 0


def train(request: Request, folder: Path, jobs: int) -> list[Trained]:
    """All trainings; the first cell's come first, for it says how large the others are."""
    epochs = _match_time(request, folder) if request.match == "time" else {}
    total = len(request.cells) * len(request.seeds)
    progress, trained = Progress(total), []
    with Pool(jobs) as pool:
        first = _training(request, folder, request.cells[0], request.seeds[0], ())
        for cells in (request.cells[:1], request.cells[1:]):
            match = request.match == "parameters" and cells[0] != request.cells[0]
            sizes = _match_sizes(first.folder, cells) if match else {}
            more = {
                cell: [f"model.{key}={value}" for key, value in sizes.get(cell, {}).items()]
                + ([f"trainer.max_epochs={epochs[cell]}"] if cell in epochs else [])
                for cell in cells
            }
            trainings = {
                cell: [_training(request, folder, cell, seed, more[cell]) for seed in request.seeds] for cell in cells
            }
            before = {training for some in trainings.values() for training in some if training.finished}
            for done in pool.run(training for some in trainings.values() for training in some):
                progress.tell(done.folder.name, done in before)
            for cell, some in trainings.items():
                trained.append(Trained(cell, [one.folder for one in some], _sizes(some[0].folder)))
    return trained


def _training(request: Request, folder: Path, cell: str, seed: int, more: Sequence[str]) -> Training:
    return Training(
        folder / "runs" / f"{cell}-{seed}", (*request.overrides, *more, f"model.cell={cell}", f"seed={seed}")
    )


def _sizes(run: Path) -> dict[str, int]:
    """Hidden sizes of a run."""
    from grunlp.runs.layout import read_config
    from grunlp.tuning.parameter_matching import SCALED

    model = read_config(run).model
    return {key: model[key] for key in ("hidden_size", *SCALED) if key in model}


def _match_sizes(first: Path, cells: Sequence[str]) -> dict[str, dict[str, int]]:
    """Sizes of each cell with which its network has as many weights as the run of the first."""
    import torch
    from omegaconf import OmegaConf

    from grunlp.runs.layout import read_config
    from grunlp.tasks.spec import kind_of
    from grunlp.tuning.parameter_matching import count_weights, match_size, sizes_at

    config, kind = read_config(first), kind_of(str(first))
    own = {key: value for key, value in config.model.items()}

    def count(cell: str, hidden_size: int) -> int:
        changed = OmegaConf.merge(config, {"model": {"cell": cell, **sizes_at(own, hidden_size)}})
        with torch.device("meta"):  # shapes without numbers
            return count_weights(kind.build(str(first), changed))  # type: ignore[arg-type]

    target = count(config.model.cell, config.model.hidden_size)
    found = {}
    step = 2 if own.get("kind") == "segmented" else 1  # such a network halves its size
    for cell in cells:
        size = match_size(partial(count, cell), target, own["hidden_size"], step)
        found[cell] = sizes_at(own, size)
    return found


def _match_time(request: Request, folder: Path) -> dict[str, int]:
    """Epochs of each cell that take as long as those of the first, by one timed epoch of each, alone on its core."""
    from grunlp.runs.layout import read_metrics

    config, seconds = compose_config(request.overrides), {}
    with Pool(1) as pool:
        for cell in request.cells:
            once = _training(request, folder, cell, request.seeds[0], ["trainer.max_epochs=1"])
            timed = once._replace(folder=folder / "timing" / cell)
            list(pool.run([timed]))
            seconds[cell] = read_metrics(timed.folder)["training"]["seconds"]
            print(f"an epoch of {cell}: {seconds[cell]:.1f} s", flush=True)
    whole = seconds[request.cells[0]] * config.trainer.max_epochs
    return {cell: max(1, round(whole / each)) for cell, each in seconds.items()}


def judge(trained: Sequence[Trained], seeds: Sequence[int]) -> tuple[list[dict[str, Any]], Primary]:
    """Score each run on its test split, and compare each cell with the first. A row a cell."""
    import torch

    from grunlp.metrics.seed_variance import compare_seeds, mean_score
    from grunlp.runs.layout import read_metrics
    from grunlp.tuning.parameter_matching import weights_of

    torch.set_num_threads(1)
    logging.getLogger("grunlp").setLevel(logging.WARNING)  # of the data all has been said
    rows: list[dict[str, Any]] = []
    first: NDArray[np.float64] | None = None
    for one in trained:
        table, measure, primary, milliseconds = _table(one.runs)
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
                "weights": weights_of(one.runs[0]),
                "seconds": statistics.mean(took["seconds"] for took in training),
                "epochs": statistics.mean(took["epochs"] for took in training),
                "milliseconds_an_example": milliseconds,
                "difference": found and found.value,
                "difference_interval": found and list(found.interval),
                "p_examples": found and found.p_examples,
                "p_seeds": found and found.p_seeds,
                "runs": [str(run) for run in one.runs],
            }
        )
    return rows, primary


def _table(runs: Sequence[Path]) -> "tuple[NDArray[np.float64], Measure, Primary, float]":
    """Counts of the test split (seeds, groups, n), how a score is made of them, which, and milliseconds an example."""
    import numpy as np

    from grunlp.metrics.primary import measure_of, names_of, primary_of
    from grunlp.runs.layout import read_config
    from grunlp.tasks.spec import kind_of

    measures, times = [], []
    for run in runs:
        scored = kind_of(str(run)).score_split(str(run), "test")
        primary = primary_of(read_config(run).recipe, names_of(scored.scores))
        measures.append(measure_of(scored.scores, primary.key))
        times.append(1000 * scored.seconds / max(1, scored.examples))
    return np.stack([measure.counts for measure in measures]), measures[0], primary, statistics.median(times)
