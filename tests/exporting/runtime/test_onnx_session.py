"""Sessions of ONNX Runtime over the graphs of a folder."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from grunlp.exporting.runtime.onnx_session import OnnxSession


def write_graph(path: Path, operator: str) -> None:
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in ("second", "first")]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in ("a", "b")]
    nodes = [helper.make_node(operator, ["second", "first"], ["a"]), helper.make_node("Neg", ["a"], ["b"])]
    graph = helper.make_graph(nodes, path.stem, inputs, outputs)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


def test_graphs_are_called_by_name_with_inputs_by_position(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_graph(tmp_path / "minus.onnx", "Sub")
    write_graph(tmp_path / "times.onnx", "Mul")
    session = OnnxSession(tmp_path)
    left, right = np.array([5.0, 6.0], dtype=np.float32), np.array([1.0, 2.0], dtype=np.float32)
    assert [array.tolist() for array in session("minus", left, right)] == [[4.0, 4.0], [-4.0, -4.0]]
    assert [array.tolist() for array in session("times", left, right)] == [[5.0, 12.0], [-5.0, -12.0]]
    with pytest.raises(ValueError):
        session("minus", left)
