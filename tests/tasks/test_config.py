"""Run folders crafted to do harm: plain errors, nothing runs, and nothing outside the folder is read."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from grunlp.configuration.saved_config import save_config
from grunlp.data.input_manifest import write_manifest
from grunlp.runs.file_list import run_file, start_file_list
from grunlp.runs.layout import (
    RunMode,
    complete_run,
    create_run_dir,
    read_metrics,
    require_free,
    save_weights,
    start_run,
    write_metrics,
)
from grunlp.runs.lock import folder_lock
from grunlp.tasks import task_of
from grunlp.tasks.config import compose_config, schemas
from grunlp.tasks.forecasting.checkpoint import save_linear_baseline
from grunlp.tasks.seq2seq.checkpoint import write_predictions
from grunlp.training.checkpointing import AppendingCSVLogger, AtomicCheckpointIO, RunTensorBoardLogger
from grunlp.training.resume import lock_run
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import MAX_ENTRIES
from grunlp.visualization.html_page import render_page
from tests.random_srl_corpus import toy_corpus, vocabulary_of
from tests.runs.malicious_files import change

FORMATS = Path(__file__).parents[1] / "formats/1"


@pytest.fixture(params=["tag", "encoder", "translate"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMATS / request.param, tmp_path / "run"))


def load(run: Path) -> Any:
    return task_of(run).load_trained(run)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hidden_size: 4", "hidden_size: 1000000000", "out of bounds"),
        ("hidden_size: 4", "hidden_size: 65536", "much larger network"),
        ("hidden_size: 4", "hidden_size: .nan", "wrong type"),
        ("dropout: 0.", "dropout: .nan #", "out of bounds"),
        ("hidden_size: 4", "hiden_size: 4", r"unknown key model\.hiden_size(?s:.)*model.hidden_size"),
        ("hidden_size: 4", "hidden_size: 4\n  _target_: os.system", r"unknown key model\._target_"),
        ("hidden_size: 4", "hidden_size: ${oc.env:HOME}", "refers to another value"),
        ("hidden_size: 4", "hidden_size: 4\n  hidden_size: 4", "twice"),
        ("num_layers: 1", "num_layers: '1'", "wrong type"),
        ("seed: 1", "seed: 1\nhydra: {}", "unknown key"),
        ("  name: ", "  name: /etc/", "no such choice"),
    ],
)
def test_settings(run: Path, old: str, new: str, message: str) -> None:
    load(run)
    change(run / "config.yaml", old, new)
    with pytest.raises(UserError, match=message):
        load(run)


def test_links_lead_nowhere(run: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text("{}")
    (run / "metrics.json").unlink(missing_ok=True)
    (run / "metrics.json").symlink_to(mine)
    with pytest.raises(UserError, match="leads out of the run folder"):
        load(run)


def write_checkpoint(run: Path) -> None:
    AtomicCheckpointIO().save_checkpoint({"global_step": 1}, run / "checkpoint/resume.ckpt")


def write_lock(run: Path) -> None:
    with folder_lock("run_dir", run):
        pass


# What writes into a run folder, by the file that it writes.
WRITERS: dict[str, Callable[[Path], object]] = {
    "metrics.json": lambda run: write_metrics(run, "dev", {"f1": 1.0}),
    "predictions-dev.txt": lambda run: write_predictions(run, "dev", ["a"]),
    "weights.safetensors": lambda run: save_weights(run, nn.Linear(2, 2)),
    "baseline.safetensors": lambda run: save_linear_baseline(run, torch.zeros(2, 2)),
    "config.yaml": lambda run: save_config(run_file(run, "config.yaml"), compose_config(["recipe=tag", "data=wnut17"])),
    "vocabulary.json": lambda run: vocabulary_of(toy_corpus(2)).save(run_file(run, "vocabulary.json")),
    "data_manifest.json": lambda run: write_manifest(run_file(run, "data_manifest.json")),
    "run_files.json": start_file_list,
    "checkpoint/resume.ckpt": write_checkpoint,
    "logs/csv/metrics.csv": lambda run: AppendingCSVLogger(run, 0),
    "logs/csv/hparams.yaml": lambda run: AppendingCSVLogger(run, 0).log_hyperparams({"a": 1}),
    "logs/tensorboard/hparams.yaml": lambda run: RunTensorBoardLogger(run).save(),
    ".lock": write_lock,
}


@pytest.mark.parametrize("is_listed", [True, False])
@pytest.mark.parametrize("link", ["symlink", "hard link", "missing target", "folder"])
@pytest.mark.parametrize("name", WRITERS)
def test_no_writer_changes_a_file_outside_the_folder(tmp_path: Path, name: str, link: str, is_listed: bool) -> None:
    """Whether the link is at the file or at a folder on the way, and also if the stranger has listed it as a file."""
    run, mine = tmp_path / "run", tmp_path / "mine"
    mine.mkdir()
    (mine / Path(name).name).write_text("mine, and not a lock")
    (run / name).parent.mkdir(parents=True)
    target = mine / Path(name).name
    if link == "folder":
        if "/" not in name:
            return
        (run / name).parent.rmdir()
        (run / name).parent.symlink_to(mine)
    elif link == "hard link":
        (run / name).hardlink_to(target)
    else:
        (run / name).symlink_to(target if link == "symlink" else mine / "new")
    if is_listed and name != "run_files.json":
        (run / "run_files.json").write_text(json.dumps({"format": 3, "files": [name]}))
    with suppress(UserError):  # refused, or the link replaced by a file
        WRITERS[name](run)
    assert [file.name for file in mine.iterdir()] == [target.name]
    assert target.read_text() == "mine, and not a lock"


@pytest.mark.slow
def test_evaluating_after_more_files_than_are_checked_writes_nothing(run: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    for number in range(MAX_ENTRIES):  # names that come before that of the link
        (run / str(number)).touch()
    (run / "predictions-dev.txt").symlink_to(mine)
    with pytest.raises(UserError, match="too many files for a run folder"):
        load(run)
    with pytest.raises(UserError, match="symbolic link"):
        write_predictions(run, "dev", ["a"])
    assert mine.read_text() == "mine"


def test_a_folder_swapped_between_check_and_write(run: Path, tmp_path: Path) -> None:
    """The check of the whole folder is not the last one."""
    load(run)
    mine = tmp_path / "mine"
    mine.mkdir()
    for folder in ("checkpoint", "nonfinite", "logs", "encoder"):
        shutil.rmtree(run / folder, ignore_errors=True)
        (run / folder).symlink_to(mine)
        with pytest.raises(UserError, match="symbolic link"):
            run_file(run, f"{folder}/a/b")
    assert not list(mine.iterdir())


@pytest.mark.parametrize("name", ["vocabulary.json", "tokenizer.json", "config.yaml", "weights.safetensors"])
def test_a_file_swapped_for_a_pipe_does_not_wait(tmp_path: Path, name: str) -> None:
    run = Path(shutil.copytree(FORMATS / ("translate" if name == "tokenizer.json" else "tag"), tmp_path / "run"))
    (run / name).unlink()
    os.mkfifo(run / name)
    with pytest.raises(UserError):
        load(run)


def test_a_training_that_ended_between_check_and_lock_is_kept(tmp_path: Path) -> None:
    """Two trainings with one run_dir: the second checked the folder before the first wrote its files."""
    run = create_run_dir("tag", str(tmp_path / "run"), False, schemas())
    start_run(run, RunMode.NEW)
    shutil.copy(FORMATS.with_name("3") / "tag/config.yaml", run_file(run, "config.yaml"))
    with pytest.raises(UserError, match="it contains a run"), lock_run(run, RunMode.NEW, False, schemas()):
        pytest.fail("the folder is not free any more")
    assert (run / "config.yaml").is_file() and not (run / ".lock").exists()
    with lock_run(run, RunMode.NEW, True, schemas()):
        assert (run / ".lock").exists(), "the check does not release the lock"
        require_free(run, True, schemas())
        command = [sys.executable, "-c", LOCKING, str(run)]
        assert "is in use by process" in subprocess.run(command, capture_output=True, text=True).stdout


LOCKING = """
import sys
from pathlib import Path
from grunlp.runs.lock import folder_lock
from grunlp.utils.errors import UserError
try:
    with folder_lock("run_dir", Path(sys.argv[1])):
        print("locked")
