"""`python -m grunlp.data check PATH ...`: check data files before training on them."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from grunlp.data.file_check import check_file, format_file_reports, has_frames
from grunlp.data.readers import FORMATS
from grunlp.data.validation import format_report, inspect_file
from grunlp.utils.cli import discard_output_without_reader, exit_status, replace_closed_streams
from grunlp.utils.errors import UserError

_EXAMPLES = """\
examples:
  python -m grunlp.data check train.conll.gz
  python -m grunlp.data check train=my/train.conll dev=my/dev.conll test=my/test.conll
  python -m grunlp.data check --format conll2005 --words test.words test.props

The exit status is 0 for valid files, 1 if a line could not be read, a tag is illegal or spans overlap, and 2 if the
command itself was wrong. Sentences shared between splits, ignoring case and punctuation, are counted but are not an
error: training removes them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit status."""
    options = _parser().parse_args(arguments)
    replace_closed_streams()
    discard_output_without_reader()
    return exit_status(lambda: _check(options))


def _check(options: argparse.Namespace) -> int:
    splits = _splits(options.paths)
    if options.words and len(splits) > 1:
        raise UserError(
            "one file of words for several paths", "expected one path of props", "check the paths one at a time"
        )
    is_known = bool(options.format or options.words)
    srl_files = {name: path for name, path in splits.items() if is_known or has_frames(path)}
    surveys = [inspect_file(name, path, options.format, options.words) for name, path in srl_files.items()]
    others = [check_file(name, path) for name, path in splits.items() if name not in srl_files]
    for line in format_report(surveys) if surveys else ():
        print(line)
    if surveys and others:
        print()
    for line in format_file_reports(others) if others else ():
        print(line)
    return int(any(report.num_errors for report in surveys) or any(report.num_errors for report in others))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grunlp.data",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="check")
    check = commands.add_parser(
        "check",
        help="print counts, labels, lengths and errors of data files",
        description="Print counts, the label table, lengths, illegal tags, overlapping spans, sentences shared between "
        "the files, and the first ten errors of each with file and line.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("paths", nargs="+", metavar="[NAME=]PATH", help="data files, plain or as gz or xz")
    check.add_argument("--format", help=f"one of {', '.join(FORMATS)}; detected by default")
    check.add_argument("--words", type=Path, help="the words of CoNLL-2005 props in a separate file")
    return parser


def _splits(arguments: Sequence[str]) -> dict[str, Path]:
    """Map `dev=my/dev.conll` to `{"dev": my/dev.conll}`; a path without a name is listed under its file name."""
    splits: dict[str, Path] = {}
    for argument in arguments:
        match = re.fullmatch(r"(\w+)=(.+)", argument)
        path = Path(match[2]) if match and not Path(argument).exists() else Path(argument)
        name = match[1] if match and path != Path(argument) else path.name
        if name in splits:
            name = argument
        if name in splits:
            raise UserError(f"{argument} is given twice", "each path is one split", "give each path once")
        splits[name] = path
    return splits


if __name__ == "__main__":
    sys.exit(main())
