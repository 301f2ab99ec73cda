"""Options of the commands that run several trainings. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Literal, get_args

from grunlp.configuration.options import option
from grunlp.modules.options import Cell

MAX_JOBS = 1024


@dataclass
class TuneOptions:
    """Options of `python -m grunlp.tune`."""

    search_space: str | None = option(
        None,
        "KEY=VALUES: 32..512 of whole numbers is 32,64,128,256,512; 0.001..0.1 of others five values at equal ratios; "
        "or a list, 32,96,256. Several keys: with ; between them, in quotes, or search_space= again; all combinations "
        "are tried",
        content="key",
    )
    folds: int = option(
        5,
        "folds that train and dev together are divided into; documents stay whole. Each fold is test once, the next "
        "one chooses the epoch, the others are for training",
        minimum=0,
        maximum=1000,
    )
    trials: int = option(
        0,
        "values to sample from the ranges instead of the grid (TPE); those worse than half of the others after a fold "
        "are not continued",
        minimum=0,
        maximum=10**6,
    )
    learning_curve: bool = option(True, "train the chosen value on 1/8, 1/4 and 1/2 of the training data too")
    nested_cv: bool = option(
        False,
        "repeat the choice within each outer fold: an unbiased score of the whole procedure, for folds times as many "
        "trainings",
    )
    refit: bool = option(
        True,
        "train the chosen value on the data set's own train split into DIR/model, and score its test split, once",
    )
    jobs: int = option(0, "trainings at a time, each on one thread; 0: one for each core", minimum=0, maximum=MAX_JOBS)
    study: str | None = option(None, "folder of the study; null: runs/tune/<date-time>", content="path")


@dataclass
class CellComparisonOptions:
    """Options of `python -m grunlp.compare cells=...`."""

    cells: str = option(
        "gru,lstm,mingru,rnn", "recurrent cells; the others are compared with the first", list_of=get_args(Cell)
    )
    seeds: int = option(5, "trainings of each cell, with seed=1, 2, ...", minimum=1, maximum=1000)
    match_budget: Literal["parameters", "time", "none"] = option(
        "parameters",
        "parameters: hidden sizes give each cell as many parameters as the first; time: epochs give each as much "
        "training time; none: sizes and epochs stay",
    )
    jobs: int = option(0, "trainings at a time, each on one thread; 0: one for each core", minimum=0, maximum=MAX_JOBS)
    out: str | None = option(
        None, "folder of runs, cells.json, cells.md and cells.png; null: runs/compare/<date-time>", content="path"
    )
