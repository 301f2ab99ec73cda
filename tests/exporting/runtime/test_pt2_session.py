"""Sessions of PyTorch over the graphs of a folder."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim, export, save

from grunlp.exporting.runtime.pt2_session import TorchSession


class Difference(nn.Module):
    def forward(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        return left - right, left.sum()


def test_graphs_are_called_by_name_with_numpy_arrays(tmp_path: Path) -> None:
    rows = {0: Dim("N", min=1)}
    program = export(Difference(), (torch.ones(3), torch.ones(3)), dynamic_shapes=(rows, rows))
    save(program, tmp_path / "difference.pt2")
    session = TorchSession(tmp_path)
    found = session("difference", np.array([5.0, 6.0], np.float32), np.array([1.0, 2.0], np.float32))
    assert all(isinstance(array, np.ndarray) for array in found)
    assert found[0].tolist() == [4.0, 4.0] and float(found[1]) == 11.0
