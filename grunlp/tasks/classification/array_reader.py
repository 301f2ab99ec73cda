"""Time series with a class each, from NumPy's npz and from Parquet."""

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.data.examples import LabeledSeries, class_label
from grunlp.utils.error_translation import wrap_library_errors
from grunlp.utils.errors import DataError

SUFFIXES = (".npz", ".parquet")
_INPUT_NAMES, _LABEL_NAMES, _LENGTH_NAMES = ("x", "values", "inputs"), ("y", "label", "labels"), ("lengths", "steps")


def read_arrays(path: str, inputs: str | None, label: str | None, labels: bool = True) -> Iterator[LabeledSeries]:
    """Read the sequences of a file.

    Args:
        path: npz with the array `inputs` (N, T, C) and the classes `label` (N,) or (N, 1), and optionally `lengths`
            (N,), the number of steps that are not padding; or Parquet with a row for each sequence: a column of lists
            of steps, each a number or a list of C numbers, and one of classes.
        inputs: name of the inputs; None: `x`, `values` or `inputs`.
        label: name of the classes; None: `y`, `label` or `labels`.
        labels: whether classes are required.

    Raises:
        DataError: the file or a sequence is malformed; sequences are numbered from 0.
    """
    if not Path(path).is_file():
        raise DataError(path, None, "does not exist", "a file was expected", "check the path")
    rows = _read_npz(path, inputs, label) if path.endswith(".npz") else _read_parquet(path, inputs, label)
    size = None
    for number, (values, name) in enumerate(rows):
        where = f"sequence {number}"
        if values.ndim != 2 or not values.shape[1]:
            shape = values.shape
            raise DataError(path, None, f"{where} has the shape {shape}", "expected (steps, features)", "correct it")
        with np.errstate(over="ignore"):  # values that are too large become infinite and are rejected
            values = values.astype(np.float32)
        if not np.isfinite(values).all():
            step, feature = np.argwhere(~np.isfinite(values))[0]
            details = f"step {step}, feature {feature}"
            raise DataError(path, None, f"{where} has a NaN or infinite value", details, "fill in or remove such steps")
        size = size or (values.shape[1] if len(values) else 0)
        if len(values) and values.shape[1] != size:
            raise DataError(
                path, None, f"{where} has {values.shape[1]} features", f"the first has {size}", "correct the array"
            )
        if labels and not name:
            raise DataError(path, None, f"{where} has no class", "each needs one", "type label=NAME")
        yield LabeledSeries(id=str(number), label=name, steps=len(values), values=values.ravel().tolist())
    if size is None:
        raise DataError(path, None, "has no sequences", "expected at least one", "check how it was made")


def _read_npz(path: str, inputs: str | None, label: str | None) -> Iterator[tuple[NDArray[Any], str]]:
    with (
        wrap_library_errors(path, "not an npz file of plain arrays", "save it with numpy.savez"),
        zipfile.ZipFile(path) as file,
    ):
        names = [name.removesuffix(".npy") for name in file.namelist()]
        key = _find_column(path, names, inputs, _INPUT_NAMES, True)
        x = _load_array(file, key)
        other = _find_column(path, names, label, _LABEL_NAMES, False)
        y = _load_array(file, other) if other else None
        lengths = (
            _load_array(file, next(n for n in _LENGTH_NAMES if n in names)) if set(_LENGTH_NAMES) & set(names) else None
        )
    if x.ndim != 3 or x.dtype.kind not in "fiub":
        raise DataError(path, None, f"{key} is {x.dtype} {x.shape}", "expected numbers (N, T, C)", "correct the array")
    for name, array in ((other, y), ("lengths", lengths)):
        if array is not None and array.size != len(x):
            raise DataError(path, None, f"{name} has the shape {array.shape}", f"{key} has {len(x)} rows", "correct it")
    for number, values in enumerate(x):
        steps = len(values) if lengths is None else int(lengths.flat[number])
        if not 0 <= steps <= len(values):
            raise DataError(path, None, f"lengths[{number}] is {steps}", f"expected 0 to {len(values)}", "correct it")
        yield values[:steps], class_label(y.flat[number]) if y is not None else ""


def _load_array(file: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Load an array from an npz file. Raises ValueError if its header claims more data than the file has."""
    whole = f"{name}.npy" if f"{name}.npy" in file.namelist() else name
    with file.open(whole) as stream:
        version = np.lib.format.read_magic(stream)
        head = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = head(stream)
    if min(shape, default=0) < 0 or math.prod(shape) * kind.itemsize > file.getinfo(whole).file_size:
        raise ValueError(f"{name} is truncated: its header claims {shape}")
    with file.open(whole) as stream:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def _read_parquet(path: str, inputs: str | None, label: str | None) -> Iterator[tuple[NDArray[Any], str]]:
    from pyarrow.parquet import ParquetFile

    damaged = (path, "not a Parquet file", "check how it was made")
    with wrap_library_errors(*damaged):
        file = ParquetFile(path)
        names = file.schema_arrow.names
        key, other = (
            _find_column(path, names, inputs, _INPUT_NAMES, True),
            _find_column(path, names, label, _LABEL_NAMES, False),
        )
        batches = file.iter_batches(batch_size=256, columns=[key, *([other] if other else [])])
    number = 0
    while True:
        with wrap_library_errors(*damaged):
            batch = next(batches, None)
            rows = batch.to_pylist() if batch is not None else None
        if rows is None:
            return
        for row in rows:
            try:
                values = np.asarray(row[key], dtype=np.float64)
            except (TypeError, ValueError):
                details = "expected a list of numbers, or a list of lists of equal length"
                raise DataError(
                    path, None, f"sequence {number}: {key} is not a sequence", details, "correct the row"
                ) from None
            number += 1
            yield values[:, None] if values.ndim == 1 else values, class_label(row[other]) if other else ""


def _find_column(path: str, names: list[str], requested: str | None, defaults: tuple[str, ...], required: bool) -> str:
    """Return the first of several names that exists; "" if none exists and none is required."""
    column = next((name for name in ((requested,) if requested else defaults) if name in names), "")
    if not column and (required or requested):
        details = f"there are: {', '.join(names)}"
        raise DataError(
            path, None, f"no array or column {requested or ' or '.join(defaults)}", details, "name one of these"
        )
    return column
