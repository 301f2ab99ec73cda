"""Checks of output paths before work begins: no command overwrites a file or folder."""

from pathlib import Path

from grunlp.utils.errors import UserError


def require_new_file(key: str, path: str | None) -> None:
    """Check that a file can be created.

    Args:
        key: the option that names the file.
        path: the path of the file; None: nothing is checked.

    Raises:
        UserError: the file exists, or its folder does not.
    """
    if path is None:
        return
    if Path(path).exists():
        raise UserError(f"{path} exists", "nothing is overwritten", f"Type {key}=NEW_FILE")
    if not Path(path).parent.is_dir():
        details = f"there is no folder {Path(path).parent}"
        raise UserError(f"cannot write {key}={path}", details, "Create the folder, or use another one.")


def require_new_dir(key: str, path: Path) -> None:
    """Raise UserError if the folder given by the option `key` exists."""
    if path.exists():
        raise UserError(f"{key}={path} exists", "nothing is overwritten", f"Type {key}=NEW_FOLDER")


def check_output_paths(output: str, html_report: str | None) -> None:
    """Check the output paths of `predict`.

    Args:
        output: path of the predictions; "-": standard output.
        html_report: path of the HTML report, if one is wanted.

    Raises:
        UserError: a file exists, its folder does not, or both are the same file.
    """
    require_new_file("output", None if output == "-" else output)
    if html_report == "-":
        raise UserError("html_report=-", "the report needs a file", "Type html_report=FILE.html")
    require_new_file("html_report", html_report)
    if html_report is not None and Path(html_report).resolve() == Path(output).resolve():
        raise UserError(f"output={output} and html_report={html_report}", "both are the same file", "Use two files.")
