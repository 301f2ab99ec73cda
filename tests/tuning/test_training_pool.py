"""Trainings in parallel: finished ones are skipped, failed ones are named with the end of their log."""

import sys
from pathlib import Path

import pytest

from grunlp.runs.layout import MODEL_CARD
from grunlp.tuning.training_pool import ProgressReporter, TrainingJob, TrainingPool
from grunlp.utils.errors import UserError


def test_finished_trainings_are_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [TrainingJob(tmp_path / name, ("recipe=tag",)) for name in "ab"]
    for job in jobs:
        job.folder.mkdir()
        (job.folder / MODEL_CARD).write_text("")
    monkeypatch.setattr("subprocess.Popen", None)  # nothing is started
    with TrainingPool(1) as pool:
        assert list(pool.run(jobs)) == jobs and not pool.has_running_jobs


def test_a_failed_training_is_named_with_the_end_of_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/sh")  # sh -m grunlp...: no such file
    job = TrainingJob(tmp_path / "run", ("recipe=tag",))
    with TrainingPool(1) as pool, pytest.raises(UserError, match=r"(?s)training of .*run failed.*run\.log"):
        list(pool.run([job]))
    assert job.log.is_file()


def test_progress_counts_trainings_done_before(capsys: pytest.CaptureFixture[str]) -> None:
    progress = ProgressReporter(3)
    progress.update("a", done_before=True)
    progress.update("b", done_before=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[1/3] a (done before)" and lines[1].startswith("[2/3] b")
