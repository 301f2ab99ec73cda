"""Options of commands that depend on the task of `run=`, for `--help` and completion."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from grunlp.configuration.options import Option, format_options, options_of
from grunlp.tasks import predictive_specs, task_of
from grunlp.tasks.spec import TaskSpec
from grunlp.utils.errors import UserError

OptionsClass = Callable[[TaskSpec[Any, Any, Any]], type]
OptionsByTask = dict[str, dict[str, Option]]


def run_argument(arguments: Sequence[str]) -> str | None:
    """Return the run folder in `run=`, the first of several separated by commas."""
    folders = [argument.partition("=")[2].partition(",")[0] for argument in arguments if argument.startswith("run=")]
    return folders[-1] if folders else None


def options_by_task(arguments: Sequence[str], options_class: OptionsClass) -> OptionsByTask:
    """List the options of a command for the task of `run=`, with its defaults, or for every task without a run.

    Args:
        arguments: the arguments typed so far.
        options_class: returns the options class of the command for a task.
    """
    run = run_argument(arguments)
    if run is not None:
        try:
            spec = task_of(run)
            defaults = spec.option_defaults(run)
        except UserError:  # The command itself reports what is wrong with the run.
            pass
        else:
            options = options_of(options_class(spec))
            return {spec.name: {key: _with_default(option, defaults) for key, option in options.items()}}
    return {spec.name: dict(options_of(options_class(spec))) for spec in predictive_specs()}


def _with_default(option: Option, defaults: Mapping[str, Any]) -> Option:
    return replace(option, default=defaults[option.key]) if option.key in defaults else option


def format_sections(by_task: OptionsByTask) -> str:
    """Format the options of a command for `--help`: those that all tasks share, then those of each task."""
    first, *others = by_task.values()
    shared = {key: option for key, option in first.items() if all(other.get(key) == option for other in others)}
    sections = ["keys:\n" + format_options(shared.values())]
    for task, options in by_task.items():
        task_options = [option for key, option in options.items() if key not in shared]
        if task_options:
            sections.append(f"keys of {task.replace('_', ' ')}:\n" + format_options(task_options))
    return "\n\n".join(sections)
