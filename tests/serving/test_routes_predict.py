"""`POST /models/{id}/predict` returns the records that the predictor returns."""

import json

import pandas as pd
import pytest

from grunlp.serving.errors import APIError
from grunlp.serving.routes_predict import _dump_records
from tests.serving.client import post
from tests.serving.conftest import Running


@pytest.mark.parametrize("id", ["default", "texts", "writes-on", "translates"])
def test_predict_returns_the_records_of_the_predictor(served: Running, id: str) -> None:
    texts = ["She gave him a book.", "He was glad. So was she.", ""]
    together = post(served.port, f"/models/{id}/predict", {"texts": texts})
    expected = [served.models[id](text) for text in texts]
    assert together.body == json.dumps({"records": expected}, ensure_ascii=False).encode()
    for text, records in zip(texts, expected, strict=True):
        alone = post(served.port, f"/models/{id}/predict", {"text": text})
        assert alone.body == json.dumps({"records": [records]}, ensure_ascii=False).encode()


def test_measurements_are_classified(served: Running) -> None:
    steps = [[0.5, 1.0], [2, -3.25], [1e-3, 0]]
    answer = post(served.port, "/models/waves/predict", {"measurements": steps})
    assert answer.json() == {"records": [served.models["waves"](steps)]}


def test_a_csv_table_is_forecast(served: Running) -> None:
    rows = [f"2024-03-01 {hour:02}:00:00,{hour}" for hour in range(24)] + [
        f"2024-03-02 {hour:02}:00:00,{hour}" for hour in range(24)
    ]
    (records,) = post(served.port, "/models/loads/predict", {"text": "\n".join(["time,load", *rows])}).json()["records"]
    frame = pd.DataFrame([row.split(",") for row in rows], columns=["time", "load"]).astype({"load": float})
    expected = served.models["loads"](frame)
    assert [record["forecast"] for record in records] == pytest.approx(expected["forecast"].tolist(), rel=1e-5)
    assert records[0]["time"] == "2024-03-03 00:00:00" and len(records) == 12
    assert {record["target"] for record in records} == {"load"} and records[0]["lower"] is None


def test_a_malformed_row_is_named_without_its_file(served: Running) -> None:
    answer = post(served.port, "/models/loads/predict", {"text": "time,load\n2024-03-01,1\n2024-03-02,many\n"})
    assert answer.status == 422 and "row 2" in answer.json()["error"]


def test_hints_name_no_command(served: Running) -> None:
    answer = post(served.port, "/models/loads/predict", {"text": "a,b\nx,y\nz,w\n"})
    assert answer.status == 422 and "Type " not in answer.json()["hint"]


def test_records_are_written_until_they_are_too_large() -> None:
    """Records beyond the limit are not converted to JSON."""
    records = [[{"text": "\u00e9"}, {"n": 1.5}], [], [{"text": None}]]
    expected = json.dumps({"records": records}, ensure_ascii=False).encode()
    assert _dump_records(records, len(expected)) == expected
    with pytest.raises(APIError, match="more than 10 bytes"):
        _dump_records([[{"text": "a"}, {"text": object()}]], 10)
