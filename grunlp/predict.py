"""`python -m grunlp.predict "TEXT"` predicts with the bundled model; `run=DIR` predicts with your own."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from grunlp.configuration.options import options_of, parse_options
from grunlp.tasks import BUNDLED_MODEL, task_of
from grunlp.tasks.command_help import OptionsByTask, format_sections, options_by_task, run_argument
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

_INTRO = """Predict with a trained model: frames with the bundled model, or whatever your own model was trained for.

  python -m grunlp.predict "She gave him a book."
  python -m grunlp.predict "She gave him a book." html_report=frames.html
  python -m grunlp.predict input=FILE                  raw text, columns or JSON lines, plain, gz or xz
  echo "She gave him a book." | python -m grunlp.predict run=DIR

Raw text is split into sentences, which never extend over the end of a line, and tokenised by the rules at the head of
grunlp/data/sentence_splitter.py and word_tokenizer.py. Output is in the order of the input. A malformed line is
reported on standard error and skipped; the exit status is then 1."""

_EXAMPLES = """examples:
  python -m grunlp.predict "She gave him a book." output_format=json
  python -m grunlp.predict input=articles.txt.gz output=frames.jsonl
  python -m grunlp.predict run=runs/mine input=test.conll predicates=gold output_format=text
  python -m grunlp.predict run=runs/tagger input=words.tsv format=tags nbest=3
  python -m grunlp.predict run=runs/translation beam=10 nbest=3 "Ein Hund rennt."
  python -m grunlp.predict run=runs/shakespeare prompt="ROMEO:" length=500
  python -m grunlp.predict run=runs/hours input=hours.csv output=forecast.csv"""


def list_options(arguments: Sequence[str]) -> OptionsByTask:
    """List the options by task, as far as the arguments determine it."""
    return options_by_task(arguments, lambda spec: spec.predict_options)


def help_text(arguments: Sequence[str]) -> str:
    """Return the text of `--help`."""
    return "\n\n".join([_INTRO, format_sections(list_options(arguments)), _EXAMPLES])


@command(help_text, needs_reader=True)
def main(arguments: list[str]) -> int:
    """Predict with the task of the model."""
    run = run_argument(arguments) or BUNDLED_MODEL
    spec = task_of(run)
    text, keys = _split_text_and_keys(arguments, options_of(spec.predict_options))
    return spec.predict(text, parse_options(keys, spec.predict_options, spec.option_defaults(run)))


def _split_text_and_keys(arguments: Sequence[str], known: Collection[str]) -> tuple[str | None, list[str]]:
    """Split the arguments into a text, if there is one, and key=value arguments.

    Args:
        arguments: the words after the name of the command.
        known: keys whose values may contain spaces.
    """
    keys = [word for word in arguments if "=" in word and (word.partition("=")[0] in known or len(word.split()) == 1)]
    words = [word for word in arguments if word not in keys]
    for word in words:
        if len(word.split()) == 1 and word.startswith("-"):
            raise UserError(
                f"{word}: no such option", f"there are: {', '.join(known)}", "Write key=value, or see --help"
            )
        if Path(word[:255]).is_file():
            raise UserError(f"{word} is a file", "a word without = is a text to predict", f"Type input={word}")
    # Bytes that are not UTF-8, which the system lets through, become replacement characters.
    text = " ".join(words).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return (text if words else None), keys


if __name__ == "__main__":
    sys.exit(main())
