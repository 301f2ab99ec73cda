"""Collective operations: in a single process they return at once, and in a group they reach all ranks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from lightning_fabric.plugins.environments import LightningEnvironment, TorchElasticEnvironment

from grunlp.utils import distributed
from grunlp.utils.errors import UserError


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    """A process group of this process alone."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def check_operations() -> None:
    assert (distributed.rank(), distributed.world_size()) == (0, 1)
    assert distributed.all_gather_object({"a": 1}) == [{"a": 1}]
    assert distributed.run_on_rank_zero(lambda: 3) == 3 and distributed.all_reduce_max(5) == 5
    distributed.barrier()


def test_a_single_process_needs_no_group() -> None:
    assert not distributed.is_initialized()
    check_operations()


def test_a_group_of_one_computes_the_same(group: None) -> None:
    assert distributed.is_initialized() and distributed.backend() == "gloo"
    check_operations()


def test_a_group_is_left(group: None) -> None:
    distributed.destroy_process_group()
    assert not distributed.is_initialized()


@pytest.mark.parametrize("message", ["[gloo] Connection reset", "Connection closed by peer [127.0.0.1]", "NCCL error"])
def test_failures_of_other_processes_are_user_errors(group: None, message: str) -> None:
    expected = pytest.raises(UserError, match="rank 0: another of the 1 processes has exited")
    with expected, distributed.translate_peer_failures():
        raise RuntimeError(message)


def test_other_failures_stay_as_they_are(group: None) -> None:
    with pytest.raises(RuntimeError, match="a bug"), distributed.translate_peer_failures():
        raise RuntimeError("a bug")
    distributed.destroy_process_group()
    with pytest.raises(RuntimeError, match="gloo"), distributed.translate_peer_failures():
        raise RuntimeError("gloo without a group")


def test_the_launcher_is_detected_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOCAL_RANK", "TORCHELASTIC_RUN_ID", "SLURM_NTASKS", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    assert distributed.cluster_environment() is None
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert isinstance(distributed.cluster_environment(), LightningEnvironment)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "some")
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert isinstance(distributed.cluster_environment(), TorchElasticEnvironment)
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert isinstance(distributed.cluster_environment(), LightningEnvironment)
