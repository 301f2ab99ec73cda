"""`python -m grunlp.evaluate`: `run=DIR split=test` scores a trained model, `gold=FILE predicted=FILE` any files."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunlp.configuration.key_value_args import parse_arguments, require_new_file
from grunlp.tasks.spec import run_argument, spec_of, task_of
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

if TYPE_CHECKING:
    from grunlp.metrics.span_scores import SpanScores
    from grunlp.tasks.srl.metrics import SRLScores

DEFAULTS: dict[str, Any] = {
    "run": None,
    "split": "test",
    "input": None,
    "gold": None,
    "predicted": None,
    "words": None,
    "metrics": None,
    "report": None,
    "batch_tokens": 8000,
}

HELP = """Score role labelling, or the run of a tagger or of a network that writes texts.

  python -m grunlp.evaluate run=DIR [split=test]       a split of the data the run was trained on
  python -m grunlp.evaluate run=DIR input=FILE         gold frames (of a tagger: tags) in any file grunlp reads
  python -m grunlp.evaluate gold=FILE predicted=FILE   two files, whoever labelled the second

keys:
  run=DIR            the run folder of a training, or default for the model that comes with grunlp
  split=test         train, dev or test
  input=FILE         gold frames, instead of a split
  gold=FILE          gold frames
  predicted=FILE     the same sentences with predicted frames; formats may differ. Predicates count as given where all
                     are the gold ones, else as found
  words=FILE         the words of CoNLL-2005 props that stand apart, for gold= and predicted= or input=
  metrics=FILE       a new file for the scores as JSON; with run= and a split: the run's metrics.json
  report=FILE        a new file for an HTML page: scores by role, distance, length and frequency, what each kind of fix
                     would mend, confusions, the worst sentences with gold and predicted arcs
  batch_tokens=8000  tokens a batch, each sentence counted once for each of its predicates

The run of a network that writes texts is scored by BLEU and chrF or by ROUGE. It has run=, split=, input=, metrics=,
report= (a page of examples with maps of attention) and batch_tokens=, the keys of the search
(configs/recipe/translate.yaml) with the defaults of its training, and for input= what configs/data/pairs.yaml says of
source=, target= and references=, and input_target=FILE where the targets have a file of their own. With the search of
its training, scores and outputs of a split go into the run: metrics.json and outputs-SPLIT.txt.

The run of a classifier is scored by accuracy, F1 of each class and the loss, with a table of confusions. It has run=,
split=, input= (a file of examples with classes; source= and label= name their columns, fields or arrays), metrics= and
batch_tokens=.

The run of a language model is scored in nats and bits a character and by perplexity, each token told once with all
before it known. It has run=, split=, input=, field=, metrics=, and

  dynamic_rate=0.0     learn on while reading, with this rate, for example 0.1 (Krause et al. 2018)
  dynamic_decay=0.002  share of the way back to the trained weights after each segment
  dynamic_length=50    tokens of a segment

The run of a forecaster is scored on every window of a split, beside forecasts without a network (repeat-last,
seasonal-naive, drift, linear) with the test of Diebold and Mariano. It has run=, split=, input= (all windows of a
table), metrics= and report=FILE.png (forecasts against the truth, errors by step).

It prints the tables of srl-eval (CoNLL-2005; V apart, C- pieces joined) and conlleval, the overall F1 in these and in
seqeval's strict counting, the scores of senses and of predicates found, each with its 95 % bootstrap interval over
documents, and the number of illegal tags.

examples:
  python -m grunlp.evaluate run=runs/mine split=dev
  python -m grunlp.evaluate run=default input=my.conll report=errors.html
  python -m grunlp.evaluate gold=test.conll predicted=frames.jsonl metrics=scores.json
  python -m grunlp.evaluate run=runs/hours report=forecasts.png"""


@command(lambda arguments: HELP)
def main(arguments: list[str]) -> int:
    """Parse, find, call."""
    if module := task_of(run_argument(arguments)):
        return spec_of(module).evaluate(arguments)
    given = parse_arguments(arguments, DEFAULTS)
    _validate(given)
    scores: SpanScores
    if given["gold"]:
        scores = _evaluate_files(given["gold"], given["predicted"], given["words"])
        title = f"{given['predicted']} against {given['gold']}"
    elif given["run"]:
        scores = _evaluate_run(given)
        title = f"{given['run']} on {given['input'] or given['split']}"
    else:
        raise UserError("nothing to score", "evaluate needs run=DIR, or gold=FILE and predicted=FILE", "See --help.")
    print(scores.report())
    if given["report"]:
        from grunlp.tasks.srl.error_report import error_report
        from grunlp.tasks.srl.metrics import SRLScores

        assert isinstance(scores, SRLScores)  # others were refused above
        write_file_atomically(Path(given["report"]), error_report(title, scores))
    if given["metrics"]:
        write_file_atomically(Path(given["metrics"]), json.dumps(scores.as_dict(), indent=2))
    elif given["run"] not in (None, "default") and not given["input"]:
        from grunlp.runs.layout import write_metrics

        write_metrics(Path(given["run"]), given["split"], scores.as_dict())
    return 0


def _validate(options: dict[str, Any]) -> None:
    """Raise for keys that do not go together, before anything is read."""
    for key in ("metrics", "report"):
        require_new_file(key, options[key])
    if options["gold"] or options["predicted"]:
        if not (options["gold"] and options["predicted"]) or options["run"] or options["input"]:
            there = "they need neither run= nor input="
            raise UserError("gold= and predicted= go together", there, "Type gold=FILE predicted=FILE")
    elif options["words"] and not options["input"]:
        there = "words= belongs to files given as input=, or as gold= and predicted="
        raise UserError("words= without a file of props", there, "Add input=FILE, or leave words= out.")


def _evaluate_files(gold: str, predicted: str, words: str | None) -> "SRLScores":
    from grunlp.data.readers import read
    from grunlp.tasks.srl.metrics import score_files

    return score_files(read(gold, words=words), read(predicted, words=words))


def _evaluate_run(options: dict[str, Any]) -> "SpanScores":
    from grunlp.data.datasets.splits import open_labelled_split
    from grunlp.data.readers import read
    from grunlp.tasks.scoring import evaluate_run
    from grunlp.tasks.srl.checkpoint import TrainedTagger, load_trained_labeller
    from grunlp.tasks.tagging.data import open_gold_tag_file

    run = load_trained_labeller(options["run"])
    tagger = isinstance(run, TrainedTagger)
    if tagger and (options["report"] or options["words"]):
        raise UserError("report= or words= of a tagger", "they are for roles", "Leave them out.")
    if not options["input"]:
        examples: Any = open_labelled_split(run.config.data, options["split"], tagger)
    elif tagger:
        examples = open_gold_tag_file(run.config.data, options["input"])
    else:
        examples = read(options["input"], words=options["words"])
    return evaluate_run(run, examples, options["batch_tokens"])


if __name__ == "__main__":
    sys.exit(main())
