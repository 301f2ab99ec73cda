"""A language model as a user meets it: a training on a file, then everything one can do with its run folder."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from grunlp import compare, evaluate, predict
from grunlp.tasks.config import compose_config
from grunlp.utils.errors import UserError
from tests.conftest import Call
from tests.tuning.run_checks import check_run_for_studies

SMALL = [
    "model.hidden_size=32", "model.embedding_size=16", "model.num_layers=1", "model.dropout=0.0",
    "loader.batch_tokens=400", "loader.bptt=40", "trainer.max_epochs=6", "trainer.ema_decay=0.9",
    "optimizer.learning_rate=0.02",
]  # fmt: skip
RHYME = ["the cat sat on the mat", "the dog sat on the log", "", "and so they sat and sat and sat"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, slow: None) -> Path:
    """Lines that repeat but for a number, and a run trained on them."""
    root = tmp_path_factory.mktemp("language")
    text = "".join(f"{line} {i}\n" for i in range(150) for line in RHYME)
    (root / "text.gz").write_bytes(gzip.compress(text.encode()))
    command = ["recipe=lm", f"data.train={root}/text.gz", *SMALL, f"run_dir={root}/run"]
    done = subprocess.run([sys.executable, "-m", "grunlp.train", *command], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    return root


def test_it_learns_and_is_complete(folder: Path) -> None:
    metrics = json.loads((folder / "run/metrics.json").read_text())
    assert metrics["dev"]["nats_per_character"]["score"] < 1.0
    assert "test" not in metrics
    assert {path.name for path in (folder / "run").iterdir()} == {
        "card.md", "config.yaml", "data_manifest.json", "logs", "metrics.json", "run_files.json",
        "tokenizer.json", "weights.safetensors",
    }  # fmt: skip


def test_studies_score_and_build_it(folder: Path) -> None:
    check_run_for_studies(folder / "run", "dev")


def test_evaluate_finds_the_score_of_the_training(folder: Path, call: Call) -> None:
    before = json.loads((folder / "run/metrics.json").read_text())["dev"]
    status, out, err = call(evaluate.main, f"run={folder}/run", "split=dev")
    assert status == 0 and out.startswith("nats_per_character"), err
    assert json.loads((folder / "run/metrics.json").read_text())["dev"] == before
    arguments = ["split=dev", "dynamic_rate=0.1", f"metrics={folder}/dynamic.json"]
    assert call(evaluate.main, f"run={folder}/run", *arguments)[0] == 0
    learned = json.loads((folder / "dynamic.json").read_text())["perplexity"]["score"]
    assert learned < before["perplexity"]["score"]
    status, _, err = call(evaluate.main, f"run={folder}/run", "split=dev", "dynamic_rate=0.2")
    assert status == 0 and "not stored in the run folder" in err
    assert json.loads((folder / "run/metrics.json").read_text())["dev"] == before
    (folder / "more.jsonl").write_text('{"line": "the cat"}\n')
    status, out, _ = call(evaluate.main, f"run={folder}/run", f"input={folder}/more.jsonl", "field=line")
    assert status == 0 and "perplexity" in out


def test_predict(folder: Path, call: Call) -> None:
    run = f"run={folder}/run"
    status, out, _ = call(predict.main, run, "prompt=the c", "length=30", "temperature=0.2")
    assert status == 0 and out.startswith("the cat sat on the ")
    assert call(predict.main, run, "the c", "length=30", "temperature=0.2")[1] == out
    _, json_out, _ = call(predict.main, run, "the c", "length=30", "temperature=0.2", "output_format=json")
    record = json.loads(json_out)
    assert record["prompt"] + record["text"] + "\n" == out and -30 < record["log_probability"] < 0
    (folder / "prompts").write_text("the d\n\nand so t\n")
    status, out, _ = call(predict.main, run, f"input={folder}/prompts", "temperature=0.2")
    lines = out.splitlines()
    assert status == 0 and len(lines) == 3 and lines[0].startswith("the dog sat") and lines[2].startswith("and so")
    status, out, _ = call(predict.main, run, "the c", "length=5", f"output={folder}/out.txt")
    assert (status, out) == (0, "") and (folder / "out.txt").read_text().startswith("the c")


def test_what_cannot_be(folder: Path, call: Call) -> None:
    run = f"run={folder}/run"
    for main, arguments, message in (
        (predict.main, ["a", "prompt=b"], "both are prompts"),
        (predict.main, ["prompt=b", "input=x"], "each line of a file is a prompt"),
        (predict.main, ["temperature=0"], "out of bounds"),
        (predict.main, ["beam=2"], "unknown key beam"),
        (predict.main, [f"input={folder}/none"], "does not exist"),
        (predict.main, [f"output={folder}/text.gz", "a"], "nothing is overwritten"),
        (evaluate.main, [], "the run has no test split"),
        (evaluate.main, ["split=dev", "input=x"], "only one of the two can be evaluated"),
        (evaluate.main, ["field=x"], "field= without input="),
        (evaluate.main, ["split=dev", "dynamic_decay=0.1"], "dynamic_decay= without dynamic_rate="),
        (predict.main, ["field=x", "a"], "field= without input="),
        (evaluate.main, [f"input={folder}/none"], "no such file"),
        (evaluate.main, [f"input={folder}/text.gz", "field=x"], "has no JSON objects"),
        (predict.main, [f"input={folder}/text.gz", "field=x"], "has no JSON objects"),
    ):
        status, _, err = call(main, run, *arguments)
        assert status == 2 and message in err, err


def test_two_runs_are_compared(folder: Path, call: Call) -> None:
    command = ["recipe=lm", f"data.train={folder}/text.gz", *SMALL, "trainer.max_epochs=1", "tokenizer.kind=word"]
    done = subprocess.run([sys.executable, "-m", "grunlp.train", *command, f"run_dir={folder}/other"], cwd=folder)
    assert done.returncode == 0
    arguments = [f"{folder}/other", f"{folder}/run", "split=dev", f"metrics={folder}/compared.json"]
    status, _, err = call(compare.main, *arguments)
    assert status == 0, err
    rows = json.loads((folder / "compared.json").read_text())
    assert list(rows) == ["nats_per_character", "bits_per_character", "word_perplexity", "unknown"]
    before = json.loads((folder / "run/metrics.json").read_text())["dev"]
    assert rows["nats_per_character"]["second"] == pytest.approx(before["nats_per_character"]["score"])
    assert call(compare.main, *arguments[1:2] * 2, "split=dev")[1].count("+0.0000") == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recipe=lm", "data=toy-reversal"], "this recipe reads data=files"),
        (["recipe=lm", "data=propbank-ewt"], "this recipe reads data=files"),
        (["recipe=srl", "data=tinyshakespeare"], "data=tinyshakespeare is for recipe=lm"),
        (["recipe=lm", "model.adaptive_softmax=true"], "Type model.tie_embeddings=false"),
        (
            ["recipe=lm", "model.adaptive_softmax=true", "model.tie_embeddings=false", "model.embedding_size=8"],
            "a sixteenth of this size",
        ),
        (["recipe=lm", "trainer.monitor=dev/f1"], "there are: dev/loss"),
        (["recipe=lm", "model.word_dropout=1.5"], "must be from 0\\.0 to 0\\.999"),
        (["recipe=lm", "data.extra_train=x"], "unknown key data.extra_train"),
    ],
)
def test_training_mistakes(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        compose_config(arguments)
