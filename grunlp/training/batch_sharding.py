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

from grunlp.utils.errors import GrunlpError

Items = TypeVar("Items", list[int], Tensor)


def count_turns(batches: int, ranks: int) -> int:
    """Of each process."""
    return -(-batches // ranks)


class Turns(Sampler[int]):
    """The numbers of the batches of one process. Its length is that of all turns, as the trainer counts those that are
    done too.

    Args:
        batches: of the epoch, of all processes.
        rank, ranks: which process, of how many.
        done: turns to leave out.
    """

    def __init__(self, batches: int, rank: int, ranks: int, done: int) -> None:
        self.batches, self.rank, self.ranks, self.done = batches, rank, ranks, done

    def __len__(self) -> int:
        return count_turns(self.batches, self.ranks)

    def __iter__(self) -> Iterator[int]:
        for turn in range(self.done, len(self)):
            yield min(turn * self.ranks + self.rank, self.batches - 1)


def loss_shares(sizes: Sequence[int], rank: int, ranks: int, accumulate: int) -> list[float]:
    """By what the loss of each turn is multiplied, so that the gradient of an update is that of the mean over all that
    its batches have, however they are spread: the trainer takes the mean over its accumulated turns, and then over
    processes, as though all batches were of one size. 0 where there is no batch left.

    Args:
        sizes: of the batches in order: what the loss of each is a mean over.
        rank, ranks: which process, of how many.
        accumulate: turns an update.
    """
    shares, group = [], ranks * accumulate
    for turn in range(count_turns(len(sizes), ranks)):
        number, first = turn * ranks + rank, turn // accumulate * group
        together = sizes[first : first + group]
        size = sizes[number] if number < len(sizes) else 0
        shares.append(size * group / sum(together) if sum(together) else float(number < len(sizes)))
    return shares


def deal(batches: Sequence[Items], rank: int, ranks: int) -> list[Items]:
    """The batches of one process in evaluation: together they are all, and none is repeated. Large ones are halved
    where there are too few.

    Raises:
        GrunlpError: there are fewer examples than processes, one of which would wait for ever.
    """
    parts = list(batches)
    while len(parts) < ranks:
        largest = max(range(len(parts)), key=lambda i: len(parts[i]), default=None)
        if largest is None or len(parts[largest]) < 2:
            wrong = f"{len(parts)} development examples for {ranks} processes"
            raise GrunlpError(wrong, "each needs one", "Type trainer.devices=1, or give more examples")
        half = len(parts[largest]) // 2
        parts[largest : largest + 1] = [parts[largest][:half], parts[largest][half:]]
    return parts[rank::ranks]
