"""Graphs by ONNX Runtime."""

import os
from pathlib import Path
from typing import Any

import onnxruntime


class Graphs:
    """The graphs of a folder; each is called by name with numpy arrays, and gives as many as it has outputs."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", 0))  # 0: a thread a core
        self.sessions = {
            file.stem: onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
            for file in folder.glob("*.onnx")
        }

    def __call__(self, name: str, *inputs: Any) -> list[Any]:
        """Run one."""
        session = self.sessions[name]
        names = (one.name for one in session.get_inputs())
        found: list[Any] = session.run(None, dict(zip(names, inputs, strict=True)))
        return found
