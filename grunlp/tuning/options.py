"""Options of the commands that run several trainings. This module imports no heavy library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from grunlp.configuration.options import OptionsT, option, options_of, parse_options
from grunlp.modules.options import Cell
from grunlp.utils.errors import UserError

MAX_JOBS = 1024


@dataclass
class TuneOptions:
    """Options of `python -m grunlp.tune`."""

    search_space: str | None = option(
        None,
        "KEY=VALUES: the range 32..512 is 32,64,128,256,512; 0.001..0.1 is five values with equal ratios; "
        "or a list, 32,96,256. Several keys: with ; between them, in quotes, or search_space= again; all combinations "
        "are tried",
        content="key",
    )
    folds: int = option(
        5,
        "number of folds of train and dev together; documents are kept whole. Each fold is test once, the next "
        "one selects the epoch, the others are for training",
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
    learning_curve: bool = option(True, "also train with the chosen value on 1/8, 1/4 and 1/2 of the training data")
    nested_cv: bool = option(
        False,
        "repeat the selection within each outer fold for an unbiased score of the procedure; takes folds times as many "
        "trainings",
    )
    refit: bool = option(
        True,
        "train with the chosen value on the original train split into DIR/model, and score its test split once",
    )
    jobs: int = option(
        0, "number of parallel trainings, each on one thread; 0: one for each core", minimum=0, maximum=MAX_JOBS
    )
    study: str | None = option(None, "folder of the study; null: runs/tune/<date-time>", content="path")


@dataclass
class CellComparisonOptions:
    """Options of `python -m grunlp.compare cells=...`."""

    cells: str = option(
        "gru,lstm,mingru,rnn", "recurrent cells; the others are compared with the first", list_of=get_args(Cell)
    )
    seeds: int = option(5, "number of trainings of each cell, with seed=1, 2, ...", minimum=1, maximum=1000)
    match_budget: Literal["parameters", "time", "none"] = option(
        "parameters",
        "parameters: adapt hidden sizes to the number of parameters of the first cell; time: adapt epochs to equal "
        "training time; none: same sizes and epochs",
    )
    jobs: int = option(
        0, "number of parallel trainings, each on one thread; 0: one for each core", minimum=0, maximum=MAX_JOBS
    )
    out: str | None = option(
        None, "folder of runs, cells.json, cells.md and cells.png; null: runs/compare/<date-time>", content="path"
    )


def split_options(
    arguments: Sequence[str], cls: type[OptionsT], reserved: Mapping[str, str]
) -> tuple[OptionsT, list[str]]:
    """Split the arguments of a command that runs trainings into its own options and those of the trainings.

    Args:
        arguments: the words after the name of the command.
        cls: the options class of the command.
        reserved: options of trainings that the command sets itself, each with the argument to use instead.

    Returns:
        the options of the command, and the other arguments unchanged.

    Raises:
        UserError: as for `parse_options`, and for a reserved option or a word without `=`.
    """
    options = options_of(cls)
    own_arguments = [argument for argument in arguments if argument.partition("=")[0] in options]
    others = [argument for argument in arguments if argument not in own_arguments]
    for argument in others:
        key, equals, _ = argument.partition("=")
        if not equals or key.startswith("-"):
            raise UserError(f"{argument}: not key=value", f"there are: {', '.join(options)}", "Write key=value.")
        if key in reserved:
            raise UserError(f"{key} cannot be set here", "it differs between the trainings", reserved[key])
    return parse_options(own_arguments, cls), others
