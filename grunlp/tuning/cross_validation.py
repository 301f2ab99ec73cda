"""A study, which selects a value by cross-validation: from the arguments to the model with the selected value."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grunlp.configuration.compose import flatten
from grunlp.metrics.evaluation import PrimaryMetric
from grunlp.runs.lock import folder_lock
from grunlp.tasks import primary_metrics_of
from grunlp.tasks.config import compose_config, normalize_overrides
from grunlp.tuning.model_selection import TrialResult, one_standard_error_rule
from grunlp.tuning.options import TuneOptions, split_options
from grunlp.tuning.report import MODEL_DIR, StudyResult, write_report
from grunlp.tuning.search import HyperparameterSearch, SearchConfig, fold_job, record_fold_score, require_optuna
from grunlp.tuning.search_space import Assignment, as_overrides, expand_grid, parse_search_space
from grunlp.tuning.study_folder import open_study, read_settings
from grunlp.tuning.training_pool import ProgressReporter, TrainingJob, TrainingPool
from grunlp.utils.errors import UserError

LEARNING_CURVE_FRACTIONS = (0.125, 0.25, 0.5)  # besides all training data, which the search trained on
_RESERVED_KEYS = {
    "data.num_folds": "Type folds=5",
    "data.fold": "Type folds=5",
    "data.train_fraction": "Leave it out",
    "data.outer_num_folds": "Type nested_cv=true",
    "data.outer_fold": "Type nested_cv=true",
    "run_dir": "Type study=FOLDER",
    "overwrite": "Type study=NEW_FOLDER",
}
_MUTABLE_KEYS = (
    "learning_curve",
    "refit",
)  # settings that may change when a study is continued, because they act after the search
_USER_FILE_DATASETS = ("files", "srl-files")  # data sets without a dev split of their own


def run_study(arguments: list[str]) -> int:
    """Run `python -m grunlp.tune`. Returns the exit status."""
    started = time.perf_counter()
    settings, study, jobs = parse_request(arguments)
    config = build_search_config(settings)
    require_optuna()
    config = config._replace(folder=open_study("study", study, settings, _MUTABLE_KEYS))
    values = f"{config.num_trials} samples" if config.num_trials else f"{len(expand_grid(config.search_space))} values"
    print(f"{values} x {config.num_folds} folds; to continue: python -m grunlp.tune study={config.folder}", flush=True)
    with folder_lock("study", config.folder):
        result = _run_search(config, settings, jobs)
    write_report(config, result, time.perf_counter() - started)
    return 0


def _run_search(config: SearchConfig, settings: Mapping[str, Any], jobs: int) -> StudyResult:
    """Run all trainings of a study."""
    rows = HyperparameterSearch(config, jobs).run()
    primary = _primary_metric(config, rows)
    chosen = one_standard_error_rule(rows, primary.sign)
    nested = _nested_cv(config, rows, primary, jobs) if settings["nested_cv"] else []
    learning = _learning_curve(config, chosen, jobs) if settings["learning_curve"] else {}
    test = _refit_best(config, chosen) if settings["refit"] else None
    return StudyResult(rows, primary, learning, nested, test)


def parse_request(arguments: list[str]) -> tuple[dict[str, Any], str | None, int]:
    """Parse the arguments of the command.

    Returns:
        the settings of the study, its folder if one was typed, and the number of jobs. With `study=` but without a
        search space or options of trainings, the settings stored in the folder are used, except for those that were
        typed.
    """
    spaces = [word.partition("=")[2] for word in arguments if word.startswith("search_space=")]
    words = [word for word in arguments if not word.startswith("search_space=")]
    options, others = split_options(words, TuneOptions, _RESERVED_KEYS)
    values = {key: value for key, value in asdict(options).items() if key not in ("search_space", "study", "jobs")}
    if options.study and not spaces and not others:
        typed = {word.partition("=")[0] for word in words}
        stored = read_settings("study", Path(options.study), "tune")
        if not values.keys() <= stored.keys():
            raise UserError(
                f"{options.study}: started by an earlier version of grunlp",
                "its settings have other names",
                "Continue it with that version, or type study=NEW_FOLDER",
            )
        return {**stored, **{key: values[key] for key in typed & values.keys()}}, options.study, options.jobs
    if not spaces:
        raise UserError(
            "nothing to tune",
            "search_space= gives the key to vary and its values",
            "Type search_space=model.hidden_size=32..512, or study=FOLDER to continue",
        )
    compose_config(others)
    settings = {"command": "tune", **values, "search_space": spaces, "overrides": normalize_overrides(others)}
    return settings, options.study, options.jobs


def build_search_config(settings: Mapping[str, Any]) -> SearchConfig:
    """Check the settings for all errors that can be found before the first training."""
    overrides, folds = tuple(settings["overrides"]), settings["folds"]
    config = compose_config(overrides)
    primary_metrics = primary_metrics_of(config.recipe)
    if folds < 3:
        raise UserError(
            f"folds={folds}", "one fold is for test, one for dev, the others for training", "Type folds=3, or more"
        )
    defaults = flatten(config)
    space = parse_search_space(settings["search_space"], defaults)
    set_twice = {word.partition("=")[0] for word in overrides} & {dimension.key for dimension in space}
    if set_twice:
        raise UserError(
            f"{set_twice.pop()} is both set and varied", "search_space= lists its values", "Omit one of the two."
        )
    for values in expand_grid(space):
        compose_config([*overrides, *as_overrides(values), f"data.num_folds={folds}"])
    if settings["nested_cv"] and settings["trials"]:
        raise UserError(
            "nested_cv=true with trials=", "nested cross-validation needs a grid of values", "Omit one of the two."
        )
    if settings["refit"] and config.data.num_folds:
        raise UserError(
            f"refit=true with data.num_folds={config.data.num_folds}",
            f"data={config.data.name} has no split of its own that the search does not use",
            "Type refit=false",
        )
    if settings["refit"] and config.data.name in _USER_FILE_DATASETS and defaults["data.dev"] is None:
        raise UserError(
            "refit=true without data.dev",
            "the final training on all of train needs it for early stopping",
            "Type data.dev=FILE, or refit=false",
        )
    direction = primary_metrics[0].direction
    return SearchConfig(Path(), overrides, space, folds, settings["trials"], config.seed, direction)


def _primary_metric(config: SearchConfig, rows: Sequence[TrialResult]) -> PrimaryMetric:
    """Return the primary metric that the runs have."""
    row = next(row for row in rows if row.scores)
    run = fold_job(
        config.folder / "runs", config.overrides, row.values, config.num_folds, next(iter(row.scores))
    ).folder
    return record_fold_score(TrialResult(row.values), 0, run)


def _learning_curve(config: SearchConfig, chosen: TrialResult, jobs: int) -> dict[float, TrialResult]:
    """Train with the chosen value on increasing fractions of the training folds."""
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
    except UserError as error:  # An eighth of the data may be too small.
        print(f"no learning curve: {error.message}", flush=True)
        return {}
    for training in finished:
        share, fold = trainings[training]
        record_fold_score(rows[share], fold, training.folder)
    return {**rows, 1.0: chosen}


def _nested_cv(
    config: SearchConfig, rows: Sequence[TrialResult], primary: PrimaryMetric, jobs: int
) -> list[tuple[TrialResult, float]]:
    """Repeat the selection within each outer fold (nested cross-validation).

    Returns:
        for each outer fold the value that the other folds select, and its score on the outer fold. That score is
        already known, because the search has trained each value with each fold as the test split.
    """
    trainings: dict[TrainingJob, tuple[int, Assignment, int]] = {}
    for outer in range(config.num_folds):
        outer_overrides = (f"data.outer_num_folds={config.num_folds}", f"data.outer_fold={outer}")
        for values in expand_grid(config.search_space):
            for fold in range(config.num_folds):
                folder = config.folder / "nested" / f"outer-{outer}"
                training = fold_job(folder, config.overrides, values, config.num_folds, fold, *outer_overrides)
                trainings[training] = outer, values, fold
    inner: dict[int, dict[Assignment, TrialResult]] = {outer: {} for outer in range(config.num_folds)}
    for training in _run_jobs(trainings, "nested", jobs):
        outer, values, fold = trainings[training]
        record_fold_score(inner[outer].setdefault(values, TrialResult(values)), fold, training.folder)
    by_values = {row.values: row for row in rows}
    choices = [one_standard_error_rule(list(inner[outer].values()), primary.sign) for outer in range(config.num_folds)]
    return [(choice, by_values[choice.values].scores[outer]) for outer, choice in enumerate(choices)]


def _run_jobs(trainings: Mapping[TrainingJob, Any], phase: str, jobs: int) -> list[TrainingJob]:
    """Run trainings and print a line for each."""
    done_before = {training for training in trainings if training.finished}
    progress, finished = ProgressReporter(len(trainings)), []
    with TrainingPool(jobs) as pool:
        for training in pool.run(trainings):
            progress.update(f"{phase}: {'/'.join(training.folder.parts[-3:])}", training in done_before)
            finished.append(training)
    return finished


def _refit_best(config: SearchConfig, chosen: TrialResult) -> dict[str, Any] | None:
    """Train with the chosen value on the original train split; return the scores on test, if there is a test split."""
    training = TrainingJob(config.folder / MODEL_DIR, (*config.overrides, *as_overrides(chosen.values)))
    print(f"training {chosen.text} on all of train", flush=True)
    with TrainingPool(1) as pool:
        list(pool.run([training]))
    metrics = json.loads((training.folder / "metrics.json").read_text(encoding="utf-8"))
    test: dict[str, Any] | None = metrics.get("test")
    return test
