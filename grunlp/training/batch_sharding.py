"""Sharding of batches among the processes of a training.

In training, processes take turns in the batches of an epoch: of N processes, rank r has batches r, N + r, 2N + r and so
on. The list of batches is the same for any number of processes, so N processes do in one step what one process does in
N batches with accumulated gradients. All have the same number of steps; if there are too few batches for the last one,
the other processes compute the last batch again, with weight 0.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from torch import Tensor
from torch.utils.data import Sampler

from grunlp.utils.errors import UserError

BatchT = TypeVar("BatchT", list[int], Tensor)


def steps_per_rank(num_batches: int, world_size: int) -> int:
    """Return the number of steps of each process."""
    return -(-num_batches // world_size)


class DistributedBatchSampler(Sampler[int]):
    """A sampler of the batches of one process, by index.

    Its length is the number of all steps, because the trainer also counts the skipped ones.

    Args:
        num_batches: number of batches of all processes in the epoch.
        rank: index of this process.
        world_size: number of processes.
        start_step: number of steps to skip.
    """

    def __init__(self, num_batches: int, rank: int, world_size: int, start_step: int) -> None:
        self.num_batches, self.rank, self.world_size, self.start_step = num_batches, rank, world_size, start_step

    def __len__(self) -> int:
        return steps_per_rank(self.num_batches, self.world_size)

    def __iter__(self) -> Iterator[int]:
        for step in range(self.start_step, len(self)):
            yield min(step * self.world_size + self.rank, self.num_batches - 1)


def loss_weights(loss_counts: Sequence[int], rank: int, world_size: int, accumulate_grad_batches: int) -> list[float]:
    """Return the factor of the loss in each step of a process.

    With these factors the gradient of an optimizer step is that of the mean loss over all items in its batches, even if
    batches differ in size: the trainer averages over accumulated steps and over processes as if all batches had the
    same size. The factor is 0 if no batch remains.

    Args:
        loss_counts: number of items over which the loss of each batch is averaged, in the order of the batches.
        rank: index of this process.
        world_size: number of processes.
        accumulate_grad_batches: number of steps for one optimizer step.
    """
    weights, update_size = [], world_size * accumulate_grad_batches
    for step in range(steps_per_rank(len(loss_counts), world_size)):
        batch, first = step * world_size + rank, step // accumulate_grad_batches * update_size
        total = sum(loss_counts[first : first + update_size])
        count = loss_counts[batch] if batch < len(loss_counts) else 0
        weights.append(count * update_size / total if total else float(batch < len(loss_counts)))
    return weights


def shard_eval_batches(batches: Sequence[BatchT], rank: int, world_size: int) -> list[BatchT]:
    """Return the batches that one process evaluates; each batch is evaluated by exactly one process.

    Large batches are divided if there are too few.

    Args:
        batches: the batches of all processes.
        rank: index of this process.
        world_size: number of processes.

    Raises:
        UserError: there are fewer examples than processes, so that a process without any would block the others.
    """
    shards = list(batches)
    while len(shards) < world_size:
        largest = max(range(len(shards)), key=lambda i: len(shards[i]), default=None)
        if largest is None or len(shards[largest]) < 2:
            message = f"{len(shards)} development examples for {world_size} processes"
            raise UserError(message, "each process needs at least one", "Type trainer.devices=1, or give more examples")
        half = len(shards[largest]) // 2
        shards[largest : largest + 1] = [shards[largest][:half], shards[largest][half:]]
    return shards[rank::world_size]
