"""Weights: heads are checked against the network before anything of its size is made."""

import json
import os
import pickle
import re
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from grunlp.runs.weights import MAX_HEADER_BYTES, MAX_TENSORS, load_module, load_tensors, save_tensors, tensor_shapes
from grunlp.tasks import task_of
from grunlp.tasks.tagging.checkpoint import load_trained_tagger
from grunlp.training.checkpoint_io import load_init_weights
from grunlp.utils.errors import DataError, UserError
from tests.runs.malicious_files import Hostile

FORMATS = Path(__file__).parents[1] / "formats/1"


def write(file: Path, head: Any, data: bytes = b"", length: int | None = None) -> None:
    text = json.dumps(head).encode()
    file.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)


class Large(nn.Module):
    """Terabytes, unless it is a plan."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(10**6, 10**6))


class Buffered(nn.Module):
    """Of which no file holds the larger part."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("table", torch.zeros(size, size), persistent=False)
        self.weight = nn.Parameter(torch.zeros(1))


def test_nothing_is_made_before_the_head_fits(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    save_tensors(file, {"weight": torch.zeros(2, 3)})
    with pytest.raises(DataError, match="a much larger network"):
        load_module(file, Large)
    with pytest.raises(DataError, match=r"weight is \(\(2, 3\), 'F'\)"):
        load_module(file, lambda: nn.Linear(2, 3, bias=False))
    save_tensors(file, {"weight": torch.zeros(1)})
    with pytest.raises(DataError, match="a much larger network"):
        load_module(file, lambda: Buffered(10**6))
    assert load_module(file, lambda: Buffered(3)).table.shape == (3, 3)


def test_a_network_of_many_tiny_tensors_is_refused_before_it_is_made(tmp_path: Path) -> None:
    """Each module takes kilobytes, however small its tensors are."""
    file, made = tmp_path / "weights.safetensors", []
    save_tensors(file, {"weight": torch.zeros(1)})

    def build() -> nn.Module:
        for _ in range(10**4):
            made.append(nn.Linear(1, 1))
        return nn.ModuleList(made)

    with pytest.raises(DataError, match=r"a much larger network\nthe file has \d+ bytes, with 1 tensors"):
        load_module(file, build)
    assert len(made) < 300


def test_a_file_of_too_many_tensors_is_refused(tmp_path: Path) -> None:
    save_tensors(tmp_path / "w", {str(number): torch.zeros(0) for number in range(MAX_TENSORS + 1)})
    with pytest.raises(DataError, match="8193 tensors\nat most 8192 are allowed"):
        tensor_shapes(tmp_path / "w")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4]}, "not in safetensors format"),
        ({"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}, "not in safetensors format"),
        ({"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}, "numbers of dtype C64"),
    ],
)
def test_headers_that_do_not_match_the_data_are_refused(tmp_path: Path, header: dict[str, Any], message: str) -> None:
    write(tmp_path / "w", {"weight": header}, bytes(8 if "C64" in message else 4))
    with pytest.raises(DataError, match=message):
        tensor_shapes(tmp_path / "w")


def test_a_network_comes_back(tmp_path: Path) -> None:
    model = nn.Linear(3, 2)
    save_tensors(tmp_path / "w", model.state_dict())
    found = load_module(tmp_path / "w", lambda: nn.Linear(3, 2))
    assert torch.equal(found.weight, model.weight) and not found.training and found.weight.device.type == "cpu"
    save_tensors(tmp_path / "w", model.half().state_dict())
    assert load_module(tmp_path / "w", lambda: nn.Linear(3, 2)).weight.dtype == torch.float32
    assert tensor_shapes(tmp_path / "w") == {"weight": (2, 3), "bias": (2,)}


@pytest.mark.parametrize(
    "tensors",
    [
        {"weight": torch.zeros(2, 3)},
        {"weight": torch.zeros(2, 3), "bias": torch.zeros(2), "more": torch.zeros(1)},
        {"weight": torch.zeros(3, 2), "bias": torch.zeros(2)},
        {"weight": torch.zeros(2, 3), "bias": torch.zeros(2, dtype=torch.int64)},
        {"weight": torch.zeros(2, 3), "bias": torch.zeros(2, dtype=torch.complex64)},
    ],
)
def test_others_are_refused(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    save_tensors(tmp_path / "w", tensors)
    with pytest.raises(DataError):
        load_tensors(tmp_path / "w", nn.Linear(3, 2).state_dict())


@pytest.mark.parametrize("length", [2**25, 2**40, 2**63, 2**64 - 1, 0, 5])
def test_lengths_of_headers(tmp_path: Path, length: int) -> None:
    write(tmp_path / "w", {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4), length)
    with pytest.raises(DataError, match="are allowed" if length > MAX_HEADER_BYTES else "do not fit"):
        load_tensors(tmp_path / "w")


@pytest.mark.parametrize(
    ("shape", "offsets"), [([10**12], [0, 4]), ([2**32, 2**32], [0, 0]), ([1], [0, 10**12]), ([-1], [0, 4])]
)
def test_sizes_that_the_file_has_not(tmp_path: Path, shape: list[int], offsets: list[int]) -> None:
    write(tmp_path / "w", {"a": {"dtype": "F32", "shape": shape, "data_offsets": offsets}}, bytes(4))
    with pytest.raises(DataError):
        load_tensors(tmp_path / "w")


@pytest.fixture(params=["tag", "encoder", "translate"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMATS / request.param, tmp_path / "run"))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_named(run: Path, number: float) -> None:
    file = run / "weights.safetensors"
    tensors = load_tensors(file)
    name = sorted(name for name, tensor in tensors.items() if tensor.is_floating_point() and tensor.numel() > 1)[-1]
    tensors[name].view(-1)[1] = number
    save_tensors(file, tensors)
    with pytest.raises(DataError, match=rf"{re.escape(name)} has numbers that are NaN or infinite\n1 of its"):
        task_of(run).load_trained(run)
    with pytest.raises(DataError, match=re.escape(name)):
        load_tensors(file)
    assert load_tensors(file, require_finite=False).keys() == tensors.keys()


def test_a_file_swapped_while_it_is_loaded_is_read_from_one_version(tmp_path: Path) -> None:
    """Its header and its tensors are of one file, though another has its name after the network is built."""
    file = tmp_path / "w.safetensors"
    save_tensors(file, nn.Linear(2, 2).state_dict())

    def build() -> nn.Linear:
        write(tmp_path / "other", {})
        os.replace(tmp_path / "other", file)
        return nn.Linear(2, 2)

    load_module(file, build)
    with pytest.raises(DataError):
        load_tensors(file, nn.Linear(2, 2).state_dict())


def test_weights_behind_a_link_are_not_read(tmp_path: Path) -> None:
    save_tensors(tmp_path / "mine.safetensors", {})
    (tmp_path / "run").mkdir()
    (tmp_path / "run/w.safetensors").symlink_to(tmp_path / "mine.safetensors")
    with pytest.raises(DataError, match="leads out of the run folder"):
        load_tensors(tmp_path / "run/w.safetensors")


def test_no_pickle_is_read(tmp_path: Path) -> None:
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    for name in ("pytorch_model.bin", "model.pt", "modeling.py"):
        (run / "encoder" / name).write_bytes(pickle.dumps(Hostile(tmp_path / "hacked")))
        with pytest.raises(UserError, match="does not belong in this folder"):
            load_trained_tagger(run)
        (run / "encoder" / name).unlink()
    (run / "weights.safetensors").write_bytes(pickle.dumps(Hostile(tmp_path / "hacked")))
    with pytest.raises(UserError, match="do not fit"):
        load_trained_tagger(run)
    with pytest.raises(UserError, match="do not fit"):
        load_init_weights(str(run))
    assert not (tmp_path / "hacked").exists()
