"""Trainings of several processes over gloo: the result of one process, and no hang when one of them dies."""

import csv
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig
from safetensors.torch import load_file

from grunlp import train
from grunlp.runs.layout import read_metrics
from grunlp.training.launcher import launch
from tests.conftest import Call
from tests.training.test_resume import arguments, write_files
from tests.training_processes import SMALL, Trainings, results

PLAIN = [
    "trainer.limit_train_batches=0",
    "trainer.checkpoint_every_seconds=300",
    "trainer.max_epochs=2",
    "trainer.accelerator=cpu",
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    write_files(folder)
    return folder


def losses(run_dir: Path) -> list[float]:
    """Means over each epoch: of the training losses, and of dev."""
    with (run_dir / "logs/csv/metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [float(row[name]) for name in ("train/loss_epoch", "dev/loss") for row in rows if row.get(name)]


def numbers(values: Any, name: str = "") -> dict[str, float]:
    """Those in nested dictionaries and lists, by where they stand."""
    if isinstance(values, dict | list):
        parts = values.items() if isinstance(values, dict) else enumerate(values)
        return {key: leaf for part, inner in parts for key, leaf in numbers(inner, f"{name}/{part}").items()}
    return {name: values} if isinstance(values, int | float) else {}


def require_twins(one: Path, several: Path, exact: bool) -> None:
    """The same scores, to the last digit where they come of counts; the same losses and weights, within what the order
    of sums may change."""
    found = [numbers(read_metrics(path) | {"training": {}}) for path in (one, several)]
    assert found[1] == (found[0] if exact else pytest.approx(found[0], rel=1e-4, abs=1e-6))
    assert losses(several) == pytest.approx(losses(one), rel=1e-5) and len(losses(one)) >= 2
    weights = [load_file(path / "weights.safetensors") for path in (one, several)]
    for name, weight in weights[0].items():
        # Adam makes steps of rounding alone, where a gradient is 0 but for that: biases of attention's keys
        assert weight.sub(weights[1][name]).abs().max() < 1e-3, name


@pytest.mark.parametrize("ranks", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_processes_are_the_twin_of_one_that_accumulates(ranks: int, trainings: Trainings, root: Path) -> None:
    given = [*arguments("srl", root), *PLAIN, "loader.batch_tokens=20"]  # so that dev has a batch for each
    one, several = root / f"one-{ranks}", root / f"ranks-{ranks}"
    done = trainings([*given, f"trainer.accumulate_grad_batches={2 * ranks}", f"run_dir={one}"])
    assert done.status == 0, done.text
    done = trainings([*given, f"trainer.devices={ranks}", f"run_dir={several}"], ranks=ranks)
    assert done.statuses == [0] * ranks, done.text
    assert f"{ranks} processes (gloo), which take turns with batches: {2 * ranks} batches in a step" in done.text
    assert done.text.count("epoch 1/2:") == done.text.count("\ntest\n") == 1, "the first one speaks"
    assert {path.name for path in one.iterdir()} == {path.name for path in several.iterdir()}
    require_twins(one, several, exact=True)


def test_a_process_that_dies_ends_all_and_they_go_on_together(trainings: Trainings, root: Path) -> None:
    given = [*arguments("srl", root), *PLAIN, "trainer.checkpoint_every_seconds=0.0001", "trainer.devices=2"]
    done = trainings([*given, f"run_dir={root}/whole"], ranks=2)
    assert done.statuses == [0, 0], done.text
    run_dir, started = root / "killed", time.monotonic()
    done = trainings([*given, f"run_dir={run_dir}"], batch=7, ranks=2)
    assert done.statuses == [2, -signal.SIGKILL] and time.monotonic() - started < 60
    assert "error: rank 0: another of the 2 processes has exited" in done.text and "Traceback" not in done.text
    done = trainings([f"resume={run_dir}"], ranks=2)
    assert done.statuses == [0, 0] and "resuming at epoch" in done.text, done.text
    assert results(run_dir) == results(root / "whole")


def test_what_one_is_told_all_do(trainings: Trainings, root: Path) -> None:
    """A signal reaches the second process alone: both save and stop."""
    given = [*arguments("srl", root), *PLAIN, "trainer.devices=2", f"run_dir={root}/told"]
    done = trainings(given, batch=5, number=signal.SIGTERM, ranks=2)
    assert done.statuses == [143, 143], done.text
    assert done.text.count(f"stopped; to resume, type: python -m grunlp.train resume={root}/told") == 1
    assert (root / "told/checkpoint/resume.ckpt").is_file()


@pytest.mark.slow
def test_what_cannot_be(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    typed: dict[tuple[str, ...], str] = {
        ("trainer.devices=2",): "this machine has 1 GPUs",
        ("trainer.devices=0",): "out of bounds",
        ("trainer.devices=two",): "wrong type",
        ("trainer.num_nodes=2", "trainer.accelerator=cpu"): "the machines need each other's address",
        ("trainer.devices=2", "trainer.accelerator=mps"): "there is only one MPS device",
    }
    for keys, said in typed.items():
        status, _, err = call(train.main, "recipe=srl", *keys, f"run_dir={tmp_path}/run")
        assert status == 2 and said in err and not (tmp_path / "run").exists(), err
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "some")
    monkeypatch.setenv("WORLD_SIZE", "3")
    status, _, err = call(train.main, "recipe=srl", "trainer.devices=2", "trainer.accelerator=cpu")
    assert status == 2 and "3 processes were started" in err


def die(folder: str, how: int) -> None:
    """What a process of `launch` does: the second dies, the first waits for it."""
    import os

    rank = int(os.environ["LOCAL_RANK"])
    (Path(folder) / str(rank)).write_text(os.environ["MASTER_PORT"])
    if rank == 1 and how:
        os.kill(os.getpid(), how)
    if how:
        time.sleep(300)


@pytest.mark.slow
def test_the_launcher_ends_the_others(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    trainer = DictConfig({"devices": 2, "num_nodes": 1})
    before = signal.getsignal(signal.SIGTERM)
    launch(die, trainer, str(tmp_path), 0)
    assert {path.name for path in tmp_path.iterdir()} == {"0", "1"}
    with pytest.raises(SystemExit) as ended:
        launch(die, trainer, str(tmp_path), int(signal.SIGKILL))
    assert ended.value.code == 1 and time.time() - (tmp_path / "1").stat().st_mtime < 60
    assert capfd.readouterr().err == "error: rank 1 of 2 was killed by SIGKILL; the others were stopped\n"
    assert signal.getsignal(signal.SIGTERM) is before, "signals are given back"


@pytest.mark.slow
def test_torchrun_and_the_launcher_train(root: Path) -> None:
    """The two ways from the command line, whole."""
    import os
    import subprocess
    import sys

    given = [*arguments("tag", root), *PLAIN, "trainer.devices=2"]
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "OMP_NUM_THREADS": "1"}
    starts = {"own": ["-m"], "torchrun": ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"]}
    for name, start in starts.items():
        typed = [sys.executable, *start, "grunlp.train", *given, f"run_dir={root}/{name}"]
        done = subprocess.run(typed, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    assert results(root / "own") == results(root / "torchrun")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", sorted(set(SMALL) - {"srl"}))
def test_every_recipe(recipe: str, trainings: Trainings, root: Path) -> None:
    given: list[Any] = [*arguments(recipe, root), *PLAIN]
    if recipe == "pretrain":
        given.append("loader.batch_tokens=20")  # dev has a batch for each, as the hidden words are drawn by batch
    if recipe == "finetune":
        done = trainings([*arguments("srl", root), *PLAIN, f"run_dir={root}/old"])
        given.append(f"init_from={root}/old")
    one, several = root / f"{recipe}-one", root / f"{recipe}-two"
    done = trainings([*given, "trainer.accumulate_grad_batches=4", f"run_dir={one}"])
    assert done.status == 0, done.text
    done = trainings([*given, "trainer.devices=2", f"run_dir={several}"], ranks=2)
    assert done.statuses == [0, 0], done.text
    require_twins(one, several, exact=False)
