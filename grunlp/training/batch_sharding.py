"""How the processes of a training share its batches.

In training they take the batches of an epoch in turn: of N, the one with rank r has batches r, N + r, 2N + r and so on.
So the list of batches is the same for any number of processes, and N of them do in one turn what one does in N batches
whose gradients are accumulated. All have the same number of turns; where the last has too few batches, the others
compute the last one again, and it counts for nothing.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from torch import Tensor
from torch.utils.data import Sampler

from grunlp.utils.errors import UserError

BatchT = TypeVar("BatchT", list[int], Tensor)


def steps_per_rank(num_batches: int, world_size: int) -> int:
    """Of each process."""
    return -(-num_batches // world_size)


class DistributedBatchSampler(Sampler[int]):
    """The numbers of the batches of one process. Its length is that of all turns, as the trainer counts those that are
    done too.

    Args:
        num_batches: of the epoch, of all processes.
        rank, ranks: which process, of how many.
        start_step: turns to leave out.
    """

    def __init__(self, num_batches: int, rank: int, world_size: int, start_step: int) -> None:
        self.num_batches, self.rank, self.world_size, self.start_step = num_batches, rank, world_size, start_step

    def __len__(self) -> int:
        return steps_per_rank(self.num_batches, self.world_size)

    def __iter__(self) -> Iterator[int]:
        for turn in range(self.start_step, len(self)):
            yield min(turn * self.world_size + self.rank, self.num_batches - 1)


def loss_weights(loss_counts: Sequence[int], rank: int, world_size: int, accumulate: int) -> list[float]:
    """By what the loss of each turn is multiplied, so that the gradient of an update is that of the mean over all that
    its batches have, however they are spread: the trainer takes the mean over its accumulated turns, and then over
    processes, as though all batches were of one size. 0 where there is no batch left.

    Args:
        loss_counts: of the batches in order: what the loss of each is a mean over.
        rank, ranks: which process, of how many.
        accumulate: turns an update.
    """
    shares, group = [], world_size * accumulate
    for turn in range(steps_per_rank(len(loss_counts), world_size)):
        number, first = turn * world_size + rank, turn // accumulate * group
        together = loss_counts[first : first + group]
        size = loss_counts[number] if number < len(loss_counts) else 0
        shares.append(size * group / sum(together) if sum(together) else float(number < len(loss_counts)))
    return shares


def shard_eval_batches(batches: Sequence[BatchT], rank: int, world_size: int) -> list[BatchT]:
    """The batches of one process in evaluation: together they are all, and none is repeated. Large ones are halved
    where there are too few.

    Raises:
        UserError: there are fewer examples than processes, one of which would wait for ever.
    """
    parts = list(batches)
    while len(parts) < world_size:
        largest = max(range(len(parts)), key=lambda i: len(parts[i]), default=None)
        if largest is None or len(parts[largest]) < 2:
            wrong = f"{len(parts)} development examples for {world_size} processes"
            raise UserError(wrong, "each needs one", "Type trainer.devices=1, or give more examples")
        half = len(parts[largest]) // 2
        parts[largest : largest + 1] = [parts[largest][:half], parts[largest][half:]]
    return parts[rank::world_size]
