"""`python -m grunlp.predict "TEXT"` finds frames in text or files; `run=DIR` by a model of one's own."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunlp.configuration.key_value_args import check_output_paths, parse_arguments
from grunlp.tasks.predictor import BATCH_TOKENS
from grunlp.tasks.spec import run_argument, spec_of, task_of
from grunlp.utils.cli import command
from grunlp.utils.cli_io import (
    SkippedLineReporter,
    atomic_new_file,
    buffer_stdin,
    json_line,
    use_json_output,
    write_output,
)
from grunlp.utils.errors import DataError, UserError

if TYPE_CHECKING:
    from grunlp.data.examples import SRLExample
    from grunlp.tasks.srl.checkpoint import TrainedSRL, TrainedTagger

DEFAULTS: dict[str, Any] = {
    "run": "default",
    "input": "-",
    "output": "-",
    "html": None,
    "format": None,
    "predicates": "auto",
    "style": "auto",
    "alternatives": 0,
    "scheme": "iob2",
    "batch_tokens": BATCH_TOKENS,
}

HELP = """Find who did what to whom; or, with the run of a tagger, tag words.

  python -m grunlp.predict "She gave him a book."
  python -m grunlp.predict "She gave him a book." html=frames.html
  python -m grunlp.predict input=FILE                  raw text, columns or JSON lines, plain, gz or xz
  echo "She gave him a book." | python -m grunlp.predict run=DIR

keys:
  run=default        the run folder of a training; default is the model that comes with grunlp (English)
  input=-            a file, or - for standard input; a text may stand in its place, best in quotes
  output=-           a new file, or - for standard output
  html=null          a new file, too: a page to look at, with a drawing of each answer (of the first 1,000)
  format=null        raw, or a format that `python -m grunlp.data check` names; null tells it by the first lines;
                     tags: words in columns, of which a tagger was trained on the like
  predicates=auto    given: label those of the input; found: find them; auto: find them where the input marks none
  style=auto         json: a JSON object a sentence; text: for reading; auto: text on a terminal, else json (of networks
                     that write texts: text)
  alternatives=0     of a tagger: so many of the best tag sequences with their probabilities
  scheme=iob2        of a tagger of spans: iob2, iob1 or bioes, as its tags are written
  batch_tokens=3000  tokens a batch; lower it to need less memory

With the run of a network that writes texts, each line of input is a source, or a field of it where the first is a JSON
object; a line comes out for each, or with style=json, or nbest= above 1, a JSON object with the texts and their scores.
Instead of format, predicates, alternatives and scheme there are, with the defaults of its training:

  source=null        the field of JSON lines; null: source or text
  beam= nbest= alpha= normalization= coverage_penalty= block_ngrams= min_ratio= max_ratio= max_extra= max_length=
                     the search; what each means stands in configs/recipe/translate.yaml
  prefix=null        how each text begins
  required=null      words or phrases that each text holds, several between |; perhaps as the beginning of longer words
  forbidden=null     words or phrases that no text holds behind a blank or at its beginning, nor longer words that begin
                     with them in any of their spellings
  sample=false       draw texts instead of searching the likeliest, by temperature=1.0, top_k=0, top_p=1.0 and seed=1
  run=DIR,DIR        several runs with the same tokenizers write together

With the run of a classifier, each line of input is a text, or source= names its column or field (of .csv files always);
or input= is an .npz or .parquet file of measurements. The class comes out with its probability, in JSON with those of
all classes and how much each word counted. It has run=, input=, output=, html=, source=, style= and batch_tokens=.

With the run of a language model, a text is written on from a prompt, and shown as it is drawn, or with html= when it is
whole:

  python -m grunlp.predict run=DIR prompt="ROMEO:" length=500

  prompt=null        how the text begins; it may stand without prompt=
  input=null         or a file, or - for standard input: each line is a prompt, written on to the end of a line
  length=500         tokens that are drawn, at most
  temperature=0.8    below 1 likelier tokens are drawn more often than the network says
  top_k=0            draw among so many likeliest tokens; 0: all
  top_p=1.0          draw among the fewest tokens that have so much probability together
  seed=1             another seed, another text
  style=auto         json: a JSON object a prompt, with the log probability of what was drawn

With the run of a forecaster, the rows that come after the end of a table are told:

  python -m grunlp.predict run=DIR input=FILE output=forecast.csv

  input=null         CSV or Parquet with the columns of the training; null: the data of the training
  output=-           CSV: time, series, target, forecast, lower, upper (empty where no interval was trained)

Raw text is split into sentences, which never run over the end of a line, and tokenised by the rules at the head of
grunlp/data/sentence_splitter.py and tokens.py. Output is in the order of the input. A bad line is named on standard
error and
left out; then the exit status is 1.

