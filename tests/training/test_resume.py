"""Trainings that are killed and go on: what comes out is what would have come out, to the last bit."""

import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file

from grunlp import train
from grunlp.configuration.paths import list_config_group
from grunlp.data.collate import SRLBatch
from grunlp.data.writers import write_columns
from grunlp.tasks.srl.model import SRLLogits, SRLModel
from grunlp.training.resume import explain_interruption
from grunlp.utils.errors import UserError, WriteError
from tests.conftest import Call
from tests.random_srl_corpus import toy_corpus
from tests.runs.test_lock import holder
from tests.training_processes import COMMON, SMALL, Trainings, results


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files to train on."""
    folder = tmp_path_factory.mktemp("resume")
    write_files(folder)
    return folder


def write_files(folder: Path) -> None:
    """Toy corpora as frames, texts and pairs."""
    for name, count, seed in (("train", 80, 1), ("dev", 12, 2), ("test", 6, 3)):
        examples = toy_corpus(count, seed)
        with (folder / f"{name}.conll").open("w") as file:
            write_columns(examples, file)
        texts = [" ".join(one["words"]) for one in examples]
        (folder / f"{name}.txt").write_text("".join(f"{text}\n" for text in texts))
        (folder / f"{name}.back").write_text("".join(f"{text[::-1]}\n" for text in texts))


def arguments(recipe: str, root: Path) -> list[str]:
    """How the recipe is trained here; the folder is to follow."""
    splits = ("train", "dev") if recipe == "pretrain" else ("train", "dev", "test")
    kind = "txt" if recipe in ("pretrain", "lm", "translate") else "conll"
    files = [] if recipe in ("classify", "forecast") else [f"data.{split}={root}/{split}.{kind}" for split in splits]
    if recipe == "translate":
        files += [f"data.{split}_target={root}/{split}.back" for split in splits]
    return [f"recipe={recipe}", *COMMON, *SMALL[recipe], *files]


@pytest.fixture(scope="module")
def whole(trainings: Trainings, root: Path) -> dict[str, Any]:
    """A role labeller whose training nothing interrupted."""
    done = trainings([*arguments("srl", root), f"run_dir={root}/whole"])
    assert done.status == 0, done.text
    return results(root / "whole")


def batches(log: list[dict[str, str]]) -> int:
    """Batches of the whole training."""
    steps = max(int(row["step"]) for row in log) + 1
    return steps // 5 * 9  # 9 batches an epoch, two of them a step


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_killed_training_goes_on_as_though_nothing_was(
    workers: int, whole: dict[str, Any], trainings: Trainings, root: Path
) -> None:
    """In the middle of an epoch, of batches that are accumulated and of the last epoch; twice in the same training."""
    run_dir = root / f"killed-{workers}"
    assert batches(whole["log"]) == 27
    given = [*arguments("srl", root), f"loader.num_workers={workers}", f"run_dir={run_dir}"]
    assert trainings(given, batch=13).status == -signal.SIGKILL
    assert not (run_dir / "weights.safetensors").exists()
    moved = root / f"moved-{workers}"
    run_dir.rename(moved)
    assert trainings([f"resume={moved}"], batch=10).status == -signal.SIGKILL
    done = trainings([f"resume={moved}", "trainer.checkpoint_every_seconds=300"])
    assert done.status == 0 and "resuming at epoch 3, batch 3" in done.text, done.text
    assert results(moved) == whole
    again = trainings([f"resume={moved}"])
    assert again.status == 2 and "this training is finished" in again.text


@pytest.mark.slow
def test_a_training_that_saved_nothing_begins_anew(whole: dict[str, Any], trainings: Trainings, root: Path) -> None:
    run_dir = root / "unsaved"
    given = [*arguments("srl", root), "trainer.checkpoint_every_seconds=300", f"run_dir={run_dir}"]
    assert trainings(given, batch=20).status == -signal.SIGKILL
    assert not (run_dir / "checkpoint/resume.ckpt").exists() and (run_dir / "checkpoint/best.ckpt").exists()
    (run_dir / ".data_manifest.json.1.part").write_text("torn")
    assert trainings([f"resume={run_dir}"]).status == 0
    assert results(run_dir) == whole


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_signals_save_and_say_how_to_go_on(
    number: int, whole: dict[str, Any], trainings: Trainings, root: Path
) -> None:
    run_dir = root / f"told-{number}"
    given = [*arguments("srl", root), "trainer.checkpoint_every_seconds=0", f"run_dir={run_dir}"]
    done = trainings(given, batch=12, number=number)
    assert done.status == 128 + number
    assert done.text.endswith(f"stopped; to resume, type: python -m grunlp.train resume={run_dir}\n")
    assert "Traceback" not in done.text
    done = trainings([f"resume={run_dir}"])
    assert done.status == 0 and "resuming at epoch 2, batch 5" in done.text, "where two batches were accumulated"
    assert results(run_dir) == whole


def test_what_cannot_be_resumed(root: Path, whole: dict[str, Any], trainings: Trainings, call: Call) -> None:
    run_dir = root / "changed"
    assert trainings([*arguments("srl", root), f"run_dir={run_dir}"], batch=3).status == -signal.SIGKILL
    for typed, said in {
        "model.hidden_size=9": "a training is resumed as it was started",
        "recipe=tag": "a training is resumed as it was started",
        "trainer.checkpoint_every_seconds=x": "wrong type",
    }.items():
        status, _, err = call(train.main, f"resume={run_dir}", typed)
        assert status == 2 and typed in err and said in err
    for folder in (root, root / "nowhere"):
        status, _, err = call(train.main, f"resume={folder}")
        assert status == 2 and "nothing to resume" in err
    content = (run_dir / "checkpoint/resume.ckpt").read_bytes()
    (run_dir / "checkpoint/resume.ckpt").write_bytes(content[:-100])
    status, _, err = call(train.main, f"resume={run_dir}")
    assert status == 2 and "not a checkpoint of grunlp" in err
    (run_dir / "checkpoint/resume.ckpt").write_bytes(content)
    read = json.loads((run_dir / "data_manifest.json").read_text())
    assert set(read) == {f"{root}/{split}.conll" for split in ("train", "dev", "test")}
    file = root / "dev.conll"
    old = file.read_text()
    for new, said in ((old + "\n", "it had"), (old.replace("cat", "dog"), "its content differs")):
        file.write_text(new)
        status, _, err = call(train.main, f"resume={run_dir}")
        assert status == 2 and f"{file} has changed" in err and said in err
    file.rename(root / "elsewhere")
    status, _, err = call(train.main, f"resume={run_dir}")
    assert status == 2 and f"{file} no longer exists" in err
    file.write_text(old)  # the same, at another time
    assert trainings([f"resume={run_dir}"]).status == 0 and results(run_dir) == whole


@pytest.mark.slow
def test_two_threads_repeat_themselves(whole: dict[str, Any], trainings: Trainings, root: Path) -> None:
    """Killed or not, to the last bit; from one thread they differ in the rounding of products of few rows."""
    given = [*arguments("srl", root), "loader.num_workers=2", f"run_dir={root}/threads"]
    done = trainings(given, threads=2)
    assert done.status == 0 and "2 threads" in done.text, done.text
    given = [*arguments("srl", root), f"run_dir={root}/threads-killed"]
    assert trainings(given, threads=2, batch=13).status == -signal.SIGKILL
    assert trainings([f"resume={root}/threads-killed"], threads=2).status == 0
    assert results(root / "threads-killed") == results(root / "threads")
    one, two = (load_file(root / name / "weights.safetensors") for name in ("whole", "threads"))
    for name, weight in one.items():
        assert torch.allclose(weight, two[name], atol=1e-5), name


@pytest.mark.slow
def test_a_loss_that_is_no_number(root: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by the ids of the sentences, seen again, then left out by the same training."""
    run_dir, seen, loss = root / "trouble", list[int](), SRLModel.loss

    def bad(self: SRLModel, scores: SRLLogits, batch: SRLBatch) -> torch.Tensor:
        seen.append(int(batch.words.sum()))
        found = loss(self, scores, batch)
        return found / 0 if len(seen) > 4 and seen[-1] == seen[4] else found

    monkeypatch.setattr(SRLModel, "loss", bad)
    status, _, err = call(train.main, *arguments("srl", root), f"run_dir={run_dir}")
    assert (
        status == 2
        and "epoch 1, batch 5: loss inf" in err
        and f"resume={run_dir} trainer.on_nonfinite_loss=skip" in err
    )
    names = json.loads((run_dir / "nonfinite/batch.json").read_text())["examples"]
    assert names and all(name.startswith("toy-") for name in names) and names[0] in err
    before = contents(run_dir)
    status, out, err = call(train.main, f"replay_bad_batch={run_dir}")
    assert status == 0 and "epoch 1, batch 5: loss inf" in out and ", ".join(names) in out, err
    assert contents(run_dir) == before
    status, _, err = call(train.main, f"resume={run_dir}", "trainer.on_nonfinite_loss=skip")
    assert status == 0 and "epoch 1, batch 5: loss inf; skipped" in err, err
    assert (run_dir / "weights.safetensors").is_file() and not (run_dir / "checkpoint").exists()
    before = contents(run_dir)
    assert run_dir / "logs/csv/metrics.csv" in before
    assert call(train.main, f"replay_bad_batch={run_dir}")[0] == 0 and contents(run_dir) == before


