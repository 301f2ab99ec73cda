"""`python -m grunlp.compare A B`: whether two trained models, or two labelled files, differ by more than chance;
`cells=gru,lstm recipe=NAME`: whether cells do, trained side by side."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunlp.configuration.key_value_args import parse_arguments, require_new_file
from grunlp.tasks.spec import spec_of, task_of
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grunlp.metrics.span_scores import SpanScores

_SAME_TASK_HINT = "Compare runs of one kind."
DEFAULTS: dict[str, Any] = {"split": "test", "input": None, "gold": None, "metrics": None, "batch_tokens": 8000}

HELP = """Compare two labellings, or two writers, of the same text.

  python -m grunlp.compare RUN RUN [split=test]      two run folders, on a split of the data of the first
  python -m grunlp.compare RUN RUN input=FILE        the same on gold frames (or tags) in any file grunlp reads
  python -m grunlp.compare FILE FILE gold=FILE       two files of predicted frames

keys:
  split=test         train, dev or test
  input=FILE         gold frames, instead of a split
  gold=FILE          gold frames, when two files are compared
  metrics=FILE       a new file for the comparison as JSON
  batch_tokens=8000  tokens a batch of labellers and taggers

For each score: both, the difference with its 95 % interval by paired bootstrap, and two p-values, by paired bootstrap
and by approximate randomisation; documents are drawn or exchanged whole.

Two runs of networks that write texts are compared in the same way, by BLEU, chrF and ROUGE, drawing and exchanging
texts; two language models by nats and bits a character, drawing and exchanging lines; two classifiers
by accuracy, drawing and exchanging examples; two forecasters by their errors on the same windows, drawing and
exchanging stretches of time.

Compare recurrent cells, trained with the same data, batches and seeds:

  python -m grunlp.compare cells=gru,lstm,mingru,rnn recipe=NAME [data=NAME] [key=value ...]

keys:
  cells=gru,lstm,mingru,rnn   the first is what the others are compared with
  seeds=5            trainings of each, with seed=1, 2, ...
  match=parameters   hidden sizes give each as many weights as the first; time: epochs give each as much training time;
                     none: sizes and epochs as they are
  jobs=0             trainings at a time, each on one thread; 0: one a usable core
  out=DIR            the folder of runs, cells.json, cells.md and cells.png; default: runs/compare/<date-time>

Any other key is one of the trainings (python -m grunlp.train --help). The same command with the same out=DIR goes on
where it was stopped; finished trainings are not repeated.

examples:
  python -m grunlp.compare runs/first runs/second split=dev
  python -m grunlp.compare first.jsonl second.jsonl gold=test.conll metrics=comparison.json
  python -m grunlp.compare cells=gru,lstm recipe=tag trainer.max_epochs=2 seeds=3
  python -m grunlp.compare cells=gru,rnn recipe=lm data=tinyshakespeare match=time out=shakespeare"""


@command(lambda arguments: HELP)
def main(arguments: list[str]) -> int:
    """Parse, score both, compare."""
    if any(word.startswith("cells=") for word in arguments):
        from grunlp.tuning.cell_comparison import compare_cells

        return compare_cells(arguments)
    sides = [word for word in arguments if "=" not in word or Path(word).exists()]
    given = parse_arguments([word for word in arguments if word not in sides], DEFAULTS)
    if len(sides) != 2:
        raise UserError(f"{len(sides)} things to compare", "compare takes two", "Type two run folders or two files.")
    if given["gold"] and given["input"]:
        raise UserError("gold= with input=", "gold= is for two files, input= for two runs", "Give one of them.")
    require_new_file("metrics", given["metrics"])
    from grunlp.metrics.comparison import compare_span_scores, format_comparison

    modules = {task_of(side) for side in sides}
    if modules == {None}:
        rows = compare_span_scores(
            *(_evaluate_files(sides, given["gold"]) if given["gold"] else _evaluate_runs(sides, given))
        )
    else:
        rows = _compare_same_task(sides, modules, given)
    if not rows:
        there = "one labels given predicates, the other has found others"
        raise UserError("the two have no score in common", there, "Compare labellings of one kind.")
    print(f"first:  {sides[0]}\nsecond: {sides[1]}\n")
    print(format_comparison(rows, "", "first", "second"), end="")
    if given["metrics"]:
        write_file_atomically(Path(given["metrics"]), json.dumps(rows, indent=2))
    return 0


def _compare_same_task(
    systems: list[str], modules: set[str | None], options: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """The same for two networks that do something else than label words."""
    module = modules.pop()
    if modules or module is None:
        raise UserError(f"{' and '.join(systems)} are not of one kind", "they have no score in common", _SAME_TASK_HINT)
    if options["gold"]:
        raise UserError("gold= with two runs", "it is for two files", "Type input=FILE")
    return spec_of(module).compare(systems, options["split"], options["input"])


def _evaluate_files(systems: list[str], gold: str) -> "Sequence[SpanScores]":
    from grunlp.data.readers import read
    from grunlp.tasks.srl.metrics import score_files

    return [score_files(read(gold), read(side)) for side in systems]


def _evaluate_runs(systems: list[str], options: dict[str, Any]) -> "Sequence[SpanScores]":
    from grunlp.data.datasets.splits import open_labelled_split
    from grunlp.data.readers import read
    from grunlp.data.tag_schemes import require_same_tag_type
    from grunlp.tasks.scoring import evaluate_run
    from grunlp.tasks.srl.checkpoint import TrainedTagger, load_trained_labeller
    from grunlp.tasks.tagging.data import open_gold_tag_file

    runs = [load_trained_labeller(side) for side in systems]
    if len({type(run) for run in runs}) > 1:
        raise UserError("a labeller with a tagger", "the two have no score in common", _SAME_TASK_HINT)
    tagger, data = isinstance(runs[0], TrainedTagger), runs[0].config.data
    if tagger:
        require_same_tag_type(systems[0], [runs[0].model.tags], systems[1], [runs[1].model.tags])
    if not options["input"]:
        examples: Any = open_labelled_split(data, options["split"], tagger)
    elif tagger:
        examples = open_gold_tag_file(data, options["input"])
    else:
        examples = list(read(options["input"]))
    return [evaluate_run(run, examples, options["batch_tokens"]) for run in runs]


if __name__ == "__main__":
    sys.exit(main())
