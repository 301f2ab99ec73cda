"""A forecaster as a user meets it: a training on a file, then everything one can do with its run folder."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grunlp import compare, evaluate, predict
from grunlp.data.toy.time_series import seasonal_series_rows
from grunlp.tasks.config import compose_config
from grunlp.utils.errors import UserError
from tests.conftest import Call

SMALL = ["model.hidden_size=16", "trainer.max_epochs=4", "data.history=48", "data.horizon=12", "loader.batch_size=32"]


def train(root: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "grunlp.train", "recipe=forecast", *SMALL, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, slow: None) -> Path:
    """A series of 5 weeks with a column that is known of the future, and a run trained on it."""
    root = tmp_path_factory.mktemp("series")
    rows = list(seasonal_series_rows())[: 24 * 7 * 5]
    with (root / "hours.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "value", "sale", "shop"])
        for i, (time, value) in enumerate(rows):
            sale = int(i % 50 < 10)
            writer.writerow([time, value + 3 * sale, sale, "a"])
    known = ["data.targets=value", "data.known_covariates=sale", "data.series_id=shop"]
    out = train(root, f"data.train={root}/hours.csv", *known, "model.output=quantiles", f"run_dir={root}/run")
    assert "The GRU is better than repeat-last (p" in out, out
    return root


def future(folder: Path, name: str, steps: int) -> Path:
    """The file with so many rows more, of which only what is known is given."""
    frame = pd.read_csv(folder / "hours.csv", parse_dates=["time"])
    times = pd.date_range(frame.time.iloc[-1], periods=steps + 1, freq="h")[1:]
    more = pd.DataFrame({"time": times, "value": np.nan, "sale": [1] * 6 + [0] * (steps - 6), "shop": "a"})
    pd.concat([frame, more]).to_csv(folder / name, index=False)
    return folder / name


def test_it_is_complete(folder: Path) -> None:
    metrics = json.loads((folder / "run/metrics.json").read_text())
    assert metrics["test"]["mase"]["score"] < 1.0 and 40 < metrics["test"]["coverage"]["score"] < 100
    assert metrics["test"]["repeat-last"]["p"] < 0.05 and "verdict" in metrics["test"]["linear"]
    assert {path.name for path in (folder / "run").iterdir()} == {
        "baseline.safetensors", "card.md", "config.yaml", "data_manifest.json", "forecast-dev.png", "forecast-test.png",
        "logs",
        "metrics.json", "run_files.json", "scaling.json", "weights.safetensors",
    }  # fmt: skip
    assert (folder / "run/forecast-test.png").read_bytes().startswith(b"\x89PNG")
    config = (folder / "run/config.yaml").read_text()
    for settled in ("date_format: ISO8601", "time_column: time", "separator: comma", "decimal: point", "frequency: h"):
        assert settled in config
    card = (folder / "run/card.md").read_text()
    assert "Forecaster trained on files" in card and "Diebold" in card and "left out" not in card


def test_evaluate_finds_the_score_of_the_training(folder: Path, call: Call) -> None:
    before = json.loads((folder / "run/metrics.json").read_text())["test"]
    status, out, err = call(evaluate.main, f"run={folder}/run", f"report={folder}/test.png")
    assert status == 0 and "seasonal-naive" in out, err
    after = json.loads((folder / "run/metrics.json").read_text())["test"]
    assert after["mse"]["score"] == pytest.approx(before["mse"]["score"], rel=1e-5)
    assert (folder / "test.png").is_file()
    arguments = [f"input={folder}/hours.csv", f"metrics={folder}/whole.json"]
    assert call(evaluate.main, f"run={folder}/run", *arguments)[0] == 0
    assert json.loads((folder / "whole.json").read_text())["mse"]["score"] < 1.0


def test_forecasts_go_on_where_a_file_ends(folder: Path, call: Call) -> None:
    file = future(folder, "future.csv", 12)
    status, out, err = call(predict.main, f"run={folder}/run", f"input={file}")
    assert status == 0, err
    rows = list(csv.DictReader(out.splitlines()))
    assert list(rows[0]) == ["time", "series", "target", "forecast", "lower", "upper"] and len(rows) == 12
    assert rows[0]["time"] == "2024-02-05 00:00:00" and rows[-1]["time"] == "2024-02-05 11:00:00"
    assert {(row["series"], row["target"]) for row in rows} == {("a", "value")}
    told = [[float(row[key]) for key in ("lower", "forecast", "upper")] for row in rows]
    assert all(low <= middle <= high for low, middle, high in told)
    assert np.mean([row[1] for row in told[:6]]) - np.mean([row[1] for row in told[6:]]) > 0.5, "the sale is known"
    status, out, _ = call(predict.main, f"run={folder}/run", f"input={file}", f"output={folder}/out.csv")
    assert (status, out) == (0, "") and (folder / "out.csv").read_text().startswith("time,series")


def test_a_run_is_whole_in_itself(folder: Path, call: Call) -> None:
    """The file it was trained on may be gone, and the folder elsewhere."""
    shutil.copytree(folder / "run", folder / "moved")
    file = future(folder, "again.csv", 12)
    first, second = (call(predict.main, f"run={folder}/{name}", f"input={file}")[1] for name in ("run", "moved"))
    assert first == second and len(first.splitlines()) == 13
    scaling = folder / "moved/scaling.json"
    scaling.write_text(scaling.read_text().replace('"season"', '"saison"'))
    status, _, err = call(predict.main, f"run={folder}/moved", f"input={file}")
    assert status == 2 and "not a scaling: other keys" in err


def test_two_runs_are_compared(folder: Path, call: Call) -> None:
    known = ["data.targets=value", "data.series_id=shop", "model.architecture=recursive", "data.history=24"]
    train(folder, f"data.train={folder}/hours.csv", *known, f"run_dir={folder}/other")
    arguments = [f"{folder}/other", f"{folder}/run", f"metrics={folder}/compared.json"]
    status, _, err = call(compare.main, *arguments)
    assert status == 0, err
    rows = json.loads((folder / "compared.json").read_text())
    assert list(rows) == ["mse", "mae", "mse_units", "mae_units", "mase"]
    status, out, _ = call(predict.main, f"run={folder}/other")
    told = list(csv.DictReader(out.splitlines()))
    assert status == 0 and len(told) == 12 and told[0]["time"] == "2024-02-05 00:00:00" and told[0]["lower"] == ""
    found = json.loads((folder / "run/metrics.json").read_text())["test"]
    assert rows["mse"]["second"] == pytest.approx(found["mse"]["score"], rel=1e-4)
    assert call(compare.main, f"{folder}/run", f"{folder}/run")[1].count("+0.00") >= 6


def test_what_cannot_be(folder: Path, call: Call) -> None:
    run, hours = f"run={folder}/run", (folder / "hours.csv").read_text()
    short = future(folder, "short.csv", 8)
    (folder / "days.csv").write_text("time,value,sale,shop\n" + "".join(f"2024-01-{d},1,0,a\n" for d in range(10, 30)))
    (folder / "few.csv").write_text("".join(hours.splitlines(keepends=True)[:30]))
    (folder / "other.csv").write_text(hours.replace("value", "volume"))
    for main, arguments, message in (
        (predict.main, ["tomorrow"], "a forecaster does not read text"),
        (predict.main, ["prompt=x"], "unknown key prompt"),
        (predict.main, [f"input={folder}/none.csv"], "no such file"),
        (predict.main, [f"input={folder}/hours.csv"], "sale must be known in the future"),
        (predict.main, [f"input={short}"], "8 rows after the last target have them, 12 are needed"),
        (predict.main, [f"input={folder}/days.csv"], "its times have the frequency D"),
        (predict.main, [f"input={folder}/few.csv"], "series a has 29 steps"),
        (predict.main, [f"input={folder}/other.csv"], "no column 'value'"),
        (predict.main, [f"output={folder}/hours.csv"], "nothing is overwritten"),
        (evaluate.main, ["split=test", "input=x"], "only one of the two can be evaluated"),
        (evaluate.main, ["report=page.html"], "it is an image"),
        (evaluate.main, ["split=tset"], "no such choice"),
    ):
        status, _, err = call(main, run, *arguments)
        assert status == 2 and message in err, err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data=toy-reversal"], "this recipe reads data=files"),
        (
            ["model.architecture=segrnn", "model.segment_length=100"],
            r"(?s)model.segment_length=100 with data.history=72.*model.segment_length=18",
        ),
        (["model.architecture=segrnn", "model.hidden_size=33"], "(?s)hidden_size=33.*an even model.hidden_size"),
        (
            ["model.architecture=recursive", "model.output=quantiles"],
            "(?s)its own point forecasts.*output=gaussian",
        ),
        (["model.output=quantiles", "model.quantiles=0.5,0.1"], "(?s)increasing levels between 0 and 1"),
        (["model.output=quantiles", "model.quantiles=0.1,1.5"], "(?s)increasing levels between 0 and 1"),
        (["model.architecture=dirct"], "Did you mean model.architecture=direct"),
        (["data.num_folds=2"], "with data.fold=0"),
        (["data.horizon=0"], "out of bounds"),
        (["trainer.monitor=dev/f1"], "there are: dev/loss"),
        (["data.target=x", "data.train=y"], "Did you mean data.targets"),
    ],
)
def test_training_mistakes(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        compose_config(["recipe=forecast", *arguments])


def test_columns_with_commas_are_typed_as_they_are() -> None:
    config = compose_config(["recipe=forecast", "data.train=x.csv", "data.targets=a,b c", "data.known_covariates=d,e"])
    assert (config.data.name, config.data.targets, config.data.known_covariates) == ("files", "a,b c", "d,e")


def test_changed_series_are_reported_or_refused(folder: Path, call: Call) -> None:
    file = folder / "hours.csv"
    before = file.read_bytes()
    message = "hours.csv has changed since the training"
    try:
        file.write_bytes(before + b"\r\n")
        for main, arguments in (
            (evaluate.main, [f"run={folder}/run", "split=dev"]),
            (compare.main, [f"{folder}/run", f"{folder}/run", "split=dev"]),
        ):
            status, _, err = call(main, *arguments)
            assert status == 0 and message in err
            status, _, err = call(main, *arguments, "strict=true")
            assert status == 2 and message in err
    finally:
        file.write_bytes(before)
