"""`python -m grunlp.completion bash|zsh|fish` prints what makes the Tab key complete the grunlp commands in a shell.

What it prints asks `grunlp-completion words LINE`, so that recipes, keys and run folders are those of the moment. Keys
are those that the command's own `--help` names.
"""

import re
import shlex
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from grunlp.configuration.schema import CHOICES, DATASETS_BY_RECIPE
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

HELP = """Complete keys, choices, run folders and files of the grunlp commands when Tab is pressed.

  grunlp-completion bash|zsh|fish      print what the shell is to read

examples:
  echo 'source <(grunlp-completion bash)' >> ~/.bashrc
  echo 'source <(grunlp-completion zsh)' >> ~/.zshrc          below compinit
  grunlp-completion fish > ~/.config/fish/completions/grunlp.fish"""

SHELL_SCRIPTS = {
    "bash": """\
_grunlp() {
  local line="${COMP_LINE:0:COMP_POINT}" word
  mapfile -t COMPREPLY < <(grunlp-completion words "$line" 2>/dev/null)
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]] && compopt -o nospace
  word="${line##*[[:space:]]}"
  if [[ $COMP_WORDBREAKS == *=* && $word == *=* ]]; then  # what stands behind = is a word of its own
    COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*=}"}"}")
  fi
  [[ ${#COMPREPLY[@]} == 0 ]] || mapfile -t COMPREPLY < <(printf '%q\\n' "${COMPREPLY[@]}")
}
complete -F _grunlp COMMANDS
""",
    "zsh": """\
_grunlp() {
  local -a found=(${(f)"$(grunlp-completion words "$LBUFFER" 2>/dev/null)"})
  compadd -S '' -- ${(M)found:#*[=/]}
  compadd -- ${found:#*[=/]}
}
compdef _grunlp COMMANDS
""",
    "fish": """\
for name in COMMANDS
  complete -c $name -f -a '(grunlp-completion words (commandline -cp) 2>/dev/null)'
end
""",
}
_GROUPS = ("recipe", "data", "model", "debug")
_RUN_KEYS = ("run", "init", "model.init")
_COMMA_SEPARATED_KEYS = ("run", "cells")  # whose values may stand between commas
_TRAIN_LIKE_COMMANDS = ("tune", "compare")  # they hand keys on to trainings
_KEY_PATTERN = re.compile(r"(?<![\w.=])([a-z][a-z_.]*)=")


@command(lambda arguments: HELP)
def main(arguments: list[str]) -> int:
    """Print the script of a shell, or the words a line may go on with."""
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
    """All commands that are installed."""
    try:
        entries = distribution("grunlp").entry_points
    except PackageNotFoundError:
        raise UserError("grunlp is not installed", "there are no commands to complete", "Type pip install .") from None
    return sorted(entry.name for entry in entries if entry.group == "console_scripts")


def completions(line: str) -> list[str]:
    """What the last word of a line may be, given what stands before it. line: up to the cursor, the command first."""
    try:
        words = shlex.split(line)
    except ValueError:  # a quote is open
        return []
    if line[-1:].isspace():
        words.append("")
    if len(words) < 2:
        return []
    name, *before, word = words
    name = Path(name).name.removeprefix("grunlp-").replace("-", "_")
    key, equals, value = word.partition("=")
    try:
        found = (
            [f"{key}={one}" for one in _value_candidates(name, before, key, value)]
            if equals
            else _candidates(name, before, word)
        )
    except UserError:  # what stands before is wrong, and the command will say so
        return []
    return [one for one in found if one.startswith(word)]


def _candidates(name: str, preceding: Sequence[str], word: str) -> list[str]:
    """Keys, options, and what may stand alone."""
    if name == "completion":
        return [*SHELL_SCRIPTS, "--help"]
    alone = [*_run_folders(), *_file_candidates(word)] if name == "compare" else []
    given = {one.partition("=")[0] for one in preceding}
    return [*(f"{key}=" for key in _keys(name, preceding) if key not in given), "--help", *alone]


def _keys(name: str, preceding: Sequence[str]) -> list[str]:
    """In the order in which the help names them."""
    keys = _KEY_PATTERN.findall(_help_text(name, preceding))
    if name in _TRAIN_LIKE_COMMANDS and any(word.startswith("recipe=") for word in preceding):
        keys += _KEY_PATTERN.findall(_help_text("train", preceding))
    return [key for key in dict.fromkeys(keys) if key != "key"]


def _help_text(name: str, preceding: Sequence[str]) -> str:
    text: str = import_module(f"grunlp.{name}").main.help_text(list(preceding))
    return text


def _value_candidates(name: str, preceding: Sequence[str], key: str, value: str) -> list[str]:
    """What a key may be."""
    if key in _COMMA_SEPARATED_KEYS:
        first, comma, value = value.rpartition(",")
        return [first + comma + one for one in _single_value_candidates(name, preceding, key, value)]
    if key == "over":
        return [f"{other}=" for other in _keys("train", preceding)]
    return _single_value_candidates(name, preceding, key, value)


def _single_value_candidates(name: str, preceding: Sequence[str], key: str, value: str) -> list[str]:
    if key in _GROUPS:
        from grunlp.configuration.compose import list_config_group

        recipe = next((word.removeprefix("recipe=") for word in preceding if word.startswith("recipe=")), "")
        return (
            list(DATASETS_BY_RECIPE[recipe])
            if key == "data" and recipe in DATASETS_BY_RECIPE
            else list_config_group(key)
        )
    if key in CHOICES or key == "cells":
        return list(CHOICES["model.cell" if key == "cells" else key])
    if key in _RUN_KEYS:
        return ["default", *_run_folders(), *_file_candidates(value)]
    shown = re.search(rf"(?<![\w.]){re.escape(key)}=([\w.]+)", _help_text("train" if "." in key else name, preceding))
    default = shown[1] if shown else ""
    if default in ("true", "false"):
        return ["true", "false"]
    return [] if re.fullmatch(r"[\d.]+", default) else _file_candidates(value)


def _run_folders() -> list[str]:
    """Runs below `runs`."""
    found = (path.parent for pattern in ("*", "*/*") for path in Path("runs").glob(f"{pattern}/config.yaml"))
    return sorted(str(path) for path in found)


def _file_candidates(prefix: str) -> list[str]:
    """Files and folders that begin so."""
    head, slash, begin = prefix.rpartition("/")
    folder = Path(head + slash or ".").expanduser()
    if not folder.is_dir():
        return []
    entries = sorted(path for path in folder.iterdir() if path.name.startswith("." if begin.startswith(".") else ""))
    visible = (path for path in entries if begin.startswith(".") or not path.name.startswith("."))
    return [f"{head}{slash}{path.name}{'/' if path.is_dir() else ''}" for path in visible]


if __name__ == "__main__":
    sys.exit(main())
