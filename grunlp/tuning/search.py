"""Cross-validation of many values: which fold of which value is trained next, and what is kept in `study.db`.

The runs on disk are what has been done: a fold that lies there is never trained again. Optuna's study holds the same
for its samplers, pruners and dashboards.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from grunlp.metrics.primary import Primary, primary_of
from grunlp.runs.layout import read_config, read_metrics
from grunlp.tuning.model_selection import Row
from grunlp.tuning.parameter_matching import weights_of
from grunlp.tuning.search_space import Range, Values, grid, name_of, typed
from grunlp.tuning.training_pool import Pool, Progress, Training
from grunlp.utils.errors import GrunlpError

if TYPE_CHECKING:
    from optuna import Study, Trial

_DIGITS = 4  # of sampled numbers, so that they can be typed
_BEFORE_PRUNING = 3  # values with all folds done
_REPEATS = 10  # values sampled again that count as a new one, or a small range would be searched for ever


class Plan(NamedTuple):
    """What a search is.

    folder: of the study.
    overrides: of all trainings, complete.
    ranges: of the keys that vary.
    folds: for each value.
    trials: how many values to sample; 0: the whole grid.
    seed: of the sampler.
    direction: "max" or "min".
    """

    folder: Path
    overrides: tuple[str, ...]
    ranges: Sequence[Range]
    folds: int
    trials: int
    seed: int
    direction: str


def fold_training(
    folder: Path, overrides: Sequence[str], values: Values, folds: int, fold: int, *more: str
) -> Training:
    """The training of a fold at a value. more: overrides after all others."""
    words = [f"data.folds={folds}", f"data.fold={fold}", *more]
    return Training(folder / name_of(values) / f"fold-{fold}", (*overrides, *typed(values), *words))


def record(row: Row, fold: int, run: Path) -> Primary:
    """Put the score of a finished fold into the row, by its test split; returns which score that is."""
    metrics = read_metrics(run)
    primary = primary_of(read_config(run).recipe, metrics["test"])
    row.scores[fold] = primary.read(metrics["test"])
    row.seconds[fold] = metrics["training"]["seconds"]
    row.weights = weights_of(run)
    return primary


def require_optuna() -> None:
    """Raise GrunlpError where it is not installed."""
    try:
        import optuna
    except ModuleNotFoundError:
        there = "it keeps the study"
        raise GrunlpError("the package optuna is not installed", there, "Type pip install 'grunlp[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)


class Search:
    """A search that may be killed at any time and made again.

    Args:
        plan: what it is.
        jobs: trainings at a time; 0: one a usable core.
    """

    def __init__(self, plan: Plan, jobs: int) -> None:
        self.plan, self.jobs = plan, jobs
        self.values = grid(plan.ranges)
        self.rows: dict[int, Row] = {}  # by the number of the trial
        self.trials: dict[int, Trial] = {}
        self.waiting = deque[tuple[int, int]]()  # trial and fold
        self.started: dict[Training, tuple[int, int, bool]] = {}  # and whether it was done before
        self.repeats = 0  # values that were sampled again
        self.study = self._open()
        self.left = self._take_up()
        self.progress = Progress(plan.folds * self.left)

    def run(self) -> list[Row]:
        """Train what is not done; a row a value, in the order they began."""
        with Pool(self.jobs) as pool:
            while True:
                while pool.free and (self.waiting or self.left):
                    if self.waiting or self._ask():
                        self._start(pool)
                if not pool.busy:
                    return self._unique()
                self._finish(pool.wait())

    def _open(self) -> "Study":
        import optuna

        p = self.plan
        study = optuna.create_study(
            study_name="grunlp",
            storage=f"sqlite:///{(p.folder / 'study.db').resolve()}",
            direction="maximize" if p.direction == "max" else "minimize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_BEFORE_PRUNING, n_warmup_steps=0),
            load_if_exists=True,
        )
        # the seed of one that goes on is another, or it would sample the same again; a grid samples nothing
        study.sampler = optuna.samplers.TPESampler(seed=p.seed + len(study.trials))
        return study

    def _take_up(self) -> int:
        """Take what a killed search left as it was: finished values by their runs, broken ones as the next. Returns how
        many values are to be asked for."""
        from optuna.trial import TrialState

        broken: list[dict[str, Any]] = []
        for trial in self.study.trials:
            if trial.state in (TrialState.COMPLETE, TrialState.PRUNED):
                row = self.rows[trial.number] = Row(self._values(trial.params))
                self._read(row)
                row.pruned = trial.state == TrialState.PRUNED and len(row.scores) < self.plan.folds
            elif trial.state == TrialState.RUNNING:
                self.study.tell(trial.number, state=TrialState.FAIL)
                broken.append(trial.params)
        waiting = [trial.system_attrs["fixed_params"] for trial in self.study.trials if trial.state.name == "WAITING"]
        known = [*(dict(row.values) for row in self.rows.values()), *waiting]
        if not self.plan.trials:
            broken = [dict(values) for values in self.values if dict(values) not in known]
        for params in broken:
            self.study.enqueue_trial(params)
        return (self.plan.trials or len(self.values)) - len({row.values for row in self.rows.values()})

    def _ask(self) -> bool:
        """Begin another value; false where it had been tried."""
        trial = self.study.ask(self._distributions())
        row = Row(self._values(trial.params))
        if same := next((other for other in self.rows.values() if other.values == row.values), None):
            from optuna.trial import TrialState

            whole = len(same.scores) == self.plan.folds
            # a failed one is nothing to take up when the search goes on
            self.study.tell(trial, same.mean if whole else None, state=None if whole else TrialState.FAIL)
            self.repeats += 1
            if self.repeats % _REPEATS == 0:
                self.left -= 1
                self.progress.total -= self.plan.folds
            return False
        self.left -= 1
        self.trials[trial.number], self.rows[trial.number] = trial, row
        # a grid has all folds side by side; what may be pruned has one after the other
        self.waiting.extend((trial.number, fold) for fold in range(1 if self.plan.trials else self.plan.folds))
        return True

    def _start(self, pool: Pool) -> None:
        number, fold = self.waiting.popleft()
        training = self._training(self.rows[number], fold)
        self.started[training] = number, fold, training.finished
        pool.start(training)

    def _finish(self, training: Training) -> None:
        """Keep the score of a fold; go on with the next fold of its value, or end it."""
        from optuna.trial import TrialState

        number, fold, before = self.started.pop(training)
        trial, row, folds = self.trials[number], self.rows[number], self.plan.folds
        primary = record(row, fold, training.folder)
        score = f"{row.scores[fold]:.{primary.digits}f} {primary.title}, {row.seconds[fold]:.0f} s"
        self.progress.tell(f"{row.text}, fold {fold}: {score}", before)
        trial.report(row.mean, len(row.scores) - 1)
        if len(row.scores) == folds:
            self.study.tell(trial, row.mean)
        elif self.plan.trials and trial.should_prune():
            row.pruned = True
            self.study.tell(trial, state=TrialState.PRUNED)
            self.progress.total -= folds - len(row.scores)
            print(f"{row.text}: worse than half of the others so far, no further folds", flush=True)
        elif self.plan.trials:
            self.waiting.append((number, fold + 1))

    def _training(self, row: Row, fold: int) -> Training:
        return fold_training(self.plan.folder / "runs", self.plan.overrides, row.values, self.plan.folds, fold)

    def _read(self, row: Row) -> None:
        """The scores of the folds that lie there."""
        for fold in range(self.plan.folds):
            training = self._training(row, fold)
            if training.finished:
                record(row, fold, training.folder)

    def _values(self, params: Mapping[str, Any]) -> Values:
        """The values of a trial; sampled ones short enough to be typed."""
        sampled = {one.key for one in self.plan.ranges if self.plan.trials and one.ends is not None}
        short = {key: _short(value) if key in sampled else value for key, value in params.items()}
        return tuple((one.key, short[one.key]) for one in self.plan.ranges)

    def _distributions(self) -> dict[str, Any]:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        found: dict[str, Any] = {}
        for key, values, ends in self.plan.ranges:
            if not self.plan.trials or ends is None:
                found[key] = CategoricalDistribution(values)
            elif isinstance(values[0], int):
                found[key] = IntDistribution(int(ends[0]), int(ends[1]), log=True)
            else:
                found[key] = FloatDistribution(*ends, log=True)
        return found

    def _unique(self) -> list[Row]:
        """Each value once: a killed search may have told one twice."""
        return list({row.values: row for row in self.rows.values() if row.scores}.values())


def _short(value: Any) -> Any:
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
