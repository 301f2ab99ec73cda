"""`python -m grunlp.completion bash|zsh|fish` prints the script that makes the Tab key complete the grunlp commands.

The script calls `grunlp-completion words LINE`, so that recipes and run folders are current. Keys and choices are those
that the options classes of a command declare.
"""

import shlex
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from grunlp.configuration.options import Option
from grunlp.tasks.config import training_options
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

HELP = """Complete keys, choices, run folders and files of the grunlp commands with the Tab key.

  grunlp-completion bash|zsh|fish      print the script for a shell

examples:
  echo 'source <(grunlp-completion bash)' >> ~/.bashrc
  echo 'source <(grunlp-completion zsh)' >> ~/.zshrc          after compinit
  grunlp-completion fish > ~/.config/fish/completions/grunlp.fish"""

SHELL_SCRIPTS = {
    "bash": """\
_grunlp() {
  local line="${COMP_LINE:0:COMP_POINT}" word
  mapfile -t COMPREPLY < <(grunlp-completion words "$line" 2>/dev/null)
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]] && compopt -o nospace
  word="${line##*[[:space:]]}"
  if [[ $COMP_WORDBREAKS == *=* && $word == *=* ]]; then  # the text after = is a word of its own
    COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*=}"}"}")
  fi
  [[ ${#COMPREPLY[@]} == 0 ]] || mapfile -t COMPREPLY < <(printf '%q\\n' "${COMPREPLY[@]}")
}
complete -F _grunlp COMMANDS
""",
    "zsh": """\
_grunlp() {
  local -a candidates=(${(f)"$(grunlp-completion words "$LBUFFER" 2>/dev/null)"})
  compadd -S '' -- ${(M)candidates:#*[=/]}
  compadd -- ${candidates:#*[=/]}
}
compdef _grunlp COMMANDS
""",
    "fish": """\
for name in COMMANDS
  complete -c $name -f -a '(grunlp-completion words (commandline -cp) 2>/dev/null)'
end
""",
}
_TRAIN_LIKE_COMMANDS = ("tune", "compare")  # commands that pass keys on to trainings
_RUN_ARGUMENT_COMMANDS = ("compare",)  # commands whose positional arguments are runs


@command(lambda arguments: HELP)
def main(arguments: list[str]) -> int:
    """Print the completion script of a shell, or the candidates for the last word of a command line."""
    match arguments:
        case [shell] if shell in SHELL_SCRIPTS:
            print(SHELL_SCRIPTS[shell].replace("COMMANDS", " ".join(command_names())), end="")
        case ["words", line]:
            sys.stdout.writelines(f"{word}\n" for word in completions(line))
        case _:
            shells = ", ".join(SHELL_SCRIPTS)
            raise UserError(f"{' '.join(arguments) or 'no shell'}: no such shell", f"there are: {shells}", "See --help")
    return 0


def command_names() -> list[str]:
    """List the commands that are installed."""
    try:
        entries = distribution("grunlp").entry_points
    except PackageNotFoundError:
        raise UserError("grunlp is not installed", "there are no commands to complete", "Type pip install .") from None
    return sorted(entry.name for entry in entries if entry.group == "console_scripts")


def completions(line: str) -> list[str]:
    """List the completion candidates for the last word of a line.

    Args:
        line: the command line up to the cursor, beginning with the command.
    """
    try:
        words = shlex.split(line)
    except ValueError:  # an open quote
        return []
    if line[-1:].isspace():
        words.append("")
    if len(words) < 2:
        return []
    name, *preceding, word = words
    name = Path(name).name.removeprefix("grunlp-").replace("-", "_")
    key, equals, value = word.partition("=")
    try:
        if equals:
            candidates = [f"{key}={candidate}" for candidate in _value_candidates(name, preceding, key, value)]
        else:
            candidates = _word_candidates(name, preceding, word)
    except UserError:  # a preceding word is wrong; the command will report it
        return []
    return [candidate for candidate in candidates if candidate.startswith(word)]


def _word_candidates(command_name: str, preceding: Sequence[str], word: str) -> list[str]:
    """List the keys, options and positional arguments of a command."""
    if command_name == "completion":
        return [*SHELL_SCRIPTS, "--help"]
    positional = [*_run_folders(), *_file_candidates(word)] if command_name in _RUN_ARGUMENT_COMMANDS else []
    typed = {argument.partition("=")[0] for argument in preceding}
    keys = (f"{key}=" for key in _options(command_name, preceding) if key not in typed)
    return [*keys, "--help", *positional]


def _options(command_name: str, preceding: Sequence[str]) -> Mapping[str, Option]:
    """List the options that a command accepts by key, given the words typed so far."""
    if command_name == "train":
        return training_options(preceding)
    module = import_module(f"grunlp.{command_name}")
    options = {key: option for group in module.list_options(preceding).values() for key, option in group.items()}
    if command_name in _TRAIN_LIKE_COMMANDS and any(word.startswith("recipe=") for word in preceding):
        trainings = (argument for argument in preceding if argument.startswith(("recipe=", "data=")))
        return {**training_options(list(trainings)), **options}
    return options


def _value_candidates(command_name: str, preceding: Sequence[str], key: str, value: str) -> list[str]:
    """List the candidates for the value of a key."""
    options = _options(command_name, preceding)
    if key not in options:
        return []
    option = options[key]
    if option.content == "key":
        return [f"{other}=" for other in training_options(preceding)]
    if option.is_list or option.content == "run":  # several, comma-separated
        first, comma, last = value.rpartition(",")
        return [first + comma + candidate for candidate in _single_value_candidates(option, last)]
    return _single_value_candidates(option, value)


def _single_value_candidates(option: Option, value: str) -> list[str]:
    if option.type is bool:
        return ["true", "false"]
    if option.choices:
        return list(option.choices)
    if option.content == "run":
        return ["default", *_run_folders(), *_file_candidates(value)]
    return _file_candidates(value) if option.content in ("text", "path", "path or name") else []


def _run_folders() -> list[str]:
    """List the run folders below `runs`."""
    folders = (path.parent for pattern in ("*", "*/*") for path in Path("runs").glob(f"{pattern}/config.yaml"))
    return sorted(str(path) for path in folders)


def _file_candidates(prefix: str) -> list[str]:
    """List files and folders whose path starts with a prefix."""
    head, slash, start = prefix.rpartition("/")
    folder = Path(head + slash or ".").expanduser()
    if not folder.is_dir():
        return []
    entries = sorted(path for path in folder.iterdir() if path.name.startswith("." if start.startswith(".") else ""))
    visible = (path for path in entries if start.startswith(".") or not path.name.startswith("."))
    return [f"{head}{slash}{path.name}{'/' if path.is_dir() else ''}" for path in visible]


if __name__ == "__main__":
    sys.exit(main())
