"""The processes that train one network together: which of them this is, and what they tell each other.

Each has a number, its rank; the first, rank 0, writes the run folder, logs and scores. A process that is alone is the
first of one, and all functions here then return at once.
"""

import logging
import os
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import distributed

from grunlp.utils.errors import UserError

if TYPE_CHECKING:  # it takes a second or two to import, and prediction has no need of it
    from lightning_fabric.plugins.environments import ClusterEnvironment

log = logging.getLogger(__name__)

T = TypeVar("T")

# How long one waits for the others. One that ends is noticed at once, as its connections close; this is for those that
# stand still, and for machines that are no longer there. Ranks may read their data at different speeds.
TIMEOUT = timedelta(minutes=10)

# in what torch says of it
_PEER_FAILURE_MARKERS = ("gloo", "NCCL", "ProcessGroup", "TCPStore", "Connection closed by peer")


def rank() -> int:
    """The number of this process."""
    return distributed.get_rank() if is_initialized() else 0


def count() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if is_initialized() else 1


def all_gather_object(value: T) -> list[T]:
    """What each process gives, by rank; all of them have to call it. Tensors have to be on the CPU."""
    if not is_initialized():
        return [value]
    found: list[T] = [value] * count()
    distributed.all_gather_object(found, value)
    return found


def first(fn: Callable[[], T]) -> T:
    """What a function returns in the first process, which alone calls it."""
    found = all_gather_object(fn() if rank() == 0 else None)[0]
    assert found is not None
    return found


def all_reduce_max(value: int) -> int:
    """The largest number that any process gives."""
    if not is_initialized():
        return value
    number = torch.tensor(value)
    distributed.all_reduce(number, distributed.ReduceOp.MAX)
    return int(number)


def backend() -> str:
    """What carries it."""
    return str(distributed.get_backend())


def barrier() -> None:
    """For all the others to come here."""
    all_gather_object(None)


def cluster_environment() -> "ClusterEnvironment | None":
    """What began this process as one of several: torchrun, SLURM or `grunlp.training.launcher`; None where nothing
    did."""
    from lightning_fabric.plugins.environments import LightningEnvironment, SLURMEnvironment, TorchElasticEnvironment

    if TorchElasticEnvironment.detect() and TorchElasticEnvironment().world_size() > 1:
        return TorchElasticEnvironment()
    if SLURMEnvironment.detect() and SLURMEnvironment(auto_requeue=False).world_size() > 1:
        return SLURMEnvironment(auto_requeue=False)  # `grunlp.training.checkpointing` heeds SLURM's signals
    return LightningEnvironment() if "LOCAL_RANK" in os.environ else None


def join(found: "ClusterEnvironment", devices_per_node: int, num_nodes: int, use_gpus: bool) -> None:
    """Meet the others.

    Args:
        found: as `environment` gives.
        devices_per_node: processes a machine.
        num_nodes: machines.
        use_gpus: whether each computes on a GPU.
    """
    from lightning_fabric.plugins.environments import LightningEnvironment

    if isinstance(found, LightningEnvironment):  # it knows the place on this machine alone
        found.set_world_size(devices_per_node * num_nodes)
        found.set_global_rank(found.node_rank() * devices_per_node + found.local_rank())
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = found.main_address, str(found.main_port)
    if use_gpus:
        torch.cuda.set_device(found.local_rank())
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if use_gpus else "gloo",
        timeout=TIMEOUT,
        rank=found.global_rank(),
        world_size=found.world_size(),
    )
    if rank():  # what the first says is enough, but for losses of batches that it never sees
        logging.getLogger("grunlp").setLevel(logging.ERROR)
        logging.getLogger("grunlp.training.nan_guard").setLevel(logging.WARNING)


def destroy_process_group() -> None:
    """Part from the others; each is alone then."""
    if is_initialized():
        distributed.destroy_process_group()


def explain_peer_failure(error: RuntimeError) -> UserError | None:
    """What an error means that torch raises where another process no longer answers; None for any other error."""
    if not is_initialized() or not any(word in str(error) for word in _PEER_FAILURE_MARKERS):
        return None
    wrong = f"rank {rank()}: another of the {count()} processes has ended, or does not answer"
    return UserError(wrong, str(error).splitlines()[0][:200], "See what that one said.")


def is_initialized() -> bool:
    """Return whether this process belongs to a process group."""
    return distributed.is_available() and distributed.is_initialized()
