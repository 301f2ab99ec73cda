"""Graphs run by ONNX Runtime."""

import os
from pathlib import Path
from typing import Any

import onnxruntime


class OnnxSession:
    """The ONNX graphs of a folder; called with a graph's name and numpy arrays, it returns the list of outputs."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", 0))  # 0: one thread per core
        self.sessions = {
            file.stem: onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
            for file in folder.glob("*.onnx")
        }

    def __call__(self, graph: str, *inputs: Any) -> list[Any]:
        """Run one graph."""
        session = self.sessions[graph]
        names = (node.name for node in session.get_inputs())
        outputs: list[Any] = session.run(None, dict(zip(names, inputs, strict=True)))
        return outputs
