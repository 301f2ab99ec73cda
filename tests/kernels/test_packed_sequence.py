"""Batches without padding."""

import pytest
import torch

from grunlp.kernels.packed_sequence import PackedBatch


def test_padding_is_removed_and_restored_as_zeros() -> None:
    x = torch.randn(3, 4, 2)
    batch = PackedBatch(torch.tensor([2, 0, 4]), 4)
    tokens = batch.unpad(x)
    assert torch.equal(tokens, torch.cat([x[0, :2], x[2]])) and batch.offsets.tolist() == [0, 2, 2, 6]
    padded = batch.pad(tokens)
    assert torch.equal(padded[0, :2], x[0, :2]) and torch.equal(padded[2], x[2])
    assert not padded[0, 2:].any() and not padded[1].any()
    assert batch.sorted_indices.tolist() == [2, 0, 1] and batch.rows.tolist() == [0, 0, 2, 2, 2, 2]


@pytest.mark.parametrize("lengths", [[5], [-1], [1.0]])
def test_lengths_must_be_whole_numbers_within_the_steps(lengths: list[float]) -> None:
    with pytest.raises(ValueError, match="lengths must be integers from 0 to the 4 steps"):
        PackedBatch(torch.tensor(lengths), 4)
