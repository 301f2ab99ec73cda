"""Graphs run by torch.export."""

from pathlib import Path
from typing import Any

import torch


class TorchSession:
    """The .pt2 graphs of a folder; called with a graph's name and numpy arrays, it returns the list of outputs."""

    def __init__(self, folder: Path) -> None:
        self.modules = {file.stem: torch.export.load(file).module() for file in folder.glob("*.pt2")}

    @torch.inference_mode()
    def __call__(self, graph: str, *inputs: Any) -> list[Any]:
        """Run one graph."""
        return [output.numpy() for output in self.modules[graph](*map(torch.from_numpy, inputs))]
