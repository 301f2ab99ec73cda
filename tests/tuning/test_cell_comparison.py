"""Cells side by side: what is trained, how sizes are matched, what the table says."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from grunlp import compare
from grunlp.data.collate import TagCollator
from grunlp.data.examples import TaggedSentence
from grunlp.data.vocabulary import Vocabulary
from grunlp.metrics.evaluation import EvaluationResult, PrimaryMetric
from grunlp.runs.layout import MODEL_CARD, read_metrics, save_weights, write_metrics
from grunlp.tasks.config import compose_config
from grunlp.tasks.tagging.checkpoint import build_tagger
from grunlp.tasks.tagging.metrics import TagScores
from grunlp.training.checkpoint_io import save_config_and_vocab
from grunlp.tuning import cell_comparison
from grunlp.tuning.cell_comparison import CellResults, ComparisonSpec
from grunlp.tuning.cell_comparison_report import write_report
from grunlp.tuning.parameter_matching import count_parameters, num_parameters_of_run
from grunlp.tuning.training_pool import TrainingJob, TrainingPool
from tests.conftest import Call
from tests.tasks.tagging.test_commands import write

CELLS = ["gru", "lstm", "rnn", "mingru"]
SMALL = ("recipe=tag", "debug=tiny", "model.word_size=8", "model.char_size=4")
SENTENCES = [
    TaggedSentence(id=str(i), document="", words=["Anna", "sees", f"w{i % 3}"], tags=["N", "V", "N"]) for i in range(6)
]


def write_run(training: TrainingJob) -> None:
    """An untrained tagger as a finished run."""
    config = compose_config([*training.overrides, f"run_dir={training.folder}"])
    vocabulary = Vocabulary.build_for_tagging(SENTENCES, 1, [])
    training.folder.mkdir(parents=True)
    save_config_and_vocab(training.folder, config, TagCollator(vocabulary, None), None)
    model = build_tagger(config, vocabulary, None)
    save_weights(training.folder, model)
    seconds = {"gru": 2.0, "lstm": 4.0, "rnn": 1.0, "mingru": 3.1}[config.model.cell]
    write_metrics(training.folder, "training", {"seconds": seconds * config.trainer.max_epochs, "epochs": 1})
    (training.folder / MODEL_CARD).write_text("")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[TrainingJob]:
    """The trainings that are done, as they come; each writes a run at once."""
    found: list[TrainingJob] = []

    def start(pool: TrainingPool, training: TrainingJob) -> None:
        if not training.finished:
            write_run(training)
            found.append(training)
        pool.done.append(training)

    monkeypatch.setattr(TrainingPool, "start", start)
    return found


@pytest.mark.slow
def test_each_cell_has_the_same_seeds_and_as_many_weights(done: list[TrainingJob], tmp_path: Path) -> None:
    request = ComparisonSpec("tag", CELLS, [4, 5], SMALL, "parameters")
    trained = cell_comparison.train(request, tmp_path, 2)
    assert [one.folder.name for one in done[:2]] == ["gru-4", "gru-5"], "they say how large the others are"
    assert [one.runs for one in trained] == [[tmp_path / f"runs/{cell}-{seed}" for seed in (4, 5)] for cell in CELLS]
    assert all(one.overrides[: len(SMALL)] == SMALL and one.overrides[-1] in ("seed=4", "seed=5") for one in done)
    target = num_parameters_of_run(trained[0].runs[0])
    vocabulary = Vocabulary.build_for_tagging(SENTENCES, 1, [])
    for one in trained[1:]:
        config = compose_config([*SMALL, f"model.cell={one.cell}"])

        def count(size: int, config: DictConfig = config) -> int:
            config.model.hidden_size = size
            return count_parameters(build_tagger(config, vocabulary, None))

        best = min(range(1, 60), key=lambda size: (abs(count(size) - target), size))
        assert one.sizes == {"hidden_size": best} and num_parameters_of_run(one.runs[0]) == count(best)
    done.clear()
    assert cell_comparison.train(request, tmp_path, 2) == trained and not done, "nothing is trained twice"


@pytest.mark.slow
def test_as_much_time(done: list[TrainingJob], tmp_path: Path) -> None:
    cell_comparison.train(ComparisonSpec("tag", CELLS, [1], (*SMALL, "trainer.max_epochs=6"), "time"), tmp_path, 1)
    timed = [training for training in done if training.folder.parent.name == "timing"]
    assert [training.folder.name for training in timed] == CELLS and len(done) == 8
    epochs = {one.folder.name: compose_config(one.overrides).trainer.max_epochs for one in done if one not in timed}
    assert epochs == {"gru-1": 6, "lstm-1": 3, "rnn-1": 12, "mingru-1": 4}, "12 seconds each"
    assert {read_metrics(one.folder)["training"]["seconds"] for one in timed} == {2.0, 4.0, 1.0, 3.1}


class _FakeTask:
    """Scores runs as their names say."""

    def evaluate_split(self, run: Path, split: str) -> EvaluationResult:
        assert split == "test"
        cell, seed = run.name.split("-")
        wrong = {"gru": 4, "lstm": 1}[cell] + int(seed)
        scores = TagScores(spans=False)
        for i in range(40):
            gold = ["N"] * 5
            predicted = ["V" if i < wrong else "N", *gold[1:]]
            scores.add(f"d{i}", gold, predicted, predicted)
        return EvaluationResult(scores, 40, 0.08)


def test_table_json_and_figure(
    done: list[TrainingJob], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("grunlp.tuning.cell_comparison.task_of", lambda run: _FakeTask())
    request = ComparisonSpec("tag", ["gru", "lstm"], [1, 2, 3], SMALL, "none")
    trained = cell_comparison.train(request, tmp_path, 1)
    rows, primary = cell_comparison.evaluate_cells(trained, request.seeds)
    assert primary == PrimaryMetric("accuracy", "accuracy")
    gru, lstm = rows
    assert (
        gru["scores"] == {"1": 97.5, "2": 97.0, "3": 96.5}
        and gru["score"] == pytest.approx(97)
        and gru["difference"] is None
    )
    assert lstm["score"] == pytest.approx(98.5) and lstm["difference"] == pytest.approx(1.5) and lstm["p_seeds"] < 1e-6
    low, high = lstm["difference_interval"]
    assert 0 <= low < 1.5 < high and lstm["p_examples"] < 0.1
    assert lstm["milliseconds_an_example"] == pytest.approx(2) and lstm["seconds"] == 8.0
    capsys.readouterr()
    write_report(tmp_path, rows, primary, request.match_budget, "Cells", " ".join(request.overrides))
    out = capsys.readouterr().out
    assert out.splitlines()[1].split()[:4] == ["cell", "hidden", "accuracy", "95"]
    assert "minus gru" in out and "+1.50" in out and "paired t test over seeds" in out
    content = json.loads((tmp_path / "cells.json").read_text())
    assert content["better"] == "max" and [row["cell"] for row in content["cells"]] == ["gru", "lstm"]
    assert "| lstm | 16 | 98.50 |" in (tmp_path / "cells.md").read_text()
    assert (tmp_path / "cells.png").read_bytes().startswith(b"\x89PNG")


def test_one_seed_has_no_test_over_seeds(
    done: list[TrainingJob], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("grunlp.tuning.cell_comparison.task_of", lambda run: _FakeTask())
    trained = [CellResults(cell, [tmp_path / f"{cell}-1"], {"hidden_size": 3}) for cell in ("gru", "lstm")]
    for one in trained:
        write_run(TrainingJob(one.runs[0], (*SMALL, f"model.cell={one.cell}")))
    rows, primary = cell_comparison.evaluate_cells(trained, [1])
    assert rows[1]["p_seeds"] is None
    write_report(tmp_path, rows, primary, "none", "Cells", " ".join(SMALL))
    assert capsys.readouterr().out.splitlines()[3].endswith("-")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cells=gru,lstn", "recipe=tag"], "Did you mean cells=lstm?"),
        (["cells=gru", "recipe=tag"], "at least two different cells"),
        (["cells=gru,gru", "recipe=tag"], "at least two different cells"),
        (["cells=gru,lstm", "recipe=pretrain"], "recipe=pretrain has no score"),
        (["cells=gru,lstm", "recipe=finetune"], "unknown key model.cell"),
        (["cells=gru,lstm", "recipe=tag", "seeds=0"], "seeds=0 is out of bounds"),
        (["cells=gru,lstm", "recipe=tag", "match_budget=size"], "there are: parameters, time, none"),
        (["cells=gru,lstm", "recipe=tag", "model.cell=rnn"], "Type cells=gru,lstm"),
        (["cells=gru,lstm", "recipe=tag", "run_dir=x"], "Type out=FOLDER"),
        (["cells=gru,lstm", "recipe=tag", "model.hiden_size=3"], "Did you mean model.hidden_size?"),
        (["cells=gru,lstm", "recipe=tag", "data.train=a", "data.dev=b"], "data.test is not given"),
        (["cells=gru,lstm", "recipe=tag", "out={}"], "is not empty"),
        (["cells=gru,lstm", "recipe=tag", "run"], "run: not key=value"),
    ],
)
def test_wrong_input(call: Call, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "something").write_text("")
    status, out, err = call(compare.main, *(word.format(tmp_path) for word in arguments))
    assert status == 2 and out == "" and message in err


@pytest.mark.slow
def test_other_settings_are_refused(call: Call, tmp_path: Path, done: list[TrainingJob], monkeypatch: Any) -> None:
    monkeypatch.setattr("grunlp.tuning.cell_comparison.task_of", lambda run: _FakeTask())
    arguments = ["cells=gru,lstm", *SMALL, "match_budget=none", f"out={tmp_path}/c"]
    assert call(compare.main, *arguments, "seeds=2")[0] == 0 and len(done) == 4
    assert call(compare.main, *arguments, "seeds=2", "jobs=3")[0] == 0 and len(done) == 4
    status, _, err = call(compare.main, *arguments, "seeds=3")
    assert status == 2 and "started with seeds: [1, 2]; now: [1, 2, 3]" in err and "out=NEW_FOLDER" in err


@pytest.mark.slow
def test_trainings_as_they_are(tmp_path: Path) -> None:
    splits = [
        f"data.{split}={write(tmp_path / split, 40, i, 'iob2')}" for i, split in enumerate(("train", "dev", "test"))
    ]
    arguments = ["cells=gru,rnn", "recipe=tag", "data=files", "debug=step", "model.hidden_size=8", "seeds=1", *splits]
    command = [sys.executable, "-m", "grunlp.compare", *arguments, f"out={tmp_path}/out"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "out/cells.json").read_text())["cells"]
    assert rows[1]["score"] == pytest.approx(read_metrics(tmp_path / "out/runs/rnn-1")["test"]["conlleval"]["f1"])
    assert abs(rows[1]["weights"] - rows[0]["weights"]) < 500 and rows[1]["sizes"]["hidden_size"] > 8
    assert OmegaConf.load(tmp_path / "out/runs/rnn-1/config.yaml").model.hidden_size == rows[1]["sizes"]["hidden_size"]


@pytest.mark.slow
def test_a_failed_training_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    arguments = ["cells=gru,rnn", "recipe=tag", "data.train=nowhere", "data.dev=nowhere", "data.test=nowhere"]
    command = [sys.executable, "-m", "grunlp.compare", *arguments, "data=files", f"out={tmp_path}/out"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert re.search(r"out/runs/gru-\d failed with status 2", done.stderr) and "nowhere" in done.stderr
    assert "the same command continues" in done.stderr
