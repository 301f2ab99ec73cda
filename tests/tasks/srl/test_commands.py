"""The commands for semantic role labelling: prediction of predicates, and fine-tuning."""

import json
import re
import subprocess
import sys
from pathlib import Path

from grunlp import evaluate, predict
from grunlp.data.writers import write_columns
from tests.conftest import Call
from tests.random_srl_corpus import toy_corpus
from tests.tuning.run_checks import check_run_for_studies


def test_a_run_is_scored_and_rebuilt_in_other_sizes(trained: Path) -> None:
    check_run_for_studies(trained / "run", "test")


def test_predicates_are_detected_where_a_file_marks_none(trained: Path, call: Call, tmp_path: Path) -> None:
    (tmp_path / "bare.jsonl").write_text(json.dumps({"words": ["Anna", "sees", "cat", "dog"]}) + "\n")
    status, out, _ = call(predict.main, f"run={trained}/run", f"input={tmp_path}/bare.jsonl", "format=json-lines")
    assert status == 0 and [frame["predicate"] for frame in json.loads(out)["frames"]] == ["sees"]


def test_marked_predicates_are_kept_or_detected_again(trained: Path, call: Call) -> None:
    arguments = [f"run={trained}/run", f"input={trained}/predicates-wrong.jsonl"]
    line = json.dumps({"words": ["Anna", "sees", "cat", "dog"], "frames": [{"index": 3}]})
    (trained / "predicates-wrong.jsonl").write_text(line)
    indices = []
    for how in ("auto", "gold", "detect"):
        status, out, _ = call(predict.main, *arguments, f"predicates={how}")
        assert status == 0
        indices.append([frame["index"] for frame in json.loads(out)["frames"]])
    assert indices == [[3], [3], [1]]


def test_fine_tuning_learns_a_new_role_and_reports_both_kinds_of_text(trained: Path, tmp_path: Path) -> None:
    examples = toy_corpus(60, 7)
    for example in examples:
        for frame in example["frames"]:
            frame["tags"] = [tag.replace("ARG1", "ARG7") for tag in frame["tags"]]
    for name, part in (("train", examples[:40]), ("dev", examples[40:])):
        with (tmp_path / f"{name}.conll").open("w") as file:
            write_columns(part, file)
    arguments = [
        *("recipe=finetune", f"init_from={trained}/run", "finetune.replay_ratio=0.5", "loader.batch_tokens=100"),
        *(f"data.train={tmp_path}/train.conll", f"data.dev={tmp_path}/dev.conll", f"run_dir={tmp_path}/tuned"),
        *("optimizer.learning_rate=0.02", "trainer.max_epochs=8", "trainer.ema_decay=0", "finetune.frozen_layers=1"),
    ]
    command = [sys.executable, "-m", "grunlp.train", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 tags" in done.stderr and "Warning" not in done.stderr
    metrics = json.loads((tmp_path / "tuned/metrics.json").read_text())
    before, after = (metrics[name]["srl-eval"]["labels"] for name in ("dev before", "dev"))
    assert before["ARG7"]["f1"] == 0 and after["ARG7"]["f1"] > 60 and before["ARG0"]["f1"] > 95
    assert {"old dev before", "old dev"} <= set(metrics)
    assert (tmp_path / "tuned/card.md").is_file()
    assert re.search(r"srl-eval +[\d.]+ +[\d.]+ +\+[\d.]+ +\+[\d.]+ to \+[\d.]+", done.stdout), (
        "a difference with its interval"
    )


def test_predicates_alone_are_enough_to_predict_and_too_little_to_score(trained: Path, call: Call) -> None:
    lines = [json.dumps({"words": ["Anna", "sees", "cat", "dog"], "frames": [{"index": i}]}) for i in (1, 2)]
    path = trained / "predicates.jsonl"
    path.write_text("\n".join(lines))
    status, out, err = call(predict.main, f"run={trained}/run", f"input={path}")
    assert status == 0 and "format json-predicates" in err
    assert [json.loads(line)["frames"][0]["tags"].index("B-V") for line in out.splitlines()] == [1, 2]
    status, _, err = call(evaluate.main, f"run={trained}/run", f"input={path}")
    assert status == 2 and "no roles" in err
