"""Checks of run folders that hold for every task."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from grunlp.tasks import task_of
from grunlp.utils.errors import UserError


def check_weights(run: Path, model: torch.nn.Module) -> None:
    """Check that a network has the stored weights and is in evaluation mode."""
    stored = load_file(run / "weights.safetensors")
    assert not model.training and set(stored) <= set(model.state_dict())
    for name, weight in stored.items():
        assert torch.equal(model.state_dict()[name].float(), weight.float()), name


def check_rebuilt(run: Path, model: torch.nn.Module, rebuilt: torch.nn.Module) -> None:
    """Check that the untrained network of a run has the shapes of the trained one."""
    shapes, expected = ({name: tuple(w.shape) for name, w in m.named_parameters()} for m in (rebuilt, model))
    assert shapes == expected


def check_missing_and_wrong_files(run: Path, folder: Path, names: list[str], sizes: dict[str, str]) -> None:
    """Check that each missing file is named, and that another size of the network does not fit.

    Args:
        run: a run folder, which stays as it is.
        folder: an empty folder.
        names: files that the task needs.
        sizes: replacements in its configuration after which the weights do not fit.
    """
    copy = folder / "copy"

    def load() -> Any:
        return task_of(run).load_trained(copy)

    shutil.copytree(run, copy)
    load()
    for name in names:
        content = (copy / name).read_bytes()
        (copy / name).unlink()
        with pytest.raises(UserError, match=rf"is not a finished run: {re.escape(name)}"):
            load()
        (copy / name).write_bytes(content)
    config = (copy / "config.yaml").read_text()
    for old, new in sizes.items():
        assert old in config
        (copy / "config.yaml").write_text(config.replace(old, new))
        with pytest.raises(UserError, match="do not fit"):
            load()
