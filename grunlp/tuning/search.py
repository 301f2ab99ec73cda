"""Cross-validation of many values: which fold of which value is trained next, and what is kept in `study.db`.

The runs on disk are what has been done: a fold that lies there is never trained again. Optuna's study holds the same
for its samplers, pruners and dashboards.
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

_SIGNIFICANT_DIGITS = 4  # of sampled numbers, so that they can be typed
_PRUNING_WARMUP_TRIALS = 3  # values with all folds done
_MAX_REPEATS = 10  # values sampled again that count as a new one, or a small range would be searched for ever


class SearchConfig(NamedTuple):
    """What a search is.

    folder: of the study.
    overrides: of all trainings, complete.
    search_space: of the keys that vary.
    num_folds: for each value.
    num_trials: how many values to sample; 0: the whole grid.
    seed: of the sampler.
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
    """The training of a fold at a value. extra_overrides: overrides after all others."""
    words = [f"data.num_folds={folds}", f"data.fold={fold}", *extra_overrides]
    return TrainingJob(folder / trial_name(values) / f"fold-{fold}", (*overrides, *as_overrides(values), *words))


def record_fold_score(row: TrialResult, fold: int, run: Path) -> PrimaryMetric:
    """Put the score of a finished fold into the row, by its test split; returns which score that is."""
    metrics = read_metrics(run)
    primary = select_primary_metric(primary_metrics_of(read_config(run).recipe), metrics["test"])
    row.scores[fold] = primary.read(metrics["test"])
    row.seconds[fold] = metrics["training"]["seconds"]
    row.num_parameters = num_parameters_of_run(run)
    return primary


def require_optuna() -> None:
    """Raise UserError where it is not installed."""
    try:
        import optuna
    except ModuleNotFoundError:
        there = "it keeps the study"
        raise UserError("the package optuna is not installed", there, "Type pip install 'grunlp[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)


class HyperparameterSearch:
    """A search that may be killed at any time and made again.

    Args:
        config: what it is.
        jobs: trainings at a time; 0: one a usable core.
    """

    def __init__(self, config: SearchConfig, jobs: int) -> None:
        self.config, self.jobs = config, jobs
        self.values = expand_grid(config.search_space)
        self.rows: dict[int, TrialResult] = {}  # by the number of the trial
        self.trials: dict[int, Trial] = {}
        self.waiting = deque[tuple[int, int]]()  # trial and fold
        self.started: dict[TrainingJob, tuple[int, int, bool]] = {}  # and whether it was done before
        self.repeats = 0  # values that were sampled again
        self.study = self._open()
        self.num_remaining = self._recover_trials()
        self.progress = ProgressReporter(config.num_folds * self.num_remaining)

    def run(self) -> list[TrialResult]:
        """Train what is not done; a row a value, in the order they began."""
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
        # the seed of one that goes on is another, or it would sample the same again; a grid samples nothing
        study.sampler = optuna.samplers.TPESampler(seed=p.seed + len(study.trials))
        return study

    def _recover_trials(self) -> int:
        """Take what a killed search left as it was: finished values by their runs, broken ones as the next. Returns how
        many values are to be asked for."""
        from optuna.trial import TrialState

        broken: list[dict[str, Any]] = []
        for trial in self.study.trials:
            if trial.state in (TrialState.COMPLETE, TrialState.PRUNED):
                row = self.rows[trial.number] = TrialResult(self._values(trial.params))
                self._read_scores(row)
                row.pruned = trial.state == TrialState.PRUNED and len(row.scores) < self.config.num_folds
            elif trial.state == TrialState.RUNNING:
                self.study.tell(trial.number, state=TrialState.FAIL)
                broken.append(trial.params)
        waiting = [trial.system_attrs["fixed_params"] for trial in self.study.trials if trial.state.name == "WAITING"]
        known = [*(dict(row.values) for row in self.rows.values()), *waiting]
        if not self.config.num_trials:
            broken = [dict(values) for values in self.values if dict(values) not in known]
        for params in broken:
            self.study.enqueue_trial(params)
        return (self.config.num_trials or len(self.values)) - len({row.values for row in self.rows.values()})

    def _ask_trial(self) -> bool:
        """Begin another value; false where it had been tried."""
        trial = self.study.ask(self._distributions())
        row = TrialResult(self._values(trial.params))
        if same := next((other for other in self.rows.values() if other.values == row.values), None):
            from optuna.trial import TrialState

            whole = len(same.scores) == self.config.num_folds
            # a failed one is nothing to take up when the search goes on
            self.study.tell(trial, same.mean if whole else None, state=None if whole else TrialState.FAIL)
            self.repeats += 1
            if self.repeats % _MAX_REPEATS == 0:
                self.num_remaining -= 1
                self.progress.total -= self.config.num_folds
            return False
        self.num_remaining -= 1
        self.trials[trial.number], self.rows[trial.number] = trial, row
        # a grid has all folds side by side; what may be pruned has one after the other
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
        """Keep the score of a fold; go on with the next fold of its value, or end it."""
        from optuna.trial import TrialState

        number, fold, before = self.started.pop(training)
        trial, row, folds = self.trials[number], self.rows[number], self.config.num_folds
        primary = record_fold_score(row, fold, training.folder)
        score = f"{row.scores[fold]:.{primary.digits}f} {primary.title}, {row.seconds[fold]:.0f} s"
        self.progress.update(f"{row.text}, fold {fold}: {score}", before)
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
        """The scores of the folds that lie there."""
        for fold in range(self.config.num_folds):
            training = self._training_job(row, fold)
            if training.finished:
                record_fold_score(row, fold, training.folder)

    def _values(self, params: Mapping[str, Any]) -> Assignment:
        """The values of a trial; sampled ones short enough to be typed."""
        sampled = {one.key for one in self.config.search_space if self.config.num_trials and one.bounds is not None}
        short = {key: _round_value(value) if key in sampled else value for key, value in params.items()}
        return tuple((one.key, short[one.key]) for one in self.config.search_space)

    def _distributions(self) -> dict[str, Any]:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        found: dict[str, Any] = {}
        for key, values, ends in self.config.search_space:
            if not self.config.num_trials or ends is None:
                found[key] = CategoricalDistribution(values)
            elif isinstance(values[0], int):
                found[key] = IntDistribution(int(ends[0]), int(ends[1]), log=True)
            else:
                found[key] = FloatDistribution(*ends, log=True)
        return found

    def _unique_results(self) -> list[TrialResult]:
        """Each value once: a killed search may have told one twice."""
        return list({row.values: row for row in self.rows.values() if row.scores}.values())


def _round_value(value: Any) -> Any:
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value