except UserError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["-run", "--help", "~", "$HOME", "a b", "a=b", "ü", "x/../run", "run/."])
def test_names_of_folders_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Relative ones with signs that shells and commands read in another way."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    if ".." in name:
        Path("x").mkdir()
    run = create_run_dir("tag", name, False, schemas())
    start_run(run, RunMode.NEW)
    for file in sorted((FORMATS.with_name("3") / "tag").iterdir()):
        shutil.copy(file, run_file(run, file.name))
    with lock_run(run, RunMode.RESUME, False, schemas()):
        write_checkpoint(run)
    complete_run(run)
    predictor = load(run)
    monkeypatch.chdir("/")
    assert predictor.config.recipe == "tag"
    monkeypatch.chdir(tmp_path)
    require_free(run, True, schemas())
    start_run(run, RunMode.NEW)
    assert not (run / "config.yaml").exists() and not (tmp_path / "home").exists()


@pytest.mark.parametrize("seconds", [0, 2**31 + 10, 2**33])
def test_times_of_files_do_not_matter(run: Path, seconds: int) -> None:
    """Files may be from the future where a clock was set back, and from 1970 where it was reset."""
    start_file_list(run)
    names = [file.relative_to(run).as_posix() for file in run.rglob("*") if file.is_file()]
    (run / "run_files.json").write_text(json.dumps({"format": 3, "files": names}))
    for path in (run, *run.rglob("*")):
        os.utime(path, (seconds, seconds))
    load(run)
    require_free(run, True, schemas())
    write_metrics(run, "dev", {"f1": 1.0})


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\x1b]0;title\x07", "[a](javascript:alert(1))", "| a |"])
def test_markup_in_scores_is_text(run: Path, text: str) -> None:
    write_metrics(run, text, {text: text})
    assert read_metrics(run)[text] == {text: text}
    assert text not in render_page(text, []) or "<" not in text
