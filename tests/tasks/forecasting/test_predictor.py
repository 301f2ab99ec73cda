"""Forecasts of tables that are read as the training was: zones, formats, names."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from omegaconf import OmegaConf

from grunlp.tasks import Predictor
from grunlp.tasks.config import compose_config
from grunlp.tasks.forecasting.checkpoint import TrainedForecaster, build_forecaster
from grunlp.tasks.forecasting.commands import _csv_lines
from grunlp.tasks.forecasting.data import open_time_series, settled_options
from grunlp.tasks.forecasting.predictor import ForecastPredictor, render_csv_forecasts
from grunlp.tasks.forecasting.scaler import fit_standardizer
from grunlp.utils.errors import DataError, UserError


def predictor(path: Path, text: str, *typed: str) -> ForecastPredictor:
    """An untrained forecaster of 8 rows to 3 with what a training on the text stores."""
    (path / "train.csv").write_text(text)
    words = [f"data.train={path}/train.csv", "data.history=8", "data.horizon=3", "model.hidden_size=4", *typed]
    config = compose_config(["recipe=forecast", *words])
    corpus = open_time_series(config.data)
    config.data = settled_options(config.data, corpus.table)
    scaling = fit_standardizer(corpus.table, corpus.train[:, 1], corpus.seasonality, 8)
    torch.manual_seed(0)
    model = build_forecaster(config, len(scaling.targets), len(scaling.covariates), len(scaling.statics)).eval()
    return ForecastPredictor(TrainedForecaster(path, config, scaling, model, torch.zeros(3, 9)))


def rows(times: Any, header: str = "date,y", sign: str = ",") -> str:
    wave = np.sin(np.arange(len(times)))
    return "".join([f"{header}\n", *(f"{time}{sign}{y:.3f}\n" for time, y in zip(times, wave, strict=True))])


MONTHS = pd.date_range("2015-01-01", periods=60, freq="MS")


def test_tables_are_forecast(predictors: dict[str, Predictor], tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01", periods=60, freq="h")
    table = pd.DataFrame({"time": times, "value": np.sin(np.arange(60.0))})
    table.to_csv(tmp_path / "table.csv", index=False)
    forecaster = predictors["forecaster"]
    made = forecaster(table)
    assert list(made) == ["time", "series", "target", "forecast", "lower", "upper"] and len(made) == 5
    assert made["time"].iloc[0] == times[-1] + pd.Timedelta("1h") and (made["lower"] < made["upper"]).all()
    pd.testing.assert_frame_equal(forecaster(str(tmp_path / "table.csv")), made)
    pd.testing.assert_frame_equal(forecaster(table.set_index("time")), made)
    with pytest.raises(UserError, match="the table:3: column 'value': 'x' is not a number"):
        forecaster(table.astype({"value": object}).assign(value=lambda t: t["value"].where(t.index != 2, "x")))


def test_the_run_stores_what_was_settled(tmp_path: Path) -> None:
    text = rows(MONTHS.strftime("%d/%m/%Y"), "date;y", ";").replace(".", ",")
    data = OmegaConf.to_container(predictor(tmp_path, text, "data.day_first=true").run.config.data)
    assert isinstance(data, dict)
    settled = {
        "encoding": "utf-8", "separator": "semicolon", "decimal": "comma", "thousands": "none", "time_column": "date",
        "date_format": "%d/%m/%Y", "day_first": True, "time_zone": None, "frequency": "MS", "targets": "y",
    }  # fmt: skip
    assert {key: data[key] for key in settled} == settled


def test_an_ambiguous_table_is_read_as_in_training(tmp_path: Path) -> None:
    forecaster = predictor(tmp_path, rows(MONTHS.strftime("%d/%m/%Y")), "data.day_first=true")
    forecasts = forecaster(io.StringIO(rows(MONTHS[:12].strftime("%d/%m/%Y"))))
    assert [str(time)[:10] for time in forecasts["time"]] == ["2016-01-01", "2016-02-01", "2016-03-01"]
    assert forecaster.predict_text(rows(MONTHS[:12].strftime("%d/%m/%Y")))[0]["time"] == "2016-01-01"
    with pytest.raises(DataError, match=r"(?s)'01/13/2015' is not a time.*read as %d/%m/%Y, such as '01/12/2015'"):
        forecaster(io.StringIO(rows(["01/12/2015", "01/13/2015"])))


def test_other_signs_than_in_training_are_refused(tmp_path: Path) -> None:
    forecaster = predictor(tmp_path, rows(MONTHS.strftime("%Y-%m-%d"), "date;y", ";"))
    with pytest.raises(DataError, match="'0,000' is not a number"):
        forecaster(io.StringIO(rows(MONTHS.strftime("%Y-%m-%d"), "date;y", ";").replace(".", ",")))
    with pytest.raises(DataError, match="the cells are between commas"):
        forecaster(io.StringIO(rows(MONTHS.strftime("%Y-%m-%d"))))


@pytest.mark.parametrize(
    ("times", "typed", "expected"),
    [
        (
            [f"{time:%Y-%m-%dT%H:%M:%S}+09:00" for time in pd.date_range("2023-01-01", periods=60, freq="h")],
            [],
            "2023-01-03 12:00:00+09:00",
        ),
        (
            [time.isoformat() for time in pd.date_range("2023-02-20", periods=60, tz="Europe/Paris")],
            [],
            "2023-04-21 00:00:00+02:00",
        ),
        (
            pd.date_range("2023-10-26 15:00", periods=60, freq="h", tz="Europe/Paris").strftime("%Y-%m-%d %H:%M"),
            ["data.time_zone=Europe/Paris"],
            "2023-10-29 02:00:00+01:00",
        ),
        (pd.date_range("2023-01-01", periods=60, freq="h").strftime("%Y-%m-%d %H:%M"), [], "2023-01-03 12:00:00"),
        (pd.date_range("2023-01-01", periods=60).strftime("%Y-%m-%d"), [], "2023-03-02"),
    ],
)
def test_forecasts_have_the_zone_of_the_table(tmp_path: Path, times: Any, typed: list[str], expected: str) -> None:
    forecaster, text = predictor(tmp_path, rows(times), *typed), rows(times)
    records = forecaster.predict_text(text)
    assert records[0]["time"] == expected and len(records) == 3
    lines = "".join(_csv_lines(forecaster.rows(forecaster.training_data()))).splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == [record["time"] for record in records]
    following = pd.to_datetime([record["time"] for record in records])
    assert (forecaster(io.StringIO(text))["time"].to_numpy() == following.to_numpy()).all()
    assert "point-forecast" in render_csv_forecasts(forecaster, text, records)


def test_series_keep_their_names(tmp_path: Path) -> None:
    text = "shop,date,units\n" + "".join(
        f"{shop},{time:%Y-%m-%d},{i}\n" for shop in ("007", "NA") for i, time in enumerate(MONTHS)
    )
    forecaster = predictor(tmp_path, text, "data.series_id=shop")
    assert forecaster.run.scaling.names == ["007", "NA"]
    assert {record["series"] for record in forecaster.predict_text(text)} == {"007", "NA"}


def test_another_frequency_and_a_series_without_a_measurement(tmp_path: Path) -> None:
    forecaster = predictor(tmp_path, rows(MONTHS.strftime("%Y-%m-%d")))
    days = pd.date_range("2023-01-01", periods=60).strftime("%Y-%m-%d")
    with pytest.raises(DataError, match=r"(?s)its times have the frequency D.*data.frequency is MS"):
        forecaster(io.StringIO(rows(days)))
    with pytest.raises(DataError, match="column 'y' has no measurement"):
        forecaster(io.StringIO("date,y\n" + "".join(f"{time:%Y-%m-%d},\n" for time in MONTHS)))


def test_a_long_outage_is_filled_where_the_frequency_is_known(tmp_path: Path) -> None:
    forecaster = predictor(tmp_path, rows(MONTHS.strftime("%Y-%m-%d")))
    times = [*MONTHS[:4], *MONTHS[-8:]]
    assert len(forecaster(io.StringIO(rows([f"{time:%Y-%m-%d}" for time in times])))) == 3


def test_units_are_compared_with_those_of_the_training(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    plain = rows(MONTHS.strftime("%Y-%m-%d"), "date;y", ";")
    euros, dollars = plain.replace("\n", " €\n").replace("y €", "y"), plain.replace(";", ";$").replace("$y", "y")
    forecaster = predictor(tmp_path, euros)
    assert forecaster.run.scaling.units == {"y": "€"} and len(forecaster(io.StringIO(euros))) == 3
    with pytest.raises(DataError, match=r"(?s)column 'y' is in \$.*in the training it was in €.*Convert"):
        forecaster(io.StringIO(dollars))
    assert "no unit" not in caplog.text and len(forecaster(io.StringIO(plain))) == 3
    assert "column 'y' has no unit, in the training it had €" in caplog.text
    assert len(predictor(tmp_path, plain)(io.StringIO(euros))) == 3
    assert "column 'y' has €, in the training it had none" in caplog.text


def test_no_option_of_a_training_is_advised(tmp_path: Path) -> None:
    forecaster = predictor(tmp_path, rows(MONTHS.strftime("%d/%m/%Y")), "data.day_first=true")
    for text in (rows(MONTHS.strftime("%Y-%m-%d")), rows(["01/02/2015", "01/02/2015"]), "date,y\n01/02/2015,x\n"):
        with pytest.raises(DataError) as caught:
            forecaster(io.StringIO(text))
        assert "Write the table as in the training: cells between commas" in caught.value.hint
        assert "times in 'date' as %d/%m/%Y" in caught.value.hint and "data." not in caught.value.hint
