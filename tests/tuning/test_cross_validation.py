"""The command around a search: what it checks, what it writes, and trainings as they are."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grunlp import tune
from grunlp.tasks.config import read_config
from grunlp.tasks.tagging.data import open_tagging_corpus
from tests.conftest import Call
from tests.tasks.tagging.test_commands import write
from tests.tuning.fake_trainings import train_nothing

SMALL = ("recipe=tag", "search_space=model.hidden_size=8,16,64", "folds=3")


def score(size: int, fold: int) -> float:
    return {8: 50.0, 16: 89.0 + fold, 64: 88.0 + 2.2 * fold}[size]


@pytest.mark.slow
def test_table_json_and_figures(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    done = train_nothing(monkeypatch, score)
    status, out, _ = call(tune.main, *SMALL, f"study={tmp_path}/s", "nested_cv=true", "seed=3")
    assert status == 0
    # 64 has a mean of 90.2 and an error of 1.27, so that 16 with 90 is chosen
    assert "model.hidden_size=16: within 0.20 accuracy of model.hidden_size=64, the best, at a quarter of the" in out
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line[:1].isdigit()}
    assert lines["16"] == ["16", "90.00", "±", "0.58", "160", "2.0", "chosen"]
    assert lines["64"][-1] == "*" and lines["8"] == ["8", "50.00", "±", "0.00", "80", "2.0"]
    summary = json.loads((tmp_path / "s/summary.json").read_text())
    assert summary["chosen"] == {"model.hidden_size": 16} and len(summary["rows"]) == 3
    assert summary["rows"][2]["mean"] == pytest.approx(90.2)
    assert summary["rows"][2]["standard_error"] == pytest.approx(2.2 / 3**0.5)
    assert [entry["score"] for entry in summary["nested"]] == [89.0, 90.0, 91.0], "by the outer fold"
    assert list(summary["learning_curve"]) == ["0.125", "0.25", "0.5", "1.0"]
    assert summary["test"]["accuracy"]["f1"] == 89.0
    for name in ("validation-curve.png", "learning-curve.png"):
        assert (tmp_path / "s" / name).read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "s/summary.md").read_text()
    assert "| 16 | 90.00 ± 0.58 | 160 | 2.0 | chosen |" in text and "nested cross-validation: 90.00 ± 0.58" in text
    overrides = [training.overrides for training in done]
    assert len(overrides) == len(set(overrides)) == 9 + 27 + 9 + 1, "grid, nested, learning curve, the model"
    assert all("seed=3" in some for some in overrides)
    assert overrides[-1] == ("recipe=tag", "seed=3", "model.hidden_size=16"), "on the splits as they are"
    nested = [some for some in overrides if "data.outer_num_folds=3" in some]
    assert len(nested) == 27 and len([some for some in nested if "data.outer_fold=2" in some]) == 9
    shares = [some for some in overrides if "data.train_fraction=0.25" in some]
    assert len(shares) == 3 and all("model.hidden_size=16" in some for some in shares)


@pytest.mark.slow
def test_a_finished_study_is_told_again(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    train_nothing(monkeypatch, score)
    assert call(tune.main, *SMALL, f"study={tmp_path}/s")[0] == 0
    first = json.loads((tmp_path / "s/summary.json").read_text())
    done = train_nothing(monkeypatch, score)
    for arguments in ([f"study={tmp_path}/s"], [*SMALL, f"study={tmp_path}/s", "jobs=3"]):
        assert call(tune.main, *arguments)[0] == 0 and not done
        assert json.loads((tmp_path / "s/summary.json").read_text()) | {"seconds": 0} == first | {"seconds": 0}
    status, _, err = call(tune.main, f"study={tmp_path}/s", "folds=9")
    assert status == 2 and "it was started with folds: 3; now: 9" in err
    assert call(tune.main, f"study={tmp_path}/s", "refit=false")[0] == 0
    status, _, err = call(tune.main, *SMALL, "seed=2", f"study={tmp_path}/s")
    assert status == 2 and "has other settings" in err and "study=NEW_FOLDER" in err


@pytest.fixture
def command(tmp_path: Path, slow: None) -> list[str]:
    """A search of six trainings of seconds on a made-up file."""
    files = [f"data.train={write(tmp_path / 'train.txt', 60, 1, 'iob2')}"]
    values = ["recipe=tag", "data=files", "debug=step", *files, "search_space=model.hidden_size=4,8", "folds=3"]
    more = ["refit=false", "learning_curve=false", "jobs=1", f"study={tmp_path}/study"]
    return [sys.executable, "-m", "grunlp.tune", *values, *more]


@pytest.mark.slow
def test_killed_and_gone_on(command: list[str], tmp_path: Path) -> None:
    study, root = tmp_path / "study", Path(__file__).parents[2]
    killed = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    card, second = study / "runs/hidden_size-4/fold-0/card.md", study / "runs/hidden_size-4/fold-1/config.yaml"
    for _ in range(3000):
        if card.exists() and second.exists():
            break
        time.sleep(0.1)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    time.sleep(1)
    assert not (study / "runs/hidden_size-4/fold-1/card.md").exists(), "the training has ended with the search"
    before = card.stat().st_mtime_ns
    done = subprocess.run([*command[:3], f"study={study}"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert card.stat().st_mtime_ns == before and done.stdout.count("(done before)") == 1
    summary = json.loads((study / "summary.json").read_text())
    assert [sorted(row["scores"]) for row in summary["rows"]] == [["0", "1", "2"]] * 2
    tests = []
    for fold in range(3):
        config = read_config(study / f"runs/hidden_size-8/fold-{fold}")
        assert (config.model.hidden_size, config.data.num_folds, config.data.fold) == (8, 3, fold)
        tests.append(set(open_tagging_corpus(config.data).test["id"]))  # type: ignore[index]
    assert len(set.union(*tests)) == sum(map(len, tests)) == 60, "every sentence is tested once"
