"""The tasks, and the Python interface to trained models.

    >>> import grunlp
    >>> predictor = grunlp.load("default")
    >>> (record,) = predictor("She gave him a book.")  # one record for each sentence
    >>> record["frames"][0]["roleset"], [argument["text"] for argument in record["frames"][0]["arguments"]]
    ('give.01', ['She', 'him', 'a book'])

A record is the JSON object that `python -m grunlp.predict output_format=json` prints, as a dictionary. Any number of
texts, from a file or a generator, are read as they are needed and predicted in batches; the predictions are in the
order of the texts:

    >>> texts = (f"She gave him {thing}." for thing in ("a book", "two cents"))
    >>> for records in predictor.predict_iter(texts):
    ...     print(records[0]["frames"][0]["text"])
    [ARG0 She] [V gave] [ARG2 him] [ARG1 a book] .
    [ARG0 She] [V gave] [ARG2 him] [ARG1 two cents] .

With a pandas column, or `map` of Hugging Face datasets, use the predictions for several texts at once:

    >>> def rolesets(texts):
    ...     answers = predictor.predict_batch(texts)
    ...     return [[frame["roleset"] for record in records for frame in record["frames"]] for records in answers]
    >>> import pandas as pd
    >>> table = pd.DataFrame({"text": ["She gave him a book. Was he glad?", "Nothing."]})
    >>> table["rolesets"] = rolesets(table["text"])
    >>> table["rolesets"].tolist()
    [['give.01', 'be.01', 'glad.02'], []]
    >>> from datasets import Dataset
    >>> data = Dataset.from_dict({"text": ["She gave him a book. Was he glad?", "Nothing."]})
    >>> data.map(lambda rows: {"rolesets": rolesets(rows["text"])}, batched=True)["rolesets"][:]
    [['give.01', 'be.01', 'glad.02'], []]

Predictors of other tasks work in the same way; each class documents its inputs and outputs. Settings are fields:

    >>> from dataclasses import replace
    >>> small_batches = replace(predictor, batch_tokens=500)  # shares the network
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from grunlp.data.readers.text_lines import require_file
from grunlp.metrics.evaluation import PrimaryMetric
from grunlp.runs.progress import require_trained
from grunlp.tasks.predictor import Predictor, Record
from grunlp.tasks.registry import TASKS
from grunlp.tasks.spec import TaskSpec, TrainingTask
from grunlp.utils.errors import UserError
from grunlp.utils.loading_lock import one_at_a_time
from grunlp.utils.safe_load import MAX_CONFIG_BYTES, read_text

__all__ = [
    "TASKS",
    "Predictor",
    "Record",
    "load",
    "predictive_specs",
    "primary_metrics_of",
    "spec_named",
    "spec_of",
    "task_of",
    "task_of_gold_file",
]

BUNDLED_MODEL, BUNDLED_RECIPE = "default", "srl"


def spec_of(recipe: str) -> TrainingTask:
    """Return the specification of the task that a recipe (a key of `TASKS`) trains."""
    spec: TrainingTask = import_module(TASKS[recipe]).SPEC
    return spec


def primary_metrics_of(recipe: str) -> Sequence[PrimaryMetric]:
    """Return the metrics by which trainings of a recipe are compared, in order of preference.

    Raises:
        UserError: the recipe has none.
    """
    metrics = spec_of(recipe).primary_metrics.get(recipe)
    if not metrics:
        names = [name for name in TASKS if name in spec_of(name).primary_metrics]
        raise UserError(
            f"recipe={recipe} has no score for comparisons",
            f"there are: {', '.join(names)}",
            "Type recipe=tag, for example.",
        )
    return metrics


def predictive_specs() -> list[TaskSpec[Any, Any, Any]]:
    """Return the specifications of all tasks whose models predict."""
    specs = dict.fromkeys(spec_of(recipe) for recipe in TASKS)
    return [spec for spec in specs if isinstance(spec, TaskSpec)]


def spec_named(name: str) -> TaskSpec[Any, Any, Any]:
    """Return the specification of the task with the given name."""
    return next(spec for spec in predictive_specs() if spec.name == name)


def task_of_gold_file(path: str) -> TaskSpec[Any, Any, Any]:
    """Return the description of the task that scores a file of right answers without a model.

    Raises:
        UserError: there is no such file, or no task scores it.
    """
    require_file(Path(path))
    spec = next((spec for spec in predictive_specs() if spec.scores_file(path)), None)
    if spec is None:
        details = "it has neither frames nor tagged words"
        raise UserError(f"gold={path}", details, "To score a model on other files, type run=FOLDER input=FILE")
    return spec


def task_of(run: str | Path) -> TaskSpec[Any, Any, Any]:
    """Return the specification of the task of a trained model.

    Args:
        run: a run folder, or "default" for the bundled model.

    Raises:
        UserError: the folder is not a run, or its model makes no predictions.
    """
    recipe = BUNDLED_RECIPE if str(run) == BUNDLED_MODEL else _stored_recipe(Path(run))
    spec = spec_of(recipe)
    if not isinstance(spec, TaskSpec):
        raise UserError(
            f"{run} is a run of recipe={recipe}",
            "it predicts nothing; other models start from it",
            f"Type recipe=srl model.init_from={run}",
        )
    require_trained(Path(run))
    return spec


def _stored_recipe(run: Path) -> str:
    """Read the recipe from the configuration of a run."""
    file = run / "config.yaml"
    lines = read_text(file, MAX_CONFIG_BYTES).splitlines() if file.is_file() else []
    recipe = next((recipe for recipe in TASKS if f"recipe: {recipe}" in lines), None)
    if recipe is None:
        from grunlp.tasks.config import read_config

        recipe = str(read_config(run).recipe)  # Raises UserError where this is not a run.
    return recipe


@one_at_a_time
def load(run: str | Path = BUNDLED_MODEL) -> Predictor[Any, Any]:
    """Load the predictor of a trained model, which computes on the CPU. Threads may call this at once.

    Args:
        run: a run folder, or "default" for the bundled model, an English semantic role labeller.

    Raises:
        UserError: the folder is not a finished run, or its files do not belong together.
    """
    spec = task_of(run)
    return spec.make_predictor(spec.load_trained(Path(run)))
