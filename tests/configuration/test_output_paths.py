"""Output paths: nothing is overwritten, and a folder that is missing is named before work begins."""

from pathlib import Path

import pytest

from grunlp.configuration.output_paths import check_output_paths, require_new_dir, require_new_file
from grunlp.utils.errors import UserError


def test_a_new_file_in_an_existing_folder_is_accepted(tmp_path: Path) -> None:
    require_new_file("output", None)
    require_new_file("output", f"{tmp_path}/new")
    require_new_dir("out", tmp_path / "new")
    check_output_paths("-", None)
    check_output_paths(f"{tmp_path}/a", f"{tmp_path}/b.html")


def test_what_exists_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("mine")
    for path in (tmp_path / "old", tmp_path):
        with pytest.raises(UserError, match=r"(?s)exists.*nothing is overwritten.*Type output=NEW_FILE"):
            require_new_file("output", str(path))
        with pytest.raises(UserError, match=r"(?s)nothing is overwritten.*Type out=NEW_FOLDER"):
            require_new_dir("out", path)
    for output, report in ((f"{tmp_path}/old", None), ("-", f"{tmp_path}/old")):
        with pytest.raises(UserError, match="nothing is overwritten"):
            check_output_paths(output, report)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"(?s)cannot write metrics=.*there is no folder {tmp_path}/none"):
        require_new_file("metrics", f"{tmp_path}/none/file")


def test_a_report_needs_a_file_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the report needs a file"):
        check_output_paths("-", "-")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="both are the same file"):
        check_output_paths(f"{tmp_path}/a", f"{tmp_path}/folder/../a")
