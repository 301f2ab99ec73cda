"""`python -m grunlp.compare A B` tests whether two trained models, or two files of frames, differ by more than chance.

`cells=gru,lstm recipe=NAME` trains recurrent cells and compares them.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from grunlp.configuration.options import Option, format_options, options_of, parse_options
from grunlp.configuration.output_paths import require_new_file
from grunlp.tasks import BUNDLED_MODEL, task_of, task_of_gold_file
from grunlp.tasks.command_options import CompareOptions
from grunlp.tuning.options import CellComparisonOptions
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

_HELP = f"""Compare two trained models of one task, or two files of predicted frames or tags, on the same examples.

  python -m grunlp.compare RUN RUN [split=test]      two run folders, on a split of the data of the first
  python -m grunlp.compare RUN RUN input=FILE        two run folders, on a file with the right answers
  python -m grunlp.compare FILE FILE gold=FILE       two files of predicted frames or tags

keys:
{format_options(CompareOptions)}

For each score it prints both values, the difference with its 95 % interval by paired bootstrap, and two p-values, by
paired bootstrap and by approximate randomisation. Whole documents are resampled or exchanged for role labellers and
taggers; texts for translation and summarisation; lines for language models; examples for classifiers; stretches of time
for forecasters, on the same windows.

Compare recurrent cells, trained with the same data, batches and seeds:

  python -m grunlp.compare cells=gru,lstm,mingru,rnn recipe=NAME [data=NAME] [key=value ...]

keys:
{format_options(CellComparisonOptions)}

Any other key is one of the trainings (python -m grunlp.train --help). The same command with the same out=DIR continues
after an interruption; finished trainings are not repeated.

examples:
  python -m grunlp.compare runs/first runs/second split=dev
  python -m grunlp.compare first.jsonl second.jsonl gold=test.conll metrics=comparison.json
  python -m grunlp.compare cells=gru,lstm recipe=tag trainer.max_epochs=2 seeds=3
  python -m grunlp.compare cells=gru,rnn recipe=lm data=tinyshakespeare match_budget=time out=shakespeare"""


def list_options(arguments: Sequence[str]) -> dict[str, dict[str, Option]]:
    """List the options of the command, grouped by purpose."""
    return {"models": dict(options_of(CompareOptions)), "cells": dict(options_of(CellComparisonOptions))}


@command(lambda arguments: _HELP)
def main(arguments: list[str]) -> int:
    """Score both systems and compare the scores."""
    if any(word.startswith("cells=") for word in arguments):
        from grunlp.tuning.cell_comparison import compare_cells

        return compare_cells(arguments)
    systems = [word for word in arguments if "=" not in word or Path(word).exists()]
    options = parse_options([word for word in arguments if word not in systems], CompareOptions)
    if len(systems) != 2:
        raise UserError(f"{len(systems)} systems to compare", "compare needs two", "Type two run folders or two files.")
    if options.gold and options.input:
        raise UserError("gold= with input=", "gold= is for two files, input= for two models", "Omit one of the two.")
    if options.gold and any(system == BUNDLED_MODEL or Path(system).is_dir() for system in systems):
        raise UserError("gold= with a model", "gold= is for two files of predictions", "Type input=FILE")
    require_new_file("metrics", options.metrics)
    from grunlp.metrics.comparison import format_comparison

    if options.gold:
        rows = task_of_gold_file(options.gold).compare_files(systems, options.gold)
    else:
        specs = {task_of(system) for system in systems}
        if len(specs) > 1:
            tasks = " and ".join(task_of(system).name for system in systems)
            raise UserError(f"models of {tasks}", "they have no score in common", "Compare models of one task.")
        rows = specs.pop().compare(systems, options)
    if not rows:
        raise UserError(
            "the two systems have no score in common",
            "for example, one labels gold predicates and the other detected ones",
            "Compare predictions of the same kind.",
        )
    print(f"first:  {systems[0]}\nsecond: {systems[1]}\n")
    print(format_comparison(rows, "", "first", "second"), end="")
    if options.metrics:
        write_file_atomically(Path(options.metrics), json.dumps(rows, indent=2), follow_symlinks=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
