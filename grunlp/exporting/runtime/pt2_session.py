"""Graphs by torch.export."""

from pathlib import Path
from typing import Any

import torch


class Graphs:
    """The graphs of a folder; each is called by name with numpy arrays, and gives as many as it has outputs."""

    def __init__(self, folder: Path) -> None:
        self.modules = {file.stem: torch.export.load(file).module() for file in folder.glob("*.pt2")}

    @torch.inference_mode()
    def __call__(self, name: str, *inputs: Any) -> list[Any]:
        """Run one."""
        return [one.numpy() for one in self.modules[name](*map(torch.from_numpy, inputs))]
