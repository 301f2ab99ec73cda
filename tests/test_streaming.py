"""Trainings from streams, whole: killed and gone on with, by several processes, and what cannot be."""

import json
import signal
from pathlib import Path

import pytest
import torch

from grunlp import evaluate, train
from grunlp.data.collate import SRLBatch
from grunlp.data.deduplication import normalized_text
from grunlp.data.readers import read
from grunlp.data.writers import write_columns
from grunlp.tasks.srl.model import SRLLogits, SRLModel
from tests.conftest import Call
from tests.random_srl_corpus import toy_corpus
from tests.training.test_resume import write_files
from tests.training_processes import COMMON, SMALL, Trainings, results

STREAM = ["loader.stream_buffer_size=15", "trainer.limit_train_batches=0", "trainer.batches_per_epoch=9"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Training data in three files each, of which one sentence in nine is in dev."""
    folder = tmp_path_factory.mktemp("streaming")
    write_files(folder)
    for part in range(3):
        examples = toy_corpus(24, part + 10)
        with (folder / f"part{part}.conll").open("w") as file:
            write_columns([*examples, *toy_corpus(3, 2)], file)
        texts = [" ".join(one["words"]) for one in examples]
        (folder / f"part{part}.txt").write_text("".join(f"{text}\n" for text in texts))
        (folder / f"part{part}.back").write_text("".join(f"{text[::-1]}\n" for text in texts))
    for name, count, seed in (*((f"part{part}", 24, part + 10) for part in range(3)), ("dev", 12, 2)):
        examples = toy_corpus(count, seed)
        tags = [[f"{tag}\t{word}" for word, tag in zip(one["words"], one["pos"], strict=True)] for one in examples]
        (folder / f"{name}.tags").write_text("".join("\n".join(rows) + "\n\n" for rows in tags))
        texts = [f"{len(one['frames']) % 2}\t{' '.join(one['words'])}\n" for one in examples]
        (folder / f"{name}.class").write_text("".join(texts))
    return folder


def arguments(recipe: str, root: Path) -> list[str]:
    kinds = {"srl": "conll", "tag": "tags", "pretrain": "txt", "classify": "class", "translate": "txt"}
    small = [key for key in SMALL[recipe] if not key.startswith("data=")]
    data = {"tag": ["data=files", "data.words=1", "data.tags=0"], "classify": ["data=files"]}.get(recipe, [])
    if recipe == "translate":
        data = [f"data.train_target={root}/part*.back", f"data.dev_target={root}/dev.back"]
    if recipe == "srl":
        data = [f"data.test={root}/test.conll"]
    files = [f"data.train={root}/part*.{kinds[recipe]}", f"data.dev={root}/dev.{kinds[recipe]}"]
    return [f"recipe={recipe}", *COMMON, *small, *data, *files, *STREAM]


def expected(root: Path) -> str:
    """How many sentences there are to train on, and how many others."""
    held_out = {normalized_text(one["words"]) for split in ("dev", "test") for one in read(root / f"{split}.conll")}
    new = [
        normalized_text(one["words"]) not in held_out for part in range(3) for one in read(root / f"part{part}.conll")
    ]
    return f"{sum(new)} training examples; {len(new) - sum(new)}"


@pytest.mark.parametrize("workers", [0, 2])
def test_a_killed_training_goes_on_as_though_nothing_was(workers: int, trainings: Trainings, root: Path) -> None:
    """In the middle of buffers and of epochs, of batches that are accumulated too; epochs are longer than passes."""
    given = [*arguments("srl", root), f"loader.num_workers={workers}"]
    done = trainings([*given, f"run_dir={root}/whole-{workers}"])
    assert done.status == 0, done.text
    assert f"{expected(root)} removed because they occur in dev or test" in done.text, done.text
    run_dir = root / f"killed-{workers}"
    assert trainings([*given, f"run_dir={run_dir}"], batch=13).status == -signal.SIGKILL
    assert trainings([f"resume={run_dir}"], batch=10).status == -signal.SIGKILL
    done = trainings([f"resume={run_dir}"])
    assert done.status == 0 and "resuming at epoch 3, batch 3" in done.text, done.text
    assert results(run_dir) == results(root / f"whole-{workers}")


def test_splits_are_scored_later(trainings: Trainings, root: Path, call: Call) -> None:
    """Of a run whose training files a pattern stands for, too."""
    for recipe, score in (("srl", "srl-eval"), ("classify", "accuracy"), ("translate", "bleu")):
        run_dir = root / f"scored-{recipe}"
        done = trainings([*arguments(recipe, root), f"run_dir={run_dir}"])
        assert done.status == 0, done.text
        for split in ("dev", "train"):
            status, out, err = call(evaluate.main, f"run={run_dir}", f"split={split}")
            assert status == 0 and score in out, err


def test_other_workers_and_more_files_are_other_data(trainings: Trainings, root: Path) -> None:
    run_dir = root / "workers"
    assert trainings([*arguments("srl", root), f"run_dir={run_dir}"], batch=5).status == -signal.SIGKILL
    done = trainings([f"resume={run_dir}", "loader.num_workers=1"])
    assert done.status == 2 and "with loader.num_workers=1" in done.text, done.text
    added = root / "part9.conll"
    added.write_text((root / "part0.conll").read_text())
    before = {path.name: path.read_bytes() for path in run_dir.glob("[!.]*") if path.is_file()}
    done = trainings([f"resume={run_dir}"])
    added.unlink()
    assert done.status == 2 and "part9.conll was added" in done.text, done.text
    assert before == {path.name: path.read_bytes() for path in run_dir.glob("[!.]*") if path.is_file()}
    assert trainings([f"resume={run_dir}"]).status == 0


def test_two_processes_go_on_together(trainings: Trainings, root: Path) -> None:
    given = [*arguments("srl", root), "trainer.devices=2", "trainer.accelerator=cpu", "loader.batch_tokens=20"]
    done = trainings([*given, f"run_dir={root}/two"], ranks=2)
    assert done.statuses == [0, 0], done.text
    run_dir = root / "two-killed"
    assert trainings([*given, f"run_dir={run_dir}"], batch=13, ranks=2).statuses[1] == -signal.SIGKILL
    done = trainings([f"resume={run_dir}"], ranks=2)
    assert done.statuses == [0, 0] and "resuming at epoch 2, batch" in done.text, done.text
    assert results(run_dir) == results(root / "two")


@pytest.mark.parametrize("recipe", ["tag", "pretrain", "classify", "translate"])
def test_every_recipe_goes_on(recipe: str, trainings: Trainings, root: Path) -> None:
    given = arguments(recipe, root)
    done = trainings([*given, f"run_dir={root}/{recipe}-whole"])
    assert done.status == 0, done.text
    run_dir = root / f"{recipe}-killed"
    assert trainings([*given, f"run_dir={run_dir}"], batch=13).status == -signal.SIGKILL
    done = trainings([f"resume={run_dir}"])
    assert done.status == 0 and "resuming at epoch 2, batch" in done.text, done.text
    assert results(run_dir) == results(root / f"{recipe}-whole")


def test_a_loss_that_is_no_number(root: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by file and id, and made again from its bookmark."""
    run_dir, seen, loss = root / "trouble", list[int](), SRLModel.loss

    def bad(self: SRLModel, scores: SRLLogits, batch: SRLBatch) -> torch.Tensor:
        seen.append(int(batch.words.sum()))
        found = loss(self, scores, batch)
        return found / 0 if len(seen) > 14 and seen[-1] == seen[14] else found

    monkeypatch.setattr(SRLModel, "loss", bad)
    status, _, err = call(train.main, *arguments("srl", root), f"run_dir={run_dir}")
    assert status == 2 and "loss inf" in err, err
    names = json.loads((run_dir / "nonfinite/batch.json").read_text())["examples"]
    assert names and all(name.startswith("part") and ".conll:toy-" in name for name in names)
    status, out, err = call(train.main, f"replay_bad_batch={run_dir}")
    assert status == 0 and "loss inf" in out and ", ".join(names) in out, err


@pytest.mark.slow
def test_what_cannot_be(root: Path, call: Call) -> None:
    typed: dict[tuple[str, ...], str] = {
        (*arguments("srl", root), "trainer.batches_per_epoch=0"): "without trainer.batches_per_epoch",
        (*arguments("srl", root), "data.num_folds=5"): "with data.num_folds or data.train_fraction",
        (*arguments("srl", root), "data.extra_train=propbank-frames"): "with data.extra_train",
        (*arguments("srl", root), "loader.shuffle_each_epoch=false"): "with loader.shuffle_each_epoch=false",
        (*arguments("pretrain", root), "data.dev=null"): "without data.dev",
        ("recipe=srl", "data=toy-srl", *STREAM): "can only stream data=files, hub",
        ("recipe=lm", "data=toy-srl", *STREAM): "unknown key loader.stream_buffer_size",
        ("recipe=forecast", "data=toy-series", *STREAM): "unknown key loader.stream_buffer_size",
        (*arguments("srl", root), f"data.train={root}/none*"): "no such file",
        (*arguments("translate", root), f"data.train_target={root}/part0.back"): "companion files differ",
        (*arguments("classify", root), "data.train=x.npz"): "files of measurements cannot be streamed",
    }
    for keys, said in typed.items():
        status, _, err = call(train.main, *keys, f"run_dir={root}/none")
        assert status == 2 and said in err and "Traceback" not in err, err
