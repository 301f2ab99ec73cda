"""Classifiers as a user meets them: trainings on files, then everything one can do with their run folders."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grunlp import compare, evaluate, predict, train
from grunlp.data.toy.sentiment import sentiment_examples
from tests.conftest import Call

SMALL = ["model.hidden_size=8", "model.word_size=8", "model.char_size=4", "trainer.max_epochs=2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, slow: None) -> Path:
    """A run on texts and one on measurements."""
    root = tmp_path_factory.mktemp("classes")
    for split, size in (("train", 300), ("dev", 60), ("test", 40)):
        rows = list(sentiment_examples(split if split != "test" else "test"))[:size]
        (root / f"{split}.tsv").write_text("".join(f"{one['label']}\t{' '.join(one['words'])}\n" for one in rows))
        random = np.random.default_rng(len(split))
        y = random.integers(3, size=size)
        x = random.normal(size=(size, 12, 2)) + y[:, None, None]
        np.savez(root / f"{split}.npz", x=x, y=y, lengths=random.integers(3, 13, size=size))
    for name, suffix in (("texts", "tsv"), ("numbers", "npz")):
        files = [f"data.{split}={root}/{split}.{suffix}" for split in ("train", "dev", "test")]
        command = ["recipe=classify", *files, *SMALL, "optimizer.learning_rate=0.02", f"run_dir={root}/{name}"]
        done = subprocess.run(
            [sys.executable, "-m", "grunlp.train", *command], capture_output=True, text=True, cwd=root
        )
        assert done.returncode == 0, done.stderr
    return root


def test_they_learn_and_are_complete(folder: Path) -> None:
    common = {
        "card.md",
        "classes.json",
        "config.yaml",
        "data_manifest.json",
        "logs",
        "metrics.json",
        "run_files.json",
        "weights.safetensors",
    }
    assert {path.name for path in (folder / "texts").iterdir()} == {*common, "vocabulary.json"}
    assert {path.name for path in (folder / "numbers").iterdir()} == common
    metrics = json.loads((folder / "numbers/metrics.json").read_text())
    assert metrics["dev"]["accuracy"]["score"] > 60 and "F1 2" in metrics["test"]
    assert "probability of each class" in (folder / "texts/card.md").read_text()


def close(scores: dict[str, Any]) -> dict[str, Any]:
    """Within rounding: other batches, other sums."""
    return {
        name: {k: v if isinstance(v, str) else pytest.approx(v, rel=1e-6) for k, v in row.items()}
        for name, row in scores.items()
    }


@pytest.mark.parametrize("name", ["texts", "numbers"])
def test_evaluate_finds_the_scores_of_the_training(folder: Path, call: Call, name: str) -> None:
    before = json.loads((folder / name / "metrics.json").read_text())["test"]
    status, out, err = call(evaluate.main, f"run={folder}/{name}")
    assert status == 0 and out.startswith("accuracy"), err
    assert json.loads((folder / name / "metrics.json").read_text())["test"] == close(before)
    file = f"input={folder}/test.{'tsv' if name == 'texts' else 'npz'}"
    assert call(evaluate.main, f"run={folder}/{name}", file, f"metrics={folder}/{name}.json")[0] == 0
    assert json.loads((folder / f"{name}.json").read_text()) == close(before)


def test_predict_texts(folder: Path, call: Call) -> None:
    run = f"run={folder}/texts"
    status, out, _ = call(predict.main, run, "the soup was good .", "output_format=text")
    assert status == 0 and out.split()[0] in ("positive", "negative") and out.endswith("%  the soup was good .\n")
    lines = ["the soup was good .", "", "emoji \U0001f600 and a\ttab", "x " * 3000]
    (folder / "lines.txt").write_text("".join(f"{line}\n" for line in lines))
    status, out, _ = call(predict.main, run, f"input={folder}/lines.txt", f"output={folder}/out.jsonl")
    records = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert status == 0 and [record["id"] for record in records] == ["1", "2", "3", "4"]
    for record in records:
        assert sum(record["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert record["label"] == max(record["probabilities"], key=record["probabilities"].get)
        assert len(record["words"]) == len(record["weights"]) <= 1000
    (folder / "in.csv").write_text('id,review\n1,"Good, fine"\n2,Bad\n')
    status, out, _ = call(predict.main, run, f"input={folder}/in.csv", "source=review", "output_format=json")
    assert status == 0 and [json.loads(line)["words"] for line in out.splitlines()] == [["Good", ",", "fine"], ["Bad"]]


def test_predict_measurements(folder: Path, call: Call) -> None:
    np.savez(folder / "new.npz", x=np.full((2, 5, 2), [[[0.0]], [[2.0]]]))
    status, out, err = call(predict.main, f"run={folder}/numbers", f"input={folder}/new.npz", "output_format=json")
    assert status == 0, err
    assert [json.loads(line)["label"] for line in out.splitlines()] == ["0", "2"]


def test_compare(folder: Path, call: Call) -> None:
    status, out, _ = call(compare.main, f"{folder}/texts", f"{folder}/texts", "split=dev")
    assert status == 0 and "accuracy" in out and "+0.00" in out


@pytest.mark.parametrize(
    ("main", "arguments", "message"),
    [
        (predict.main, ["run={}/texts", "input={}/test.npz"], "this model classifies texts"),
        (predict.main, ["run={}/numbers", "input={}/test.tsv"], "this model classifies sequences of measurements"),
        (predict.main, ["run={}/numbers", "hello there"], "sequences of 2 measurements per step"),
        (predict.main, ["run={}/numbers", "input={}/wide.npz"], "has 3 features per step"),
        (predict.main, ["run={}/texts", "input={}/nowhere"], "does not exist"),
        (predict.main, ["run={}/texts", "beam=3", "hello"], "unknown key beam"),
        (evaluate.main, ["run={}/texts", "input={}/test.npz"], "the examples are of the other kind"),
        (evaluate.main, ["run={}/texts", "split=dev", "input={}/test.tsv"], "split= with input="),
        (evaluate.main, ["run={}/texts", "source=x"], "they describe a file"),
        (compare.main, ["{}/texts", "{}/numbers"], "different classes"),
        (compare.main, ["{}/texts", "default"], "models of classification and srl"),
        (train.main, ["recipe=classify", "trainer.monitor=dev/f1"], "there are: dev/accuracy, dev/loss"),
        (train.main, ["recipe=srl", "trainer.monitor=dev/accuracy"], "there are: dev/f1, dev/loss"),
        (train.main, ["recipe=srl", "model=keras-gru-64-32"], "is for recipe=classify"),
        (train.main, ["recipe=classify", "model=keras-gru"], "(?s)no such choice.*Did you mean model=keras-gru-64-32"),
        (train.main, ["recipe=classify", "model.pooling=sum"], "no such choice"),
        (train.main, ["recipe=classify", "data.train={}/train.tsv", "data.dev={}/dev.tsv", "data.label=x"],
         "no column 'x'"),
        (train.main, ["recipe=classify", "run_dir={}/texts"], "is not empty"),
    ],
)  # fmt: skip
def test_mistakes_end_in_plain_messages(
    folder: Path,
    call: Call,
    main: Callable[[], int],
    arguments: list[str],
    message: str,
) -> None:
    np.savez(folder / "wide.npz", x=np.ones((1, 4, 3)))
    status, _, err = call(main, *(word.format(folder) for word in arguments))
    assert status == 2 and re.search(message, err) and "Traceback" not in err


def test_predict_reads_tables_as_the_training_did(folder: Path, call: Call) -> None:
    status, out, err = call(predict.main, f"run={folder}/texts", f"input={folder}/test.tsv", "output_format=json")
    records = [json.loads(line) for line in out.splitlines()]
    rows = (folder / "test.tsv").read_text().splitlines()
    assert status == 0 and "read as: table, cells between tabs" in err
    assert [" ".join(record["words"]) for record in records] == [row.partition("\t")[2] for row in rows]
