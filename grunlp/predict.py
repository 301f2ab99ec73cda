"""`python -m grunlp.predict run=DIR input=FILE|-` labels raw sentences, columns or JSON lines; writes JSON lines."""

import json
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunlp.arguments import parse_arguments
from grunlp.command import command
from grunlp.errors import DataError, GrunlpError

if TYPE_CHECKING:
    from grunlp.data.example import Example
    from grunlp.run import Run

log = logging.getLogger("grunlp")

DEFAULTS: dict[str, Any] = {"run": None, "input": "-", "output": "-", "format": None, "batch_tokens": 8000}

HELP = """Label the roles of given predicates.

  python -m grunlp.predict run=DIR input=FILE          columns or JSON lines, their predicates given
  echo "She gave him a book." | python -m grunlp.predict run=DIR

keys:
  run=DIR            the run folder of a training
  input=-            a file, or - for standard input
  output=-           a new file, or - for standard output
  format=null        raw, or a format that `python -m grunlp.data check` names; null tells it by the first lines
  batch_tokens=8000  tokens a batch, each sentence counted once for each of its predicates

Raw text holds one sentence a line and is tokenised by the rule of grunlp/data/tokens.py; its predicates are the words
that were predicates in at least half of their occurrences in training. Output is one JSON object a sentence, in the
order of the input. A bad line is named on standard error and left out; then the exit status is 1."""


@command(lambda arguments: HELP)
def main(arguments: list[str]) -> int:
    """Parse, find, call."""
    given = parse_arguments(arguments, DEFAULTS)
    if not given["run"]:
        raise GrunlpError("no model", "predict needs run=DIR, the folder of a training", "Type run=DIR")
    _require_new(given["output"])
    from grunlp.run import load_run

    run = load_run(given["run"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(given["input"])
        if given["input"] == "-":
            path = Path(folder) / "standard input"
            with path.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        bad: list[DataError] = []

        def report(error: DataError) -> None:
            bad.append(error)
            place = f"{path.name if given['input'] == '-' else path}:{error.line}"
            print(f"skipped {place}: {error.problem}; {error.there_is}", file=sys.stderr)

        lines = _predict(run, _read(run, path, given["format"], report), given["batch_tokens"])
        if given["output"] == "-":
            sys.stdout.writelines(lines)
            sys.stdout.flush()
        else:
            # under another name until it is whole, so that the same command can be typed again after a fault
            part = Path(given["output"] + ".part")
            with part.open("w", encoding="utf-8") as output:
                output.writelines(lines)
            part.replace(given["output"])
    return 1 if bad else 0


def _require_new(output: str) -> None:
    path = Path(output)
    if output != "-" and path.exists():
        raise GrunlpError(f"{output} exists", "nothing is overwritten", "Type output=NEW_FILE")
    if not path.parent.is_dir():
        there = f"there is no folder {path.parent}"
        raise GrunlpError(f"cannot write output={output}", there, "Make the folder, or name another.")


def _read(run: "Run", path: Path, format: str | None, report: Callable[[DataError], None]) -> Iterator["Example"]:
    from grunlp.data.raw import read_raw
    from grunlp.data.readers import detect, read
    from grunlp.data.readers.lines import require_file

    require_file(path)
    if format is None:
        try:
            format = detect(path)
        except DataError:
            format = "raw"  # anything is text
        log.info("%s: %s", path.name, "raw text" if format == "raw" else f"format {format}")
    if format == "raw":
        return read_raw(path, run.vocabulary.predicates, report)
    return read(path, format, on_error=report, roles=False)


def _predict(run: "Run", examples: Iterator["Example"], batch_tokens: int) -> Iterator[str]:
    """One line of JSON a sentence."""
    from grunlp.data.writers import sentence_record
    from grunlp.tasks.labelling import label, with_tags

    for labelled in label(run.model, run.vocabulary, examples, batch_tokens):
        yield json.dumps(sentence_record(with_tags(labelled)), ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
