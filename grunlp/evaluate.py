"""`python -m grunlp.evaluate` scores a trained model (`run=DIR split=test`) or files (`gold=FILE predicted=FILE`)."""

import sys
from collections.abc import Sequence
from pathlib import Path

from grunlp.configuration.options import parse_options
from grunlp.tasks import BUNDLED_MODEL, task_of, task_of_gold_file
from grunlp.tasks.command_help import OptionsByTask, format_sections, options_by_task, run_argument
from grunlp.utils.cli import command

_INTRO = """Score a trained model, or files of predicted frames or tags.

  python -m grunlp.evaluate run=DIR [split=test]       a split of the data the model was trained on
  python -m grunlp.evaluate run=DIR input=FILE         a file with the right answers
  python -m grunlp.evaluate gold=FILE predicted=FILE   two files of frames or tags, whoever predicted the second

Every score comes with its 95 % bootstrap interval.

  role labellers and taggers   the tables of srl-eval (CoNLL-2005; V apart, C- pieces joined) and conlleval, the strict
                               F1 of seqeval, the scores of senses and of detected predicates, the illegal tags
  classifiers                  accuracy, F1 of each class and a table of confusions
  translation, summarisation   BLEU and chrF, or ROUGE; with the search of the training, scores and texts of a split are
                               stored in the run folder
  language models              nats and bits a character, and perplexity
  forecasters                  the errors on all windows, and those of baselines (repeat-last, seasonal-naive, drift,
                               linear), with the test of Diebold and Mariano"""

_EXAMPLES = """examples:
  python -m grunlp.evaluate run=runs/mine split=dev
  python -m grunlp.evaluate run=default input=my.conll report=errors.html
  python -m grunlp.evaluate gold=test.conll predicted=frames.jsonl metrics=scores.json
  python -m grunlp.evaluate run=runs/hours report=forecasts.png"""


def list_options(arguments: Sequence[str]) -> OptionsByTask:
    """List the options by task, as far as the arguments determine it."""
    return options_by_task(arguments, lambda spec: spec.evaluate_options)


def help_text(arguments: Sequence[str]) -> str:
    """Return the text of `--help`."""
    return "\n\n".join([_INTRO, format_sections(list_options(arguments)), _EXAMPLES])


@command(help_text)
def main(arguments: list[str]) -> int:
    """Evaluate with the task of the model, or of the gold file."""
    run = run_argument(arguments)
    files = dict(argument.partition("=")[::2] for argument in arguments)
    without_model = run is None and "predicted" in files and Path(files.get("gold", "")).is_file()
    spec = task_of_gold_file(files["gold"]) if without_model else task_of(run or BUNDLED_MODEL)
    return spec.evaluate(parse_options(arguments, spec.evaluate_options, spec.option_defaults(run) if run else {}))


if __name__ == "__main__":
    sys.exit(main())
