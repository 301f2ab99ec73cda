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

from grunlp.utils.errors import GrunlpError

if TYPE_CHECKING:  # it takes a second or two to import, and prediction has no need of it
    from lightning_fabric.plugins.environments import ClusterEnvironment

log = logging.getLogger(__name__)

Told = TypeVar("Told")

# How long one waits for the others. One that ends is noticed at once, as its connections close; this is for those that
# stand still, and for machines that are no longer there. Ranks may read their data at different speeds.
TIMEOUT = timedelta(minutes=10)

_LOST = ("gloo", "NCCL", "ProcessGroup", "TCPStore", "Connection closed by peer")  # in what torch says of it


def rank() -> int:
    """The number of this process."""
    return distributed.get_rank() if _together() else 0


def count() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if _together() else 1


def gather(value: Told) -> list[Told]:
    """What each process gives, by rank; all of them have to call it. Tensors have to be on the CPU."""
    if not _together():
        return [value]
    found: list[Told] = [value] * count()
    distributed.all_gather_object(found, value)
    return found


def first(make: Callable[[], Told]) -> Told:
    """What a function returns in the first process, which alone calls it."""
    found = gather(make() if rank() == 0 else None)[0]
    assert found is not None
    return found


def most(value: int) -> int:
    """The largest number that any process gives."""
    if not _together():
        return value
    number = torch.tensor(value)
    distributed.all_reduce(number, distributed.ReduceOp.MAX)
    return int(number)


def backend() -> str:
    """What carries it."""
    return str(distributed.get_backend())


def wait() -> None:
    """For all the others to come here."""
    gather(None)


def environment() -> "ClusterEnvironment | None":
    """What began this process as one of several: torchrun, SLURM or `grunlp.training.launcher`; None where nothing
    did."""
    from lightning_fabric.plugins.environments import LightningEnvironment, SLURMEnvironment, TorchElasticEnvironment

    if TorchElasticEnvironment.detect() and TorchElasticEnvironment().world_size() > 1:
        return TorchElasticEnvironment()
    if SLURMEnvironment.detect() and SLURMEnvironment(auto_requeue=False).world_size() > 1:
        return SLURMEnvironment(auto_requeue=False)  # `grunlp.training.checkpointing` heeds SLURM's signals
    return LightningEnvironment() if "LOCAL_RANK" in os.environ else None


def join(found: "ClusterEnvironment", devices: int, num_nodes: int, gpus: bool) -> None:
    """Meet the others.

    Args:
        found: as `environment` gives.
        devices: processes a machine.
        num_nodes: machines.
        gpus: whether each computes on a GPU.
    """
    from lightning_fabric.plugins.environments import LightningEnvironment

    if isinstance(found, LightningEnvironment):  # it knows the place on this machine alone
        found.set_world_size(devices * num_nodes)
        found.set_global_rank(found.node_rank() * devices + found.local_rank())
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = found.main_address, str(found.main_port)
    if gpus:
        torch.cuda.set_device(found.local_rank())
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if gpus else "gloo",
        timeout=TIMEOUT,
        rank=found.global_rank(),
        world_size=found.world_size(),
    )
    if rank():  # what the first says is enough, but for losses of batches that it never sees
        logging.getLogger("grunlp").setLevel(logging.ERROR)
        logging.getLogger("grunlp.training.nan_guard").setLevel(logging.WARNING)


def leave() -> None:
    """Part from the others; each is alone then."""
    if _together():
        distributed.destroy_process_group()


def lost(error: RuntimeError) -> GrunlpError | None:
    """What an error means that torch raises where another process no longer answers; None for any other error."""
    if not _together() or not any(word in str(error) for word in _LOST):
        return None
    wrong = f"rank {rank()}: another of the {count()} processes has ended, or does not answer"
    return GrunlpError(wrong, str(error).splitlines()[0][:200], "See what that one said.")


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()
