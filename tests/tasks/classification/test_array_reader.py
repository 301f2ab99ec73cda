"""Measurements with classes: npz and Parquet."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from grunlp.tasks.classification.array_reader import read_arrays
from grunlp.utils.errors import DataError

X = np.arange(24, dtype=np.float64).reshape(2, 4, 3)


def test_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X, y=np.array([[1.0], [0.0]]), lengths=np.array([4, 2]))
    found = list(read_arrays(f"{tmp_path}/a.npz", None, None))
    assert [(one["label"], one["steps"]) for one in found] == [("1", 4), ("0", 2)]
    assert found[0]["values"] == X[0].ravel().tolist() and found[1]["values"] == X[1, :2].ravel().tolist()
    np.savez(tmp_path / "b.npz", signal=X, kind=np.array(["up", "down"]))
    assert [one["label"] for one in read_arrays(f"{tmp_path}/b.npz", "signal", "kind")] == ["up", "down"]
    assert [one["label"] for one in read_arrays(f"{tmp_path}/b.npz", "signal", None, labels=False)] == ["", ""]


def test_parquet(tmp_path: Path) -> None:
    rows = {"values": [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]], "label": ["up", "down"]}
    parquet.write_table(pa.table(rows), tmp_path / "a.parquet")
    found = list(read_arrays(f"{tmp_path}/a.parquet", None, None))
    assert [(one["label"], one["steps"], one["values"]) for one in found] == [
        ("up", 2, [1.0, 2.0, 3.0, 4.0]),
        ("down", 1, [5.0, 6.0]),
    ]
    parquet.write_table(pa.table({"values": [[1, 2, 3]], "label": [True]}), tmp_path / "b.parquet")
    (one,) = read_arrays(f"{tmp_path}/b.parquet", None, None)
    assert (one["label"], one["steps"], one["values"]) == ("1", 3, [1.0, 2.0, 3.0])


NAN = np.where(X == 16, np.nan, X)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": X, "y": [0, 1]}, "no array or column x or values or inputs"),
        ({"x": X}, "sequence 0 has no class"),
        ({"x": X[0], "y": [0, 1, 1, 0]}, r"x is float64 \(4, 3\)"),
        ({"x": X, "y": [0, 1, 1]}, r"y has the shape \(3,\)"),
        ({"x": X, "y": [0, 1], "lengths": [4, 5]}, r"lengths\[1\] is 5"),
        ({"x": NAN, "y": [0, 1]}, "(?s)sequence 1 has a NaN or infinite value.*step 1, feature 1"),
        ({"x": X[:0], "y": []}, "has no sequences"),
        ({"x": X * 1e300, "y": [0, 1]}, "sequence 0 has a NaN or infinite value"),
        ({"x": X, "y": [0, np.nan]}, "sequence 1 has no class"),
        ({"x": np.array([["a"]]), "y": [0]}, "expected numbers"),
    ],
)
def test_bad_npz(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{name: np.asarray(array) for name, array in arrays.items()})
    with pytest.raises(DataError, match=message):
        list(read_arrays(f"{tmp_path}/a.npz", None, None))


def test_sequences_without_a_step(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"values": [[], [[1.0, 2.0]], []], "label": ["a", "b", "a"]}), tmp_path / "a.parquet")
    assert [one["steps"] for one in read_arrays(f"{tmp_path}/a.parquet", None, None)] == [0, 1, 0]


def test_other_bad_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        list(read_arrays(f"{tmp_path}/a.npz", None, None))
    (tmp_path / "a.npz").write_text("no zip")
    with pytest.raises(DataError, match="not an npz file of plain arrays"):
        list(read_arrays(f"{tmp_path}/a.npz", None, None))
    np.savez(tmp_path / "o.npz", x=np.array([[{"a": 1}]], dtype=object))
    with pytest.raises(DataError, match="not an npz file of plain arrays"):  # objects would be unpickled
        list(read_arrays(f"{tmp_path}/o.npz", None, None))
    (tmp_path / "a.parquet").write_text("no parquet")
    with pytest.raises(DataError, match="not a Parquet file"):
        list(read_arrays(f"{tmp_path}/a.parquet", None, None))
    ragged = {"values": [[[1.0, 2.0], [3.0]]], "label": ["a"]}
    parquet.write_table(pa.table(ragged), tmp_path / "b.parquet")
    with pytest.raises(DataError, match="sequence 0: values is not a sequence"):
        list(read_arrays(f"{tmp_path}/b.parquet", None, None))
    uneven = {"values": [[[1.0, 2.0]], [[1.0]]], "label": ["a", "b"]}
    parquet.write_table(pa.table(uneven), tmp_path / "c.parquet")
    with pytest.raises(DataError, match="sequence 1 has 1 features"):
        list(read_arrays(f"{tmp_path}/c.parquet", None, None))
