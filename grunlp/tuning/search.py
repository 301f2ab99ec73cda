"""Cross-validation of many values: the order of the trainings, and the record in `study.db`.

The runs on disk are the state of a search: a fold whose run is finished is never trained again. The Optuna study
duplicates this state for samplers, pruners and dashboards.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from grunlp.metrics.evaluation import PrimaryMetric, select_primary_metric
from grunlp.runs.layout import read_metrics
from grunlp.tasks import primary_metrics_of
from grunlp.tasks.config import read_config
from grunlp.tuning.model_selection import TrialResult
from grunlp.tuning.parameter_matching import num_parameters_of_run
from grunlp.tuning.search_space import Assignment, Dimension, as_overrides, expand_grid, trial_name
from grunlp.tuning.training_pool import ProgressReporter, TrainingJob, TrainingPool
from grunlp.utils.errors import UserError

if TYPE_CHECKING:
    from optuna import Study, Trial

_SIGNIFICANT_DIGITS = 4  # of sampled numbers, so that they stay short
_PRUNING_WARMUP_TRIALS = 3  # number of trials with all folds finished before any is pruned
_MAX_REPEATS = 10  # repeated samples that count as a new value, so that the search of a small range ends


class SearchConfig(NamedTuple):
    """The configuration of a search.

    Attributes:
        folder: folder of the study.
        overrides: the arguments of all trainings.
        search_space: the keys that vary.
        num_folds: number of folds of each value.
        num_trials: number of values to sample; 0: the whole grid.
        seed: seed of the sampler.
        direction: "max" or "min".
    """

    folder: Path
    overrides: tuple[str, ...]
    search_space: Sequence[Dimension]
    num_folds: int
    num_trials: int
    seed: int
    direction: str


def fold_job(
    folder: Path, overrides: Sequence[str], values: Assignment, folds: int, fold: int, *extra_overrides: str
) -> TrainingJob:
    """Return the training of a fold with a value of each key. `extra_overrides` follow all other arguments."""
    words = [f"data.num_folds={folds}", f"data.fold={fold}", *extra_overrides]
    return TrainingJob(folder / trial_name(values) / f"fold-{fold}", (*overrides, *as_overrides(values), *words))


def record_fold_score(row: TrialResult, fold: int, run: Path) -> PrimaryMetric:
    """Add the score of a finished fold on its test split to the trial; return the metric."""
    metrics = read_metrics(run)
    primary = select_primary_metric(primary_metrics_of(read_config(run).recipe), metrics["test"])
    row.scores[fold] = primary.read(metrics["test"])
    row.seconds[fold] = metrics["training"]["seconds"]
    row.num_parameters = num_parameters_of_run(run)
    return primary


def require_optuna() -> None:
    """Raise UserError unless Optuna is installed."""
    try:
        import optuna
    except ModuleNotFoundError:
        raise UserError(
            "the package optuna is not installed", "it is needed to store the study", "Type pip install 'grunlp[tune]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)


class HyperparameterSearch:
    """A hyperparameter search that can be interrupted at any time and continued.

    Args:
        config: the configuration of the search.
        jobs: number of parallel trainings; 0: one for each core.
    """

    def __init__(self, config: SearchConfig, jobs: int) -> None:
        self.config, self.jobs = config, jobs
        self.values = expand_grid(config.search_space)
        self.rows: dict[int, TrialResult] = {}  # by trial number
        self.trials: dict[int, Trial] = {}
        self.waiting = deque[tuple[int, int]]()  # trial and fold
        self.started: dict[TrainingJob, tuple[int, int, bool]] = {}  # trial, fold, whether it had finished before
        self.repeats = 0  # values that had been sampled before
        self.study = self._open()
        self.num_remaining = self._recover_trials()
        self.progress = ProgressReporter(config.num_folds * self.num_remaining)

    def run(self) -> list[TrialResult]:
        """Run the missing trainings; return one trial for each value, in the order in which they started."""
        with TrainingPool(self.jobs) as pool:
            while True:
                while pool.has_capacity and (self.waiting or self.num_remaining):
                    if self.waiting or self._ask_trial():
                        self._start_job(pool)
                if not pool.has_running_jobs:
                    return self._unique_results()
                self._finish_job(pool.wait())

    def _open(self) -> "Study":
        import optuna

        p = self.config
        study = optuna.create_study(
            study_name="grunlp",
            storage=f"sqlite:///{(p.folder / 'study.db').resolve()}",
            direction="maximize" if p.direction == "max" else "minimize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_PRUNING_WARMUP_TRIALS, n_warmup_steps=0),
            load_if_exists=True,
        )
        # A continued search needs another seed, otherwise it would sample the same values again.
        study.sampler = optuna.samplers.TPESampler(seed=p.seed + len(study.trials))
        return study

    def _recover_trials(self) -> int:
        """Restore an interrupted search: record the finished trials, and put the unfinished ones first in the queue.

        Returns:
            the number of trials that have not started.
        """
        from optuna.trial import TrialState

        unfinished: list[dict[str, Any]] = []
        for trial in self.study.trials:
            if trial.state in (TrialState.COMPLETE, TrialState.PRUNED):
                row = self.rows[trial.number] = TrialResult(self._values(trial.params))
                self._read_scores(row)
                row.pruned = trial.state == TrialState.PRUNED and len(row.scores) < self.config.num_folds
            elif trial.state == TrialState.RUNNING:
                self.study.tell(trial.number, state=TrialState.FAIL)
                unfinished.append(trial.params)
        waiting = [trial.system_attrs["fixed_params"] for trial in self.study.trials if trial.state.name == "WAITING"]
        known = [*(dict(row.values) for row in self.rows.values()), *waiting]
        if not self.config.num_trials:
            unfinished = [dict(values) for values in self.values if dict(values) not in known]
        for params in unfinished:
            self.study.enqueue_trial(params)
        return (self.config.num_trials or len(self.values)) - len({row.values for row in self.rows.values()})

    def _ask_trial(self) -> bool:
        """Start the next trial; return false if its values have been tried before."""
        trial = self.study.ask(self._distributions())
        row = TrialResult(self._values(trial.params))
        if same := next((other for other in self.rows.values() if other.values == row.values), None):
            from optuna.trial import TrialState

            is_complete = len(same.scores) == self.config.num_folds
            # A failed trial is not restored when the search is continued.
            self.study.tell(trial, same.mean if is_complete else None, state=None if is_complete else TrialState.FAIL)
            self.repeats += 1
            if self.repeats % _MAX_REPEATS == 0:
                self.num_remaining -= 1
                self.progress.total -= self.config.num_folds
            return False
        self.num_remaining -= 1
        self.trials[trial.number], self.rows[trial.number] = trial, row
        # The folds of a grid run in parallel; those of a value that may be pruned run one by one.
        self.waiting.extend(
            (trial.number, fold) for fold in range(1 if self.config.num_trials else self.config.num_folds)
        )
        return True

    def _start_job(self, pool: TrainingPool) -> None:
        number, fold = self.waiting.popleft()
        training = self._training_job(self.rows[number], fold)
        self.started[training] = number, fold, training.finished
        pool.start(training)

    def _finish_job(self, training: TrainingJob) -> None:
        """Record the score of a fold, then queue the next fold of its trial or complete the trial."""
        from optuna.trial import TrialState

        number, fold, done_before = self.started.pop(training)
        trial, row, folds = self.trials[number], self.rows[number], self.config.num_folds
        primary = record_fold_score(row, fold, training.folder)
        score = f"{row.scores[fold]:.{primary.digits}f} {primary.title}, {row.seconds[fold]:.0f} s"
        self.progress.update(f"{row.text}, fold {fold}: {score}", done_before)
        trial.report(row.mean, len(row.scores) - 1)
        if len(row.scores) == folds:
            self.study.tell(trial, row.mean)
        elif self.config.num_trials and trial.should_prune():
            row.pruned = True
            self.study.tell(trial, state=TrialState.PRUNED)
            self.progress.total -= folds - len(row.scores)
            print(f"{row.text}: worse than half of the others so far, no further folds", flush=True)
        elif self.config.num_trials:
            self.waiting.append((number, fold + 1))

    def _training_job(self, row: TrialResult, fold: int) -> TrainingJob:
        return fold_job(self.config.folder / "runs", self.config.overrides, row.values, self.config.num_folds, fold)

    def _read_scores(self, row: TrialResult) -> None:
        """Read the scores of the finished folds of a trial."""
        for fold in range(self.config.num_folds):
            training = self._training_job(row, fold)
            if training.finished:
                record_fold_score(row, fold, training.folder)

    def _values(self, params: Mapping[str, Any]) -> Assignment:
        """Return the values of a trial, with sampled numbers rounded."""
        space = self.config.search_space
        sampled = {dimension.key for dimension in space if self.config.num_trials and dimension.bounds is not None}
        short = {key: _round_value(value) if key in sampled else value for key, value in params.items()}
        return tuple((dimension.key, short[dimension.key]) for dimension in space)

    def _distributions(self) -> dict[str, Any]:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        distributions: dict[str, Any] = {}
        for key, values, ends in self.config.search_space:
            if not self.config.num_trials or ends is None:
                distributions[key] = CategoricalDistribution(values)
            elif isinstance(values[0], int):
                distributions[key] = IntDistribution(int(ends[0]), int(ends[1]), log=True)
            else:
                distributions[key] = FloatDistribution(*ends, log=True)
        return distributions

    def _unique_results(self) -> list[TrialResult]:
        """Return each trial once, because an interrupted search may have recorded one twice."""
        return list({row.values: row for row in self.rows.values() if row.scores}.values())


def _round_value(value: Any) -> Any:
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value
