"""Collective operations of the processes that train one network together.

Rank 0 writes the run folder, logs and scores. In a single process all functions here return immediately.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import distributed

from grunlp.utils.errors import UserError

if TYPE_CHECKING:  # takes a second or two to import, and prediction does not need it
    from lightning_fabric.plugins.environments import ClusterEnvironment

log = logging.getLogger(__name__)

T = TypeVar("T")

# How long a process waits for the others. One that exits is noticed immediately, since its connections close; this is
# for processes that hang and machines that disappear. Ranks may read their data at different speeds.
TIMEOUT = timedelta(minutes=10)

# Words in the error messages of PyTorch when a process does not answer.
_PEER_FAILURE_MARKERS = ("gloo", "NCCL", "ProcessGroup", "TCPStore", "Connection closed by peer")


def rank() -> int:
    """Return the rank of this process."""
    return distributed.get_rank() if is_initialized() else 0


def world_size() -> int:
    """Return the number of processes."""
    return distributed.get_world_size() if is_initialized() else 1


def all_gather_object(value: T) -> list[T]:
    """Return the values of all processes by rank. All processes must call it, with tensors on the CPU."""
    if not is_initialized():
        return [value]
    values: list[T] = [value] * world_size()
    distributed.all_gather_object(values, value)
    return values


def run_on_rank_zero(fn: Callable[[], T]) -> T:
    """Call a function on rank 0 only, and return its result on all ranks."""
    result = all_gather_object(fn() if rank() == 0 else None)[0]
    assert result is not None
    return result


def all_reduce_max(value: int) -> int:
    """Return the largest value of all processes. All processes must call it."""
    if not is_initialized():
        return value
    tensor = torch.tensor(value)
    distributed.all_reduce(tensor, distributed.ReduceOp.MAX)
    return int(tensor)


def backend() -> str:
    """Return the name of the process-group backend."""
    return str(distributed.get_backend())


def barrier() -> None:
    """Wait until all processes have reached this point."""
    all_gather_object(None)


def cluster_environment() -> "ClusterEnvironment | None":
    """Return the environment of the launcher (torchrun, SLURM or `grunlp.training.launcher`).

    None without a launcher.
    """
    from lightning_fabric.plugins.environments import LightningEnvironment, SLURMEnvironment, TorchElasticEnvironment

    if TorchElasticEnvironment.detect() and TorchElasticEnvironment().world_size() > 1:
        return TorchElasticEnvironment()
    if SLURMEnvironment.detect() and SLURMEnvironment(auto_requeue=False).world_size() > 1:
        return SLURMEnvironment(auto_requeue=False)  # `grunlp.training.checkpointing` handles SLURM's signals
    return LightningEnvironment() if "LOCAL_RANK" in os.environ else None


def init_process_group(
    environment: "ClusterEnvironment", devices_per_node: int, num_nodes: int, use_gpus: bool
) -> None:
    """Join the process group.

    Args:
        environment: see `cluster_environment`.
        devices_per_node: number of processes on each machine.
        num_nodes: number of machines.
        use_gpus: whether each process uses a GPU.
    """
    from lightning_fabric.plugins.environments import LightningEnvironment

    if isinstance(environment, LightningEnvironment):  # it only knows the rank on this machine
        environment.set_world_size(devices_per_node * num_nodes)
        environment.set_global_rank(environment.node_rank() * devices_per_node + environment.local_rank())
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = environment.main_address, str(environment.main_port)
    if use_gpus:
        torch.cuda.set_device(environment.local_rank())
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if use_gpus else "gloo",
        timeout=TIMEOUT,
        rank=environment.global_rank(),
        world_size=environment.world_size(),
    )
    if rank():  # rank 0 logs for all, except non-finite losses of batches that it does not see
        logging.getLogger("grunlp").setLevel(logging.ERROR)
        logging.getLogger("grunlp.training.nan_guard").setLevel(logging.WARNING)


def destroy_process_group() -> None:
    """Leave the process group; each process then works independently."""
    if is_initialized():
        distributed.destroy_process_group()


@contextmanager
def translate_peer_failures() -> Iterator[None]:
    """Convert PyTorch errors about another process that has exited or does not respond to UserError."""
    try:
        yield
    except RuntimeError as error:
        if not is_initialized() or not any(marker in str(error) for marker in _PEER_FAILURE_MARKERS):
            raise
        message = f"rank {rank()}: another of the {world_size()} processes has exited or does not answer"
        raise UserError(message, str(error).splitlines()[0][:200], "See the messages of the other process.") from None


def is_initialized() -> bool:
    """Return whether this process belongs to a process group."""
    return distributed.is_available() and distributed.is_initialized()