def contents(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """What lies in the folder, and since when."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_nothing_to_replay(root: Path, whole: dict[str, Any], call: Call) -> None:
    before = contents(root / "whole")
    status, _, err = call(train.main, f"replay_bad_batch={root}/whole")
    assert (
        status == 2 and f"{root}/whole/nonfinite has no batch to replay" in err and contents(root / "whole") == before
    )


def test_one_training_at_a_time(root: Path, trainings: Trainings, call: Call) -> None:
    run_dir = root / "held"
    given = [*arguments("srl", root), f"run_dir={run_dir}"]
    assert trainings(given, batch=12).status == -signal.SIGKILL
    with holder(run_dir) as other:
        before = contents(run_dir)
        for typed in ([f"resume={run_dir}"], [*given, "overwrite=true"]):
            status, _, err = call(train.main, *typed)
            assert status == 2 and f"{run_dir} is in use by process {other.pid}" in err, err
        assert contents(run_dir) == before
        other.communicate("\n")


def test_every_recipe_is_here() -> None:
    assert set(SMALL) == set(list_config_group("recipe")) - {"summarize"}, "summaries are trained as translations are"


@pytest.mark.slow
@pytest.mark.parametrize("recipe", sorted(set(SMALL) - {"srl"}))
def test_every_recipe_goes_on(recipe: str, whole: dict[str, Any], trainings: Trainings, root: Path) -> None:
    given = arguments(recipe, root)
    if recipe == "finetune":
        given.append(f"init_from={root}/whole")
    done = trainings([*given, f"run_dir={root}/{recipe}-whole"])
    assert done.status == 0, done.text
    run_dir = root / f"{recipe}-killed"
    assert trainings([*given, f"run_dir={run_dir}"], batch=13).status == -signal.SIGKILL
    done = trainings([f"resume={run_dir}"])
    assert done.status == 0 and "resuming at epoch 2, batch" in done.text, done.text
    assert results(run_dir) == results(root / f"{recipe}-whole")


def check_whole(run_dir: Path) -> None:
    """What lies in the folder can be read, all of it."""
    for file in run_dir.rglob("*"):
        if file.suffix == ".json":
            json.loads(file.read_text())
        elif file.suffix == ".safetensors":
            load_file(file)
        elif file.name == "config.yaml":
            assert OmegaConf.load(file)
        elif file.suffix == ".ckpt":
            torch.load(file, weights_only=True)


def go_on_after(write: int, whole: dict[str, Any], trainings: Trainings, root: Path) -> bool:
    """Whether a training was killed at that write; then what comes of it in the end must be what would have come."""
    run_dir = root / f"write-{write}"
    given = [*arguments("srl", root), "trainer.checkpoint_every_seconds=0", f"run_dir={run_dir}"]
    done = trainings(given, write=write)
    killed = done.status == -signal.SIGKILL
    if killed:
        check_whole(run_dir)
        done = trainings([f"resume={run_dir}"] if (run_dir / "config.yaml").is_file() else given)
    assert done.status == 0 and results(run_dir) == whole, done.text
    return killed


@pytest.mark.parametrize("write", [0, 1, 2])
def test_a_kill_at_the_first_writes(write: int, whole: dict[str, Any], trainings: Trainings, root: Path) -> None:
    """Before and after the folder can be resumed."""
    assert go_on_after(write, whole, trainings, root)


@pytest.mark.slow
def test_a_kill_at_any_write(whole: dict[str, Any], trainings: Trainings, root: Path) -> None:
    tried = 3
    while go_on_after(tried, whole, trainings, root):
        tried += 1
    assert tried > 12
    print(f"{tried} writes")


@pytest.mark.slow
def test_twenty_kills_at_random_moments(whole: dict[str, Any], trainings: Trainings, root: Path) -> None:
    """Also while data are read, files are written and scores are counted."""
    drawn, kills, finished = random.Random(0), 0, 0
    run_dir = root / "random"
    given = [*arguments("srl", root), f"run_dir={run_dir}"]
    while kills < 20:
        resumable = (run_dir / "checkpoint").is_dir() and (run_dir / "config.yaml").is_file()
        typed = [f"resume={run_dir}"] if resumable else given
        done = trainings(typed, seconds=drawn.uniform(0.2, 6.0))
        if done.status == -signal.SIGKILL:
            kills += 1
        else:
            assert done.status == 0, done.text
            finished += 1
            assert results(run_dir) == whole
            shutil.rmtree(run_dir)
    print(f"{kills} kills, {finished} trainings finished between them")
    if run_dir.exists():
        resumable = (run_dir / "checkpoint").is_dir() and (run_dir / "config.yaml").is_file()
        done = trainings([f"resume={run_dir}"] if resumable else [*given, "overwrite=true"])
        assert done.status == 0, done.text
        assert results(run_dir) == whole


def test_a_full_disk_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    way = f"to resume, type: python -m grunlp.train resume={tmp_path}"
    (tmp_path / "config.yaml").write_text("")
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(UserError, match="No space left") as full, explain_interruption(tmp_path):
        raise WriteError("cannot write weights: No space left on device", "", "Free disk space.")
    assert full.value.hint == f"Free disk space. Then, {way}"
    with pytest.raises(OSError, match="No space left"), explain_interruption(tmp_path):
        raise OSError(28, "No space left on device")
    assert way in capsys.readouterr().err


def test_a_closed_pipe_does_not_end_a_training(root: Path, whole: dict[str, Any]) -> None:
    """With one and with several processes."""
    for number in (1, 2):
        run_dir = root / f"unread-{number}"
        given = [*arguments("srl", root), f"run_dir={run_dir}", f"trainer.devices={number}", "trainer.accelerator=cpu"]
        with subprocess.Popen(
            [sys.executable, "-m", "grunlp.train", *given], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            assert process.stdout is not None and process.stdout.readline()
            process.stdout.close()
        assert process.returncode == 0 and results(run_dir)["files"] == whole["files"]
