"""`python -m grunlp.tune`: a key by cross-validation, from the words typed to the model with the chosen value."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grunlp.configuration.compose import complete, compose_config, keys
from grunlp.configuration.key_value_args import part_arguments
from grunlp.metrics.primary import PRIMARY, Primary, require_score
from grunlp.runs.lock import alone
from grunlp.tuning.model_selection import Row, choose
from grunlp.tuning.report import MODEL, Findings, tell
from grunlp.tuning.search import Plan, Search, fold_training, record, require_optuna
from grunlp.tuning.search_space import Values, grid, parse_ranges, typed
from grunlp.tuning.study_folder import open_study, read_settings
from grunlp.tuning.training_pool import Pool, Progress, Training
from grunlp.utils.errors import GrunlpError

DEFAULTS: dict[str, Any] = {
    "over": None,
    "folds": 5,
    "trials": 0,
    "study": None,
    "jobs": 0,
    "learning_curve": True,
    "nested": False,
    "refit": True,
}
SHARES = (0.125, 0.25, 0.5)  # of the training data, for the learning curve; the whole is there already
_RESERVED = {
    "data.folds": "Type folds=5",
    "data.fold": "Type folds=5",
    "data.share": "Leave it out",
    "data.outer_folds": "Type nested=true",
    "data.outer_fold": "Type nested=true",
    "run_dir": "Type study=FOLDER",
    "overwrite": "Type study=NEW_FOLDER",
}
_AFTER = ("learning_curve", "refit")  # what comes after the search, and may change when a study goes on
_OWN_FILES = ("tags", "files", "pairs", "classes")  # data sets whose dev split the user gives


def tune(arguments: list[str]) -> int:
    """Check, search, draw, choose, train, tell."""
    started = time.perf_counter()
    settings, study, jobs = read_request(arguments)
    plan, given = check(settings)
    require_optuna()
    folder = open_study("study", study, settings, _AFTER)
    plan = plan._replace(folder=folder)
    values = f"{plan.trials} samples" if plan.trials else f"{len(grid(plan.ranges))} values"
    print(f"{values} x {plan.folds} folds; to go on after a stop: python -m grunlp.tune study={folder}", flush=True)
    with alone("study", folder):
        found = _find(plan, given, jobs)
    tell(plan, found, time.perf_counter() - started)
    return 0


def _find(plan: Plan, given: Mapping[str, Any], jobs: int) -> Findings:
    """All trainings, and what came of them."""
    rows = Search(plan, jobs).run()
    primary = _primary(plan, rows)
    chosen = choose(rows, primary.sign)
    nested = _nested(plan, rows, primary, jobs) if given["nested"] else []
    learning = _learning(plan, chosen, jobs) if given["learning_curve"] else {}
    test = _refit(plan, chosen) if given["refit"] else None
    return Findings(rows, primary, learning, nested, test)


def read_request(arguments: list[str]) -> tuple[dict[str, Any], str | None, int]:
    """The settings of the study, the folder that was typed, and jobs. With `study=` and no recipe they are its own,
    but for what was typed."""
    overs = [word.partition("=")[2] for word in arguments if word.startswith("over=")]
    given, others = part_arguments([w for w in arguments if not w.startswith("over=")], DEFAULTS, _RESERVED)
    study, jobs = given.pop("study"), given.pop("jobs")
    if study and not overs and not others:
        typed_keys = {word.partition("=")[0] for word in arguments} - {"study", "jobs"}
        typed_values = {key: given[key] for key in typed_keys}
        return {**read_settings("study", Path(study), "tune"), **typed_values}, study, jobs
    if not overs:
        there = "over= names the key to vary and its values"
        raise GrunlpError("nothing to tune", there, "Type over=model.hidden_size=32..512, or study=FOLDER to go on")
    compose_config(others)
    settings = {"command": "tune", **given, "over": overs, "overrides": complete(others)}
    return settings, study, jobs


def check(settings: Mapping[str, Any]) -> tuple[Plan, Mapping[str, Any]]:
    """Everything that can be wrong before the first training."""
    overrides, folds = tuple(settings["overrides"]), settings["folds"]
    config = compose_config(overrides)
    require_score(config.recipe)
    if folds < 3:
        there = "one fold is for test, one for dev, the others for training"
        raise GrunlpError(f"folds={folds}", there, "Type folds=3, or more")
    defaults = keys(config)
    ranges = parse_ranges(settings["over"], defaults)
    set_twice = {word.partition("=")[0] for word in overrides} & {one.key for one in ranges}
    if set_twice:
        raise GrunlpError(f"{set_twice.pop()} is set and varied", "over= gives its values", "Leave one of them out.")
    plan = Plan(Path(), overrides, ranges, folds, settings["trials"], config.seed, PRIMARY[config.recipe][0].direction)
    for values in grid(ranges):
        compose_config([*overrides, *typed(values), f"data.folds={folds}"])
    if settings["nested"] and plan.trials:
        raise GrunlpError("nested=true with trials", "it repeats a grid in each outer fold", "Leave one of them out.")
    if settings["refit"] and config.data.folds:
        there = f"data={config.data.name} has no split of its own that the search leaves alone"
        raise GrunlpError(f"refit=true with data.folds={config.data.folds}", there, "Type refit=false")
    if settings["refit"] and config.data.name in _OWN_FILES and defaults["data.dev"] is None:
        there = "by it the last training, on all of train, is stopped"
        raise GrunlpError("refit=true without data.dev", there, "Add data.dev=FILE, or refit=false")
    return plan, settings


def _primary(plan: Plan, rows: Sequence[Row]) -> Primary:
    """The score that the runs have."""
    row = next(row for row in rows if row.scores)
    run = fold_training(plan.folder / "runs", plan.overrides, row.values, plan.folds, next(iter(row.scores))).folder
    return record(Row(row.values), 0, run)


def _learning(plan: Plan, chosen: Row, jobs: int) -> dict[float, Row]:
    """The chosen value trained on growing shares of the training folds."""
    trainings = {
        fold_training(
            plan.folder / "learning" / f"share-{share}", plan.overrides, chosen.values, plan.folds, fold,
            f"data.share={share}",
        ): (share, fold)
        for share in SHARES
        for fold in range(plan.folds)
    }  # fmt: skip
    rows = {share: Row(chosen.values) for share in SHARES}
    try:
        finished = _run(trainings, "learning curve", jobs)
    except GrunlpError as error:  # an eighth of the data may be too little
        print(f"no learning curve: {error.wrong}", flush=True)
        return {}
    for done in finished:
        share, fold = trainings[done]
        record(rows[share], fold, done.folder)
    return {**rows, 1.0: chosen}


def _nested(plan: Plan, rows: Sequence[Row], primary: Primary, jobs: int) -> list[tuple[Row, float]]:
    """For each outer fold the choice that the folds of the rest make, and its score on that fold.

    The outer training is one of the search's own: the value with the same fold for test.
    """
    trainings: dict[Training, tuple[int, Values, int]] = {}
    for outer in range(plan.folds):
        more = (f"data.outer_folds={plan.folds}", f"data.outer_fold={outer}")
        for values in grid(plan.ranges):
            for fold in range(plan.folds):
                where = plan.folder / "nested" / f"outer-{outer}"
                training = fold_training(where, plan.overrides, values, plan.folds, fold, *more)
                trainings[training] = outer, values, fold
    inner: dict[int, dict[Values, Row]] = {outer: {} for outer in range(plan.folds)}
    for done in _run(trainings, "nested", jobs):
        outer, values, fold = trainings[done]
        record(inner[outer].setdefault(values, Row(values)), fold, done.folder)
    whole = {row.values: row for row in rows}
    choices = [choose(list(inner[outer].values()), primary.sign) for outer in range(plan.folds)]
    return [(choice, whole[choice.values].scores[outer]) for outer, choice in enumerate(choices)]


def _run(trainings: Mapping[Training, Any], what: str, jobs: int) -> list[Training]:
    """All of them, with a line for each."""
    before = {training for training in trainings if training.finished}
    progress, finished = Progress(len(trainings)), []
    with Pool(jobs) as pool:
        for done in pool.run(trainings):
            progress.tell(f"{what}: {'/'.join(done.folder.parts[-3:])}", done in before)
            finished.append(done)
    return finished


def _refit(plan: Plan, chosen: Row) -> dict[str, Any] | None:
    """Train the chosen value on the data set's own train split into `model`; its scores on test, if there is one."""
    training = Training(plan.folder / MODEL, (*plan.overrides, *typed(chosen.values)))
    print(f"training {chosen.text} on all of train", flush=True)
    with Pool(1) as pool:
        list(pool.run([training]))
    metrics = json.loads((training.folder / "metrics.json").read_text(encoding="utf-8"))
    test: dict[str, Any] | None = metrics.get("test")
    return test