examples:
  python -m grunlp.predict "She gave him a book." style=json
  python -m grunlp.predict input=articles.txt.gz output=frames.jsonl
  python -m grunlp.predict run=runs/mine input=test.conll predicates=given style=text
  python -m grunlp.predict run=runs/tagger input=words.tsv format=tags alternatives=3
  python -m grunlp.predict run=runs/translation beam=10 nbest=3 "Ein Hund rennt."
  python -m grunlp.predict run=runs/hours input=hours.csv output=forecast.csv"""


@command(lambda arguments: HELP)
def main(arguments: list[str]) -> int:
    """Parse, find, call."""
    text, keys = _split_text_and_keys(arguments)
    if module := task_of(run_argument(keys)):
        return spec_of(module).predict(text, keys)
    text = text and text.replace("\n", " ")
    given = parse_arguments(keys, DEFAULTS)
    if text is not None and (given["input"] != "-" or given["format"]):
        raise UserError(f"{text!r} with input= or format=", "a text stands for them", "Give one or the other.")
    if given["predicates"] == "given" and (text is not None or given["format"] == "raw"):
        raise UserError("predicates=given", "raw text marks none", "Leave it out, or give columns or JSON lines.")
    check_output_paths(given["output"], given["html"])
    from grunlp.data.raw_text import split_raw_line
    from grunlp.tasks.input_detection import detect_text_or_format, resolve_predicate_mode
    from grunlp.tasks.record_view import html_page
    from grunlp.tasks.srl.checkpoint import TrainedSRL, TrainedTagger, load_trained_labeller
    from grunlp.tasks.srl.predictor import srl_predictor_from_run
    from grunlp.tasks.tagging.predictor import TaggerPredictor
    from grunlp.visualization.frames_and_tags import render_frames, render_tags

    run = load_trained_labeller(given["run"])
    if isinstance(run, TrainedTagger) and given["predicates"] != "auto":
        raise UserError(f"predicates={given['predicates']}", "a tagger knows no predicates", "Leave it out.")
    if not 0 <= given["alternatives"] <= 1000:
        raise UserError(f"alternatives={given['alternatives']} is out of bounds", "0 to 1000", "Type alternatives=5")
    if isinstance(run, TrainedSRL) and (given["alternatives"] or given["scheme"] != "iob2"):
        raise UserError("alternatives= or scheme= with a labeller", "only a tagger has them", "Leave it out.")
    with tempfile.TemporaryDirectory() as folder:
        bad = SkippedLineReporter(given["input"])
        if text is not None:
            examples = split_raw_line(text, 1)
        else:
            path = Path(given["input"])
            if given["input"] == "-":
                path = buffer_stdin(Path(folder), "sentences or running text")
            format = given["format"] or detect_text_or_format(path, isinstance(run, TrainedTagger))
            examples = _read_tagged_file(run, path) if format == "tags" else _read_sentences(path, format, bad)
        if isinstance(run, TrainedTagger):
            records = TaggerPredictor(
                run, given["alternatives"], given["scheme"], given["batch_tokens"]
            ).predict_examples(examples)
        else:
            find, examples = resolve_predicate_mode(given["predicates"], examples)
            records = replace(
                srl_predictor_from_run(run), detect_predicates=find, batch_tokens=given["batch_tokens"]
            ).predict_examples(examples)
        draw = render_frames if isinstance(run, TrainedSRL) else render_tags
        with html_page(given["html"], given["run"], draw) as keep:
            _write_records(keep(records), given["output"], given["style"])
    return 1 if bad.count else 0


def _split_text_and_keys(arguments: list[str]) -> tuple[str | None, list[str]]:
    """A text among the arguments, if there is one, and those that are key=value."""
    named = (*DEFAULTS, "prompt", "prefix", "required", "forbidden")  # whose values may hold blanks
    keys = [word for word in arguments if "=" in word and (word.partition("=")[0] in named or len(word.split()) == 1)]
    words = [word for word in arguments if word not in keys]
    for word in words:
        if len(word.split()) == 1 and word.startswith("-"):
            raise UserError(
                f"{word}: no such option", f"there are: {', '.join(DEFAULTS)}", "Write key=value, or --help"
            )
        if Path(word[:255]).is_file():
            raise UserError(f"{word} is a file", "a word without = is a text to label", f"Type input={word}")
    # whatever bytes the system let through become characters
    text = " ".join(words).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return (text if words else None), keys


def _read_sentences(path: Path, format: str, on_error: Callable[[DataError], None]) -> "Iterator[SRLExample]":
    from grunlp.data.raw_text import read_raw_text
    from grunlp.data.readers import read

    return (
        read_raw_text(path, on_error) if format == "raw" else read(path, format, on_error=on_error, require_roles=False)
    )


def _read_tagged_file(run: "TrainedSRL | TrainedTagger", path: Path) -> "Iterator[SRLExample]":
    """The sentences of a file of tagged words, whose tags play no part."""
    from grunlp.data.examples import SRLExample
    from grunlp.tasks.srl.checkpoint import TrainedSRL
    from grunlp.tasks.tagging.data import open_gold_tag_file

    if isinstance(run, TrainedSRL):
        raise UserError("format=tags with a labeller", "it reads frames or raw text", "Leave it out.")
    for row in open_gold_tag_file(run.config.data, str(path)):
        yield SRLExample(id=row["id"], document=row["document"], words=row["words"], pos=[], frames=[])


def _write_records(records: Iterator[Mapping[str, Any]], output: str, style: str) -> None:
    from rich.console import Console

    from grunlp.visualization.terminal import print_record

    if use_json_output(style, output):
        write_output(output, map(json_line, records))
    elif output == "-":
        console = Console(highlight=False)
        for record in records:
            print_record(record, console)
    else:
        with atomic_new_file(Path(output)) as file:
            console = Console(file=file, highlight=False)
            for record in records:
                print_record(record, console)


if __name__ == "__main__":
    sys.exit(main())
