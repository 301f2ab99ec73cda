"""Tagging as a user meets it: a training on columns, then everything one can do with its run folder."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grunlp import compare, evaluate, predict, train
from grunlp.data.tag_schemes import to_scheme
from grunlp.data.tags import invalid_transitions
from tests.conftest import Call
from tests.random_srl_corpus import toy_corpus
from tests.tuning.run_checks import check_run_for_studies


def write(path: Path, count: int, seed: int, scheme: str) -> Path:
    """Toy sentences, their first frame's arguments as spans; a document of five sentences."""
    lines = []
    for number, example in enumerate(toy_corpus(count, seed)):
        if number % 5 == 0:
            lines += ["-DOCSTART- -X- O", ""]
        tags = example["frames"][0]["tags"] if example["frames"] else ["O"] * len(example["words"])
        rows = zip(example["words"], example["pos"], to_scheme(tags, scheme), strict=True)
        lines += [*(" ".join(row) for row in rows), ""]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, slow: None) -> Path:
    """Files in three schemes, and a run trained on them."""
    root = tmp_path_factory.mktemp("tagging")
    files = [write(root / "train.txt", 300, 1, "bioes"), write(root / "dev.txt", 30, 2, "iob1")]
    files.append(write(root / "test.txt", 30, 3, "iob2"))
    splits = [f"data.{split}={path}" for split, path in zip(("train", "dev", "test"), files, strict=True)]
    settings = ["trainer.max_epochs=6", "optimizer.learning_rate=0.02", "trainer.limit_train_batches=0"]
    command = ["recipe=tag", "data=files", "debug=tiny", *splits, *settings, f"run_dir={root}/run"]
    done = subprocess.run([sys.executable, "-m", "grunlp.train", *command], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    return root


def test_it_learns_and_is_complete(folder: Path) -> None:
    metrics = json.loads((folder / "run/metrics.json").read_text())
    assert metrics["test"]["conlleval"]["f1"] > 60
    assert metrics["test"]["illegal_tags"] == 0
    assert "# Tagger trained on files" in (folder / "run/card.md").read_text()


def test_studies_score_and_build_it(folder: Path) -> None:
    check_run_for_studies(folder / "run", "test")


def test_evaluate_repeats_the_score_of_the_training(folder: Path, call: Call) -> None:
    before = json.loads((folder / "run/metrics.json").read_text())["test"]
    status, out, _ = call(evaluate.main, f"run={folder}/run")
    assert status == 0 and "FB1" in out and "95 % interval" in out
    assert json.loads((folder / "run/metrics.json").read_text())["test"] == before
    _, by_file, _ = call(evaluate.main, f"run={folder}/run", f"input={folder}/test.txt")
    assert by_file == out


def test_compare_with_itself(folder: Path, call: Call) -> None:
    status, out, _ = call(compare.main, f"{folder}/run", f"{folder}/run")
    assert status == 0 and "seqeval strict" in out and "+0.00 to +0.00" in out


def test_predictions(folder: Path, call: Call) -> None:
    status, out, _ = call(
        predict.main, f"run={folder}/run", "nbest=2", "output_format=json", "Anna sees bread house. cat"
    )
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [record["text"] for record in records] == ["Anna sees bread house.", "cat"]
    for record in records:
        assert not invalid_transitions(record["tags"])
        assert record["alternatives"][0]["tags"] == record["tags"]
        assert 1 >= record["alternatives"][0]["probability"] >= record["alternatives"][1]["probability"] > 0
        for span in record["spans"]:
            assert record["text"][span["start_char"] : span["end_char"]] == span["text"]
    assert any(record["spans"] for record in records)
    _, out, _ = call(predict.main, f"run={folder}/run", "output_format=text", "Anna sees bread house.")
    assert "ARG0  Anna" in out


def test_tagged_files_are_read_as_words(folder: Path, call: Call) -> None:
    status, out, _ = call(
        predict.main,
        f"run={folder}/run",
        f"input={folder}/test.txt",
        "format=tags",
        "tag_scheme=bioes",
        "output_format=json",
    )
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [record["words"] for record in records] == [e["words"] for e in toy_corpus(30, 3)]
    assert {tag[0] for record in records for tag in record["tags"]} >= {"S", "O"}


def test_another_job_from_a_labeller_and_a_tagger_from_a_tagger(folder: Path, call: Call, tmp_path: Path) -> None:
    """model.init_from takes the sentence encoder, and of a tagger the scores of tags that both know."""
    common = ["data=files", f"data.train={folder}/train.txt", f"data.dev={folder}/dev.txt", "trainer.max_epochs=1"]
    again = ["recipe=tag", "debug=tiny", *common, f"model.init_from={folder}/run", "optimizer.learning_rate=0.0"]
    status, _, err = call(train.main, *again, f"run_dir={tmp_path}/again")
    assert status == 0, err
    scores = [json.loads((path / "metrics.json").read_text()) for path in (folder / "run", tmp_path / "again")]
    assert scores[0]["dev"] == scores[1]["dev"], "nothing was learned, all was taken over"
    status, _, err = call(
        train.main,
        "recipe=tag",
        *common,
        "model.init_from=default",
        "trainer.limit_train_batches=1",
        f"run_dir={tmp_path}/box",
    )
    assert status == 0, err


@pytest.mark.parametrize(
    ("main", "arguments", "message"),
    [
        (train.main, ["recipe=tag", "data=files"], "data.train is not given"),
        (train.main, ["recipe=srl", "data=wnut17"], "data=wnut17 is for recipe=tag"),
        (train.main, ["recipe=tag", "data=files", "data.train={}/train.txt", "data.dev={}/dev.txt", "data.tags=9"],
         "no column 9"),
        (train.main, ["recipe=tag", "data=files", "data.train={}/train.txt", "data.dev={}/dev.txt", "debug=tiny",
                      "model.init_from=default"], "the sizes of both networks must be the same"),
        (train.main, ["recipe=finetune", "init_from={}/run", "data.train=x", "data.dev=x"],
         "expected a role labeller"),
        (predict.main, ["run={}/run", "predicates=detect", "Anna"], "unknown key predicates"),
        (predict.main, ["run={}/run", "nbest=-1", "Anna"], "out of bounds"),
        (predict.main, ["nbest=3", "Anna"], "unknown key nbest"),
        (compare.main, ["{}/run", "default"], "models of tagging and srl"),
        (evaluate.main, ["run={}/run", "report={}/r.html"], "unknown key report"),
    ],
)  # fmt: skip
def test_mistakes_end_in_plain_messages(
    folder: Path,
    call: Call,
    main: Callable[[], int],
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = call(main, *(argument.format(folder) for argument in arguments))
    assert status != 0 and message in err and "Traceback" not in err


def test_two_files_of_tags_are_scored_and_compared_without_a_model(tmp_path: Path, call: Call) -> None:
    (tmp_path / "gold.txt").write_text("EU B-ORG\nwent O\n\nAnna B-PER\nBerg I-PER\n")
    (tmp_path / "first.txt").write_text("EU ORG-B\nwent O\n\nAnna PER-B\nBerg O\n")
    (tmp_path / "second.jsonl").write_text(
        '{"words": ["EU", "went"], "tags": ["B-ORG", "O"]}\n{"words": ["Anna", "Berg"], "tags": ["B-PER", "I-PER"]}\n'
    )
    gold, first, second = (f"{tmp_path}/{name}" for name in ("gold.txt", "first.txt", "second.jsonl"))
    status, out, _ = call(evaluate.main, f"gold={gold}", f"predicted={first}", f"metrics={tmp_path}/scores.json")
    assert status == 0 and "precision:  50.00%; recall:  50.00%; FB1:  50.00" in out
    assert json.loads((tmp_path / "scores.json").read_text())["conlleval"]["f1"] == 50
    status, out, _ = call(evaluate.main, f"gold={gold}", f"predicted={second}")
    assert status == 0 and "FB1: 100.00" in out
    status, out, _ = call(compare.main, first, second, f"gold={gold}")
    assert status == 0 and "conlleval" in out
    (tmp_path / "other.txt").write_text("EU B-ORG\n")
    status, _, err = call(evaluate.main, f"gold={gold}", f"predicted={tmp_path}/other.txt")
    assert status == 2 and "sentence 1 differs" in err
    (tmp_path / "text.txt").write_text("Running text.\nAnd more of it here.\n")
    status, _, err = call(evaluate.main, f"gold={tmp_path}/text.txt", f"predicted={first}")
    assert status == 2 and "neither frames nor tagged words" in err


def test_predict_reads_columns_as_the_training_did(folder: Path, call: Call) -> None:
    status, out, err = call(predict.main, f"run={folder}/run", f"input={folder}/test.txt", "output_format=json")
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and "read as: columns, cells between blanks" in err
    assert [record["words"] for record in records] == [example["words"] for example in toy_corpus(30, 3)]


def test_a_changed_split_is_reported_or_refused(folder: Path, call: Call) -> None:
    file = folder / "test.txt"
    before = file.read_bytes()
    try:
        file.write_bytes(before + b"Anna NN O\n")
        _, _, err = call(evaluate.main, f"run={folder}/run", f"metrics={folder}/changed.json")
        assert "test.txt has changed since the training" in err
        status, _, err = call(evaluate.main, f"run={folder}/run", "strict=true")
        assert status == 2 and "test.txt has changed since the training" in err
        status, _, err = call(compare.main, f"{folder}/run", f"{folder}/run", "strict=true")
        assert status == 2 and "test.txt has changed" in err
    finally:
        file.write_bytes(before)


def test_predict_stops_at_a_bad_row_and_reads_one_sentence_alone(folder: Path, call: Call, tmp_path: Path) -> None:
    lines = (folder / "test.txt").read_text().splitlines()
    number = next(i for i, line in enumerate(lines) if i > 10 and line)
    bad, one, alone = (tmp_path / name for name in ("bad.txt", "one.txt", "alone.txt"))
    bad.write_text("\n".join([*lines[:number], f"{lines[number]} extra", *lines[number + 1 :]]))
    status, out, err = call(predict.main, f"run={folder}/run", f"input={bad}")
    assert status == 2 and not out and f"bad.txt:{number + 1}: 4 cells" in err and "data." not in err
    one.write_text("Anna NN O\nsees VB O\n")
    alone.write_text("Anna\nsees\nbread\n")
    for path, words in ((one, ["Anna", "sees"]), (alone, ["Anna", "sees", "bread"])):
        status, out, err = call(predict.main, f"run={folder}/run", f"input={path}", "output_format=json")
        assert status == 0 and [json.loads(line)["words"] for line in out.splitlines()] == [words]
    assert "guessed: each line is a word" in err and "format=raw" in err
    status, out, _ = call(predict.main, f"run={folder}/run", f"input={alone}", "format=raw", "output_format=json")
    assert status == 0 and len(out.splitlines()) == 3
    alone.write_text("Anna\n")
    status, out, _ = call(predict.main, f"run={folder}/run", f"input={alone}", "format=tags", "output_format=json")
    assert status == 0 and json.loads(out)["words"] == ["Anna"]


def test_files_of_tags_in_other_spellings_are_scored(tmp_path: Path, call: Call) -> None:
    gold, predicted = tmp_path / "gold.csv", tmp_path / "predicted.txt"
    gold.write_text("word,tag\nAnna,BPER\nBerg,IPER\nsings,O\n")
    predicted.write_text("Anna B(PER)\nBerg I(PER)\nsings OTHER\n")
    status, out, err = call(evaluate.main, f"gold={gold}", f"predicted={predicted}")
    assert status == 0 and "FB1: 100.00" in out
    assert "BPER is B-PER" in err and "tags like B(PER)" in err
    predicted.write_text("Anna BPER\nBerg O\nsings O\n")
    status, out, _ = call(evaluate.main, f"gold={gold}", f"predicted={predicted}")
    assert status == 0 and "FB1:   0.00" in out, "the spelling of the gold tags"
