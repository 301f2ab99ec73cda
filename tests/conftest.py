"""Fixtures shared by all tests."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.training_processes import Trainings

Call = Callable[..., tuple[int, str, str]]

# Before `datasets` is imported: what tests parse does not belong into the user's cache.
_CACHE = tempfile.TemporaryDirectory(prefix="grunlp-tests-")
os.environ["HF_DATASETS_CACHE"] = _CACHE.name
# Nor may what lies there change a prediction: names of roles from the frame files.
os.environ["XDG_CACHE_HOME"] = _CACHE.name


@pytest.hookimpl(tryfirst=True)  # before pytest selects by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests `slow` whose fixtures use the fixture `slow`."""
    for item in items:
        if "slow" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def slow() -> None:
    """Mark tests slow: fixtures that train, export or start processes use this one."""


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real corpora; tests that ask for it carry `pytest.mark.realdata`."""
    folder = os.environ.get("GRUNLP_DATA")
    if not folder:
        pytest.skip("needs real corpora: set GRUNLP_DATA to their folder")
    return Path(folder)


@pytest.fixture(scope="module")
def trainings(slow: None) -> "Iterator[Trainings]":
    """Trainings in processes of their own."""
    from tests.training_processes import Trainings

    with Trainings() as found:
        yield found


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, slow: None) -> Path:
    """A folder with train.conll, dev.jsonl and test.conll, and a labeller trained on them in `run`."""
    from grunlp.data.writers import write_columns, write_json_lines
    from tests.random_srl_corpus import toy_corpus

    root = tmp_path_factory.mktemp("trained")
    for name, count, seed in (("train", 300, 1), ("test", 12, 3)):
        with (root / f"{name}.conll").open("w") as file:
            write_columns(toy_corpus(count, seed), file)
    with (root / "dev.jsonl").open("w") as file:
        write_json_lines(toy_corpus(30, 2), file)
    arguments = [
        *("recipe=srl", "debug=tiny", f"run_dir={root}/run", "loader.batch_tokens=200", "optimizer.learning_rate=0.02"),
        *(f"data.train={root}/train.conll", f"data.dev={root}/dev.jsonl", f"data.test={root}/test.conll"),
        *("trainer.max_epochs=6", "trainer.patience=6", "trainer.ema_decay=0.9", "trainer.limit_train_batches=0"),
    ]
    command = [sys.executable, "-m", "grunlp.train", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    (root / "train.out").write_text(done.stdout)
    (root / "train.err").write_text(done.stderr)
    return root


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Call:
    """Status, standard output, and standard error with the log, which pytest keeps from it."""

    def run(main: Callable[[], int], *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["grunlp", *map(str, arguments)])
        caplog.clear()
        try:
            status = main()
        except SystemExit as stop:  # a training stops so
            status = int(str(stop.code))
        out, err = capsys.readouterr()
        return status, out, caplog.text + err

    return run


def assert_refused(result: tuple[int, str, str], message: str) -> None:
    """Check that a command, called by the fixture `call`, ended with this error and without a traceback."""
    status, out, err = result
    assert status == 2 and out == "" and "error: " in err and message in err and "Traceback" not in err
