"""`python -m grunlp.tune`: a key by cross-validation, from the words typed to the model with the chosen value."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grunlp.configuration.compose import flatten
from grunlp.configuration.key_value_args import split_arguments
from grunlp.metrics.evaluation import PrimaryMetric
from grunlp.runs.lock import folder_lock
from grunlp.tasks import primary_metrics_of
from grunlp.tasks.config import compose_config, normalize_overrides
from grunlp.tuning.model_selection import TrialResult, one_standard_error_rule
from grunlp.tuning.report import MODEL_DIR, StudyResult, write_report
from grunlp.tuning.search import HyperparameterSearch, SearchConfig, fold_job, record_fold_score, require_optuna
from grunlp.tuning.search_space import Assignment, as_overrides, expand_grid, parse_search_space
from grunlp.tuning.study_folder import open_study, read_settings
from grunlp.tuning.training_pool import ProgressReporter, TrainingJob, TrainingPool
from grunlp.utils.errors import UserError

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
# of the training data, for the learning curve; the whole is there already
LEARNING_CURVE_FRACTIONS = (0.125, 0.25, 0.5)
_RESERVED_KEYS = {
    "data.num_folds": "Type folds=5",
    "data.fold": "Type folds=5",
    "data.train_fraction": "Leave it out",
    "data.outer_num_folds": "Type nested=true",
    "data.outer_fold": "Type nested=true",
    "run_dir": "Type study=FOLDER",
    "overwrite": "Type study=NEW_FOLDER",
}
_MUTABLE_KEYS = ("learning_curve", "refit")  # what comes after the search, and may change when a study goes on
_USER_FILE_DATASETS = ("files", "srl-files")  # data sets whose dev split the user gives


def run_study(arguments: list[str]) -> int:
    """Check, search, draw, choose, train, tell."""
    started = time.perf_counter()
    settings, study, jobs = parse_request(arguments)
    plan, given = build_search_config(settings)
    require_optuna()
    folder = open_study("study", study, settings, _MUTABLE_KEYS)
    plan = plan._replace(folder=folder)
    values = f"{plan.num_trials} samples" if plan.num_trials else f"{len(expand_grid(plan.search_space))} values"
    print(f"{values} x {plan.num_folds} folds; to go on after a stop: python -m grunlp.tune study={folder}", flush=True)
    with folder_lock("study", folder):
        found = _run_search(plan, given, jobs)
    write_report(plan, found, time.perf_counter() - started)
    return 0


def _run_search(config: SearchConfig, options: Mapping[str, Any], jobs: int) -> StudyResult:
    """All trainings, and what came of them."""
    rows = HyperparameterSearch(config, jobs).run()
    primary = _primary_metric(config, rows)
    chosen = one_standard_error_rule(rows, primary.sign)
    nested = _nested_cv(config, rows, primary, jobs) if options["nested"] else []
    learning = _learning_curve(config, chosen, jobs) if options["learning_curve"] else {}
    test = _refit_best(config, chosen) if options["refit"] else None
    return StudyResult(rows, primary, learning, nested, test)


def parse_request(arguments: list[str]) -> tuple[dict[str, Any], str | None, int]:
    """The settings of the study, the folder that was typed, and jobs. With `study=` and no recipe they are its own,
    but for what was typed."""
    overs = [word.partition("=")[2] for word in arguments if word.startswith("over=")]
    given, others = split_arguments([w for w in arguments if not w.startswith("over=")], DEFAULTS, _RESERVED_KEYS)
    study, jobs = given.pop("study"), given.pop("jobs")
    if study and not overs and not others:
        typed_keys = {word.partition("=")[0] for word in arguments} - {"study", "jobs"}
        typed_values = {key: given[key] for key in typed_keys}
        return {**read_settings("study", Path(study), "tune"), **typed_values}, study, jobs
    if not overs:
        there = "over= names the key to vary and its values"
        raise UserError("nothing to tune", there, "Type over=model.hidden_size=32..512, or study=FOLDER to go on")
    compose_config(others)
    settings = {"command": "tune", **given, "over": overs, "overrides": normalize_overrides(others)}
    return settings, study, jobs


def build_search_config(settings: Mapping[str, Any]) -> tuple[SearchConfig, Mapping[str, Any]]:
    """Everything that can be wrong before the first training."""
    overrides, folds = tuple(settings["overrides"]), settings["folds"]
    config = compose_config(overrides)
    primary_metrics = primary_metrics_of(config.recipe)
    if folds < 3:
        there = "one fold is for test, one for dev, the others for training"
        raise UserError(f"folds={folds}", there, "Type folds=3, or more")
    defaults = flatten(config)
    ranges = parse_search_space(settings["over"], defaults)
    set_twice = {word.partition("=")[0] for word in overrides} & {one.key for one in ranges}
    if set_twice:
        raise UserError(f"{set_twice.pop()} is set and varied", "over= gives its values", "Leave one of them out.")
    plan = SearchConfig(Path(), overrides, ranges, folds, settings["trials"], config.seed, primary_metrics[0].direction)
    for values in expand_grid(ranges):
        compose_config([*overrides, *as_overrides(values), f"data.num_folds={folds}"])
    if settings["nested"] and plan.num_trials:
        raise UserError("nested=true with trials", "it repeats a grid in each outer fold", "Leave one of them out.")
    if settings["refit"] and config.data.num_folds:
        there = f"data={config.data.name} has no split of its own that the search leaves alone"
        raise UserError(f"refit=true with data.num_folds={config.data.num_folds}", there, "Type refit=false")
    if settings["refit"] and config.data.name in _USER_FILE_DATASETS and defaults["data.dev"] is None:
        there = "by it the last training, on all of train, is stopped"
        raise UserError("refit=true without data.dev", there, "Add data.dev=FILE, or refit=false")
    return plan, settings


def _primary_metric(config: SearchConfig, rows: Sequence[TrialResult]) -> PrimaryMetric:
    """The score that the runs have."""
    row = next(row for row in rows if row.scores)
    run = fold_job(
        config.folder / "runs", config.overrides, row.values, config.num_folds, next(iter(row.scores))
    ).folder
    return record_fold_score(TrialResult(row.values), 0, run)


def _learning_curve(config: SearchConfig, chosen: TrialResult, jobs: int) -> dict[float, TrialResult]:
    """The chosen value trained on growing shares of the training folds."""
    trainings = {
        fold_job(
            config.folder / "learning" / f"share-{share}", config.overrides, chosen.values, config.num_folds, fold,
            f"data.train_fraction={share}",
        ): (share, fold)
        for share in LEARNING_CURVE_FRACTIONS
        for fold in range(config.num_folds)
    }  # fmt: skip
    rows = {share: TrialResult(chosen.values) for share in LEARNING_CURVE_FRACTIONS}
    try:
        finished = _run_jobs(trainings, "learning curve", jobs)
    except UserError as error:  # an eighth of the data may be too little
        print(f"no learning curve: {error.message}", flush=True)
        return {}
    for done in finished:
        share, fold = trainings[done]
        record_fold_score(rows[share], fold, done.folder)
    return {**rows, 1.0: chosen}


def _nested_cv(
    config: SearchConfig, rows: Sequence[TrialResult], primary: PrimaryMetric, jobs: int
) -> list[tuple[TrialResult, float]]:
    """For each outer fold the choice that the folds of the rest make, and its score on that fold.

    The outer training is one of the search's own: the value with the same fold for test.
    """
    trainings: dict[TrainingJob, tuple[int, Assignment, int]] = {}
    for outer in range(config.num_folds):
        more = (f"data.outer_num_folds={config.num_folds}", f"data.outer_fold={outer}")
        for values in expand_grid(config.search_space):
            for fold in range(config.num_folds):
                where = config.folder / "nested" / f"outer-{outer}"
                training = fold_job(where, config.overrides, values, config.num_folds, fold, *more)
                trainings[training] = outer, values, fold
    inner: dict[int, dict[Assignment, TrialResult]] = {outer: {} for outer in range(config.num_folds)}
    for done in _run_jobs(trainings, "nested", jobs):
        outer, values, fold = trainings[done]
        record_fold_score(inner[outer].setdefault(values, TrialResult(values)), fold, done.folder)
    whole = {row.values: row for row in rows}
    choices = [one_standard_error_rule(list(inner[outer].values()), primary.sign) for outer in range(config.num_folds)]
    return [(choice, whole[choice.values].scores[outer]) for outer, choice in enumerate(choices)]


def _run_jobs(trainings: Mapping[TrainingJob, Any], what: str, jobs: int) -> list[TrainingJob]:
    """All of them, with a line for each."""
    before = {training for training in trainings if training.finished}
    progress, finished = ProgressReporter(len(trainings)), []
    with TrainingPool(jobs) as pool:
        for done in pool.run(trainings):
            progress.update(f"{what}: {'/'.join(done.folder.parts[-3:])}", done in before)
            finished.append(done)
    return finished


def _refit_best(config: SearchConfig, chosen: TrialResult) -> dict[str, Any] | None:
    """Train the chosen value on the data set's own train split into `model`; its scores on test, if there is one."""
    training = TrainingJob(config.folder / MODEL_DIR, (*config.overrides, *as_overrides(chosen.values)))
    print(f"training {chosen.text} on all of train", flush=True)
    with TrainingPool(1) as pool:
        list(pool.run([training]))
    metrics = json.loads((training.folder / "metrics.json").read_text(encoding="utf-8"))
    test: dict[str, Any] | None = metrics.get("test")
    return test
