"""Quantization to int8: smaller graphs, their cost in a table, and a clear error without a development split."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from grunlp.exporting.quantization import quantize
from grunlp.metrics.corpus_metric import Metric, ratio_of_sums
from grunlp.metrics.evaluation import EvaluationResult, PrimaryMetric
from grunlp.utils.errors import UserError

ACCURACY = PrimaryMetric("accuracy", "accuracy", 2)


class Scores:
    """Percentage of examples whose greatest output equals the label."""

    def __init__(self, right: np.ndarray) -> None:
        table = np.stack([100.0 * right, np.ones(len(right))], axis=1)
        self.metrics = {"accuracy": Metric(table, ratio_of_sums, "of examples")}


class MatrixExporter:
    """An exporter whose single graph is a product with a matrix."""

    def __init__(self, has_dev: bool = True) -> None:
        self.has_dev, self.runs = has_dev, 0
        rng = np.random.default_rng(0)
        self.x = rng.normal(size=(200, 64)).astype(np.float32)
        self.matrix = rng.normal(size=(64, 300)).astype(np.float32)

    def write(self, path: Path) -> None:
        node = helper.make_node("MatMul", ["x", "matrix"], ["y"])
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", 64])]
        outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["B", 300])]
        graph = helper.make_graph([node], "product", inputs, outputs, [numpy_helper.from_array(self.matrix, "matrix")])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)

    def graph_adapter(self, run: Any) -> Any:
        return run

    def evaluate(self, run: Any) -> tuple[EvaluationResult, int]:
        if not self.has_dev:
            raise UserError("the run has no dev split", "it was trained without one")
        self.runs += 1
        (outputs,) = run("product", self.x)
        right = outputs.argmax(axis=1) == (self.x @ self.matrix).argmax(axis=1)
        scores: Any = Scores(right)
        return EvaluationResult(scores, len(self.x), 0.5), 1000


def test_graphs_shrink_and_their_cost_is_measured(tmp_path: Path) -> None:
    exporter: Any = MatrixExporter()
    exporter.write(tmp_path / "product.onnx")
    before = (tmp_path / "product.onnx").stat().st_size
    header, single, int8 = (line.split() for line in quantize(exporter, tmp_path, [ACCURACY]))
    assert (header[0], single[0], int8[0]) == ("dev", "float32", "int8") and exporter.runs == 2
    assert single[1] == "100.00" and 50 < float(int8[1]) <= 100
    assert single[3] == int8[3] == "2000", "steps a second"
    assert [path.name for path in tmp_path.iterdir()] == ["product.onnx"]
    assert (tmp_path / "product.onnx").stat().st_size < 0.4 * before
    weights = {one.data_type for one in onnx.load(tmp_path / "product.onnx").graph.initializer}
    assert TensorProto.INT8 in weights


def test_without_a_development_split_nothing_is_quantized(tmp_path: Path) -> None:
    exporter: Any = MatrixExporter(has_dev=False)
    exporter.write(tmp_path / "product.onnx")
    before = (tmp_path / "product.onnx").read_bytes()
    with pytest.raises(UserError, match=r"(?s)int8=true needs a development split.*no dev split.*Omit int8="):
        quantize(exporter, tmp_path, [ACCURACY])
    assert (tmp_path / "product.onnx").read_bytes() == before
